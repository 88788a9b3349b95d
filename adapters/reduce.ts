// Reductions over axes. ONNX gives ten of them; six are lowered to the four that have rules: sum, mean, max or min, L2, log-sum-exp.
import type { GraphBuilder } from '../src/onnx/builder.js';
import {
  DATA_TYPE,
  defineOp,
  int,
  type Cotangents,
  type ForwardContext,
  type OpAdapter,
  type OpDefinition,
  type StaticNode,
  type Tf,
  type TfTensor,
  type UnsizedNode,
} from './op.js';
import { gated } from './kernels/elementwise-tf.js';
import { mergedDims, MOST_AXES, runs } from './kernels/many-axes.js';
import { expandTo, linear, optionalIntegers, positiveAxes, product, range, reshapeTo, sameDims } from './kernels/shape-common.js';

const ATTRIBUTES = { keepdims: int(1), noop_with_empty_axes: int(0) };
type Attributes = { readonly keepdims: number; readonly noop_with_empty_axes: number };
type Definition = OpDefinition<typeof ATTRIBUTES>;

/** The axes that the node reduces, from the front. None given means all of them, or none with noop_with_empty_axes. */
function axesOf(n: StaticNode, { noop_with_empty_axes: noop }: Attributes): number[] {
  const rank = n.type(0).dims.length;
  const axes = optionalIntegers(n, 1, 'axes') ?? [];
  return axes.length || noop ? positiveAxes(axes, rank) : range(rank);
}

const keptDims = (dims: readonly number[], axes: readonly number[]): number[] => dims.map((d, i) => (axes.includes(i) ? 1 : d));

/** Attributes as the emitted reduction of the same axes wants them. */
const same = ({ keepdims, noop_with_empty_axes }: Attributes): { keepdims: number; noop_with_empty_axes: number } => ({
  keepdims,
  noop_with_empty_axes,
});

/** An output's cotangent with its reduced axes back as 1. */
const kept = (n: Cotangents, g: GraphBuilder, value: string, axes: readonly number[]): string =>
  sameDims(n.outputType(0).dims, keptDims(n.type(0).dims, axes)) ? value : reshapeTo(g, value, keptDims(n.type(0).dims, axes));

const expanded = (n: Cotangents, g: GraphBuilder, value: string): string => g.op('Expand', [value, g.ints(n.type(0).dims)]);

/** Runs `keep`, which reduces the given axes to 1, in the present layout; then brings the result to the output's shape. */
function reduced(
  x: TfTensor,
  attributes: Attributes,
  context: ForwardContext,
  keep: (x: TfTensor, axes: number[]) => TfTensor,
): TfTensor[] {
  const { tf, node, layout, axis } = context;
  const rank = x.shape.length;
  const axes = axesOf(node, attributes);
  if (axes.length === 0) return [tf.clone(x)];
  if (rank > MOST_AXES) {
    const groups = runs(range(rank).map((a) => String(axes.includes(a))));
    const gone = range(groups.length).filter((i) => axes.includes(groups[i]![0]!));
    return [tf.reshape(keep(tf.reshape(x, mergedDims(x.shape, groups)), gone), [...node.outputType(0).dims])];
  }
  const y = keep(x, axes.map((a) => axis(a, rank))); // prettier-ignore
  if (attributes.keepdims) return [y];
  // The axes that stay come in ONNX's order, whatever the layout.
  const ordered = layout === 'nhwc' && rank === 4 ? tf.transpose(y, [0, 3, 1, 2]) : y;
  return [tf.reshape(ordered, [...node.outputType(0).dims])];
}

/** Lengths after the reduction, told before it runs. */
function reducedDims(n: UnsizedNode, { keepdims, noop_with_empty_axes: noop }: Attributes): number[][] {
  const dims = n.dims(0);
  const given = n.has(1) ? n.numbers(1) : [];
  const axes = given.length || noop ? positiveAxes(given, dims.length) : range(dims.length);
  return [keepdims ? keptDims(dims, axes) : dims.filter((_, i) => !axes.includes(i))];
}

/** One reduction. `inputSince`: from which opset on the axes are an input. */
function reduction(
  op: string,
  rules: Partial<Definition>,
  versions: readonly number[] = [1, 11, 13, 18],
  inputSince = 18,
): OpAdapter {
  const { lower } = rules;
  return defineOp({
    op,
    versions,
    attributes: ATTRIBUTES,
    legacy: { axes: 'ints' },
    size: reducedDims,
    // Over an axis without elements: [n, 0] gives n of them.
    grows: true,
    canonicalize: (n, g) => {
      if (n.version >= inputSince) return undefined;
      const axes = n.attr<readonly number[]>('axes');
      return g.op(op, [n.x[0]!, axes ? g.ints(axes) : ''], { keepdims: n.attr('keepdims') });
    },
    constants: [1],
    layout: 'any',
    ...rules,
    lower: (n, attributes, g) => {
      const axes = axesOf(n, attributes);
      if (axes.length === 0) return lower && !IDENTITY_ON_ONE.has(op) ? lower(n, attributes, g) : n.x[0]!;
      return lower?.(n, attributes, g);
    },
  });
}

