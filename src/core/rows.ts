// Rows of class scores: which classes are largest, and how far two distributions are apart.
import { type Tensor, toFloat32 } from './tensor.js';

/** Index of the largest entry of each row of [N,K], of equals the first; for K = 1 whether it is at least one half. */
export function argmax(p: Tensor): number[] {
  const [n, k] = p.dims as [number, number];
  const data = toFloat32(p);
  return Array.from({ length: n }, (_, i) => {
    if (k === 1) return data[i]! >= 0.5 ? 1 : 0;
    return largest(data.subarray(i * k, (i + 1) * k));
  });
}

/** Index of the largest entry of a row, of equals the first. */
export function largest(row: Float32Array): number {
  let best = 0;
  for (let j = 1; j < row.length; j++) if (row[j]! > row[best]!) best = j;
  return best;
}

/** Indices of the `k` largest of a row, largest first (all, where there are fewer); of equals the first. NaN counts as smallest. */
export function topK(row: ArrayLike<number>, k: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < row.length; i++) {
    const v = sortable(row[i]!);
    let at = best.length;
    while (at > 0 && sortable(row[best[at - 1]!]!) < v) at--;
    if (at < k) best.splice(at, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}

const sortable = (v: number): number => (Number.isNaN(v) ? -Infinity : v);

/**
 * Kullback-Leibler divergence KL(p || q) of two distributions over the same classes, in nats: at least 0 but for rounding, NaN where either is.
 * Both are taken as at least `floor` within the logarithm, so that a class that q rules out costs much, and not infinity.
 */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>, floor: number): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += term(p[i]!, q[i]!, floor);
  return sum;
}

/** The same of several labels, each with a probability of its own: the sum of the divergences of yes and no. */
export function klOfLabels(p: ArrayLike<number>, q: ArrayLike<number>, floor: number): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += term(p[i]!, q[i]!, floor) + term(1 - p[i]!, 1 - q[i]!, floor);
  return sum;
}

/** p log(p / q), which is 0 at p = 0. */
const term = (p: number, q: number, floor: number): number =>
  p === 0 ? 0 : p * Math.log(Math.max(p, floor) / Math.max(q, floor));
