// The claim and its proof: on fresh noise, how often does the classifier keep its answer when the mask says what may be replaced?
import { wilson, type Proportion } from '../core/proportion.js';
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';
import { judgeClass, LABEL_HOLDS, type Judge } from './answer.js';

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

/** The same where elements are replaced by noise entirely, those with the largest mask values first. */
export interface HardEvidence extends SoftEvidence {
  /** Mask value from which on an element was replaced. */
  readonly threshold: number;
  /** Every fraction that was tried to choose the threshold, on draws of its own. */
  readonly tried: readonly { fraction: number; kept: number; draws: number }[];
}

/** What a mask proves, on noise that it was not learned on. */
export interface Replaceability {
  /** Everything replaced: how often the answer comes from noise alone. A claim means little where this is high. */
  readonly noiseAlone: Kept;
  readonly soft: SoftEvidence;
  /** Absent when no fraction of FRACTIONS kept the answer often enough. */
  readonly hard?: HardEvidence;
  readonly hardTried: HardEvidence['tried'];
}

/** Fractions of the input that are tried for complete replacement. */
export const FRACTIONS = [0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99];
/** A fraction is a candidate when at least this part of the choosing draws kept the answer. */
const GOOD = 0.97;

/** How much noise is drawn, and what counts as the answer kept. */
export interface ReplaceabilityOptions {
  /** For certifying. Default 256. */
  readonly draws?: number;
  /** For choosing the fraction that is replaced entirely. Default 32. */
  readonly choosing?: number;
  readonly seed?: number;
  /** Judges answers by the one to the input, probabilities [1,K]. Default: judgeClass. */
  readonly judge?: (p: Tensor) => Judge;
}

/** Counts over the draws of one mask. */
interface Trial {
  readonly kept: number;
  readonly labels: readonly number[];
  /** Mean of Judge.divergence. */
  readonly divergence: number;
  readonly draws: number;
}

/**
 * Measures soft and hard replaceability of `mask` (broadcast over channels where it has one) for x [1,...sample].
 * - soft: x~ = A eta + (1-A) x, the mask as learned.
 * - hard: elements whose mask is at or above a threshold are replaced entirely, the others untouched. The fraction is the largest of FRACTIONS that
 *   keeps the answer on 97 % of 32 draws; it is then certified on `draws` other draws.
 * What `kept` means is for `judge` to say (default: the most probable class is the same).
 * Random streams: `threshold` for choosing, `evidence` for certifying; the optimiser has seen neither.
 */
export async function replaceability(
  predict: Predict,
  x: Tensor,
  mask: Tensor,
  noise: Noise,
  { draws = 256, choosing = 32, seed = 0, judge: judgeBy = judgeClass }: ReplaceabilityOptions = {},
): Promise<Replaceability> {
  const judge = judgeBy(await predict(x));
  /** `least`: given up as soon as fewer than this many can be kept. */
  const trial = async (given: Float32Array, count: number, stream: number, least = 0): Promise<Trial> => {
    const noiseStream = random(seed, stream);
    const per = sizeOf(x.dims);
    const source = toFloat32(x);
    const soft = spread(given, mask.dims, x.dims);
    let kept = 0;
    let sum = 0;
    const labels = (judge.labels ?? []).map(() => 0);
    const batch = 8;
    for (let at = 0; at < count; at += batch) {
      const n = Math.min(batch, count - at);
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
      if (kept + count - at - n < least) return { kept, labels, divergence: sum / (at + n), draws: at + n };
    }
    return { kept, labels, divergence: sum / count, draws: count };
  };

  // Noise that is always the same proves its point in one draw; repeating it would feign certainty.
  const total = noise.random ? draws : 1;
  const tries = noise.random ? choosing : 1;
  const values = toFloat32(mask);
  const fraction = values.reduce((a, b) => a + b, 0) / values.length;
  const soft = await trial(values, total, STREAMS.evidence);
  const alone = await trial(new Float32Array(values.length).fill(1), total, STREAMS.evidence);
  const ranked = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  const hardMask = (count: number): Float32Array => {
    const m = new Float32Array(values.length);
    for (const i of ranked.slice(0, count)) m[i] = 1;
    return m;
  };
  const tried: { fraction: number; kept: number; draws: number }[] = [];
  let best: number | undefined;
  for (const candidate of FRACTIONS) {
    const count = Math.round(candidate * values.length);
    if (count === 0) continue;
    const { kept, draws } = await trial(hardMask(count), tries, STREAMS.threshold, GOOD * tries);
    tried.push({ fraction: count / values.length, kept, draws });
    if (kept >= GOOD * tries) best = count;
  }
  const proportion = (kept: number): Proportion => ({ kept, draws: total, interval: wilson(kept, total) });
  const counted = ({ kept, labels }: Trial): Kept => ({
    ...proportion(kept),
    ...(judge.labels && { labels: judge.labels.map((index, l) => ({ index, ...proportion(labels[l]!) })) }),
  });
  const measured = ({ divergence }: Trial): Pick<SoftEvidence, 'kl' | 'rmse'> =>
    judge.measure === 'kl' ? { kl: divergence } : { rmse: Math.sqrt(divergence) };
  const result = {
    noiseAlone: counted(alone),
    soft: { fraction, ...measured(soft), ...counted(soft) },
    hardTried: tried,
  };
  if (best === undefined) return result;
  const hard = await trial(hardMask(best), total, STREAMS.evidence);
  return {
    ...result,
    hard: {
      fraction: best / values.length,
      threshold: values[ranked[best - 1]!]!,
      ...measured(hard),
      ...counted(hard),
      tried,
    },
  };
}

/** eta := x + A (eta - x), in place, all of one size. */
export function blend(eta: Float32Array, x: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < eta.length; i++) eta[i] = x[i]! + mask[i]! * (eta[i]! - x[i]!);
}

/** Mask values of shape `from` repeated along the axes on which it has length 1, to shape `to` of the same rank. */
export function spread(mask: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  if (mask.length === sizeOf(to)) return mask;
  const out = new Float32Array(sizeOf(to));
  for (let i = 0; i < out.length; i++) {
    let at = 0;
    let rest = i;
    let step = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      if (from[axis] !== 1) at += (rest % to[axis]!) * step;
      rest = Math.floor(rest / to[axis]!);
      step *= from[axis]!;
    }
    out[i] = mask[at]!;
  }
  return out;
}

/** x with one draw of the evidence stream blended in: what the classifier saw, for people to see. Shape [1,...sample]. */
export function corruptOnce(x: Tensor, mask: Tensor, noise: Noise, seed: number): Tensor {
  const eta = new Float32Array(sizeOf(x.dims));
  noise.fill(eta, random(seed, STREAMS.evidence), 0);
  blend(eta, toFloat32(x), spread(toFloat32(mask), mask.dims, x.dims));
  return float32(eta, x.dims);
}