/** Reductions that give a single element back unchanged; the others still apply their function when nothing is reduced. */
const IDENTITY_ON_ONE = new Set(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceLogSumExp']);

const sum = reduction(
  'ReduceSum',
  {
    forward: ([x], attributes, context) => {
      const { tf } = context;
      return reduced(
        x!,
        attributes,
        context,
        (t, axes) =>
        linear(tf, t, (v) => tf.sum(v, axes, true), (dy) => expandTo(tf, dy, t.shape)), // prettier-ignore
      );
    },
    vjp: (n, attributes, g) => [expanded(n, g, kept(n, g, n.dy[0]!, axesOf(n, attributes)))],
  },
  [1, 11, 13],
  13,
);

const mean = reduction('ReduceMean', {
  lower: (n, attributes, g) => {
    const { type, dims } = n.type(0);
    const axes = axesOf(n, attributes);
    if (type !== 'float32' || dims.length !== 4 || !sameDims(axes, [2, 3])) return undefined;
    // onnxruntime keeps its blocked layout across GlobalAveragePool, and leaves it for ReduceMean.
    const pooled = g.op('GlobalAveragePool', [n.x[0]!]);
    return attributes.keepdims ? pooled : reshapeTo(g, pooled, n.outputType(0).dims);
  },
  forward: ([x], attributes, context) => {
    const { tf } = context;
    return reduced(x!, attributes, context, (t, axes) => {
      const count = product(axes.map((a) => t.shape[a]!));
      return linear(tf, t, (v) => tf.mean(v, axes, true), (dy) => expandTo(tf, tf.div(dy, count), t.shape)); // prettier-ignore
    });
  },
  vjp: (n, attributes, g) => {
    const axes = axesOf(n, attributes);
    const share = g.mul(n.dy[0]!, g.scalar(1 / product(axes.map((a) => n.type(0).dims[a]!))));
    return [expanded(n, g, kept(n, g, share, axes))];
  },
});

/** `reduce`, or where there are no elements to reduce, what it starts from: the backends give NaN then. */
const ofNone = (tf: Tf, x: TfTensor, axes: number[], start: number, reduce: (x: TfTensor) => TfTensor): TfTensor =>
  x.size > 0 ? reduce(x) : tf.fill(keptDims(x.shape, axes), start);

/** Elements that tie for the extreme share its gradient equally, in both engines. DIFFERS: tfjs gives each of them all of it. */
const extreme = (op: 'ReduceMax' | 'ReduceMin'): OpAdapter =>
  reduction(
    op,
    {
      moves: { inputs: [0] },
      restrictions: 'bool tensors (opset 20) are not reduced',
      forward: ([x], attributes, context) => {
        const { tf } = context;
        return reduced(x!, attributes, context, (t, axes) =>
          tf.customGrad((v, save) => {
            const input = v as TfTensor;
            const value = ofNone(tf, input, axes, op === 'ReduceMax' ? -Infinity : Infinity, (v) =>
              op === 'ReduceMax' ? tf.max(v, axes, true) : tf.min(v, axes, true),
            );
            (save as (tensors: TfTensor[]) => void)([input, value]);
            const gradFunc = (dy: TfTensor, [a, y]: TfTensor[]): TfTensor => {
              const hit = tf.cast(tf.equal(a!, y!), 'float32');
              return gated(tf, tf.broadcastTo(tf.div(dy, tf.sum(hit, axes, true)), a!.shape), hit);
            };
            return { value, gradFunc };
          })(t),
        );
      },
      vjp: (n, attributes, g) => {
        const axes = axesOf(n, attributes);
        const test = g.op('Equal', [n.x[0]!, kept(n, g, n.y[0]!, axes)]);
        const hit = g.cast(test, 1);
        const part = g.div(kept(n, g, n.dy[0]!, axes), g.reduceSum(hit, axes, true));
        return [n.steep ? g.where(test, part, g.zero) : g.mul(hit, part)];
      },
    },
    [1, 11, 12, 13, 18, 20],
  );

/** The smallest norm that is divided by: the gradient at zero is then zero, a subgradient, and not NaN. */
const TINY = 1e-30;

const l2 = reduction('ReduceL2', {
  lower: (n, attributes, g) => (axesOf(n, attributes).length === 0 ? g.op('Abs', [n.x[0]!]) : undefined),
  forward: ([x], attributes, context) => {
    const { tf } = context;
    return reduced(x!, attributes, context, (t, axes) =>
      tf.customGrad((v, save) => {
        const input = v as TfTensor;
        const value = tf.sqrt(tf.sum(tf.square(input), axes, true));
        (save as (tensors: TfTensor[]) => void)([input, value]);
        const gradFunc = (dy: TfTensor, [a, y]: TfTensor[]): TfTensor =>
          tf.mul(tf.div(a!, tf.maximum(y!, TINY)), gated(tf, dy, tf.step(y!)));
        return { value, gradFunc };
      })(t),
    );
  },
  vjp: (n, attributes, g) => {
    const axes = axesOf(n, attributes);
    const norm = g.op('Max', [kept(n, g, n.y[0]!, axes), g.scalar(TINY)]);
    const dy = kept(n, g, n.dy[0]!, axes);
    const moved = n.steep ? g.where(g.greater(kept(n, g, n.y[0]!, axes), g.zero), dy, g.zero) : dy;
    return [g.mul(g.div(n.x[0]!, norm), moved)];
  },
});

const logSumExp = reduction('ReduceLogSumExp', {
  forward: ([x], attributes, context) => {
    const { tf } = context;
    return reduced(x!, attributes, context, (t, axes) =>
      tf.customGrad((v, save) => {
        const input = v as TfTensor;
        const value = ofNone(tf, input, axes, -Infinity, (x) => {
          // Of nothing but minus infinity, 0 in its place: minus infinity again, where the difference of two of them is NaN.
          const largest = tf.max(x, axes, true);
          const top = tf.where(tf.isInf(largest), tf.zerosLike(largest), largest);
          return tf.add(top, tf.log(tf.sum(tf.exp(tf.sub(x, top)), axes, true)));
        });
        (save as (tensors: TfTensor[]) => void)([input, value]);
        const gradFunc = (dy: TfTensor, [a, y]: TfTensor[]): TfTensor =>
          tf.mul(tf.exp(tf.sub(a!, tf.where(tf.isInf(y!), tf.zerosLike(y!), y!))), dy);
        return { value, gradFunc };
      })(t),
    );
  },
  vjp: (n, attributes, g) => {
    const axes = axesOf(n, attributes);
    const y = kept(n, g, n.y[0]!, axes);
    // Of nothing but minus infinity: no share of it is any element's. What comes behind may end it without a select: Exp of it is 0.
    const share = g.op('Exp', [g.sub(n.x[0]!, g.where(g.op('IsInf', [y]), g.zero, y))]);
    return [g.mul(share, kept(n, g, n.dy[0]!, axes))];
  },
});

/** Halves multiplied until one element is left: a zero among the factors is no problem, as it is for dividing the product by each. */
const prod = reduction('ReduceProd', {
  lower: (n, attributes, g) => {
    const { type, dims } = n.type(0);
    const axes = axesOf(n, attributes);
    const rest = range(dims.length).filter((a) => !axes.includes(a));
    let count = product(axes.map((a) => dims[a]!));
    // The product of nothing is 1.
    if (count === 0) return g.op('Expand', [g.cast(g.one, DATA_TYPE[type]!), g.ints(n.outputType(0).dims)]);
    const outer = product(rest.map((a) => dims[a]!));
    let value = g.reshape(g.transpose(n.x[0]!, [...rest, ...axes]), [outer, count]);
    while (count > 1) {
      const half = Math.floor(count / 2);
      const product2 = g.mul(g.slice(value, [0], [half], [1]), g.slice(value, [half], [2 * half], [1]));
      value = count % 2 ? g.op('Concat', [product2, g.slice(value, [count - 1], [count], [1])], { axis: 1 }) : product2;
      count = half + (count % 2);
    }
    return reshapeTo(g, value, n.outputType(0).dims);
  },
});

const lowered: OpAdapter[] = [
  reduction('ReduceL1', { lower: (n, a, g) => g.op('ReduceSum', [g.op('Abs', [n.x[0]!]), n.x[1]!], same(a)) }),
  reduction('ReduceLogSum', { lower: (n, a, g) => g.op('Log', [g.op('ReduceSum', [n.x[0]!, n.x[1]!], same(a))]) }),
  reduction('ReduceSumSquare', { lower: (n, a, g) => g.op('ReduceSum', [g.mul(n.x[0]!, n.x[0]!), n.x[1]!], same(a)) }),
];

/**
 * The ten reductions, over axes that are an attribute or an input, as the opset has it. Elements that tie for a maximum or minimum share its
 * gradient equally.
 */
export const reduce: OpAdapter[] = [sum, mean, extreme('ReduceMax'), extreme('ReduceMin'), l2, logSumExp, prod, ...lowered];
