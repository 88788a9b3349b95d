// How a budget is shared between learning a mask and measuring what it claims.
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { EvidenceDraws } from '../evidence/trials.js';
import type { Preset } from '../lan/choices.js';
import type { LanSettings } from '../lan/settings.js';

/** Of a budget, the part that learning takes; the rest is for the evidence. */
const LEARNING = 0.6;
/** Fresh draws of the evidence, where nobody says how many. */
const DRAWS = 256;
/** Of a first look. */
const QUICK_DRAWS = 64;
/** Draws that a claim is not made without, whatever the budget: with fewer it could not lead though all of them kept the answer. */
const LEAST_DRAWS = 40;
/** Samples that are run besides the draws of the two claims: noise alone, and the choice of the fraction (see `replaceability`). */
const CHOOSING = 192;
/** Samples of the further figures: curves, ROAD, infidelity, other noise, controls. */
const FURTHER = 400;
/** Samples that are timed. */
const TIMED = 8;

/** Is a budget shared between a mask and its evidence? Where it is asked for, and the mask is learned once; a path of betas shares it in its own way. */
export const sharesBudget = (
  asked: { readonly coversEvidence?: boolean; readonly method?: unknown; readonly explainer?: unknown },
  { betaPath }: Pick<LanSettings, 'betaPath'>,
): boolean => asked.coversEvidence === true && !asked.method && !asked.explainer && !betaPath;

/** The settings as learning takes them: of a budget that is shared, its part. */
export const whileLearning = (asked: Parameters<typeof sharesBudget>[0], settings: LanSettings): LanSettings =>
  settings.budget !== undefined && sharesBudget(asked, settings) ? { ...settings, budget: LEARNING * settings.budget } : settings;

/** Fresh draws of the evidence that are asked for, at most where they end when the claim is decided: 256 where nothing is said, of a first look 64. */
export const drawsOf = ({
  evidenceDraws,
  preset,
}: {
  readonly evidenceDraws?: EvidenceDraws;
  readonly preset?: Preset;
}): number => (typeof evidenceDraws === 'number' ? evidenceDraws : preset === 'quick' ? QUICK_DRAWS : DRAWS);

/** What there is time for. */
export interface TimeLeft {
  /** Fresh draws of the evidence. */
  readonly draws: number;
  /** Asked when the claim is measured: is there time for the further figures? */
  readonly further: () => boolean;
}

/**
 * What a budget leaves time for, which ends `budget` seconds after `start` (of performance.now): at most `wanted` draws, and 40 at least, by how long some
 * copies of x [1,...] take. Without a budget all.
 */
export async function timeLeft(
  budget: number | undefined,
  start: number,
  { predict, x, wanted }: { readonly predict: (samples: Tensor) => Promise<Tensor>; readonly x: Tensor; readonly wanted: number },
): Promise<TimeLeft> {
  if (budget === undefined) return { draws: wanted, further: () => true };
  const values = toFloat32(x);
  const data = new Float32Array(TIMED * values.length);
  for (let i = 0; i < TIMED; i++) data.set(values, i * values.length);
  const before = performance.now();
  await predict({ type: 'float32', dims: [TIMED, ...x.dims.slice(1)], data });
  const each = (performance.now() - before) / TIMED;
  const left = (): number => (start + 1000 * budget - performance.now()) / each;
  return {
    draws: Math.max(Math.min(LEAST_DRAWS, wanted), Math.min(wanted, Math.floor((left() - CHOOSING) / 2))),
    further: () => left() >= FURTHER,
  };
}
