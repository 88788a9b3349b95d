// Gradients of pools as ONNX nodes, for any number of spatial axes.
import { sizeOf } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { extent, interleave, padSpatial, spread, type Axis } from './conv-geometry.js';
import { averageBack, averageScale, LOWEST } from './pool-tf.js';

/** Every element of a window by its index per axis, row by row. */
function* offsets(axes: readonly Axis[]): Generator<number[]> {
  const size = sizeOf(axes.map((a) => a.kernel));
  for (let e = 0; e < size; e++) {
    let rest = e;
    const index: number[] = [];
    for (const a of axes.toReversed()) {
      index.unshift(rest % a.kernel);
      rest = Math.floor(rest / a.kernel);
    }
    yield index;
  }
}

/**
 * dL/dx of y = MaxPool(x); the first maximum of a window takes all of dy. Element by element of the window: what no earlier one took goes
 * to where x equals y; the last element takes what is left, without comparing.
 */
export function maxGradient(
  g: GraphBuilder,
  x: string,
  y: string,
  dy: string,
  lead: readonly [number, number],
  axes: readonly Axis[],
): string {
  const spatial = axes.map((_, i) => i + 2);
  const strides = axes.map((a) => a.stride);
  const source = padSpatial(g, x, [...lead, ...axes.map((a) => a.size)], axes.map((a) => a.begin), axes.map((a) => a.end), LOWEST); // prettier-ignore
  const counts = axes.map((a) => Math.ceil(((a.out - 1) * a.stride + extent(a)) / a.stride));
  const all = [...offsets(axes)];
  const phases = new Map<number, string[]>();
  let rest = dy;
  all.forEach((offset, e) => {
    const at = offset.map((k, i) => k * axes[i]!.dilation);
    let taken = rest;
    if (e < all.length - 1) {
      const ends = axes.map((a, i) => at[i]! + (a.out - 1) * a.stride + 1);
      const hit = g.op('Equal', [g.slice(source, at, ends, spatial, strides), y]);
      taken = g.where(hit, rest, g.zero);
      rest = g.where(hit, g.zero, rest);
    }
    const shift = at.map((u, i) => Math.floor(u / strides[i]!));
    const after = axes.map((a, i) => counts[i]! - shift[i]! - a.out);
    const placed = padSpatial(g, taken, [...lead, ...axes.map((a) => a.out)], shift, after);
    const phase = at.reduce((p, u, i) => p * strides[i]! + (u % strides[i]!), 0);
    phases.set(phase, [...(phases.get(phase) ?? []), placed]);
  });
  const sums = Array.from({ length: sizeOf(strides) }, (_, p) => sum(g, phases.get(p) ?? [], [...lead, ...counts]));
  const whole = sums.length === 1 ? sums[0]! : interleave(g, stackChannels(g, sums, lead, counts), [lead[0], lead[1] * sums.length, ...counts], strides); // prettier-ignore
  const end = axes.map((a, i) => a.size + a.begin - counts[i]! * a.stride);
  return padSpatial(g, whole, [...lead, ...counts.map((c, i) => c * strides[i]!)], axes.map((a) => -a.begin), end); // prettier-ignore
}

const sum = (g: GraphBuilder, parts: readonly string[], dims: readonly number[]): string => {
  if (parts.length === 0) return g.op('ConstantOfShape', [g.ints(dims)]);
  return parts.length === 1 ? parts[0]! : g.op('Sum', parts);
};

/** [N, C, q...] per phase to [N, C * phases, q...], the channel slowest. */
function stackChannels(
  g: GraphBuilder,
  parts: readonly string[],
  [n, c]: readonly [number, number],
  q: readonly number[],
): string {
  const stacked = g.op('Concat', parts.map((p) => g.reshape(p, [n, c, 1, ...q])), { axis: 2 }); // prettier-ignore
  return g.reshape(stacked, [n, c * parts.length, ...q]);
}

/** dL/dx of y = AveragePool(x): the average, with stride 1, of dy with zeros between. */
export function averageGradient(
  g: GraphBuilder,
  dy: string,
  lead: readonly [number, number],
  axes: readonly Axis[],
  includePad: boolean,
): string {
  const factors = averageScale(axes, includePad);
  const out = axes.map((a) => a.out);
  const strides = axes.map((a) => a.stride);
  const scaled = factors ? g.mul(dy, g.constant({ type: 'float32', dims: out, data: factors }, 'counts')) : dy;
  const apart = spread(g, scaled, [...lead, ...out], strides);
  const back = averageBack(axes);
  const cut = (key: 'begin' | 'end'): number[] => back.map((a) => Math.min(0, a[key]));
  const cropped = padSpatial(g, apart, [...lead, ...back.map((a) => a.size)], cut('begin'), cut('end'));
  return g.op('AveragePool', [cropped], {
    kernel_shape: axes.map((a) => a.kernel),
    strides: axes.map(() => 1),
    pads: [...back.map((a) => a.begin), ...back.map((a) => a.end)].map((p) => Math.max(0, p)),
    count_include_pad: 1,
  });
}

/** dL/dx of y = GlobalMaxPool(x), x of shape `dims`: dy at the first maximum of each channel. */
export function globalMaxGradient(g: GraphBuilder, x: string, dy: string, dims: readonly number[]): string {
  const [n = 1, c = 1, ...spatial] = dims;
  const size = sizeOf(spatial);
  const at = g.op('ArgMax', [g.reshape(x, [n, c, size])], { axis: 2, keepdims: 1 });
  const hit = g.op('Equal', [at, g.ints(Array.from({ length: size }, (_, i) => i))]);
  return g.reshape(g.where(hit, g.reshape(dy, [n, c, 1]), g.zero), dims);
}
