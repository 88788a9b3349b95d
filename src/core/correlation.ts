// How alike two lists of numbers are: by their values (Pearson), and by their order alone (Spearman).

/** Pearson's correlation, in -1..1; 0 where one side does not vary. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  // Asked of the values themselves: the mean of equal ones may be off by a rounding, and their differences from it would correlate.
  if (!varies(a) || !varies(b)) return 0;
  const n = a.length;
  let [ma, mb] = [0, 0];
  for (let i = 0; i < n; i++) [ma, mb] = [ma + a[i]! / n, mb + b[i]! / n];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]! - ma, b[i]! - mb];
    [ab, aa, bb] = [ab + x * y, aa + x * x, bb + y * y];
  }
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)));
}

/** Are there two different values? */
export function varies(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return true;
  return false;
}

/** Spearman's rank correlation, in -1..1: Pearson's of the ranks, equals sharing the mean of theirs; 0 where one side does not vary. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number => pearson(sharedRanks(a), sharedRanks(b));

/** Indices of the values from the largest to the smallest, of equals the first one first. */
export function descending(values: ArrayLike<number>): Uint32Array {
  if (values instanceof Float32Array) return byBits(values);
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => values[b]! - values[a]! || a - b);
}

/** Bits that a pass sorts by. */
const DIGIT = 11;

/**
 * The same of float32 values, many times as fast: three passes of a radix sort over their bits, which order them as whole numbers once those below 0 are turned
 * round. What is no number comes last.
 */
function byBits(values: Float32Array): Uint32Array {
  const n = values.length;
  const keys = new Uint32Array(n);
  // -0 becomes 0, which it is equal to.
  const bits = new Uint32Array(values.map((v) => v + 0).buffer);
  for (let i = 0; i < n; i++) {
    const b = bits[i]!;
    keys[i] = Number.isNaN(values[i]!) ? 0xffffffff : b >= 0x80000000 ? b : 0x7fffffff - b;
  }
  let order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let sorted = new Uint32Array(n);
  for (let shift = 0; shift < 32; shift += DIGIT) {
    const next = new Uint32Array(2 ** DIGIT + 1);
    for (let i = 0; i < n; i++) next[((keys[i]! >>> shift) & (2 ** DIGIT - 1)) + 1]!++;
    for (let digit = 1; digit < next.length; digit++) next[digit]! += next[digit - 1]!;
    for (let i = 0; i < n; i++) {
      const index = order[i]!;
      sorted[next[(keys[index]! >>> shift) & (2 ** DIGIT - 1)]!++] = index;
    }
    [order, sorted] = [sorted, order];
  }
  return order;
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
