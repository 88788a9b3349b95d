// What every audit measures besides its claim: a table of metrics, the claim under other noise, and the light part of the self-deception battery.
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import type { PluginLike } from '../core/plugin.js';
import type { Find } from '../lan/choices.js';
import type { Columns } from '../lan/columns.js';
import type { Noise } from '../lan/noise.js';
import type { Answer, Judge } from './answer.js';
import { concentration } from './concentration.js';
import { controls } from './controls.js';
import { deletionAndInsertion } from './curves.js';
import { faithfulness } from './faithfulness.js';
import { localisation, marked } from './localisation.js';
import { withOwnMetrics, type Metric } from './metric.js';
import { otherNoises, underOtherNoise, type OtherNoise } from './other-noise.js';
import type { Deletion, Predict, Replaceability } from './replaceability.js';
import { pixelNeed, road } from './road.js';
import { sanityOf, type Sanity } from './sanity.js';
import { scoreOf, type Subject } from './subject.js';

/** What is measured. */
export interface Question {
  /** [1,...sample]. */
  readonly x: Tensor;
  /** In [0,1], 1 = replaceable. */
  readonly mask: Tensor;
  readonly answer: Answer;
  /** What counts as kept, by the answer [1,K] to x. */
  readonly judge: (p: Tensor) => Judge;
  readonly noise: Noise;
  /** The plausible range of x. */
  readonly low: number;
  readonly high: number;
  /** What each feature is among other inputs, where that is known. */
  readonly columns?: Columns;
  /** What the mask claims, from which the fraction comes that is replaced entirely. */
  readonly claim: Pick<Replaceability, 'soft' | 'hard' | 'hardTried' | 'deletion'>;
  /** What a person has marked as needed, of the size of the mask (see `marked`). */
  readonly groundTruth?: Tensor;
  readonly seed: number;
  /** Whose metrics are measured as well. */
  readonly plugins?: readonly PluginLike[];
}

/** Everything that is measured besides the claim itself. */
export interface Further {
  /** Figures of the mask, each with its direction (docs/evidence.md). */
  readonly metrics: readonly Metric[];
  /** The claim under two families of noise that the mask was not learned on. */
  readonly otherNoise: readonly OtherNoise[];
  /** Could the mask be self-deception? */
  readonly sanity: Sanity;
}

/** The need that a mask says: 1 - A, in its shape. */
export const needOf = (mask: Tensor): Tensor =>
  float32(
    toFloat32(mask).map((v) => 1 - v),
    mask.dims,
  );

/** The fraction of the hard claim; where none holds, the largest of those that kept the answer most often; where none was tried, that of the mask. */
export function claimedFraction({ soft, hard, hardTried }: Question['claim']): number {
  if (hard) return hard.fraction;
  const [best] = hardTried.toSorted((a, b) => b.kept / b.draws - a.kept / a.draws || b.fraction - a.fraction);
  return best?.fraction ?? soft.fraction;
}

/** The same of what changes the answer: the fraction that was found to, else that which did most often. */
function deletedFraction({ found, tried }: Deletion, mask: Tensor): number {
  if (found) return found.fraction;
  const [best] = tried.toSorted((a, b) => b.changed / b.draws - a.changed / a.draws || a.fraction - b.fraction);
  return best?.fraction ?? toFloat32(needOf(mask)).reduce((a, b) => a + b, 0) / mask.data.length;
}

/** Measures one explanation. Throws LanError (`data`) for a ground truth that does not fit the mask, or marks nothing or everything. */
export async function measureAll(
  predict: Predict,
  { mask, answer, judge, claim, low, high, columns, groundTruth, plugins, ...asked }: Question,
): Promise<Further> {
  const { x, noise, seed } = asked;
  const p = await predict(x);
  const score = scoreOf(answer);
  const subject: Subject = { ...asked, predict, score, whole: score(toFloat32(p)) };
  const need = needOf(mask);
  const truth = groundTruth && marked(groundTruth, need);
  const pixels = pixelNeed(need, x);
  // What was claimed to change the answer is replaced itself, in place of everything else.
  const { deletion } = claim;
  const find: Find = deletion ? 'delete' : 'keep';
  const fraction = deletion ? deletedFraction(deletion, mask) : claimedFraction(claim);
  const replaced = deletion ? need : mask;
  const others = otherNoises(noise.name, { x, low, high, columns });
  const metrics = [
    ...(await deletionAndInsertion(subject, need)),
    ...(pixels ? [await road(subject, pixels)] : []),
    ...(await faithfulness(subject, need)),
    ...concentration(need),
    ...(truth ? localisation(need, truth) : []),
  ];
  return {
    metrics: await withOwnMetrics(metrics, plugins, { ...subject, mask, need, answer, low, high, fraction }),
    otherNoise: await underOtherNoise(predict, x, replaced, others, { fraction, judge: judge(p), seed }),
    sanity: sanityOf(await controls(subject, need, { fraction, find })),
  };
}

/** Where nothing further is measured. */
export const NOTHING_FURTHER: Further = { metrics: [], otherNoise: [], sanity: sanityOf([]) };
