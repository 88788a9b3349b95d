// Padding: resolved amounts, and for the edge, reflect and wrap modes the index that each output element copies.
import { toIntegers } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { positiveAxis, type OldNode, type StaticNode, type Tf, type TfTensor, type UnsizedNode } from '../op.js';
import { integers, optionalIntegers, range } from './shape-common.js';
import { positive } from './sizes.js';

/** [before, after] per axis of the Pad's input, zeros for axes that it does not name. */
export function paddingOf(n: StaticNode): [number, number][] {
  const rank = n.type(0).dims.length;
  const pads = integers(n, 1, 'pads');
  const axes = optionalIntegers(n, 3, 'axes') ?? range(rank);
  if (pads.length !== 2 * axes.length)
    n.refuse(`expected ${2 * axes.length} pads for ${axes.length} axes, received ${pads.length}.`);
  const padding = range(rank).map((): [number, number] => [0, 0]);
  axes.forEach((a, i) => (padding[positiveAxis(a, rank)] = [pads[i]!, pads[i + axes.length]!]));
  return padding;
}

/** Lengths after padding, told before it runs. */
export function paddedDims(n: UnsizedNode): number[][] {
  const dims = n.dims(0);
  const pads = n.numbers(1);
  const axes = n.has(3) ? n.numbers(3).map((axis) => positiveAxis(axis, dims.length)) : range(dims.length);
  const out = dims.map((d, i) => {
    const k = axes.indexOf(i);
    return k < 0 ? d : positive(d + (pads[k] ?? 0) + (pads[k + axes.length] ?? 0));
  });
  return [out];
}

/** Index into an axis of `d` elements that each of the padded axis' elements copies, for the modes 'edge', 'reflect' and 'wrap'. */
export function copiedIndices(mode: string, d: number, before: number, after: number): number[] {
  const modulo = (v: number, m: number): number => ((v % m) + m) % m;
  const period = 2 * (d - 1);
  return range(before + d + after).map((o) => {
    const i = o - before;
    if (mode === 'edge') return Math.min(Math.max(i, 0), d - 1);
    if (mode === 'wrap') return modulo(i, d);
    const r = period === 0 ? 0 : modulo(i, period);
    return r < d ? r : period - r;
  });
}

/**
 * Mode 'wrap' as one Gather per axis, by indices that are computed from the axis' length. onnxruntime's own Pad (1.30) copies memory that nobody
 * wrote where a pad is longer than its axis. Negative pads crop first, and what is left is repeated.
 */
export function wrapped(
  g: GraphBuilder,
  x: string,
  padding: readonly (readonly [number, number])[],
  axes = range(padding.length),
): string {
  const [zero, one] = [g.ints([0]), g.ints([1])];
  const scalar = (v: string): string => g.reshape(v, []);
  return padding.reduce((value, [before, after], i) => {
    if (before === 0 && after === 0) return value;
    const axis = axes[i]!;
    const cut = Math.max(0, -before) + Math.max(0, -after);
    const length = g.sub(g.op('Gather', [g.op('Shape', [value]), g.ints([axis])], { axis: 0 }), g.ints([cut]));
    const end = g.add(length, g.ints([Math.max(0, after)]));
    const places = g.op('Range', [scalar(g.add(zero, g.ints([-Math.max(0, before)]))), scalar(end), scalar(one)]);
    const indices = g.add(g.op('Mod', [places, length]), g.ints([Math.max(0, -before)]));
    return g.op('Gather', [value, indices], { axis });
  }, x);
}

/** The same before shapes are known, where the file says the amounts: so that no run of the file's own Pad is asked for its value. */
export function wrappedEarly(n: OldNode, g: GraphBuilder): string | undefined {
  const [pads, axes] = [n.constant(1), n.x[3] ? n.constant(3) : undefined];
  if (!pads || (n.x[3] && !axes)) return undefined;
  const amounts = toIntegers(pads);
  const count = amounts.length / 2;
  if (axes && toIntegers(axes).length !== count) return undefined;
  return wrapped(g, n.x[0]!, range(count).map((i) => [amounts[i]!, amounts[i + count]!]), axes && toIntegers(axes)); // prettier-ignore
}

/** tf.pad, which on wasm pads with NaN for ever once it has padded with it (its operators are kept by the value, and NaN is like any other). */
export function padWith(tf: Tf, x: TfTensor, amounts: [number, number][], value: number): TfTensor {
  if (!Number.isNaN(value)) return tf.pad(x, amounts, value);
  // 0 / 0 outside, x / 1 inside.
  return tf.div(tf.pad(x, amounts), tf.pad(tf.onesLike(x), amounts));
}
