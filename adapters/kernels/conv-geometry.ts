// Where a sliding window reads: kernel, strides, dilations and explicit pads per spatial axis, for convolutions and pools alike.
import { LanError } from '../../src/core/errors.js';
import { sizeOf, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { ints, int, text, type StaticNode } from '../op.js';

/** Attributes that Conv and every pool share; the canonical form after `lower` always has kernel_shape, strides and pads. */
export const WINDOW_ATTRIBUTES = { auto_pad: text('NOTSET'), kernel_shape: ints(), pads: ints(), strides: ints() };
/** The same of convolutions, which have dilations (default: 1 along each axis) and `group` groups of channels besides. */
export const CONV_ATTRIBUTES = { ...WINDOW_ATTRIBUTES, dilations: ints(), group: int(1) };

/** The window along one spatial axis. `end` may be negative: trailing elements that no window reads. */
export interface Axis {
  /** Input length. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element. */
  readonly begin: number;
  /** Padding after the last element that makes the windows fit exactly, whatever ceil_mode or a remainder did. */
  readonly end: number;
  /** Number of windows. */
  readonly out: number;
}

/** Attributes as resolved by an adapter whose table includes WINDOW_ATTRIBUTES. */
export interface WindowAttributes {
  readonly auto_pad?: string;
  readonly kernel_shape?: readonly number[];
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
}

/** The same with nothing left to defaults or to auto_pad. */
export interface Explicit {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** begins, then ends. */
  readonly pads: readonly number[];
}

/** Elements from the first to the last that a window reads. */
export const extent = (a: Pick<Axis, 'kernel' | 'dilation'>): number => a.dilation * (a.kernel - 1) + 1;

const filled = (values: readonly number[] | undefined, rank: number): readonly number[] =>
  values ?? new Array<number>(rank).fill(1);

/**
 * Resolves auto_pad and defaults for an input of `spatial` lengths (ONNX Conv-11, "auto_pad").
 * SAME_UPPER puts the odd element at the end, SAME_LOWER at the beginning, so that out = ceil(size / stride).
 */
export function explicit(a: WindowAttributes, spatial: readonly number[], kernel: readonly number[]): Explicit {
  const rank = spatial.length;
  const strides = filled(a.strides, rank);
  const dilations = filled(a.dilations, rank);
  const common = { kernel_shape: kernel, strides, dilations };
  if (!a.auto_pad || a.auto_pad === 'NOTSET') return { ...common, pads: a.pads ?? new Array<number>(2 * rank).fill(0) };
  if (a.auto_pad === 'VALID') return { ...common, pads: new Array<number>(2 * rank).fill(0) };
  const total = spatial.map((size, i) => {
    const stride = strides[i]!;
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + dilations[i]! * (kernel[i]! - 1) + 1 - size);
  });
  const small = total.map((t) => Math.floor(t / 2));
  const large = total.map((t, i) => t - small[i]!);
  return { ...common, pads: a.auto_pad === 'SAME_LOWER' ? [...large, ...small] : [...small, ...large] };
}

/** Nothing left to do for `lower`: every attribute that `explicit` resolves is written on the node. */
export const isExplicit = (a: WindowAttributes, needsDilations: boolean): boolean =>
  (!a.auto_pad || a.auto_pad === 'NOTSET') && !!a.kernel_shape && !!a.pads && !!a.strides && (!needsDilations || !!a.dilations);

/** The axes of a window whose attributes are explicit, from the spatial lengths of its input and output. */
export function axesOf(a: WindowAttributes, spatial: readonly number[], out: readonly number[]): Axis[] {
  return spatial.map((size, i) => {
    const stride = a.strides?.[i] ?? 1;
    const axis = {
      size,
      kernel: a.kernel_shape?.[i] ?? 1,
      // A single window moves nowhere: a stride beyond the axis is nothing that memory may depend on.
      stride: out[i] === 1 ? Math.min(stride, Math.max(1, size)) : stride,
      dilation: a.dilations?.[i] ?? 1,
      begin: a.pads?.[i] ?? 0,
      out: out[i] ?? 1,
    };
    return { ...axis, end: (axis.out - 1) * axis.stride + extent(axis) - size - axis.begin };
  });
}

/** The axes of a node whose input 0 and output 0 carry the window's axes behind batch and channel. */
export const nodeAxes = (n: StaticNode, a: WindowAttributes): Axis[] =>
  axesOf(a, n.type(0).dims.slice(2), n.outputType(0).dims.slice(2));

/** The window with an axis of length 1 in front: a 1-D window as a 2-D one. */
export function asTwoDimensional(e: Explicit): Explicit {
  const [begin = 0, end = 0] = e.pads;
  return {
    kernel_shape: [1, ...e.kernel_shape],
    strides: [1, ...e.strides],
    dilations: [1, ...e.dilations],
    pads: [0, begin, 0, end],
  };
}

/** Dims with an axis of length 1 before the last: [N, C, L] as [N, C, 1, L]. */
export const withUnitAxis = (dims: readonly number[]): number[] => [...dims.slice(0, -1), 1, dims.at(-1) ?? 1];

/** A value reshaped; a constant becomes a new constant over the same data. */
export function reshaped(n: StaticNode, index: number, dims: readonly number[], g: GraphBuilder): string {
  const value = n.constant(index);
  return value ? g.constant({ ...value, dims: [...dims] }, n.x[index]) : g.reshape(n.x[index]!, dims);
}

