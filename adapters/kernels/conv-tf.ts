// Convolutions on tfjs tensors, channels last, with gradients that are right and fast on every backend.
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf, TfTensor } from '../op.js';
import { extent, type Axis } from './conv-geometry.js';

/** Makes a tensor from a weight, once and for all where the weight is a constant. */
export type Derive = (key: string, make: () => TfTensor) => TfTensor;

const made = new WeakMap<TfTensor, Map<string, TfTensor>>();

/**
 * Constant weights are laid out for tfjs once: what was made from one is kept (tf.keep) and disposed of together with it, by wrapping
 * the weight's own `dispose`. (wasm also caches packed filters by tensor, so passing the same tensor again is what makes it fast.)
 */
export function derive(tf: Tf, weight: TfTensor, constant: boolean): Derive {
  if (!constant) return (_key, make) => make();
  let known = made.get(weight);
  if (!known) {
    const cache = new Map<string, TfTensor>();
    const dispose = weight.dispose.bind(weight);
    weight.dispose = () => {
      for (const t of cache.values()) t.dispose();
      cache.clear();
      dispose();
    };
    made.set(weight, cache);
    known = cache;
  }
  const cache = known;
  return (key, make) => {
    const before = cache.get(key);
    if (before && !before.isDisposed) return before;
    const t = tf.keep(tf.tidy(make));
    cache.set(key, t);
    return t;
  };
}

/** x [N, H, W, C] with `begin` and `end` elements of `value` around H and W; negative ones are cut off. */
export function padNhwc(tf: Tf, x: TfTensor, begin: readonly number[], end: readonly number[], value = 0): Tensor4D {
  let y = x as Tensor4D;
  const [b0 = 0, b1 = 0] = begin;
  const [e0 = 0, e1 = 0] = end;
  if (Math.min(b0, b1, e0, e1) < 0) {
    const [n, h, w, c] = y.shape;
    const cut = (v: number): number => Math.max(0, -v);
    y = tf.slice(y, [0, cut(b0), cut(b1), 0], [n, h - cut(b0) - cut(e0), w - cut(b1) - cut(e1), c]);
  }
  if (Math.max(b0, b1, e0, e1) <= 0) return y;
  const grow = (v: number): number => Math.max(0, v);
  return tf.pad4d(y, [[0, 0], [grow(b0), grow(e0)], [grow(b1), grow(e1)], [0, 0]], value); // prettier-ignore
}

/** Inserts stride - 1 zeros after every element of H and W: [N, H, W, C] to [N, H * s0, W * s1, C]. */
export function spreadNhwc(tf: Tf, x: TfTensor, strides: readonly number[]): Tensor4D {
  const [n = 1, h = 1, w = 1, c = 1] = x.shape;
  const [s0 = 1, s1 = 1] = strides;
  let y = x;
  if (s1 > 1) y = tf.pad(tf.reshape(y, [n * h * w, c]), [[0, 0], [0, (s1 - 1) * c]]); // prettier-ignore
  if (s0 > 1) y = tf.pad(tf.reshape(y, [n * h, w * s1 * c]), [[0, 0], [0, (s0 - 1) * w * s1 * c]]); // prettier-ignore
  return tf.reshape(y, [n, h * s0, w * s1, c]);
}

/** x [N, H, W, C] convolved with a filter [kh, kw, C / group, M]; padded or cropped first, then 'valid'. */
function convolve(
  tf: Tf,
  x: TfTensor,
  filter: TfTensor,
  axes: readonly Axis[],
  group: number,
  weights: Derive,
  key: string,
): TfTensor {
  const padded = padNhwc(tf, x, axes.map((a) => a.begin), axes.map((a) => a.end)); // prettier-ignore
  const strides = axes.map((a) => a.stride) as [number, number];
  let dilations = axes.map((a) => a.dilation) as [number, number];
  let f = filter as Tensor4D;
  if (Math.max(...strides) > 1 && Math.max(...dilations) > 1) {
    // tfjs refuses the combination: write the dilation into the filter.
    f = weights(`${key} dilated ${dilations.join()}`, () => dilate(tf, filter, dilations)) as Tensor4D;
    dilations = [1, 1];
  }
  const [kh, kw, c, m] = f.shape;
  if (group > 1 && c === 1) {
    const depthwise = tf.reshape<Rank.R4>(f, [kh, kw, group, m / group]);
    return tf.depthwiseConv2d(padded, depthwise, strides, 'valid', 'NHWC', dilations);
  }
  if (group === 1) return tf.conv2d(padded, f, strides, 'valid', 'NHWC', dilations);
  const parts = tf.split(padded, group, 3).map((part, i) => {
    const own = weights(`${key} ${i}/${group}`, () => tf.slice(f, [0, 0, 0, (i * m) / group], [kh, kw, c, m / group]));
    return tf.conv2d(part as Tensor4D, own as Tensor4D, strides, 'valid', 'NHWC', dilations);
  });
  return tf.concat(parts, 3);
}

