// What each feature of an input is among other inputs: noise of a table's columns, one by one.
import type { Random } from '../core/random.js';
import { toFloat32, type Tensor } from '../core/tensor.js';

/** Of each element of a sample, over other samples: mean, standard deviation, least and greatest value. All of one length. */
export interface Columns {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** Of samples [n,...sample], n at least 1. */
export function columnsOf(samples: Tensor): Columns {
  const data = toFloat32(samples);
  const n = samples.dims[0]!;
  const width = data.length / n;
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  const low = new Float32Array(width).fill(Infinity);
  const high = new Float32Array(width).fill(-Infinity);
  for (let i = 0; i < data.length; i++) {
    const [c, v] = [i % width, data[i]!];
    sums[c]! += v;
    low[c] = Math.min(low[c]!, v);
    high[c] = Math.max(high[c]!, v);
  }
  const mean = Float32Array.from(sums, (s) => s / n);
  for (let i = 0; i < data.length; i++) squares[i % width]! += (data[i]! - sums[i % width]! / n) ** 2;
  return { mean, deviation: Float32Array.from(squares, (s) => Math.sqrt(s / n)), low, high };
}

/** Each feature uniform over its own range. */
export const uniformColumns = ({ low, high }: Columns) => ({
  name: 'uniform:columns',
  random: true,
  fill(out: Float32Array, stream: Random, draw: number): void {
    stream.uniform(out, draw);
    for (let i = 0; i < out.length; i++) {
      const c = i % low.length;
      out[i] = low[c]! + (high[c]! - low[c]!) * out[i]!;
    }
  },
});

/** Each feature normal, of its own mean and deviation, clipped to its own range. */
export const gaussianColumns = ({ mean, deviation, low, high }: Columns) => ({
  name: 'gaussian:columns',
  random: true,
  fill(out: Float32Array, stream: Random, draw: number): void {
    stream.normal(out, draw);
    for (let i = 0; i < out.length; i++) {
      const c = i % mean.length;
      out[i] = Math.min(high[c]!, Math.max(low[c]!, mean[c]! + deviation[c]! * out[i]!));
    }
  },
});

/** Each feature its own mean, in every draw. */
export const meanColumns = ({ mean }: Columns) => ({
  name: 'mean:columns',
  random: false,
  fill(out: Float32Array): void {
    for (let at = 0; at < out.length; at += mean.length) out.set(mean, at);
  },
});
