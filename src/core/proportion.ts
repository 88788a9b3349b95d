// How often something happened, with the interval in which its rate lies.
/** A proportion with its 95 % interval: Wilson's score interval, or where `sequential` the confidence sequence. */
export interface Proportion {
  readonly kept: number;
  readonly draws: number;
  readonly interval: readonly [low: number, high: number];
  /** Draws ended as soon as the interval was decided, which it stands for (see confidenceSequence); absent where their number was fixed before. */
  readonly sequential?: true;
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

/**
 * The 95 % confidence sequence of a proportion, k of n: with a probability of 95 % it holds the true rate at every n at once, so that one may look after each draw and
 * stop when one likes. Those rates p for which the likelihood, mixed over Jeffreys' prior Beta(1/2,1/2), is less than 20 times that of p: the mixture over the
 * likelihood at the true rate is a martingale of mean 1, which ever reaches 20 with a probability of 1/20 at most (Ville, 1939; Robbins, 1970; Howard, Ramdas, McAuliffe
 * and Sekhon, 2021). Wider than Wilson's: of 256 of 256 it is .975 to 1 where that is .985 to 1. [0,1] for n = 0.
 */
export function confidenceSequence(k: number, n: number): [number, number] {
  if (n === 0) return [0, 1];
  // log of B(k + 1/2, n - k + 1/2) / B(1/2, 1/2), one factor a draw.
  let mixture = 0;
  for (let i = 0; i < n; i++) mixture += Math.log((i < k ? i + 0.5 : i - k + 0.5) / (i + 1));
  const times = (count: number, p: number): number => (count === 0 ? 0 : count * Math.log(p));
  const outside = (p: number): boolean => mixture - times(k, p) - times(n - k, 1 - p) >= Math.log(20);
  const edge = (out: number): number => {
    let [far, near] = [out, k / n];
    if (!outside(far)) return far;
    for (let i = 0; i < 60; i++) {
      const middle = (far + near) / 2;
      if (outside(middle)) far = middle;
      else near = middle;
    }
    return far;
  };
  return [edge(0), edge(1)];
}