function dilate(tf: Tf, filter: TfTensor, dilations: readonly number[]): TfTensor {
  const [kh = 1, kw = 1, c = 1, m = 1] = filter.shape;
  const [d0 = 1, d1 = 1] = dilations;
  const spreadOut = spreadNhwc(tf, tf.reshape(filter, [1, kh, kw, c * m]), dilations);
  const size = [d0 * (kh - 1) + 1, d1 * (kw - 1) + 1] as const;
  return tf.reshape(tf.slice(spreadOut, [0, 0, 0, 0], [1, ...size, c * m]), [...size, c, m]);
}

/** Conv: x [N, H, W, C], w [M, kh, kw, C / group] (a channels-last ONNX weight) to [N, out, out, M]. */
export function forward(tf: Tf, x: TfTensor, w: TfTensor, axes: readonly Axis[], group: number, weights: Derive): TfTensor {
  const filter = weights('hwio', () => tf.transpose(w, [1, 2, 3, 0]));
  return convolve(tf, x, filter, axes, group, weights, 'hwio');
}

/** Conv's gradient of the input, from dy [N, out, out, M] to [N, H, W, C]: a convolution with the rotated, transposed weight. */
export function inputGradient(
  tf: Tf,
  dy: TfTensor,
  w: TfTensor,
  axes: readonly Axis[],
  group: number,
  weights: Derive,
): TfTensor {
  const [a0, a1] = axes as [Axis, Axis];
  const plain = group === 1 && a0.stride === a1.stride && a0.stride > 1 && a0.dilation * a1.dilation === 1;
  if (plain && Math.max(a0.kernel, a1.kernel) > 1) return subpixelGradient(tf, dy, w, axes, weights);
  const [m = 1, kh = 1, kw = 1, c = 1] = w.shape;
  const rotated = weights(`rotated ${group}`, () => {
    // Rotating by 180 degrees is reversing the flattened kernel.
    const leading = tf.transpose(tf.reshape(w, [group, m / group, kh * kw, c]), [2, 1, 0, 3]);
    return tf.reshape(reversedRows(tf, leading), [kh, kw, m / group, group * c]);
  });
  const apart = spreadNhwc(tf, dy, axes.map((a) => a.stride)); // prettier-ignore
  const back = axes.map((a): Axis => {
    const begin = extent(a) - 1 - a.begin;
    const size = a.out * a.stride;
    return { ...a, size, stride: 1, begin, end: a.size - size - begin + extent(a) - 1, out: a.size };
  });
  return convolve(tf, apart, rotated, back, group, weights, `rotated ${group}`);
}

/** `x` with its first axis backwards, by copies of whole rows: tfjs's reverse and gather move every element by itself, ten times slower in wasm. */
function reversedRows(tf: Tf, x: TfTensor): TfTensor {
  const [rows = 1] = x.shape;
  return rows === 1 ? x : tf.concat(tf.split(x, rows, 0).reverse(), 0);
}

/** How the input gradient of a strided axis splits into phases: see `subpixelAxis`. */
export interface Subpixel {
  /** Kernel length of every phase. */
  readonly kernel: number;
  /** Zeros before the original kernel, so that index `a + stride * J` of the padded kernel serves phase a. */
  readonly offset: number;
  /** Positions per phase. */
  readonly count: number;
  /** Padding of dy. */
  readonly begin: number;
  readonly end: number;
}

/**
 * dx[s q + a] = sum over t of dy[q + floor((a + p) / s) - t] w[s t + (a + p) mod s]: for each phase a a stride-1 convolution of dy,
 * all phases with one common kernel length, so that one convolution with s times the channels makes them all.
 */
export function subpixelAxis(a: Axis): Subpixel {
  const s = a.stride;
  const last = Math.ceil(a.begin / s);
  const offset = s * last - a.begin;
  const kernel = Math.ceil((offset + a.kernel) / s);
  const count = Math.ceil(a.size / s);
  const begin = kernel - 1 - last;
  return { kernel, offset, count, begin, end: count - a.out - begin + kernel - 1 };
}

function subpixelGradient(tf: Tf, dy: TfTensor, w: TfTensor, axes: readonly Axis[], weights: Derive): TfTensor {
  const [m = 1, kh = 1, kw = 1, c = 1] = w.shape;
  const [a0, a1] = axes as [Axis, Axis];
  const s = a0.stride;
  const [p0, p1] = [subpixelAxis(a0), subpixelAxis(a1)];
  const filter = weights(`phases ${s} ${a0.begin} ${a1.begin}`, () => {
    const after = [p0.kernel * s - p0.offset - kh, p1.kernel * s - p1.offset - kw] as const;
    const oihw = tf.transpose(w, [0, 3, 1, 2]);
    const padded = tf.pad4d(oihw as Tensor4D, [[0, 0], [0, 0], [p0.offset, after[0]], [p1.offset, after[1]]]); // prettier-ignore
    const phases = tf.transpose(tf.reshape(padded, [m, c, p0.kernel, s, p1.kernel, s]), [2, 4, 0, 3, 5, 1]);
    const rows = tf.reshape(phases, [p0.kernel * p1.kernel, m * s * s * c]);
    return tf.reshape(reversedRows(tf, rows), [p0.kernel, p1.kernel, m, s * s * c]);
  });
  const apart = tf.conv2d(padNhwc(tf, dy, [p0.begin, p1.begin], [p0.end, p1.end]), filter as Tensor4D, 1, 'valid');
  return padNhwc(tf, tf.depthToSpace(apart, s, 'NHWC'), [0, 0], [a0.size - p0.count * s, a1.size - p1.count * s]);
}

