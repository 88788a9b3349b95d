// What a metric is measured on: an input, who answers for it, and how much of the answer an output still holds, as one number.
import { random } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';
import { probabilityOf, questionOf, type Answer } from './answer.js';
import type { Predict } from './replaceability.js';

/** How much of the answer a row of outputs holds; higher = more. */
export type ScoreOf = (row: Float32Array) => number;

/** One input, its classifier, and what takes the place of its parts. */
export interface Subject {
  /** [1,...sample]. */
  readonly x: Tensor;
  readonly predict: Predict;
  readonly score: ScoreOf;
  readonly noise: Noise;
  readonly seed: number;
  /** The score of x itself, where it is known already. */
  readonly whole?: number;
}

/**
 * The score of an answer, in [0,1], 1 = wholly kept:
 * - a class, or a label that was asked about: its probability; held against another class p / (p + p_against);
 * - labels: the mean over all labels of the probability that it is as it was, given or not given;
 * - a value v: 1 / (1 + ((F - v) / within)^2), which is one half at the tolerance.
 */
export function scoreOf(answer: Answer): ScoreOf {
  if (answer.task === 'value') return ([v]) => 1 / (1 + ((v! - answer.value) / answer.within) ** 2);
  if (answer.task === 'labels') {
    const given = new Set(answer.labels.map((l) => l.index));
    return (row) => row.reduce((sum, p, i) => sum + (given.has(i) ? p : 1 - p), 0) / row.length;
  }
  // One output alone is the probability of class 1 (see argmax).
  if (answer.task === 'target') return (row) => probabilityOf(row, questionOf(answer));
  return (row) => (row.length > 1 ? row[answer.index]! : answer.index === 1 ? row[0]! : 1 - row[0]!);
}

/** Samples scored at once. */
const BATCH = 16;

/** Scores of `count` samples, each written by `make` into its part of a batch. */
export async function scores(
  { x, predict, score }: Pick<Subject, 'x' | 'predict' | 'score'>,
  count: number,
  make: (sample: number, out: Float32Array) => void,
): Promise<Float64Array> {
  const per = sizeOf(x.dims);
  const out = new Float64Array(count);
  for (let at = 0; at < count; at += BATCH) {
    const n = Math.min(BATCH, count - at);
    const batch = new Float32Array(n * per);
    for (let i = 0; i < n; i++) make(at + i, batch.subarray(i * per, (i + 1) * per));
    const rows = await predict(float32(batch, [n, ...x.dims.slice(1)]));
    const k = rows.dims[1]!;
    const values = toFloat32(rows);
    for (let i = 0; i < n; i++) out[at + i] = score(values.subarray(i * k, (i + 1) * k));
  }
  return out;
}

/** The score of x itself. */
export async function wholeOf(subject: Subject): Promise<number> {
  const { whole, x } = subject;
  return whole ?? (await scores(subject, 1, (_, out) => out.set(toFloat32(x))))[0]!;
}

/** `count` draws of the noise, each of the size of x; one where every draw is the same. */
export function drawsOf(
  { x, noise, seed }: Pick<Subject, 'x' | 'noise' | 'seed'>,
  stream: number,
  count: number,
): Float32Array[] {
  const source = random(seed, stream);
  return Array.from({ length: noise.random ? count : 1 }, (_, draw) => {
    const eta = new Float32Array(sizeOf(x.dims));
    noise.fill(eta, source, draw);
    return eta;
  });
}
