// The claim and its proof: on fresh noise, how often does the classifier keep its answer when the mask says what may be replaced?
import { confidenceSequence, wilson } from '../core/proportion.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Find } from '../lan/choices.js';
import type { Noise } from '../lan/noise.js';
import { Ranking, search, type Found, type Tried } from './search.js';
import { createTrials, LEAST, type Kept, type Predict, type SoftEvidence, type TrialOptions, type Trials } from './trials.js';

export type { Kept, Predict, SoftEvidence } from './trials.js';

/** The same where elements are replaced by noise entirely, those with the largest mask values first. */
export interface HardEvidence extends SoftEvidence {
  /** Mask value from which on an element was replaced. */
  readonly threshold: number;
  /** Every fraction that was tried to choose the threshold, on draws of its own. */
  readonly tried: readonly Tried[];
}

/** The smallest part that was found to change the answer where noise replaces it entirely and everything else is left as it is. */
export interface Deletion {
  /** Absent when no fraction of FRACTIONS changed the answer often enough. */
  readonly found?: Omit<SoftEvidence, 'kept' | 'labels'> & {
    /** On how many of `draws` the answer was another one; `interval` is about these. */
    readonly changed: number;
    /** Mask value below which an element was replaced. */
    readonly threshold: number;
    /** The other way round: with everything but this part replaced, how often the answer was kept. Is what is necessary also enough? */
    readonly alone: Kept;
  };
  /** Every fraction that was tried, on draws of its own. */
  readonly tried: readonly { readonly fraction: number; readonly changed: number; readonly draws: number }[];
}

/** What a mask proves, on noise that it was not learned on. */
export interface Replaceability {
  /** Everything replaced: how often the answer comes from noise alone. A claim means little where this is high. */
  readonly noiseAlone: Kept;
  readonly soft: SoftEvidence;
  /** Absent when no fraction of FRACTIONS kept the answer often enough. */
  readonly hard?: HardEvidence;
  readonly hardTried: HardEvidence['tried'];
  /** Where that was looked for. */
  readonly deletion?: Deletion;
  /** The part of the draws on which the answer was to be kept, where that is not LEAST. */
  readonly least?: number;
}

/** Draws at most for what stands beside the claim. */
const BESIDE = 64;

/** See TrialOptions. */
export interface ReplaceabilityOptions extends TrialOptions {
  /** Of a binary mask: values of its shape that order its elements, the largest replaced first. */
  readonly order?: Tensor;
  /** With 'delete' the smallest part is measured as well whose loss changes the answer, along the same order. Default 'keep'. */
  readonly find?: Find;
  /** What was found already (see search): nothing is tried again. */
  readonly found?: Found;
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
  const ranking = new Ranking(values);
  // Of a binary mask the hard claim is the one that counts.
  const soft = options.order ? await trials.certified(values, BESIDE) : await trials.claimed(values);
  const alone = await noiseAlone(trials, values.length);
  const own = options.order ? toFloat32(mask).reduce((a, b) => a + b, 0) : undefined;
  const deletion = options.find === 'delete' ? await deletionClaim(trials, ranking, options.found ?? (await search(trials, ranking, { own, find: 'delete' }))) : undefined; // prettier-ignore
  const known = options.find === 'delete' ? undefined : options.found;
  const { hard, tried } = await hardClaim(trials, ranking, known ?? (await search(trials, ranking, { own, find: 'keep' })));
  const fraction = values.reduce((a, b) => a + b, 0) / values.length;
  return {
    noiseAlone: alone,
    soft: { fraction, ...trials.measured(soft) },
    ...(hard && { hard }),
    hardTried: tried,
    ...(deletion && { deletion }),
    ...(options.least !== undefined && options.least !== LEAST && { least: options.least }),
  };
}

/** How often the answer comes from noise alone, all `elements` of a mask replaced. Noise that never gives it is told from a claim by few draws. */
export async function noiseAlone(trials: Trials, elements: number): Promise<Kept> {
  const everything = new Float32Array(elements).fill(1);
  const first = await trials.certified(everything, BESIDE);
  return trials.kept(first.kept === 0 ? first : await trials.certified(everything, undefined, first));
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
  return hardClaimOf(
    trials,
    toFloat32(need).map((v) => -v),
  );
}

/** The same for `values` of a mask's elements, the largest replaced first, on draws that are there. */
export async function hardClaimOf(trials: Trials, values: Float32Array): Promise<HardReplaceability> {
  const ranking = new Ranking(values);
  return hardClaim(trials, ranking, await search(trials, ranking, { find: 'keep' }));
}

async function hardClaim(trials: Trials, ranking: Ranking, { count, tried }: Found): Promise<HardReplaceability> {
  if (count === undefined) return { tried };
  const hard = await trials.claimed(ranking.mask(count, 'keep'));
  return {
    hard: { fraction: count / ranking.length, threshold: ranking.threshold(count), ...trials.measured(hard), tried },
    tried,
  };
}

async function deletionClaim(trials: Trials, ranking: Ranking, { count, tried }: Found): Promise<Deletion> {
  const all = tried.map(({ fraction, kept, draws }) => ({ fraction, changed: draws - kept, draws }));
  if (count === undefined) return { tried: all };
  const lost = await trials.claimed(ranking.mask(count, 'delete'), 'delete');
  const alone = await trials.certified(ranking.mask(count, 'keep'), BESIDE);
  const { kept, labels: _, interval: __, ...measured } = trials.measured(lost);
  const changed = measured.draws - kept;
  return {
    found: {
      fraction: 1 - count / ranking.length,
      threshold: ranking.threshold(count),
      ...measured,
      changed,
      interval: (measured.sequential ? confidenceSequence : wilson)(changed, measured.draws),
      alone: trials.kept(alone),
    },
    tried: all,
  };
}
