// The order in which people list names: 2 before 10.
const collator = new Intl.Collator('en', { numeric: true });

/** Natural order, part by part of the path: `a/2.png` before `a/10.png` before `b/1.png`. */
export function inNaturalOrder(a: string, b: string): number {
  const [left, right] = [a.split(/[\\/]/), b.split(/[\\/]/)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = collator.compare(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  // What the collator takes for the same (1 and 01) still needs one order.
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}
