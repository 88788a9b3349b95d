// Max and average pools on tfjs tensors, channels last, with gradients that every backend can run.
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf, TfTensor } from '../op.js';
import { extent, windowCounts, type Axis } from './conv-geometry.js';
import { gated } from './elementwise-tf.js';
import { padNhwc, spreadNhwc, unary, windowSlice } from './conv-tf.js';

/** Padding that never is a maximum. Finite: -Infinity times a zero mask would be NaN. */
export const LOWEST = -3.4028234663852886e38;

const pair = (axes: readonly Axis[], key: 'begin' | 'end' | 'kernel' | 'stride'): [number, number] => [
  axes[0]![key],
  axes[1]![key],
];

const padded = (tf: Tf, x: TfTensor, axes: readonly Axis[], value: number): Tensor4D =>
  padNhwc(tf, x, pair(axes, 'begin'), pair(axes, 'end'), value);

/** x [N, H, W, C] to the maximum of each window. The gradient goes to the first maximum of a window, row by row, as in onnxruntime. */
export function maxPool(tf: Tf, x: TfTensor, axes: readonly Axis[]): TfTensor {
  return tf.customGrad((...args) => {
    const [a, save] = args as unknown as [TfTensor, (tensors: TfTensor[]) => void];
    const y = maxima(tf, padded(tf, a, axes, LOWEST), axes);
    save([a, y]);
    return { value: y, gradFunc: (dy: TfTensor, saved: TfTensor[]) => maxGradient(tf, saved[0]!, saved[1]!, dy, axes) };
  })(x);
}

function maxima(tf: Tf, x: Tensor4D, axes: readonly Axis[]): TfTensor {
  const [k0, k1] = pair(axes, 'kernel');
  // XNNPACK refuses a 1x1 window; tfjs has no dilated pool.
  if (k0 * k1 > 1 && axes.every((a) => a.dilation === 1)) return tf.maxPool(x, [k0, k1], pair(axes, 'stride'), 'valid');
  let y: TfTensor | undefined;
  for (let i = 0; i < k0; i++) {
    for (let j = 0; j < k1; j++) {
      const seen = windowSlice(tf, x, axes, i, j);
      y = y ? tf.maximum(y, seen) : seen;
    }
  }
  return y!;
}

/**
 * What of dy no earlier window element has taken goes to the element that equals the maximum. Elements whose offsets agree modulo the
 * stride land on the same phase of the input grid; phases are summed apart and interleaved once.
 */
function maxGradient(tf: Tf, x: TfTensor, y: TfTensor, dy: TfTensor, axes: readonly Axis[]): TfTensor {
  const [a0, a1] = axes as [Axis, Axis];
  const source = padded(tf, x, axes, LOWEST);
  const counts = axes.map((a) => Math.ceil(((a.out - 1) * a.stride + extent(a)) / a.stride)) as [number, number];
  const zero = tf.zerosLike(dy);
  const phases: (TfTensor | undefined)[] = new Array<undefined>(a0.stride * a1.stride).fill(undefined);
  let rest = dy;
  for (let i = 0; i < a0.kernel; i++) {
    for (let j = 0; j < a1.kernel; j++) {
      const last = i === a0.kernel - 1 && j === a1.kernel - 1;
      const hit = last ? undefined : tf.equal(windowSlice(tf, source, axes, i, j), y);
      const taken = hit ? tf.where(hit, rest, zero) : rest;
      if (hit) rest = tf.where(hit, zero, rest);
      const [u, v] = [i * a0.dilation, j * a1.dilation];
      const shift = [Math.floor(u / a0.stride), Math.floor(v / a1.stride)] as const;
      const placed = padNhwc(tf, taken, shift, [counts[0] - shift[0] - a0.out, counts[1] - shift[1] - a1.out]);
      const phase = (u % a0.stride) * a1.stride + (v % a1.stride);
      const before = phases[phase];
      phases[phase] = before ? tf.add(before, placed) : placed;
    }
  }
  const [n = 1, , , c = 1] = dy.shape;
  const empty = tf.zeros([n, ...counts, c]);
  const rows = Array.from({ length: a0.stride }, (_, r) => {
    const columns = Array.from({ length: a1.stride }, (_, s) => phases[r * a1.stride + s] ?? empty);
    return tf.reshape(columns.length > 1 ? tf.stack(columns, 3) : columns[0]!, [n, counts[0], counts[1] * a1.stride, c]);
  });
  const whole = tf.reshape(rows.length > 1 ? tf.stack(rows, 2) : rows[0]!, [n, counts[0] * a0.stride, counts[1] * a1.stride, c]);
  const end = axes.map((a, i) => a.size + a.begin - counts[i]! * a.stride);
  return padNhwc(tf, whole, [-a0.begin, -a1.begin], end);
}

