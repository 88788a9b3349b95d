// Windows over three spatial axes in tfjs, which has kernels for two: planes at the same depth of the window go through those, and are put together.
import type { Tf, TfTensor } from '../op.js';
import { averagePool, LOWEST, maxPool } from './pool-tf.js';
import type { Axis } from './conv-geometry.js';
import { conv, convTranspose, derive, type Derive } from './conv-tf.js';
import { range } from './shape-common.js';
import { gatherRows } from './shape-gather.js';

/** A volume [N, C, D, H, W] as its planes [D * N, H, W, C], the depth slowest. */
function planes(tf: Tf, x: TfTensor): TfTensor {
  const [n = 1, c = 1, d = 1, h = 1, w = 1] = x.shape;
  return tf.reshape(tf.transpose(x, [2, 0, 3, 4, 1]), [d * n, h, w, c]);
}

/** The reverse, for a batch of `n`. */
function volume(tf: Tf, x: TfTensor, n: number): TfTensor {
  const [dn = 1, h = 1, w = 1, c = 1] = x.shape;
  return tf.transpose(tf.reshape(x, [dn / n, n, h, w, c]), [1, 4, 0, 2, 3]);
}

/** Planes of `n` pictures at these depths one after the other; a depth that is not there is filled with `fill`. */
function atDepths(tf: Tf, x: TfTensor, n: number, depths: readonly number[], fill = 0): TfTensor {
  const [dn = 1, h = 1, w = 1, c = 1] = x.shape;
  const [d, size] = [dn / n, n * h * w * c];
  if (depths.length === d && depths.every((v, i) => v === i)) return x;
  const beside = depths.some((v) => v < 0 || v >= d);
  const rows = tf.reshape(x, [d, size]);
  const from = beside ? tf.concat([rows, tf.fill([1, size], fill)], 0) : rows;
  const at = tf.tensor1d(depths.map((v) => (v < 0 || v >= d ? d : v)), 'int32'); // prettier-ignore
  return tf.reshape(gatherRows(tf, from, at), [depths.length * n, h, w, c]);
}

/** Where element k of each window lies along the axis. */
const depthsOf = (a: Axis, k: number): number[] => range(a.out).map((o) => o * a.stride + k * a.dilation - a.begin);

/** For each position of the axis the window whose element k lies there, or -1. */
const windowsAt = (a: Axis, k: number): number[] =>
  range(a.size).map((d) => {
    const o = (d + a.begin - k * a.dilation) / a.stride;
    return Number.isInteger(o) && o >= 0 && o < a.out ? o : -1;
  });

const sum = (tf: Tf, parts: readonly TfTensor[]): TfTensor => parts.reduce((a, b) => tf.add(a, b));

/** Plane k of a weight [M, C / group, kd, kh, kw] as [M, kh, kw, C / group]. */
function plane(tf: Tf, w: TfTensor, k: number, weights: Derive): TfTensor {
  const [m = 1, c = 1, d = 1, kh = 1, kw = 1] = w.shape;
  return weights(`plane ${k}`, () => {
    const one = tf.slice(tf.reshape(w, [m * c, d, kh * kw]), [0, k, 0], [m * c, 1, kh * kw]);
    return tf.transpose(tf.reshape(one, [m, c, kh, kw]), [0, 2, 3, 1]);
  });
}

/** Conv of x [N, C, D, H, W] with w [M, C / group, kd, kh, kw], on the tape. */
export function convVolume(tf: Tf, x: TfTensor, w: TfTensor, axes: readonly Axis[], group: number, constant: boolean): TfTensor {
  const [depth, ...rest] = axes as [Axis, Axis, Axis];
  const n = x.shape[0] ?? 1;
  const weights = derive(tf, w, constant);
  const flat = planes(tf, x);
  const taps = range(depth.kernel).map((k) =>
    conv(tf, atDepths(tf, flat, n, depthsOf(depth, k)), plane(tf, w, k, weights), rest, group, constant),
  );
  return volume(tf, sum(tf, taps), n);
}

/** ConvTranspose: the input gradient of the Conv that `axes` describes, on the tape. */
export function convTransposeVolume(
  tf: Tf,
  x: TfTensor,
  w: TfTensor,
  axes: readonly Axis[],
  group: number,
  constant: boolean,
): TfTensor {
  const [depth, ...rest] = axes as [Axis, Axis, Axis];
  const n = x.shape[0] ?? 1;
  const weights = derive(tf, w, constant);
  const flat = planes(tf, x);
  const taps = range(depth.kernel).map((k) =>
    atDepths(tf, convTranspose(tf, flat, plane(tf, w, k, weights), rest, group, constant), n, windowsAt(depth, k)),
  );
  return volume(tf, sum(tf, taps), n);
}

/** The maximum of each window, on the tape; of equal ones the first gets the gradient, as tf.maximum prefers its first operand. */
export function maxPoolVolume(tf: Tf, x: TfTensor, axes: readonly Axis[]): TfTensor {
  const [depth, ...rest] = axes as [Axis, Axis, Axis];
  const n = x.shape[0] ?? 1;
  const pooled = maxPool(tf, planes(tf, x), rest);
  const taps = range(depth.kernel).map((k) => atDepths(tf, pooled, n, depthsOf(depth, k), LOWEST));
  return volume(
    tf,
    taps.reduce((a, b) => tf.maximum(a, b)),
    n,
  );
}

/** The mean of each window, on the tape, of the elements on the input only unless `includePad`. */
export function averagePoolVolume(tf: Tf, x: TfTensor, axes: readonly Axis[], includePad: boolean): TfTensor {
  const [depth, ...rest] = axes as [Axis, Axis, Axis];
  const n = x.shape[0] ?? 1;
  const pooled = averagePool(tf, planes(tf, x), rest, includePad);
  const taps = range(depth.kernel).map((k) => depthsOf(depth, k));
  const counts = range(depth.out).map((o) => taps.filter((d) => d[o]! >= 0 && d[o]! < depth.size).length);
  const whole = sum(tf, taps.map((d) => atDepths(tf, pooled, n, d))); // prettier-ignore
  const share = counts.flatMap((c) => new Array<number>(n).fill(1 / (includePad ? depth.kernel : Math.max(1, c))));
  return volume(tf, tf.mul(whole, tf.tensor(share, [share.length, 1, 1, 1])), n);
}
