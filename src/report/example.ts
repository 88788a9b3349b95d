// One input as the hard claim has it: the least needed elements replaced by noise entirely, and what the classifier answered to it.
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { replace, spread } from '../evidence/corrupt.js';
import { replacedFirst } from '../evidence/replaced.js';
import type { BetaResult } from '../explain/audit.js';
import type { ShownAnswer } from '../explain/shown.js';
import { orderOf } from '../lan/learn.js';

/** What the classifier saw and answered. */
export interface ClaimedExample extends ShownAnswer {
  /** [1,...sample]. */
  readonly corrupted: Tensor;
}

/** The example of the first of `draws` [n,...sample] for x [1,...sample]; undefined where no fraction held, or nothing was prepared to be shown. */
export function claimedExample(
  x: Tensor,
  { evidence: { hard }, replaced, learned }: BetaResult,
  draws: Tensor | undefined,
): ClaimedExample | undefined {
  if (!hard || !replaced || !draws || sizeOf(draws.dims.slice(1)) !== sizeOf(x.dims)) return undefined;
  const order = orderOf(learned);
  const step = replaced.fractions.indexOf(hard.fraction);
  const answer = replaced.draws[0]?.[step];
  if (!answer) return undefined;
  const ranked = replacedFirst(order);
  const mask = new Float32Array(ranked.length);
  const count = Math.round(hard.fraction * ranked.length);
  for (let i = 0; i < count; i++) mask[ranked[i]!] = 1;
  const corrupted = new Float32Array(sizeOf(x.dims));
  replace(corrupted, toFloat32(draws).subarray(0, corrupted.length), toFloat32(x), spread(mask, order.dims, x.dims));
  return { ...answer, corrupted: float32(corrupted, x.dims) };
}
