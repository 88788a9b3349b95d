// Another method in place of a learned mask: its problem from an audit's input and answer, and its order as a mask.
import type { AttributionMethod, Problem } from '../attribution/method.js';
import { scoredClassifier } from '../attribution/scored.js';
import { Scorer } from '../attribution/scorer.js';
import { random, STREAMS } from '../core/random.js';
import { descending, sharedRanks } from '../core/correlation.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { questionOf, type Answer } from '../evidence/answer.js';
import type { Replaceability } from '../evidence/replaceability.js';
import type { Noise } from '../lan/noise.js';
import type { Find, MaskShape } from '../lan/choices.js';
import { maskShapeOf } from '../lan/objective.js';
import type { LanSettings } from '../lan/settings.js';
import type { Classifier } from '../model/classifier.js';
import { weightsOf } from '../model/question.js';
import { rangeOf } from './plausible.js';

/** A method, and what runs the model for it. */
export interface MethodChoice {
  readonly method: AttributionMethod;
  /** Of this method; what is left out has its default. */
  readonly settings?: object;
  /** Programs that several methods share; absent: of this method alone. */
  readonly scorers?: Scorers;
}

/** A scorer for each classifier, compiled once. */
export class Scorers {
  private readonly made = new Map<Classifier, Promise<Scorer>>();

  /** The scorer of a classifier, made when it is first asked for. */
  of(classifier: Classifier): Promise<Scorer> {
    let scorer = this.made.get(classifier);
    if (!scorer) this.made.set(classifier, (scorer = scoredClassifier(classifier).then((scored) => new Scorer(scored))));
    return scorer;
  }

  /** Frees their programs. */
  async dispose(): Promise<void> {
    for (const scorer of await Promise.allSettled(this.made.values()))
      if (scorer.status === 'fulfilled') await scorer.value.dispose();
    this.made.clear();
  }
}

/** What a method is asked: the answer of an audit, about the input that it was given to. */
export interface Asked {
  readonly x: Tensor;
  readonly answer: Answer;
  readonly noise: Noise;
  readonly maskShape: MaskShape;
  /** Largest less least plausible value. */
  readonly range: number;
  readonly seed: number;
  readonly budget?: number;
  readonly signal?: AbortSignal;
}

/** Where an audit's masks come from another method: the order that it finds. Throws as AttributionMethod.attribute does. */
export function attributed(
  choice: MethodChoice,
  classifier: Classifier,
  { maskShape, seed, budget }: Pick<LanSettings, 'maskShape' | 'seed' | 'budget'>,
  { onPhase, signal }: { readonly onPhase?: (phase: string) => void; readonly signal?: AbortSignal },
) {
  const scorers = choice.scorers ?? new Scorers();
  return {
    async of({ x, answer, noise }: Pick<Asked, 'x' | 'answer' | 'noise'>) {
      onPhase?.(`explaining by ${choice.method.title}`);
      const { low, high } = rangeOf(classifier, x);
      const asked = { x, answer, noise, maskShape, range: high - low, seed, budget, signal };
      const problem = await problemOf(await scorers.of(classifier), classifier, asked);
      const attribution = await choice.method.attribute(problem, choice.settings);
      const mask = maskOfOrder(attribution.need);
      return { mask, history: [], seconds: attribution.seconds, stopped: 'method' as const, attribution };
    },
    dispose: () => (choice.scorers ? Promise.resolve() : scorers.dispose()),
  };
}

async function problemOf(
  scorer: Scorer,
  { classes, severalLabels }: Classifier,
  { x, answer, noise, maskShape, range, seed, budget, signal }: Asked,
): Promise<Problem> {
  const weights = answerWeights(answer, await scorer.classes(), severalLabels ? classes : 0);
  const maskDims = [1, ...maskShapeOf(maskShape, scorer.scored.sampleShape)];
  return { scorer, x, weights, baseline: baselineOf(noise, x, maskDims, seed), maskDims, range, seed, budget, signal };
}

/**
 * What is explained, as weights of the scores: 1 at the answer; of a question also -1 at the class that it is held against; of several labels 1 for each
 * that was given, or, where none was, for each being absent. `labels`: how many labels there are, whose scores are followed by those of their absence.
 */
export function answerWeights(answer: Answer, scores: number, labels: number): Float32Array {
  const weights = new Float32Array(scores);
  if (answer.task === 'value') weights[0] = 1;
  else if (answer.task === 'class') weights[answer.index] = 1;
  else if (answer.task === 'target') return weightsOf(questionOf(answer), scores);
  else if (answer.labels.length === 0) weights.fill(1, labels);
  else for (const { index } of answer.labels) weights[index] = 1;
  return weights;
}

/** Elements of noise that a baseline is the mean of, about. */
const AVERAGED = 2 ** 20;

/**
 * What the noise is on the average, which stands for "nothing there": a picture's per channel (mid-grey for uniform noise), a token's vector at each
 * position, else each element's. Noise that is always the same is its own.
 */
export function baselineOf(noise: Noise, x: Tensor, maskDims: readonly number[], seed: number): Tensor {
  const per = sizeOf(x.dims);
  const stream = random(seed, STREAMS.baseline);
  const one = new Float32Array(per);
  if (!noise.random) {
    noise.fill(one, stream, 0);
    return float32(one, x.dims);
  }
  const draws = Math.max(8, Math.min(256, Math.round(AVERAGED / per)));
  const mean = new Float64Array(per);
  for (let draw = 0; draw < draws; draw++) {
    noise.fill(one, stream, draw);
    for (let i = 0; i < per; i++) mean[i]! += one[i]! / draws;
  }
  const picture = x.dims.length === 4 && maskDims.length === 4 && maskDims[1] === 1;
  const area = picture ? sizeOf(x.dims.slice(2)) : 1;
  for (let at = 0; picture && at < per; at += area) mean.fill(mean.subarray(at, at + area).reduce((a, b) => a + b, 0) / area, at, at + area); // prettier-ignore
  return float32(Float32Array.from(mean), x.dims);
}

/** The mask that a need says by its order alone, which is all that methods have in common: in [0,1], 1 for what is needed least; equals share the mean of theirs. */
export function maskOfOrder(need: Tensor): Tensor {
  const ranks = sharedRanks(toFloat32(need));
  const mask = Float32Array.from(ranks, (rank) => (ranks.length === 1 ? 0.5 : rank / (ranks.length - 1)));
  return float32(mask, need.dims);
}

/**
 * The mask by which the `fraction` of the elements that come first in `order` (see maskOfOrder; of equals the first) is replaced entirely, none without
 * one. As the hard claim has it.
 */
export function claimedMask(order: Tensor, fraction = 0): { readonly mask: Tensor; readonly order: Tensor } {
  const first = descending(toFloat32(order));
  const mask = new Float32Array(first.length);
  for (const index of first.subarray(0, Math.round(fraction * first.length))) mask[index] = 1;
  return { mask: float32(mask, order.dims), order };
}

/** The fraction of the elements that the claim of an order says are not needed; undefined where none held. */
export const notNeeded = ({ hard, deletion }: Pick<Replaceability, 'hard' | 'deletion'>, find: Find): number | undefined =>
  find === 'delete' ? deletion?.found && 1 - deletion.found.fraction : hard?.fraction;