/** Conv's gradient of the weight [M, kh, kw, C / group]: per kernel element one matrix product of a strided slice of x with dy. */
export function weightGradient(tf: Tf, x: TfTensor, dy: TfTensor, axes: readonly Axis[], group: number): TfTensor {
  const [a0, a1] = axes as [Axis, Axis];
  const padded = padNhwc(tf, x, [a0.begin, a1.begin], [a0.end, a1.end]);
  const [n, , , c] = padded.shape;
  const m = dy.shape[3] ?? 1;
  const positions = n * a0.out * a1.out;
  const right = tf.transpose(tf.reshape(dy, [positions, group, m / group]), [1, 0, 2]);
  const products: TfTensor[] = [];
  for (let i = 0; i < a0.kernel; i++) {
    for (let j = 0; j < a1.kernel; j++) {
      const seen = windowSlice(tf, padded, axes, i, j);
      const left = tf.transpose(tf.reshape(seen, [positions, group, c / group]), [1, 2, 0]);
      products.push(tf.matMul(left, right));
    }
  }
  return tf.reshape(tf.transpose(tf.stack(products), [1, 3, 0, 2]), [m, a0.kernel, a1.kernel, c / group]);
}

/** Element (i, j) of every window: [N, out, out, C]. `padded` is the input with its pads. tfjs has no gradient for it. */
export function windowSlice(tf: Tf, padded: Tensor4D, axes: readonly Axis[], i: number, j: number): Tensor4D {
  const [n, , , c] = padded.shape;
  const [a0, a1] = axes as [Axis, Axis];
  const [y, x] = [i * a0.dilation, j * a1.dilation];
  if (a0.stride === 1 && a1.stride === 1) return tf.slice(padded, [0, y, x, 0], [n, a0.out, a1.out, c]);
  const end = [n, y + (a0.out - 1) * a0.stride + 1, x + (a1.out - 1) * a1.stride + 1, c];
  return tf.stridedSlice(padded, [0, y, x, 0], end, [1, a0.stride, a1.stride, 1]) as Tensor4D;
}

/** Conv on the tape. `constant`: the weight wants no gradient and what is derived from it may be kept. */
export function conv(tf: Tf, x: TfTensor, w: TfTensor, axes: readonly Axis[], group: number, constant: boolean): TfTensor {
  const weights = derive(tf, w, constant);
  const value = (a: TfTensor, b: TfTensor): TfTensor => forward(tf, a, b, axes, group, weights);
  const back = (dy: TfTensor, b: TfTensor): TfTensor => inputGradient(tf, dy, b, axes, group, weights);
  if (constant) return unary(tf, x, (a) => value(a, w), (dy) => back(dy, w)); // prettier-ignore
  return binary(tf, x, w, value, (dy, a, b) => [back(dy, b), weightGradient(tf, a, dy, axes, group)]);
}

/**
 * ConvTranspose on the tape: the input gradient of the Conv that `axes` describes (its input is this op's output), and the reverse.
 */
export function convTranspose(
  tf: Tf,
  x: TfTensor,
  w: TfTensor,
  axes: readonly Axis[],
  group: number,
  constant: boolean,
): TfTensor {
  const weights = derive(tf, w, constant);
  const value = (a: TfTensor, b: TfTensor): TfTensor => inputGradient(tf, a, b, axes, group, weights);
  const back = (dy: TfTensor, b: TfTensor): TfTensor => forward(tf, dy, b, axes, group, weights);
  if (constant) return unary(tf, x, (a) => value(a, w), (dy) => back(dy, w)); // prettier-ignore
  return binary(tf, x, w, value, (dy, a, b) => [back(dy, b), weightGradient(tf, dy, a, axes, group)]);
}

/** A function of one tensor with its own gradient, which needs nothing but dy. */
export function unary(tf: Tf, x: TfTensor, value: (x: TfTensor) => TfTensor, gradient: (dy: TfTensor) => TfTensor): TfTensor {
  return tf.customGrad((...args) => ({ value: value(args[0] as TfTensor), gradFunc: (dy: TfTensor) => gradient(dy) }))(x);
}

type Pair = [TfTensor, TfTensor];

/** A function of two tensors with its own gradients. */
function binary(
  tf: Tf,
  x: TfTensor,
  w: TfTensor,
  value: (x: TfTensor, w: TfTensor) => TfTensor,
  gradient: (dy: TfTensor, x: TfTensor, w: TfTensor) => Pair,
): TfTensor {
  return tf.customGrad((...args) => {
    const [a, b, save] = args as unknown as [TfTensor, TfTensor, (tensors: TfTensor[]) => void];
    save([a, b]);
    return { value: value(a, b), gradFunc: (dy: TfTensor, saved: TfTensor[]) => gradient(dy, ...(saved as Pair)) };
  })(x, w);
}
