// Quantising in float32: whole numbers carried in floats, rounded exactly as onnxruntime does, with a straight-through gradient.
import { toNumbers, type DType } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { DATA_TYPE, type OldNode } from '../op.js';
import { rankOf } from './elementwise-onnx.js';

const RANGES: Partial<Record<DType, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** How far beyond the range a number may lie that is still rounded into it: not quite a half, exact in float32 up to 2^16. */
const MARGIN = 0.5 - 2 ** -8;

/** An input's whole numbers in float32. */
export function whole(n: OldNode, i: number, g: GraphBuilder): string {
  const type = n.dtype(i);
  if (type?.startsWith('float8') || type === 'int4' || type === 'uint4')
    return n.refuse(`its input ${i} is of type ${type}; float8 and 4-bit types are not supported`);
  return n.carried(i) ? n.x[i]! : g.cast(n.x[i]!, DATA_TYPE.float32!);
}

/** Has the input, a scale or zero point, one number for all? Then which, where it is a constant. */
function single(n: OldNode, i: number): { one: boolean; value?: number } {
  const constant = n.constant(i);
  if (!constant) return { one: false };
  const numbers = toNumbers(constant);
  const value = numbers[0]!;
  for (let k = 1; k < numbers.length; k++) if (numbers[k] !== value) return { one: false };
  return { one: constant.data.length === 1, value };
}

/** Lays one number per index of an axis (or one for all) along that axis of another value. */
export type Align = (parameter: string, g: GraphBuilder) => string;

/** Along axis `axis` of `x`, whose rank is not known yet: shape arithmetic that folds away. A negative axis counts from the end. */
export const along =
  (x: string, axis: number): Align =>
  (parameter, g) => {
    const behind = axis < 0 ? g.ints([-axis - 1]) : g.op('Max', [g.sub(rankOf(g, x), g.ints([axis + 1])), g.ints([0])]);
    const ones = g.op('ConstantOfShape', [behind], {
      value: { kind: 'tensor', value: { type: 'int64', dims: [1], data: BigInt64Array.of(1n) } },
    });
    return g.op('Reshape', [parameter, g.op('Concat', [g.ints([-1]), ones], { axis: 0 })]);
  };

/** One number for all. */
export const forAll: Align = (parameter, g) => g.reshape(parameter, []);

/** A scale, aligned. */
export const scaleOf = (n: OldNode, i: number, align: Align, g: GraphBuilder): string =>
  single(n, i).one ? forAll(n.x[i]!, g) : align(n.x[i]!, g);

/** An input's whole numbers less its zero point (input `zero`, which may be omitted). */
export function centred(n: OldNode, i: number, zero: number, align: Align, g: GraphBuilder): string {
  const x = whole(n, i, g);
  if (!n.x[zero]) return x;
  const point = whole(n, zero, g);
  const { one, value } = single(n, zero);
  return value === 0 ? x : g.sub(x, one ? forAll(point, g) : align(point, g));
}

/** dtype of what a node makes whose zero point is input `zero`; `otherwise` where that is omitted. */
export function quantisedType(n: OldNode, zero: number, otherwise: DType | undefined): DType {
  const type = n.x[zero] ? n.dtype(zero) : otherwise;
  if (type === undefined)
    return n.refuse(
      n.x[zero] ? `the type of its zero point '${n.x[zero]}' is computed` : 'it has no zero point to tell the type of its output',
    );
  return RANGES[type] ? type : n.refuse(`it quantises to ${type}; supported are ${Object.keys(RANGES).join(', ')}`);
}

/**
 * saturate(round(u) + zero point), halves to even, carried as `type`. `u` is the number over its scale; input `zero` may be omitted.
 * Clipped to just beyond the range first and rounded then, so that dy passes wherever the rounded number lies within the range, its ends
 * included, as in PyTorch's fake quantisation: dialect's Clip passes nothing at its bounds, and its Round everything.
 */
export function quantised(n: OldNode, u: string, zero: number, type: DType, align: Align, g: GraphBuilder): string {
  const [low, high] = RANGES[type]!;
  const { one, value } = n.x[zero] ? single(n, zero) : { one: true, value: 0 };
  const clipped = (x: string, point: number): string =>
    g.op('Round', [g.op('Clip', [x, g.scalar(low - point - MARGIN), g.scalar(high - point + MARGIN)])]);
  if (value !== undefined) {
    const rounded = clipped(u, value);
    return n.carry(value === 0 ? rounded : g.add(rounded, g.scalar(value)), type);
  }
  const point = whole(n, zero, g);
  return n.carry(clipped(g.add(g.op('Round', [u]), one ? forAll(point, g) : align(point, g)), 0), type);
}

/** DynamicQuantizeLinear-11 in float32: the carried numbers, their scale and zero point, which count as constants for the gradient. */
export function dynamic(x: string, g: GraphBuilder): { y: string; scale: string; zero: string } {
  const [, scale, point] = g.ops('DynamicQuantizeLinear', [x], 3) as [string, string, string];
  const zero = g.cast(point, DATA_TYPE.float32!);
  const shifted = g.add(g.op('Round', [g.div(x, scale)]), zero);
  return { y: g.op('Round', [g.op('Clip', [shifted, g.scalar(-MARGIN), g.scalar(255 + MARGIN)])]), scale, zero };
}
