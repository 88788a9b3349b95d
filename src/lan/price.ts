// The weight of the mask mean while a mask is rounded: what replacing one more element is worth, by how often the answer is kept.
import type { Find } from './choices.js';

/** What the weight is moved by. */
export interface Pricing {
  /** The weight that was asked for, at least 0. */
  readonly beta: number;
  /** How often the answer is to be kept, in (0,1), where that was asked for in place of a weight. */
  readonly keep?: number | undefined;
  /** With 'delete' `keep` is how often the answer may be kept at most. Default 'keep'. */
  readonly find?: Find;
  /** The weight stays what was asked for. */
  readonly fixed?: boolean;
}

/** A step moves the logarithm of the weight by this much times what the kept part of its draws is above what is wanted. */
const [RATE, RATE_OF_KEEP] = [1, 0.1];
/** Where only a weight was asked for: up to so many times it, while more than this part of the draws keeps the answer. */
const [MOST, SURE] = [2, 0.98];

const grows = ({ keep, find, fixed }: Pricing): boolean => !fixed && keep === undefined && find !== 'delete';

/**
 * The weight at the first rounded step. A rounded mask takes away all of an element where a soft one leaves some of it in, so that what the soft mask had settled
 * on is no longer where the answer is just kept: twice the weight, from which it falls where that was too much.
 */
export const firstPrice = (pricing: Pricing): number => (grows(pricing) ? MOST : 1) * pricing.beta;

/**
 * The weight after a rounded step that had `price` and kept the answer on the part `kept` of its draws, by dual ascent on how often it is to be kept. Without `keep`
 * it stays between the weight that was asked for and twice that; of what changes the answer it stays as it is.
 */
export function nextPrice(price: number, kept: number, pricing: Pricing): number {
  const { beta, keep, find, fixed } = pricing;
  if (fixed) return price;
  if (keep !== undefined) return price * Math.exp(RATE_OF_KEEP * (kept - keep) * (find === 'delete' ? -1 : 1));
  if (!grows(pricing)) return price;
  return Math.min(MOST * beta, Math.max(beta, price * Math.exp(RATE * (kept - SURE))));
}
