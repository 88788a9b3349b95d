// Fresh noise put where a mask says, and what the classifier answers to it: the draws behind every claim of replaceability.
import { confidenceSequence, wilson, type Proportion } from '../core/proportion.js';
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

/** By how much the lower end of a claim's interval may lie below what was asked for. */
const SLACK = 0.05;

/** The lower end of a claim's interval from which on it may lead, where the answer was to be kept on the part `least` of the draws. */
export const leadsFrom = (least = LEAST): number => least - SLACK - 1e-9;

/** Fresh draws of the evidence: how many, or 'auto': until the interval of the claim is decided, at most as many as by default. */
export type EvidenceDraws = number | 'auto';

/** How much noise is drawn, and what counts as the answer kept. */
export interface TrialOptions {
  /** For certifying. Default 256. */
  readonly draws?: number;
  /**
   * The draws of a claim end as soon as its interval, which then is a confidence sequence, is decided: its lower end has come to where the claim may lead
   * (leadsFrom), or its upper end has fallen below that. Default false.
   */
  readonly sequential?: boolean;
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
  /** See Proportion. */
  readonly sequential?: true;
}

/** The draws for one input: masks come as values of one shape, 1 = replaced. */
export interface Trials {
  /**
   * On choosing draws (stream `threshold`): `holds` where enough of them kept the answer, or changed it (`find`). Given up as soon as that cannot be, and taken
   * for true once half of them have done so without one that did not: nothing is claimed on these draws. `clear`: that, or at most half as many did not as may.
   */
  choosing(mask: Float32Array, find?: Find): Promise<Trial & { readonly holds: boolean; readonly clear: boolean }>;
  /** On all draws that chose nothing (stream `evidence`), or on the first `most` of them. `earlier`: those that were taken of the same mask already. */
  certified(mask: Float32Array, most?: number, earlier?: Trial): Promise<Trial>;
  /** The same for a claim, which `sequential` draws end sooner: that the answer is kept, or changed (`find`). */
  claimed(mask: Float32Array, find?: Find): Promise<Trial>;
  /** How often the answer was kept in a certified trial, with its 95 % Wilson interval. */
  kept(trial: Trial): Kept;
  /** The same, and how far the answers lay apart. */
  measured(trial: Trial): Omit<SoftEvidence, 'fraction'>;
}

/** Inputs that are classified at once. */
const BATCH = 8;

/** Does the confidence sequence of k of n lie at `level` or above, or all below it? */
export function isDecided(k: number, n: number, level: number): boolean {
  const [low, high] = confidenceSequence(k, n);
  return low >= level || high < level;
}

/** Draws for x [1,...sample] and masks of shape `maskDims`, which broadcasts to it. */
export async function createTrials(
  predict: Predict,
  x: Tensor,
  maskDims: readonly number[],
  noise: Noise,
  { draws = 256, choosing = 64, least = LEAST, seed = 0, sequential = false, judge: judgeBy = judgeClass }: TrialOptions,
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
    earlier?: Trial,
  ): Promise<Trial> => {
    const noiseStream = random(seed, stream);
    const soft = spread(given, maskDims, x.dims);
    let kept = earlier?.kept ?? 0;
    let sum = earlier ? earlier.divergence * earlier.draws : 0;
    const labels = (judge.labels ?? []).map((_, l) => earlier?.labels[l] ?? 0);
    for (let at = earlier?.draws ?? 0; at < count; at += BATCH) {
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
  const counted = ({ kept, labels, draws, sequential: ended }: Trial): Kept => {
    const proportion = (of: number): Proportion =>
      ended
        ? { kept: of, draws, interval: confidenceSequence(of, draws), sequential: true }
        : { kept: of, draws, interval: wilson(of, draws) };
    return {
      ...proportion(kept),
      ...(judge.labels && { labels: judge.labels.map((index, l) => ({ index, ...proportion(labels[l]!) })) }),
    };
  };
  return {
    async choosing(mask, find = 'keep') {
      const wanted = (kept: number, done: number): number => (find === 'keep' ? kept : done - kept);
      const sure = (kept: number, done: number): boolean => wanted(kept, done) === done && done >= tries / 2;
      const hopeless = (kept: number, done: number): boolean => wanted(kept, done) + tries - done < least * tries;
      const counts = await trial(mask, tries, STREAMS.threshold, (kept, done) => sure(kept, done) || hopeless(kept, done));
      const certain = sure(counts.kept, counts.draws);
      const atLeast = (part: number): boolean => certain || wanted(counts.kept, counts.draws) >= part * tries;
      return { ...counts, clear: atLeast((1 + least) / 2), holds: atLeast(least) };
    },
    certified: (mask, most = total, earlier) => trial(mask, Math.min(most, total), STREAMS.evidence, undefined, earlier),
    async claimed(mask, find = 'keep') {
      if (!sequential || total === 1) return trial(mask, total, STREAMS.evidence);
      const level = leadsFrom(least);
      const decided = (kept: number, done: number): boolean => isDecided(find === 'keep' ? kept : done - kept, done, level);
      return { ...(await trial(mask, total, STREAMS.evidence, decided)), sequential: true };
    },
    kept: counted,
    measured: (t) => ({
      ...(judge.measure === 'kl' ? { kl: t.divergence } : { rmse: Math.sqrt(t.divergence) }),
      ...counted(t),
    }),
  };
}
