// A path of betas: one mask after another, each from where the last one ended, and of them the one whose hard claim goes furthest.
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Judge } from '../evidence/answer.js';
import { Ranking, search, type Found, type Tried } from '../evidence/search.js';
import { createTrials } from '../evidence/trials.js';
import { orderOf, type LearnedMask, type StepMetrics } from '../lan/learn.js';
import type { LanSettings } from '../lan/settings.js';
import type { Classifier } from '../model/classifier.js';
import type { Masks } from './masks.js';

/** One beta of a path. Means are over the last steps of its mask. */
export interface PathPoint {
  readonly beta: number;
  /** Mean of the mask: the fraction of the input that is not needed. */
  readonly maskMean: number;
  /** L_F: how far the answers to the corrupted inputs were from the one that is wanted. */
  readonly outputLoss: number;
  /** Fraction of the draws that kept the answer. */
  readonly kept: number;
  readonly steps: number;
  /** Of learning it. */
  readonly seconds: number;
  /** The largest fraction that held on choosing draws, where that is more than all points before it had: replaced, or with 'delete' left as it is. */
  readonly fraction?: number;
  /** What was tried for it, as HardEvidence has it. */
  readonly tried: readonly Tried[];
  /** Is it the one that was taken? */
  readonly chosen: boolean;
}

/** The mask that was taken, and the path to it and beyond. */
export interface Walked {
  readonly beta: number;
  readonly mask: LearnedMask;
  /** Its hard claim on choosing draws; absent where no point had one. */
  readonly found?: Found;
  readonly points: readonly PathPoint[];
}

/** The betas of a path, as multiples of the one that it is about. */
export const PATH = [1 / 4, 1 / 2, 1, 2, 4, 8];
/** Steps that a point's figures are the mean of. */
const LAST = 20;
/** Where fewer of the draws do what is wanted, the answer is lost (or is not): a larger beta only makes it worse. */
const LOST = 0.5;

/** What a path is walked for. */
export interface Walk extends Omit<Parameters<Masks['of']>[0], 'beta' | 'warm'> {
  readonly classifier: Classifier;
  readonly masks: Masks;
  readonly judge: (p: Tensor) => Judge;
  readonly settings: LanSettings;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Learns a mask at each beta of PATH times the first of `settings.betas`, smallest first, each but the first from where the last one ended. Of each the hard claim
 * is searched on choosing draws, at `keep` (0.95 where it is not given), beyond what the points before it had; the one that goes furthest is taken. It is still
 * to be certified on other draws, since it is the best of many. Ends where the answer is lost, or what is to be lost is not; after an abort the points that are
 * done stand.
 */
export async function walk({ classifier, masks, judge, settings, signal, ...question }: Walk): Promise<Walked> {
  const { find, keep, seed } = settings;
  const predict = (samples: Tensor): Promise<Tensor> => classifier.predict(samples);
  const points: PathPoint[] = [];
  let best: { readonly at: number; readonly mask: LearnedMask; readonly found?: Found } | undefined;
  let reached = 0;
  for (const factor of PATH) {
    if (signal?.aborted && best) break;
    const beta = Number((factor * settings.betas[0]!).toPrecision(3));
    const mask = await masks.of({ ...question, beta, warm: points.length > 0 });
    const order = toFloat32(orderOf(mask));
    const trials = await createTrials(predict, question.x, mask.mask.dims, question.noise, {
      seed,
      judge,
      ...(find === 'keep' && { least: keep }),
    });
    const own = mask.order ? toFloat32(mask.mask).reduce((a, b) => a + b, 0) : undefined;
    const found = await search(trials, new Ranking(order), { find, own, above: reached });
    const last = mask.history.slice(-LAST);
    const mean = (of: (m: StepMetrics) => number): number => last.reduce((sum, m) => sum + of(m), 0) / last.length;
    const kept = mean((m) => m.kept ?? NaN);
    points.push({
      beta,
      maskMean: mean((m) => m.maskMean),
      outputLoss: mean((m) => m.outputLoss),
      kept,
      steps: mask.history.length,
      seconds: mask.seconds,
      ...(found.count === undefined ? {} : { fraction: found.count / order.length }),
      tried: found.tried,
      chosen: false,
    });
    if (found.count !== undefined) reached = found.count;
    // Where none holds, the smallest beta asks for least.
    if (!best || found.count !== undefined)
      best = { at: points.length - 1, mask, ...(found.count === undefined ? {} : { found }) };
    if ((find === 'keep' ? kept : 1 - kept) < LOST) break;
  }
  const { at, mask, found } = best!;
  return {
    beta: points[at]!.beta,
    mask,
    ...(found && { found }),
    points: points.map((point, i) => (i === at ? { ...point, chosen: true } : point)),
  };
}
