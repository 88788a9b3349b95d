// How often something happened, with the interval in which its rate lies.
/** A proportion with its 95 % Wilson score interval. */
export interface Proportion {
  readonly kept: number;
  readonly draws: number;
  readonly interval: readonly [low: number, high: number];
}

/**
 * Wilson's 95 % score interval of a proportion (E. B. Wilson, 1927): k of n, z = 1.959964. [0,1] for n = 0.
 */
export function wilson(k: number, n: number): [number, number] {
  if (n === 0) return [0, 1];
  const z = 1.959963984540054;
  const p = k / n;
  const centre = p + (z * z) / (2 * n);
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}
