// The claim and its proof: on fresh noise, how often does the classifier keep its answer when the mask says what may be replaced?
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';
import { createTrials, type Kept, type Predict, type SoftEvidence, type TrialOptions, type Trials } from './trials.js';

export type { Kept, Predict, SoftEvidence } from './trials.js';

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

/** Draws at most for what stands beside the claim. */
const BESIDE = 64;

/** See TrialOptions. */
export interface ReplaceabilityOptions extends TrialOptions {
  /** Of a binary mask: values of its shape that order its elements, the largest replaced first. */
  readonly order?: Tensor;
}

/**
 * Measures soft and hard replaceability of `mask` (broadcast over channels where it has one) for x [1,...sample].
 * - soft: x~ = A eta + (1-A) x, the mask as learned; of a binary mask A is its `order`, the values before they were rounded.
 * - hard: elements are replaced entirely, the others untouched; see hardReplaceability.
 * What `kept` means is for `judge` to say (default: the most probable class is the same).
 * Random streams: `threshold` for choosing, `evidence` for certifying; the optimiser has seen neither.
 */
export async function replaceability(
  predict: Predict,
  x: Tensor,
  mask: Tensor,
  noise: Noise,
  options: ReplaceabilityOptions = {},
): Promise<Replaceability> {
  const trials = await createTrials(predict, x, mask.dims, noise, options);
  const values = toFloat32(options.order ?? mask);
  // Of a binary mask the hard claim is the one that counts.
  const soft = await trials.certified(values, options.order ? BESIDE : undefined);
  const alone = await noiseAlone(trials, values.length);
  const own = options.order ? toFloat32(mask).reduce((a, b) => a + b, 0) : undefined;
  const { hard, tried } = await hardClaim(trials, values, own);
  const fraction = values.reduce((a, b) => a + b, 0) / values.length;
  return {
    noiseAlone: alone,
    soft: { fraction, ...trials.measured(soft) },
    ...(hard && { hard }),
    hardTried: tried,
  };
}

/** How often the answer comes from noise alone, all `elements` of a mask replaced. Noise that never gives it is told from a claim by few draws. */
export async function noiseAlone(trials: Trials, elements: number): Promise<Kept> {
  const everything = new Float32Array(elements).fill(1);
  const first = await trials.certified(everything, BESIDE);
  return trials.kept(first.kept === 0 ? first : await trials.certified(everything));
}

/** The largest fraction of an input that was found to be replaceable entirely, certified on draws that chose nothing; `hard` is absent where none was. */
export interface HardReplaceability {
  readonly hard?: HardEvidence;
  readonly tried: HardEvidence['tried'];
}

/**
 * The hard claim of any ranking: `need` (of mask shape, higher = needed more; ties by index) says in which order elements of x [1,...sample] are
 * replaced by noise entirely, the least needed first. The fraction is the largest of FRACTIONS that keeps the answer on 95 % of 64 choosing draws; it is
 * then certified on `draws` other draws. Streams and options as for `replaceability`.
 *
 * @example
 * const { hard } = await hardReplaceability((x) => classifier.predict(x), x, need, noise);
 * console.log(hard ? `${hard.fraction}: ${hard.kept} of ${hard.draws}` : 'none');
 */
export async function hardReplaceability(
  predict: Predict,
  x: Tensor,
  need: Tensor,
  noise: Noise,
  options: TrialOptions = {},
): Promise<HardReplaceability> {
  const trials = await createTrials(predict, x, need.dims, noise, options);
  return hardClaim(
    trials,
    toFloat32(need).map((v) => -v),
  );
}

/** Of a binary mask that takes a little too much, these parts of what it replaces are tried before the fractions below it. */
const LESS = [0.99, 0.98, 0.96];

/**
 * `values`: the largest are replaced first. `own`: elements that a binary mask replaces. Then the search starts there, upwards while the answer is kept, else
 * downwards until it is; without it every fraction is tried, since hard replacement is not monotone in the fraction.
 */
export async function hardClaim(trials: Trials, values: Float32Array, own?: number): Promise<HardReplaceability> {
  const ranked = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  const maskOf = (count: number): Float32Array => {
    const m = new Float32Array(values.length);
    for (let i = 0; i < count; i++) m[ranked[i]!] = 1;
    return m;
  };
  const tried: { fraction: number; kept: number; draws: number }[] = [];
  const holds = async (count: number): Promise<boolean> => {
    const { kept, draws, holds } = await trials.choosing(maskOf(count));
    tried.push({ fraction: count / values.length, kept, draws });
    return holds;
  };
  const counts = FRACTIONS.map((f) => Math.round(f * values.length)).filter((c) => c > 0);
  let best: number | undefined;
  if (own === undefined) {
    for (const count of counts) if (await holds(count)) best = count;
  } else if (own > 0 && (await holds(own))) {
    best = own;
    for (const count of counts.filter((c) => c > own)) {
      if (!(await holds(count))) break;
      best = count;
    }
  } else {
    const smaller = [...counts, ...LESS.map((part) => Math.floor(part * own))].filter((c) => c > 0 && c < own);
    for (const count of new Set(smaller.sort((a, b) => b - a))) {
      if (!(await holds(count))) continue;
      best = count;
      break;
    }
  }
  if (best === undefined) return { tried };
  const hard = await trials.certified(maskOf(best));
  return {
    hard: { fraction: best / values.length, threshold: values[ranked[best - 1]!]!, ...trials.measured(hard), tried },
    tried,
  };
}
