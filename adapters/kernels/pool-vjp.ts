// Gradients of pools as ONNX nodes, for any number of spatial axes.
import { sizeOf } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { windowOf, place, type Axis } from './conv-geometry.js';
import { averageBack, averageScale, LOWEST } from './pool-tf.js';

const untouched = (length: number): Axis => ({ size: length, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0, out: length });

/** The windows' maxima along one axis only. onnxruntime wants pads shorter than the kernel, dilated or not: ceil_mode makes up for what is missing. */
export function maximaAlong(g: GraphBuilder, x: string, axes: readonly Axis[], at: number): string {
  const only = axes.map((a, i) => (i === at ? a : untouched(a.size)));
  return g.op('MaxPool', [x], {
    kernel_shape: only.map((a) => a.kernel),
    strides: only.map((a) => a.stride),
    dilations: only.map((a) => a.dilation),
    pads: [...only.map((a) => a.begin), ...only.map((a) => Math.min(Math.max(0, a.end), a.kernel - 1))],
    ceil_mode: axes[at]!.end >= axes[at]!.kernel ? 1 : 0,
  });
}

/**
 * dL/dx of y = MaxPool(x); the first maximum of a window, row by row, takes all of dy. One axis at a time, the last one pooled first: the
 * gradient finds the row of the maximum, then its column, with fewer comparisons than over the whole window.
 */
export function maxGradient(
  g: GraphBuilder,
  x: string,
  y: string,
  dy: string,
  lead: readonly [number, number],
  axes: readonly Axis[],
): string {
  const moving = axes
    .map((_, i) => i)
    .filter((i) => axes[i]!.kernel > 1 || axes[i]!.size !== axes[i]!.out || axes[i]!.begin !== 0);
  const last = moving.at(-1);
  if (last === undefined) return dy;
  const dims = [...lead, ...axes.map((a) => a.size)];
  if (moving.length === 1) return gradientAlong(g, x, y, dy, dims, last + 2, axes[last]!);
  const pooled = maximaAlong(g, x, axes, last);
  const rest = axes.map((a, i) => (i === last ? untouched(a.out) : a));
  return gradientAlong(g, x, pooled, maxGradient(g, pooled, y, dy, lead, rest), dims, last + 2, axes[last]!);
}

/**
 * The gradient of a maximum along one axis. Element by element of the window: what of dy no earlier one took goes to where x equals y; the
 * last takes what is left, without comparing. Elements whose places agree modulo the stride form a phase; phases are woven at the end.
 */
function gradientAlong(
  g: GraphBuilder,
  x: string,
  y: string,
  dy: string,
  dims: readonly number[],
  axis: number,
  a: Axis,
): string {
  const flat: Flat = { before: sizeOf(dims.slice(0, axis)), after: sizeOf(dims.slice(axis + 1)) };
  if (a.stride > 1 && flat.after === 1 && flat.before > 1) {
    // Strides along the last axis touch single elements. Turned round as one matrix, every slice copies long runs.
    const turned = (v: string, length: number): string => g.transpose(g.reshape(v, [flat.before, length]), [1, 0]);
    const inner = gradientAlong(g, turned(x, a.size), turned(y, a.out), turned(dy, a.out), [a.size, flat.before], 0, a);
    return g.reshape(g.transpose(inner, [1, 0]), dims);
  }
  const count = Math.ceil(a.size / a.stride);
  const elementAt = windowReader(g, x, flat, a);
  const maximum = g.reshape(y, shaped(flat, a.out));
  let rest = g.reshape(dy, shaped(flat, a.out));
  const phases = Array.from({ length: a.stride }, (): string[] => []);
  for (let k = 0; k < a.kernel; k++) {
    const { phase, first, last, at } = place(a, k);
    if (first > last) continue;
    let taken = rest;
    if (k < a.kernel - 1) {
      const hit = g.op('Equal', [elementAt(k), maximum]);
      taken = g.where(hit, rest, g.zero);
      // Not what is left when it is taken away: an infinite one would leave NaN.
      rest = g.where(hit, g.zero, rest);
    }
    const inside = padAxis(g, taken, flat, -first, last + 1 - a.out, a.out);
    phases[phase]!.push(padAxis(g, inside, flat, at, count - at - (last - first + 1)));
  }
  const sums = phases.map((parts) => sum(g, parts, shaped(flat, count)));
  return g.reshape(padAxis(g, weave(g, sums, flat, count), flat, 0, a.size - count * a.stride, count * a.stride), dims);
}

