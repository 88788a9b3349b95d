// Small linear systems and weighted regressions: ridge and lasso, in double precision.

/**
 * Solves A x = b for a symmetric positive definite A [n,n], row by row, by Cholesky's decomposition. A pivot that is 0 but for rounding (two columns that
 * are one) is taken as `tiny`, which gives the pair's share to the first of them.
 */
export function solvePositive(a: Float64Array, b: Float64Array, tiny = 1e-10): Float64Array {
  const n = b.length;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j) l[i * n + i] = Math.sqrt(Math.max(sum, tiny));
      else l[i * n + j] = sum / l[j * n + j]!;
    }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * n + k]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k * n + i]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  return x;
}

/** Rows of zeros and ones [rows,columns] with a target and a weight each. */
export interface Weighted {
  readonly rows: Uint8Array;
  readonly columns: number;
  readonly targets: ArrayLike<number>;
  /** At least 0. */
  readonly weights: ArrayLike<number>;
}

/** Second moments of the columns and their covariance with the target, weighted and centred: what an intercept leaves of a regression. */
function moments({ rows, columns: d, targets, weights }: Weighted): { readonly xx: Float64Array; readonly xy: Float64Array } {
  const n = targets.length;
  let total = 0;
  const mean = new Float64Array(d);
  let centre = 0;
  for (let i = 0; i < n; i++) {
    const w = weights[i]!;
    total += w;
    centre += w * targets[i]!;
    for (let j = 0; j < d; j++) if (rows[i * d + j] === 1) mean[j]! += w;
  }
  centre /= total;
  for (let j = 0; j < d; j++) mean[j]! /= total;
  const xx = new Float64Array(d * d);
  const xy = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    const w = weights[i]! / total;
    for (let j = 0; j < d; j++) {
      const v = w * (rows[i * d + j]! - mean[j]!);
      xy[j]! += v * (targets[i]! - centre);
      for (let k = 0; k <= j; k++) xx[j * d + k]! += v * (rows[i * d + k]! - mean[k]!);
    }
  }
  for (let j = 0; j < d; j++) for (let k = 0; k < j; k++) xx[k * d + j] = xx[j * d + k]!;
  return { xx, xy };
}

/** Coefficients that minimise sum w (y - c - x b)^2 / sum w + alpha |b|^2 over b and the intercept c. */
export function ridge(problem: Weighted, alpha: number): Float64Array {
  const { xx, xy } = moments(problem);
  for (let j = 0; j < problem.columns; j++) xx[j * problem.columns + j]! += alpha;
  return solvePositive(xx, xy);
}

/**
 * Coefficients that minimise sum w (y - c - x b)^2 / (2 sum w) + alpha |b|_1 over b and the intercept c (scikit-learn's Lasso), by coordinate descent to
 * within 1e-9 of the largest coefficient.
 */
export function lasso(problem: Weighted, alpha: number): Float64Array {
  const { xx, xy } = moments(problem);
  const d = problem.columns;
  const b = new Float64Array(d);
  for (let round = 0; round < 10_000; round++) {
    let moved = 0;
    let largest = 0;
    for (let j = 0; j < d; j++) {
      const own = xx[j * d + j]!;
      if (own === 0) continue;
      let rest = xy[j]!;
      for (let k = 0; k < d; k++) if (k !== j) rest -= xx[j * d + k]! * b[k]!;
      const next = (Math.sign(rest) * Math.max(0, Math.abs(rest) - alpha)) / own;
      moved = Math.max(moved, Math.abs(next - b[j]!));
      b[j] = next;
      largest = Math.max(largest, Math.abs(next));
    }
    if (moved <= 1e-9 * largest) break;
  }
  return b;
}
