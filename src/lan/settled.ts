// When a binary mask is done.
import type { Find } from './choices.js';

/** What of a step counts (see StepMetrics). */
export interface Moving {
  readonly maskMean: number;
  readonly kept?: number;
}

/** Steps whose means are compared, and how many such windows there have to be. */
const [WINDOW, WINDOWS] = [20, 3];
/** A mask whose mean moves by less than this from one window to the next, or by less than a quarter of an element, stays where it is. */
const [STILL, PART] = [0.002, 0.25];
/** How often its answer must have been kept over all windows, where nothing else was asked for. */
const SURE = 0.95;

/**
 * Do the binary steps `history` show a mask of so many `elements` that neither grows nor shrinks, and keeps the answer, or changes it where that is what is
 * looked for? Rounding takes more than the soft mask did, so that a mask shrinks at first and then grows again: between the two it stands still for a moment,
 * which is why two moves in a row have to be small.
 */
export function settled(
  history: readonly Moving[],
  elements: number,
  { keep, find }: { readonly keep?: number | undefined; readonly find?: Find },
): boolean {
  const n = history.length;
  if (n < WINDOWS * WINDOW) return false;
  const mean = (from: number, to: number, of: (m: Moving) => number): number =>
    history.slice(from, to).reduce((s, m) => s + of(m), 0) / (to - from);
  const means = Array.from({ length: WINDOWS }, (_, w) => mean(n - (w + 1) * WINDOW, n - w * WINDOW, (m) => m.maskMean));
  const still = Math.max(STILL, PART / elements);
  if (means.slice(1).some((m, w) => Math.abs(m - means[w]!) >= still)) return false;
  const kept = mean(n - WINDOWS * WINDOW, n, (m) => m.kept ?? 0);
  return find === 'delete' ? kept <= (keep ?? 1 - SURE) : kept >= (keep ?? SURE);
}
