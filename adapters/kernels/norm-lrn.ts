// Local response normalisation over channels: tfjs kernel and ONNX gradient, for even and odd sizes.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { Tf, TfTensor } from '../op.js';
import { unaryOf } from './norm-tf.js';

/** Attributes of LRN-13: y = x (bias + alpha / size * sum of squares over `size` channels)^-beta. */
export interface Lrn {
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
  readonly size: number;
}

/** Channels before and after: an even size reaches one further after (ONNX LRN-1). */
const reach = (size: number): [number, number] => [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];

/** Sum over the window of channels, the last axis. */
function windowSum(tf: Tf, x: TfTensor, [before, after]: readonly [number, number]): TfTensor {
  const channels = x.shape.at(-1) ?? 1;
  const flat = tf.reshape(x, [-1, channels]);
  const rows = flat.shape[0];
  const padded = tf.pad(flat, [[0, 0], [before, after]]); // prettier-ignore
  let sum: TfTensor = tf.slice(padded, [0, 0], [rows, channels]);
  for (let i = 1; i <= before + after; i++) sum = tf.add(sum, tf.slice(padded, [0, i], [rows, channels]));
  return tf.reshape(sum, x.shape);
}

/** x with channels last: y = x s^-beta, s = bias + alpha / size * (sum of squares over the window). */
export function lrn(tf: Tf, x: TfTensor, { alpha, beta, bias, size }: Lrn): TfTensor {
  const [before, after] = reach(size);
  return unaryOf(tf, x, (a) => {
    const s = tf.add(tf.mul(windowSum(tf, tf.square(a), [before, after]), alpha / size), bias);
    const power = tf.exp(tf.mul(tf.log(s), -beta));
    return {
      value: tf.mul(a, power),
      saved: [a, s, power],
      gradient: (dy, [b, s1, p]) => {
        const direct = tf.mul(dy, p!);
        // Each channel hears from those whose window it is in: the window mirrored.
        const heard = windowSum(tf, tf.div(tf.mul(direct, b!), s1!), [after, before]);
        return tf.sub(direct, tf.mul(tf.mul(b!, (2 * alpha * beta) / size), heard));
      },
    };
  });
}

/** dx = dy s^-b - 2 alpha beta / size * x * (sum over the mirrored window of dy y / s). Windows are average pools over [N, 1, C, positions]. */
export function lrnGradient(
  g: GraphBuilder,
  x: string,
  dy: string,
  dims: readonly number[],
  { alpha, beta, bias, size }: Lrn,
): string {
  const [before, after] = reach(size);
  const [n = 1, c = 1] = dims;
  const positions = dims.slice(2).reduce((p, d) => p * d, 1);
  const flat = (v: string): string => g.reshape(v, [n, 1, c, positions]);
  const mean = (v: string, first: number, last: number): string =>
    g.op('AveragePool', [v], { kernel_shape: [size, 1], strides: [1, 1], pads: [first, 0, last, 0], count_include_pad: 1 });
  const [xs, ds] = [flat(x), flat(dy)];
  const s = g.add(g.mul(mean(g.mul(xs, xs), before, after), g.scalar(alpha)), g.scalar(bias));
  // Pow is several times slower than Exp and Log, which are vectorised.
  const power = g.op('Exp', [g.mul(g.op('Log', [s]), g.scalar(-beta))]);
  const direct = g.mul(ds, power);
  const heard = mean(g.div(g.mul(direct, xs), s), after, before);
  return g.reshape(g.sub(direct, g.mul(g.mul(xs, g.scalar(2 * alpha * beta)), heard)), dims);
}
