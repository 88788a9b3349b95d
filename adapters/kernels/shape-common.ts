// What the shape, index, reduction and matrix families share: axis lists, constant operands, and tfjs ops with a written adjoint.
import { allocate, toIntegers, type DType, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { positiveAxis, type StaticNode, type Tf, type TfTensor } from '../op.js';

/** 0, 1, ... count - 1. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The product of lengths, 1 of none: the number of elements of that shape. */
export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Are two shapes the same, in rank and in each length? */
export const sameDims = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** Row-major strides, in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = dims.map(() => 1);
  for (let i = dims.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * dims[i + 1]!;
  return strides;
}

/** The constant value of an input; undefined where it is omitted. Refuses the node where it is there and not a constant. */
export function optionalConstant(n: StaticNode, index: number, what: string): Tensor | undefined {
  if (!n.x[index]) return undefined;
  const value = n.constant(index);
  if (!value)
    n.refuse(
      `its ${what} (input ${index}) must be known once the shapes are bound, but it depends on the values of the model's input.`,
    );
  return value;
}

/** Whole numbers of a constant input; undefined where it is omitted. */
export function optionalIntegers(n: StaticNode, index: number, what: string): number[] | undefined {
  const value = optionalConstant(n, index, what);
  return value && toIntegers(value);
}

/** Whole numbers of a constant input that must be there. */
export const integers = (n: StaticNode, index: number, what: string): number[] =>
  optionalIntegers(n, index, what) ?? n.refuse(`it has no ${what} (input ${index}).`);

/** Numbers in one constant that a rule may write into the graph: a file of a few bytes must not ask for more. */
const MAX_TABLE = 2 ** 24;

/** Refuses a node whose rule would write a constant of more than 2^24 numbers. */
export function checkTable(n: { refuse(reason: string): never }, numbers: number, what: string): void {
  if (!(numbers <= MAX_TABLE)) n.refuse(`its ${what} would take ${numbers} numbers; at most ${MAX_TABLE} are allowed.`);
}

/** Every axis counted from the front, ascending. */
export const positiveAxes = (axes: readonly number[], rank: number): number[] =>
  axes.map((a) => positiveAxis(a, rank)).sort((a, b) => a - b);

/** Reshape that takes a 0 among the dims literally. */
export const reshapeTo = (g: GraphBuilder, x: string, dims: readonly number[]): string =>
  dims.includes(0) ? g.op('Reshape', [x, g.ints(dims)], { allowzero: 1 }) : g.reshape(x, dims);

/** float32 zeros; onnxruntime folds the node when it loads the graph, so the file stays small. */
export const zeros = (g: GraphBuilder, dims: readonly number[]): string => g.op('ConstantOfShape', [g.ints(dims)]);

/** A constant scalar zero (false) of any dtype. */
export const zeroOf = (g: GraphBuilder, type: DType): string => g.constant({ type, dims: [], data: allocate(type, []) });

/** A linear tfjs op with its adjoint written out, for ops whose own gradient is missing, wrong or slow. */
export function linear(tf: Tf, x: TfTensor, forward: (x: TfTensor) => TfTensor, adjoint: (dy: TfTensor) => TfTensor): TfTensor {
  return tf.customGrad((t) => ({ value: forward(t as TfTensor), gradFunc: (dy: TfTensor) => adjoint(dy) }))(x);
}

/**
 * The same values under a tensor that the gradient tape has never seen (no copy). tfjs has no stop_gradient, and throws in backward
 * when a comparison or an index op lies on the tape.
 */
export function stopped(tf: Tf, x: TfTensor): TfTensor {
  const engine = tf.engine();
  engine.backend.incRef(x.dataId);
  return engine.makeTensorFromTensorInfo({ dataId: x.dataId, shape: x.shape, dtype: x.dtype });
}

/** Sums a tensor down to `dims`, the reverse of numpy broadcasting. Not for the tape. */
export function sumTo(tf: Tf, y: TfTensor, dims: readonly number[]): TfTensor {
  const lead = y.shape.length - dims.length;
  const axes = y.shape.flatMap((d, i) => (i < lead || (dims[i - lead] === 1 && d !== 1) ? [i] : []));
  return tf.reshape(axes.length ? tf.sum(y, axes, true) : y, [...dims]);
}

/** Numpy broadcasting to `dims`. tfjs's own gradient (of Tile) adds slice after slice and stops at four axes. */
export function expandTo(tf: Tf, x: TfTensor, dims: readonly number[]): TfTensor {
  if (sameDims(x.shape, dims)) return x;
  const from = x.shape;
  return linear(
    tf,
    x,
    (t) => tf.broadcastTo(t, [...dims]),
    (dy) => sumTo(tf, dy, from),
  );
}