/** Window size over elements that count, per position, [1, out, out, 1]; undefined where all are 1. */
export function averageScale(axes: readonly Axis[], includePad: boolean): Float32Array | undefined {
  if (includePad) return undefined;
  const size = axes.reduce((p, a) => p * a.kernel, 1);
  const counts = windowCounts(axes);
  return counts.every((c) => c === size) ? undefined : counts.map((c) => size / Math.max(1, c));
}

/** x [N, H, W, C] to the mean of each window, of the elements on the input only unless `includePad`. */
export function averagePool(tf: Tf, x: TfTensor, axes: readonly Axis[], includePad: boolean): TfTensor {
  const [k0, k1] = pair(axes, 'kernel');
  const factors = averageScale(axes, includePad);
  const scale = (t: TfTensor): TfTensor => (factors ? tf.mul(t, tf.tensor(factors, [1, axes[0]!.out, axes[1]!.out, 1])) : t);
  const mean = (t: Tensor4D, strides: [number, number], windows: readonly Axis[]): TfTensor =>
    k0 * k1 > 1 ? tf.avgPool(t, [k0, k1], strides, 'valid') : windowSlice(tf, t, windows, 0, 0);
  return unary(
    tf,
    x,
    (a) => scale(mean(padded(tf, a, axes, 0), pair(axes, 'stride'), axes)),
    (dy) => {
      const back = averageBack(axes);
      return mean(padded(tf, spreadNhwc(tf, scale(dy), pair(axes, 'stride')), back, 0), [1, 1], back);
    },
  );
}

/** The stride-1 window that runs over dy, zeros inserted, in the gradient of an average. */
export const averageBack = (axes: readonly Axis[]): Axis[] =>
  axes.map((a) => {
    const begin = a.kernel - 1 - a.begin;
    const size = a.out * a.stride;
    return { ...a, size, stride: 1, begin, end: a.size - size - begin + a.kernel - 1, out: a.size };
  });

/** The largest of each channel. The gradient goes to the first one. `spatial` axes lie side by side in x. */
export function globalMax(tf: Tf, x: TfTensor, spatial: readonly number[]): TfTensor {
  const first = Math.min(...spatial);
  const size = spatial.reduce((p, axis) => p * x.shape[axis]!, 1);
  const flat = [...x.shape.slice(0, first), size, ...x.shape.slice(first + spatial.length)];
  const range = flat.map((_, i) => (i === first ? size : 1));
  return tf.customGrad((...args) => {
    const [a, save] = args as unknown as [TfTensor, (tensors: TfTensor[]) => void];
    save([a]);
    const gradFunc = (dy: TfTensor, saved: TfTensor[]): TfTensor => {
      const at = tf.expandDims(tf.argMax(tf.reshape(saved[0]!, flat), first), first);
      const hit = tf.equal(tf.reshape(tf.range(0, size, 1, 'int32'), range), at);
      const spread = tf.reshape(dy, flat.map((d, i) => (i === first ? 1 : d))); // prettier-ignore
      return tf.reshape(gated(tf, tf.broadcastTo(spread, flat), tf.cast(hit, 'float32')), x.shape);
    };
    return { value: tf.max(a, [...spatial], true), gradFunc };
  })(x);
}