/** Appends Pad and Slice so that `begin` and `end` elements come before and after each spatial axis; negative ones are cut off. */
export function padSpatial(
  g: GraphBuilder,
  x: string,
  dims: readonly number[],
  begin: readonly number[],
  end: readonly number[],
  fill = 0,
): string {
  let value = x;
  const rank = begin.length;
  if (begin.some((b) => b < 0) || end.some((e) => e < 0)) {
    const cut = begin.map((_, i) => i).filter((i) => begin[i]! < 0 || end[i]! < 0);
    value = g.slice(
      value,
      cut.map((i) => Math.max(0, -begin[i]!)),
      cut.map((i) => dims[i + 2]! - Math.max(0, -end[i]!)),
      cut.map((i) => i + 2),
    );
  }
  if (begin.some((b) => b > 0) || end.some((e) => e > 0)) {
    const lead = dims.length - rank;
    const zeros = new Array<number>(lead).fill(0);
    const positive = (v: readonly number[]): number[] => v.map((p) => Math.max(0, p));
    const pads = g.ints([...zeros, ...positive(begin), ...zeros, ...positive(end)]);
    value = g.op('Pad', fill === 0 ? [value, pads] : [value, pads, g.scalar(fill)]);
  }
  return value;
}

/**
 * Interleaves the channel groups of sub-pixel phases: [N, C * s0 * s1, q...] (channel slowest) to [N, C, q0 * s0, q1 * s1].
 */
export function interleave(g: GraphBuilder, x: string, dims: readonly number[], strides: readonly number[]): string {
  const phases = sizeOf(strides);
  if (phases === 1) return x;
  const [n = 1, c = 1, ...q] = dims;
  const channels = c / phases;
  // One axis at a time, the innermost first: onnxruntime moves a single axis four times faster than it runs DepthToSpace.
  let value = x;
  let outer = n * c;
  let inner = 1;
  for (let i = strides.length - 1; i >= 0; i--) {
    const s = strides[i]!;
    outer /= s;
    if (s > 1) value = g.transpose(g.reshape(value, [outer, s, sizeOf(q.slice(0, i + 1)), inner]), [0, 2, 1, 3]);
    inner *= s * q[i]!;
  }
  return g.reshape(value, [n, channels, ...q.map((d, i) => d * strides[i]!)]);
}

/** Where element k of the windows lies: on the input for windows `first` to `last`, in phase `phase`, from index `at` of the phase on. */
export interface Place {
  readonly phase: number;
  readonly first: number;
  readonly last: number;
  readonly at: number;
}

/** Element k of the windows `first` to `last` lies on the input; positions that agree modulo the stride form a phase. */
export function place(a: Axis, k: number): Place {
  const start = k * a.dilation - a.begin;
  const first = Math.max(0, Math.ceil(-start / a.stride));
  const last = Math.min(a.out - 1, Math.floor((a.size - 1 - start) / a.stride));
  const shift = Math.floor(start / a.stride);
  return { phase: start - shift * a.stride, first, last, at: shift + first };
}

/** For each window position the number of its elements that lie on the input, not on padding; axes multiplied out, row-major. */
export function windowCounts(axes: readonly Axis[]): Float32Array {
  const perAxis = axes.map((a) =>
    Array.from({ length: a.out }, (_, o) => {
      let count = 0;
      for (let k = 0; k < a.kernel; k++) {
        const at = o * a.stride - a.begin + k * a.dilation;
        if (at >= 0 && at < a.size) count++;
      }
      return count;
    }),
  );
  return Float32Array.from(perAxis.reduce<number[]>((all, axis) => all.flatMap((v) => axis.map((c) => v * c)), [1]));
}

/** The most elements of a window of one value: real ones have hundreds. */
const MOST_IN_WINDOW = 2 ** 26;

/**
 * A float32 tensor of one value, as the windows of pools are. Throws LanError (`memory`) above MOST_IN_WINDOW elements, (`model`) for negative lengths: a kernel_shape is only an
 * attribute, whatever it asks for.
 */
export function windowOf(dims: readonly number[], value: number): Tensor {
  const size = sizeOf(dims);
  if (dims.some((d) => d < 0)) throw new LanError('model', `A window of [${dims.join(',')}] has a negative length.`);
  if (!(size <= MOST_IN_WINDOW))
    throw new LanError('memory', `A window of [${dims.join(',')}] has ${size} elements; at most ${MOST_IN_WINDOW} are allowed.`);
  return { type: 'float32', dims, data: new Float32Array(size).fill(value) };
}

/** A tensor of ones; see windowOf. */
export const ones = (dims: readonly number[]): Tensor => windowOf(dims, 1);

/** One property of every axis. */
export const pick = <K extends keyof Axis>(axes: readonly Axis[], key: K): number[] => axes.map((a) => a[key]);

/** A Conv whose pads may be negative: those are cut off first. `axes` describe it; x is [N, C, size...]. */
export function convNode(
  g: GraphBuilder,
  x: string,
  lead: readonly [number, number],
  w: string,
  axes: readonly Axis[],
  group: number,
): string {
  const begin = pick(axes, 'begin');
  const end = pick(axes, 'end');
  const cropped = padSpatial(g, x, [...lead, ...pick(axes, 'size')], begin.map((b) => Math.min(0, b)), end.map((e) => Math.min(0, e))); // prettier-ignore
  return g.op('Conv', [cropped, w], {
    kernel_shape: pick(axes, 'kernel'),
    strides: pick(axes, 'stride'),
    dilations: pick(axes, 'dilation'),
    pads: [...begin, ...end].map((p) => Math.max(0, p)),
    group,
  });
}
