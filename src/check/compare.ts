// How far two tensors are apart: the numbers that every agreement check reports.
import { klDivergence, klOfLabels, topK } from '../core/rows.js';
import { sizeOf, toNumbers, type Tensor } from '../core/tensor.js';
import { isOfLabels, type OutputKind } from '../model/output-kind.js';

/** How far a tensor is from its reference of the same shape, in three figures without unit. 0 error and fraction 1: equal. */
export interface Difference {
  /** max|value - reference| / max|reference|, the latter at least 2^-126, below which float32 loses its digits; the absolute error where the reference is all zeros; Infinity where shapes or NaNs differ. */
  readonly maxError: number;
  /** Fraction of elements within tolerance * max|reference|, in 0..1. */
  readonly matchFraction: number;
  /** The worst element, row-major, and both values there; absent for empty tensors and for shapes that differ. */
  readonly worst?: { readonly index: number; readonly value: number; readonly reference: number };
}

/**
 * The smallest float32 with all of its digits. A network whose activations vanish ends below it, and no two engines round alike there; a divergence of
 * probabilities below it would be that of two roundings.
 */
const SMALLEST = 2 ** -126;

/**
 * Compares two tensors element by element. NaN agrees with NaN only, an infinity with itself only; both stay out of max|reference|.
 * Throws LanError for strings and types without numbers.
 */
export function difference(value: Tensor, reference: Tensor, tolerance: number): Difference {
  if (value.dims.join() !== reference.dims.join()) return { maxError: Infinity, matchFraction: 0 };
  const a = toNumbers(value);
  const b = toNumbers(reference);
  const n = b.length;
  if (n === 0) return { maxError: 0, matchFraction: 1 };
  let scale = 0;
  for (let i = 0; i < n; i++) {
    const size = Math.abs(b[i]!);
    if (size > scale && size !== Infinity) scale = size;
  }
  const unit = scale === 0 ? 1 : Math.max(scale, SMALLEST);
  let maxError = -1;
  let index = 0;
  let within = 0;
  for (let i = 0; i < n; i++) {
    const x = a[i]!;
    const y = b[i]!;
    const same = x === y || (Number.isNaN(x) && Number.isNaN(y));
    const gap = same ? 0 : Math.abs(x - y) / unit;
    const error = Number.isFinite(gap) ? gap : Infinity;
    if (error <= tolerance) within++;
    if (error > maxError) {
      maxError = error;
      index = i;
    }
  }
  return { maxError, matchFraction: within / n, worst: { index, value: a[index]!, reference: b[index]! } };
}

/** The mean of `of` over the rows (first axis) of both; undefined for tensors whose rows have fewer than `least` elements, or whose shapes differ. */
function overRows(
  value: Tensor,
  reference: Tensor,
  least: number,
  of: (a: Float64Array, b: Float64Array) => number,
): number | undefined {
  const rows = reference.dims.length < 2 ? 1 : reference.dims[0]!;
  const k = sizeOf(reference.dims) / (rows || 1);
  if (rows === 0 || k < least || value.dims.join() !== reference.dims.join()) return undefined;
  const a = Float64Array.from(toNumbers(value));
  const b = Float64Array.from(toNumbers(reference));
  let sum = 0;
  for (let r = 0; r < rows; r++) sum += of(a.subarray(r * k, (r + 1) * k), b.subarray(r * k, (r + 1) * k));
  return sum / rows;
}

/** Fraction of rows (first axis) in which the largest element is the same; undefined for tensors without rows of two or more. */
export const topAgreement = (value: Tensor, reference: Tensor): number | undefined =>
  overRows(value, reference, 2, (a, b) => (topK(a, 1)[0] === topK(b, 1)[0] ? 1 : 0));

/** The fraction of the `k` largest of each row that are among the k largest of the other, in any order; undefined for rows of k or fewer. */
export const topKAgreement = (value: Tensor, reference: Tensor, k: number): number | undefined =>
  overRows(value, reference, k + 1, (a, b) => {
    const wanted = new Set(topK(b, k));
    return topK(a, k).filter((i) => wanted.has(i)).length / k;
  });

/**
 * Kullback-Leibler divergence KL(reference || value) in nats, the mean over rows, in float64. Of labels the sum of the binary ones.
 * Undefined for tensors without rows (of two, except of labels), and where a row is none of such scores: of NaN, or of numbers that are no probabilities.
 */
export function divergence(value: Tensor, reference: Tensor, kind: OutputKind): number | undefined {
  const mean = overRows(value, reference, isOfLabels(kind) ? 1 : 2, (a, b) => {
    if (!isScores(a, kind) || !isScores(b, kind)) return NaN;
    const [q, p] = [probabilities(a, kind), probabilities(b, kind)];
    const sum = isOfLabels(kind) ? klOfLabels(p, q, SMALLEST) : klDivergence(p, q, SMALLEST);
    // Two roundings of one distribution do not sum to exactly the same.
    return Math.abs(sum) < 1e-12 ? 0 : sum;
  });
  return Number.isNaN(mean) ? undefined : mean;
}

/** How far probabilities, and their sum, may be outside of what they are: quantised models round to hundredths. */
const ROUNDED = 0.1;

function isScores(row: Float64Array, kind: OutputKind): boolean {
  if (row.some(Number.isNaN)) return false;
  // Classes that are masked out have the logit -Infinity.
  if (kind === 'sigmoid-logits') return true;
  if (kind === 'logits' || kind === 'log-probabilities') return Number.isFinite(row.reduce((a, b) => Math.max(a, b), -Infinity));
  if (row.some((v) => v < -1e-3 || v > 1 + ROUNDED)) return false;
  return kind === 'sigmoid' || Math.abs(row.reduce((a, b) => a + b, 0) - 1) <= ROUNDED;
}

function probabilities(row: Float64Array, kind: OutputKind): Float64Array {
  if (kind === 'sigmoid') return row;
  if (kind === 'sigmoid-logits') return row.map((z) => 1 / (1 + Math.exp(-z)));
  if (kind === 'probabilities') {
    // Float32 probabilities sum to one but for 1e-7, which would drown a small divergence.
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((v) => v / total);
  }
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = row.map((v) => Math.exp(v - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** Cosine of the angle between two flat vectors: 1 = same direction; 1 where both are zero, 0 where only one is. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  if (aa === 0 || bb === 0) return aa === bb ? 1 : 0;
  return ab / Math.sqrt(aa * bb);
}
