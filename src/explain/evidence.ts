// The claim and its proof: on fresh noise, how often does the classifier keep its answer when the mask says what may be replaced?
import { wilson, type Proportion } from '../core/proportion.js';
import { random, STREAMS } from '../core/random.js';
import { argmax, klDivergence } from '../core/rows.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';

/** Class probabilities [N,K] of samples [N,...]. */
export type Predict = (x: Tensor) => Promise<Tensor>;

export interface SoftEvidence extends Proportion {
  /** Mean of the mask: the fraction of the input that was noise. */
  readonly fraction: number;
  /** Mean of KL(F(x) || F(x~)), in nats. */
  readonly kl: number;
}

export interface HardEvidence extends SoftEvidence {
  /** Mask value from which on an element was replaced. */
  readonly threshold: number;
  /** Every fraction that was tried to choose the threshold, on draws of its own. */
  readonly tried: readonly { fraction: number; kept: number; draws: number }[];
}

export interface Replaceability {
  /** Everything replaced: how often the answer comes from noise alone. A claim means little where this is high. */
  readonly noiseAlone: Proportion;
  readonly soft: SoftEvidence;
  /** Absent when no fraction of FRACTIONS kept the answer often enough. */
  readonly hard?: HardEvidence;
  readonly hardTried: HardEvidence['tried'];
}

/** Fractions of the input that are tried for complete replacement. */
export const FRACTIONS = [0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99];
/** A fraction is a candidate when at least this part of the choosing draws kept the answer. */
const GOOD = 0.97;

/** What a probability is taken for at least where a divergence is measured. */
const FLOOR = 1e-30;

/**
 * Measures soft and hard replaceability of `mask` (broadcast over channels where it has one) for x [1,...sample].
 * - soft: x~ = A eta + (1-A) x, the mask as learned.
 * - hard: elements whose mask is at or above a threshold are replaced entirely, the others untouched. The fraction is the largest of FRACTIONS that
 *   keeps the answer on 97 % of 32 draws; it is then certified on `draws` other draws.
 * Random streams: `threshold` for choosing, `evidence` for certifying; the optimiser has seen neither.
 */
export async function replaceability(
  predict: Predict,
  x: Tensor,
  mask: Tensor,
  noise: Noise,
  { draws = 256, choosing = 32, seed = 0 }: { draws?: number; choosing?: number; seed?: number } = {},
): Promise<Replaceability> {
  const p = toFloat32(await predict(x));
  const answer = argmax(float32(p, [1, p.length]))[0]!;
  /** `least`: given up as soon as fewer than this many can be kept. */
  const trial = async (
    replaced: Float32Array,
    count: number,
    stream: number,
    least = 0,
  ): Promise<{ kept: number; kl: number; draws: number }> => {
    const noiseStream = random(seed, stream);
    const per = sizeOf(x.dims);
    const source = toFloat32(x);
    const soft = spread(replaced, mask.dims, x.dims);
    let kept = 0;
    let kl = 0;
    const batch = 8;
    for (let at = 0; at < count; at += batch) {
      const n = Math.min(batch, count - at);
      const corrupted = new Float32Array(n * per);
      noise.fill(corrupted, noiseStream, at);
      for (let i = 0; i < n; i++) blend(corrupted.subarray(i * per, (i + 1) * per), source, soft);
      const q = await predict(float32(corrupted, [n, ...x.dims.slice(1)]));
      kept += argmax(q).filter((c) => c === answer).length;
      const rows = toFloat32(q);
      for (let i = 0; i < n; i++) kl += klDivergence(p, rows.subarray(i * p.length, (i + 1) * p.length), FLOOR);
      if (kept + count - at - n < least) return { kept, kl: kl / (at + n), draws: at + n };
    }
    return { kept, kl: kl / count, draws: count };
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
  const result = {
    noiseAlone: proportion(alone.kept),
    soft: { fraction, kl: soft.kl, ...proportion(soft.kept) },
    hardTried: tried,
  };
  if (best === undefined) return result;
  const hard = await trial(hardMask(best), total, STREAMS.evidence);
  return {
    ...result,
    hard: {
      fraction: best / values.length,
      threshold: values[ranked[best - 1]!]!,
      kl: hard.kl,
      ...proportion(hard.kept),
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
