// Slices: their resolved form, the adjoint in ONNX nodes, and the tfjs forward built of ops that the tape can differentiate.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { positiveAxis, type Tf, type TfTensor } from '../op.js';
import { product, range } from './shape-common.js';

/** What a Slice takes of one axis: elements low, low + step, ... (count of them, step > 0), then reversed or not. */
export interface Cut {
  readonly axis: number;
  readonly low: number;
  readonly count: number;
  readonly step: number;
  readonly reversed: boolean;
}

/** Resolves starts, ends, axes and steps as Slice-13 does (negative values, clamping); axes that are taken whole are left out. */
export function resolveCuts(
  dims: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = range(starts.length),
  steps: readonly number[] = starts.map(() => 1),
): Cut[] {
  const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);
  return axes.flatMap((a, i): Cut[] => {
    const axis = positiveAxis(a, dims.length);
    const d = dims[axis]!;
    const step = steps[i]!;
    const [low, high] = step > 0 ? [0, d] : [-1, d - 1];
    const at = (v: number): number => clamp(v < 0 ? v + d : v, low, high);
    const start = at(starts[i]!);
    const count = Math.max(0, Math.ceil((at(ends[i]!) - start) / step));
    if (count === d && step === 1) return [];
    const last = start + (count - 1) * step;
    return [{ axis, low: count ? Math.min(start, last) : 0, count, step: Math.abs(step), reversed: step < 0 }];
  });
}

/** Adjoint of a Slice of a tensor of shape `dims`: dy (of the slice's shape) spread into zeros. */
export function sliceAdjoint(g: GraphBuilder, dy: string, dims: readonly number[], cuts: readonly Cut[]): string {
  const shape = [...dims];
  for (const c of cuts) shape[c.axis] = c.count;
  if (product(shape) === 0) return g.op('ConstantOfShape', [g.ints(dims)]);
  const turned = cuts.filter((c) => c.reversed && c.count > 1);
  let value = dy;
  if (turned.length) {
    const fill = (v: number): number[] => turned.map(() => v);
    value = g.slice(value, fill(-1), fill(-(2 ** 31)), turned.map((c) => c.axis), fill(-1)); // prettier-ignore
  }
  for (const { axis, count, step } of cuts) {
    if (step === 1 || count === 1) continue;
    // Each element grows to `step` elements, zeros behind it: one Pad of a matrix.
    const inner = product(shape.slice(axis + 1));
    value = g.reshape(value, [product(shape) / inner, inner]);
    value = g.op('Pad', [value, g.ints([0, 0, 0, (step - 1) * inner])]);
    shape[axis] = count * step;
    value = g.reshape(value, shape);
  }
  const before = dims.map((_, i) => cuts.find((c) => c.axis === i)?.low ?? 0);
  // The last element's zeros may reach past the end: a negative pad crops them.
  const after = dims.map((d, i) => d - before[i]! - shape[i]!);
  return [...before, ...after].some((p) => p !== 0) ? g.op('Pad', [value, g.ints([...before, ...after])]) : value;
}

/** Slice of `x`; `axisOf` maps an ONNX axis to where it is in `x`. Every op used has a right gradient on every backend. */
export function tfSlice(tf: Tf, x: TfTensor, cuts: readonly Cut[], axisOf: (axis: number) => number = (a) => a): TfTensor {
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  for (const c of cuts) {
    begin[axisOf(c.axis)] = c.low;
    size[axisOf(c.axis)] = c.count && (c.count - 1) * c.step + 1;
  }
  // A copy: the tape keeps the list, and it changes below.
  let y = cuts.length ? tf.slice(x, begin, [...size]) : x;
  for (const { axis: onnxAxis, count, step } of cuts) {
    if (step === 1 || count < 2) continue;
    const axis = axisOf(onnxAxis);
    const inner = product(size.slice(axis + 1));
    const outer = product(size.slice(0, axis));
    // Rows of `step` elements, of which the first stays. tfjs has no gradient for stridedSlice.
    const flat = tf.reshape(y, [outer, size[axis]! * inner]);
    const rows = tf.pad(flat, [[0, 0], [0, (count * step - size[axis]!) * inner]]); // prettier-ignore
    size[axis] = count;
    y = tf.reshape(tf.slice(tf.reshape(rows, [outer * count, step * inner]), [0, 0], [outer * count, inner]), size);
  }
  const turned = cuts.filter((c) => c.reversed && c.count > 1).map((c) => axisOf(c.axis));
  return turned.length ? tf.reverse(y, turned) : y;
}