/** What lies before and after the axis at work, multiplied out. */
interface Flat {
  readonly before: number;
  readonly after: number;
}

/** [before, lengths..., after] without an `after` of 1: onnxruntime's Where and Slice take 20 times longer over a last axis of length 1. */
const shaped = ({ before, after }: Flat, ...lengths: readonly number[]): number[] => [
  before,
  ...lengths,
  ...(after > 1 ? [after] : []),
];

/** Reads element k of every window along the axis, LOWEST where it lies on padding. */
function windowReader(g: GraphBuilder, x: string, flat: Flat, a: Axis): (k: number) => string {
  const source = g.reshape(x, shaped(flat, a.size));
  return (k) => {
    const { phase, first, last, at } = place(a, k);
    const windows = last - first + 1;
    const from = phase + at * a.stride;
    const seen = g.slice(source, [from], [from + (windows - 1) * a.stride + 1], [1], [a.stride]);
    return padAxis(g, seen, flat, first, a.out - 1 - last, windows, LOWEST);
  };
}

/** Phases of `count` positions each woven into one axis. */
function weave(g: GraphBuilder, phases: readonly string[], flat: Flat, count: number): string {
  const s = phases.length;
  if (s === 1) return phases[0]!;
  const whole = shaped(flat, count * s);
  if (flat.after > 1) return g.reshape(g.op('Concat', phases.map((p) => g.reshape(p, shaped(flat, count, 1))), { axis: 2 }), whole); // prettier-ignore
  const side = g.reshape(g.op('Concat', phases, { axis: 1 }), [flat.before, s, count]);
  return g.reshape(g.transpose(side, [0, 2, 1]), whole);
}

/** Pads or (negative) cuts the axis; `length` is its present length, needed to cut. */
function padAxis(g: GraphBuilder, x: string, flat: Flat, begin: number, end: number, length = 0, fill = 0): string {
  let value = x;
  if (begin < 0 || end < 0) value = g.slice(value, [Math.max(0, -begin)], [length - Math.max(0, -end)], [1]);
  if (begin <= 0 && end <= 0) return value;
  const around = shaped({ before: 0, after: flat.after }, 0).map(() => 0);
  const side = (n: number): number[] => around.map((_, i) => (i === 1 ? Math.max(0, n) : 0));
  const pads = g.ints([...side(begin), ...side(end)]);
  return g.op('Pad', fill === 0 ? [value, pads] : [value, pads, g.scalar(fill)]);
}

const sum = (g: GraphBuilder, parts: readonly string[], dims: readonly number[]): string => {
  if (parts.length === 0) return g.op('ConstantOfShape', [g.ints(dims)]);
  return parts.length === 1 ? parts[0]! : g.op('Sum', parts);
};

/**
 * dL/dx of y = AveragePool(x). Stride 1: the average of dy; else a depthwise ConvTranspose with a constant kernel.
 */
export function averageGradient(
  g: GraphBuilder,
  dy: string,
  lead: readonly [number, number],
  axes: readonly Axis[],
  includePad: boolean,
): string {
  const factors = averageScale(axes, includePad);
  const kernel = axes.map((a) => a.kernel);
  const scaled = factors ? g.mul(dy, g.constant({ type: 'float32', dims: axes.map((a) => a.out), data: factors }, 'counts')) : dy;
  const strides = axes.map((a) => a.stride);
  if (strides.some((s) => s > 1)) {
    const share = windowOf([lead[1], 1, ...kernel], 1 / sizeOf(kernel));
    return g.op('ConvTranspose', [scaled, g.constant(share, 'average')], {
      kernel_shape: kernel,
      strides,
      dilations: axes.map((a) => a.dilation),
      pads: [...axes.map((a) => a.begin), ...axes.map((a) => Math.max(0, a.end))],
      output_padding: axes.map((a) => Math.max(0, -a.end)),
      group: lead[1],
    });
  }
  const back = averageBack(axes);
  return g.op('AveragePool', [scaled], {
    kernel_shape: kernel,
    strides,
    pads: [...back.map((a) => a.begin), ...back.map((a) => a.end)],
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
