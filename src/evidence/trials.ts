// Fresh noise put where a mask says, and what the classifier answers to it: the draws behind every claim of replaceability.
import { wilson, type Proportion } from '../core/proportion.js';
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Find } from '../lan/choices.js';
import type { Noise } from '../lan/noise.js';
import { judgeClass, LABEL_HOLDS, type Judge } from './answer.js';
import { blend, spread } from './corrupt.js';

/** Class probabilities [N,K] of samples [N,...]. */
export type Predict = (x: Tensor) => Promise<Tensor>;

/** How often the answer was kept; where it is a set of labels, also how often each of them was. */
export interface Kept extends Proportion {
  /** One entry a label that was given, in the order of their indices: on how many of the draws it was still given, whatever the others did. */
  readonly labels?: readonly (Proportion & { readonly index: number })[];
}

/** How often the answer is kept when noise is mixed in by the mask: x + A (eta - x). */
export interface SoftEvidence extends Kept {
  /** Mean of the mask: the fraction of the input that was noise. */
  readonly fraction: number;
  /** Mean of KL(F(x) || F(x~)), in nats, at least 0; of several labels the sum of the binary ones. Absent for a regression. */
  readonly kl?: number;
  /** Of a regression, in place of `kl`: root mean square of F(x~) - F(x), in the units of the value. */
  readonly rmse?: number;
}

/** A fraction is a candidate where at least this part of the choosing draws kept the answer, unless another one was asked for. */
export const LEAST = 0.95;

/** How much noise is drawn, and what counts as the answer kept. */
export interface TrialOptions {
  /** For certifying. Default 256. */
  readonly draws?: number;
  /** For choosing the fraction that is replaced entirely. Default 64. */
  readonly choosing?: number;
  /** A fraction is a candidate where at least this part of the choosing draws kept the answer. Default LEAST. */
  readonly least?: number | undefined;
  readonly seed?: number;
  /** Judges answers by the one to the input, probabilities [1,K]. Default: judgeClass. */
  readonly judge?: (p: Tensor) => Judge;
}

/** Counts over the draws of one mask. */
export interface Trial {
  readonly kept: number;
  readonly labels: readonly number[];
  /** Mean of Judge.divergence. */
  readonly divergence: number;
  readonly draws: number;
}

/** The draws for one input: masks come as values of one shape, 1 = replaced. */
export interface Trials {
  /**
   * On choosing draws (stream `threshold`): `holds` where enough of them kept the answer, or changed it (`find`). Given up as soon as that cannot be, and taken
   * for true once half of them have done so without one that did not (`sure`): nothing is claimed on these draws.
   */
  choosing(mask: Float32Array, find?: Find): Promise<Trial & { readonly holds: boolean; readonly sure: boolean }>;
  /** On all draws that chose nothing (stream `evidence`), or on the first `most` of them. */
  certified(mask: Float32Array, most?: number): Promise<Trial>;
  /** How often the answer was kept in a certified trial, with its 95 % Wilson interval. */
  kept(trial: Trial): Kept;
  /** The same, and how far the answers lay apart. */
  measured(trial: Trial): Omit<SoftEvidence, 'fraction'>;
}

/** Inputs that are classified at once. */
const BATCH = 8;

/** Draws for x [1,...sample] and masks of shape `maskDims`, which broadcasts to it. */
export async function createTrials(
  predict: Predict,
  x: Tensor,
  maskDims: readonly number[],
  noise: Noise,
  { draws = 256, choosing = 64, least = LEAST, seed = 0, judge: judgeBy = judgeClass }: TrialOptions,
): Promise<Trials> {
  const judge: Judge = judgeBy(await predict(x));
  const per = sizeOf(x.dims);
  const source = toFloat32(x);
  // Noise that is always the same proves its point in one draw; repeating it would feign certainty.
  const total = noise.random ? draws : 1;
  const tries = noise.random ? choosing : 1;
  const trial = async (
    given: Float32Array,
    count: number,
    stream: number,
    decided: (kept: number, done: number) => boolean = () => false,
  ): Promise<Trial> => {
    const noiseStream = random(seed, stream);
    const soft = spread(given, maskDims, x.dims);
    let kept = 0;
    let sum = 0;
    const labels = (judge.labels ?? []).map(() => 0);
    for (let at = 0; at < count; at += BATCH) {
      const n = Math.min(BATCH, count - at);
      const corrupted = new Float32Array(n * per);
      noise.fill(corrupted, noiseStream, at);
      for (let i = 0; i < n; i++) blend(corrupted.subarray(i * per, (i + 1) * per), source, soft);
      const q = await predict(float32(corrupted, [n, ...x.dims.slice(1)]));
      const k = q.dims[1]!;
      for (let i = 0; i < n; i++) {
        const row = toFloat32(q).subarray(i * k, (i + 1) * k);
        if (judge.kept(row)) kept++;
        sum += judge.divergence(row);
        judge.labels?.forEach((label, l) => (labels[l]! += row[label]! >= LABEL_HOLDS ? 1 : 0));
      }
      if (decided(kept, at + n)) return { kept, labels, divergence: sum / (at + n), draws: at + n };
    }
    return { kept, labels, divergence: sum / count, draws: count };
  };
  const proportion = (kept: number, draws: number): Proportion => ({ kept, draws, interval: wilson(kept, draws) });
  const counted = ({ kept, labels, draws }: Trial): Kept => ({
    ...proportion(kept, draws),
    ...(judge.labels && { labels: judge.labels.map((index, l) => ({ index, ...proportion(labels[l]!, draws) })) }),
  });
  return {
    async choosing(mask, find = 'keep') {
      const wanted = (kept: number, done: number): number => (find === 'keep' ? kept : done - kept);
      const sure = (kept: number, done: number): boolean => wanted(kept, done) === done && done >= tries / 2;
      const hopeless = (kept: number, done: number): boolean => wanted(kept, done) + tries - done < least * tries;
      const counts = await trial(mask, tries, STREAMS.threshold, (kept, done) => sure(kept, done) || hopeless(kept, done));
      const certain = sure(counts.kept, counts.draws);
      return { ...counts, sure: certain, holds: certain || wanted(counts.kept, counts.draws) >= least * tries };
    },
    certified: (mask, most = total) => trial(mask, Math.min(most, total), STREAMS.evidence),
    kept: counted,
    measured: (t) => ({
      ...(judge.measure === 'kl' ? { kl: t.divergence } : { rmse: Math.sqrt(t.divergence) }),
      ...counted(t),
    }),
  };
}
