// How far two tensors are apart: the figures that every agreement check reports.
import { sizeOf, toNumbers, type Tensor } from '../core/tensor.js';

export interface Difference {
  /** max|value - reference| / max|reference|; the absolute error where the reference is all zeros; Infinity where shapes or NaNs differ. */
  readonly maxError: number;
  /** Share of elements within tolerance * max|reference|, in 0..1. */
  readonly matchFraction: number;
  /** The worst element, row-major, and both values there; absent for empty tensors and for shapes that differ. */
  readonly worst?: { readonly index: number; readonly value: number; readonly reference: number };
}

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
  const unit = scale || 1;
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

/** Share of rows (first axis) in which the largest element is the same, and their count; undefined for tensors without rows of two or more. */
export function topAgreement(value: Tensor, reference: Tensor): number | undefined {
  const rows = reference.dims.length < 2 ? 1 : reference.dims[0]!;
  const k = sizeOf(reference.dims) / (rows || 1);
  if (rows === 0 || k < 2 || value.dims.join() !== reference.dims.join()) return undefined;
  const a = toNumbers(value);
  const b = toNumbers(reference);
  let same = 0;
  for (let r = 0; r < rows; r++) if (argmax(a, r * k, k) === argmax(b, r * k, k)) same++;
  return same / rows;
}

function argmax(values: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
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
