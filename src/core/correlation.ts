// How alike two lists of numbers are: by their values (Pearson), and by their order alone (Spearman).

/** Pearson's correlation, in -1..1; 0 where one side does not vary. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [ma, mb] = [0, 0];
  for (let i = 0; i < n; i++) [ma, mb] = [ma + a[i]! / n, mb + b[i]! / n];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]! - ma, b[i]! - mb];
    [ab, aa, bb] = [ab + x * y, aa + x * x, bb + y * y];
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/** Spearman's rank correlation, in -1..1: Pearson's of the ranks, equals sharing the mean of theirs; 0 where one side does not vary. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number => pearson(sharedRanks(a), sharedRanks(b));

/** Indices of the values from the largest to the smallest, of equals the first one first. */
export function descending(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => values[b]! - values[a]! || a - b);
}

/** Ranks from 0 for the largest, equals sharing the mean of theirs. */
export function sharedRanks(values: ArrayLike<number>): Float64Array {
  const order = descending(values);
  const ranks = new Float64Array(order.length);
  for (let at = 0; at < order.length;) {
    let end = at + 1;
    while (end < order.length && values[order[end]!] === values[order[at]!]) end++;
    for (let i = at; i < end; i++) ranks[order[i]!] = (at + end - 1) / 2;
    at = end;
  }
  return ranks;
}
