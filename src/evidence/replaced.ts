// What people look at: the input with more and more of it replaced by noise, and what the classifier answers at each step.
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';
import type { Judge } from './answer.js';
import { replace, spread } from './corrupt.js';
import type { Predict } from './trials.js';

/** Fractions of the elements that are replaced, beside that of the claim: dense where claims lie. */
export const STEPS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1];

/** An input replaced step by step, the least needed elements first. */
export interface ReplacedSteps {
  /** Fractions of the elements, ascending from 0 to 1. */
  readonly fractions: readonly number[];
  /** By draw of the noise, then by fraction: is the answer kept, and what the classifier gives, [K]. */
  readonly draws: readonly (readonly { readonly kept: boolean; readonly row: Float32Array }[])[];
}

/** Inputs that are classified at once. */
const BATCH = 8;

/** The first `count` draws that evidence is measured on, [n,...sample]; one where every draw is the same. */
export function shownDraws(x: Tensor, noise: Noise, seed: number, count = 4): Tensor {
  const n = noise.random ? Math.min(BATCH, count) : 1;
  const draws = new Float32Array(n * sizeOf(x.dims));
  noise.fill(draws, random(seed, STREAMS.evidence), 0);
  return float32(draws, [n, ...x.dims.slice(1)]);
}

/** Elements of a mask from the first that is replaced to the last: the largest values first, of equals the first one. */
export const replacedFirst = (order: Tensor): number[] => {
  const values = toFloat32(order);
  return Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
};

/**
 * What the classifier answers to x [1,...sample] while the elements with the largest values of `order` (a mask, 1 = replaceable) are replaced first, by each
 * of `draws` [n,...sample], as the hard claim does it. `claimed`: the fraction of the claim, which is one of the steps.
 */
export async function replacedSteps(
  predict: Predict,
  x: Tensor,
  order: Tensor,
  draws: Tensor,
  judge: Judge,
  claimed?: number,
): Promise<ReplacedSteps> {
  const ranked = replacedFirst(order);
  const wanted = [...STEPS, ...(claimed === undefined ? [] : [claimed])].map((f) => Math.round(f * ranked.length));
  const counts = [...new Set(wanted)].sort((a, b) => a - b);
  const [n, per] = [draws.dims[0]!, sizeOf(x.dims)];
  const [noise, input] = [toFloat32(draws), toFloat32(x)];
  const maskOf = (count: number): Float32Array => {
    const mask = new Float32Array(ranked.length);
    for (let i = 0; i < count; i++) mask[ranked[i]!] = 1;
    return spread(mask, order.dims, x.dims);
  };
  const answers: { kept: boolean; row: Float32Array }[] = [];
  for (let at = 0; at < n * counts.length; at += BATCH) {
    const size = Math.min(BATCH, n * counts.length - at);
    const batch = new Float32Array(size * per);
    for (let i = 0; i < size; i++) {
      const draw = Math.floor((at + i) / counts.length);
      const eta = noise.subarray(draw * per, (draw + 1) * per);
      replace(batch.subarray(i * per, (i + 1) * per), eta, input, maskOf(counts[(at + i) % counts.length]!));
    }
    const rows = await predict(float32(batch, [size, ...x.dims.slice(1)]));
    const k = rows.dims[1]!;
    for (let i = 0; i < size; i++) {
      const row = toFloat32(rows).slice(i * k, (i + 1) * k);
      answers.push({ kept: judge.kept(row), row });
    }
  }
  return {
    fractions: counts.map((count) => count / ranked.length),
    draws: Array.from({ length: n }, (_, d) => answers.slice(d * counts.length, (d + 1) * counts.length)),
  };
}
