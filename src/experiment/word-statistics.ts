// Which words speak for a group, by chi-square, and which a mask keeps.
import { descending } from '../core/correlation.js';
import type { SparseRows } from '../data/sparse.js';
import { UNK_COLUMN } from './data/newsgroups.js';

/**
 * The `most` words of each group that speak for it most, as sets of columns: by Pearson's chi-square of the 2x2 table of documents (word in it or not, in the
 * group or not), among the words that are more frequent in the group than elsewhere. UNK is no word.
 */
export function strongWords(
  { width, starts, columns }: SparseRows,
  labels: ArrayLike<number>,
  groups: number,
  most: number,
): Set<number>[] {
  const n = labels.length;
  const all = new Float64Array(width);
  const within = Array.from({ length: groups }, () => new Float64Array(width));
  const sizes = new Float64Array(groups);
  for (let i = 0; i < n; i++) {
    sizes[labels[i]!]!++;
    for (let k = starts[i]!; k < starts[i + 1]!; k++) {
      all[columns[k]!]!++;
      within[labels[i]!]![columns[k]!]!++;
    }
  }
  return within.map((inside, g) => {
    const scores = Float32Array.from(all, (total, w) =>
      w === UNK_COLUMN ? 0 : Math.max(0, signedChiSquare(inside[w]!, total, sizes[g]!, n)),
    );
    return new Set(Array.from(descending(scores).subarray(0, most)).filter((w) => scores[w]! > 0));
  });
}

/**
 * Chi-square of a word that is in `inside` documents of a group of `size` and in `total` of all `n`; below 0 where it is rarer in the group than elsewhere.
 * 0 where a margin is empty.
 */
export function signedChiSquare(inside: number, total: number, size: number, n: number): number {
  const [a, b, c, d] = [inside, total - inside, size - inside, n - size - total + inside];
  const margins = (a + b) * (c + d) * (a + c) * (b + d);
  const determinant = a * d - b * c;
  return margins === 0 ? 0 : (Math.sign(determinant) * n * determinant ** 2) / margins;
}

/** The `count` columns that a mask [width] replaces least, least first, of equals the first; UNK, which is no word, is passed over. */
export const topWords = (mask: Float32Array, count: number): number[] =>
  Array.from(descending(mask.map((m) => -m)).subarray(0, count + 1))
    .filter((w) => w !== UNK_COLUMN)
    .slice(0, count);

/** Of the words that a mask keeps: how many are in the document, and of the others the share that are strong words of its group. */
export interface Counted {
  readonly inDocument: number;
  readonly others: number;
  readonly strong: number;
}

/** `isIn`: whether a column is a word of the document. */
export function count(top: readonly number[], isIn: (column: number) => boolean, strong: ReadonlySet<number>): Counted {
  const others = top.filter((w) => !isIn(w));
  return { inDocument: top.length - others.length, others: others.length, strong: others.filter((w) => strong.has(w)).length };
}
