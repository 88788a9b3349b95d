// Deletion and insertion: how the answer fades while the most needed parts are replaced first, and how it comes back while they are restored first.
import { descending } from '../core/correlation.js';
import { STREAMS } from '../core/random.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { meanOf, type Metric } from './metric.js';
import { spread } from './corrupt.js';
import { drawsOf, scores, wholeOf, type Subject } from './subject.js';

/** Fractions of the elements that are replaced (deletion) or restored (insertion): dense where explanations differ, at their few most needed parts. */
export const CURVE = [0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** The area under a curve by the trapezoid rule; `fraction` ascending from 0 to 1. */
export function area(fraction: ArrayLike<number>, score: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 1; i < fraction.length; i++) sum += ((score[i]! + score[i - 1]!) / 2) * (fraction[i]! - fraction[i - 1]!);
  return sum;
}

/**
 * Positions in the order of need, one an element of x: 0 for the most needed. Of equals the first comes first; elements that share a value of `need`
 * (the channels of a pixel) share its position.
 */
export function positions(need: Tensor, x: Tensor): Float32Array {
  const rank = new Float32Array(need.data.length);
  descending(toFloat32(need)).forEach((index, position) => (rank[index] = position));
  return spread(rank, need.dims, x.dims);
}

/**
 * The curves of deletion and insertion (Petsiuk, Das and Saenko, RISE, 2018) of `need` [mask shape], higher = needed more: the score of x with the most
 * needed elements replaced by noise, and of noise with the most needed elements of x restored, at the fractions of `CURVE`; the mean over `draws` of the
 * noise (one where it is always the same), and the area under it. In RISE a blurred picture is where insertion starts; here it is the noise of the
 * audit in both.
 *
 * A model that asks for one element of n alone, put first by `need`, has areas of 1/(2n) and 1 - 1/(2n) at n fractions, which go to 0 and 1.
 */
export async function deletionAndInsertion(
  subject: Subject,
  need: Tensor,
  { draws = 3, fractions = CURVE }: { readonly draws?: number; readonly fractions?: readonly number[] } = {},
): Promise<[deletion: Metric, insertion: Metric]> {
  const elements = need.data.length;
  const counts = [...new Set(fractions.map((f) => Math.round(f * elements)))];
  const fraction = counts.map((count) => count / elements);
  const position = positions(need, subject.x);
  const x = toFloat32(subject.x);
  const etas = drawsOf(subject, STREAMS.metrics, draws);
  // Of each draw insertion up to the last step but one, then deletion between its ends: x itself and noise alone are the ends of both.
  const steps = counts.length - 1;
  const each = 2 * steps - 1;
  const whole = await wholeOf(subject);
  const values = await scores(subject, each * etas.length, (sample, out) => {
    const eta = etas[Math.floor(sample / each)]!;
    const step = sample % each;
    const [count, below, above] = step < steps ? [counts[step]!, x, eta] : [counts[step - steps + 1]!, eta, x];
    for (let i = 0; i < out.length; i++) out[i] = (position[i]! < count ? below : above)[i]!;
  });
  const ofDraw = etas.map((_, d) => Array.from(values.subarray(each * d, each * (d + 1))));
  const deletions = ofDraw.map((v) => [whole, ...v.slice(steps), v[0]!]);
  const insertions = ofDraw.map((v) => [...v.slice(0, steps), whole]);
  const metric = (name: string, curves: number[][], rest: Pick<Metric, 'better' | 'definition'>): Metric => ({
    name,
    ...meanOf(
      curves.map((curve) => area(fraction, curve)),
      subject.seed,
    ),
    ...rest,
    source: 'Petsiuk, Das and Saenko, RISE, 2018',
    curve: { fraction, score: fraction.map((_, i) => curves.reduce((sum, c) => sum + c[i]!, 0) / curves.length) },
  });
  return [
    metric('deletion', deletions, {
      better: 'lower',
      definition: 'area under the score while the most needed elements are replaced by noise first',
    }),
    metric('insertion', insertions, {
      better: 'higher',
      definition: 'area under the score while the most needed elements are restored from noise first',
    }),
  ];
}
