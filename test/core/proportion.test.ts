// Intervals of a proportion: closed forms, and how often they hold the true rate, counted over all outcomes.
import { expect, test } from '@jest/globals';
import { confidenceSequence, wilson } from '../../src/core/proportion.js';
import { isDecided, leadsFrom } from '../../src/evidence/trials.js';

test('Wilson: of n draws that all kept the answer the lower end is n / (n + z²)', () => {
  expect(wilson(256, 256)).toEqual([expect.closeTo(256 / (256 + 1.959963984540054 ** 2), 12), 1]);
  expect(wilson(0, 0)).toEqual([0, 1]);
});

test('the confidence sequence: where the likelihood is a twentieth of its mixture over Beta(1/2,1/2)', () => {
  // All of n: p^n = (1/2 3/2 ... (n - 1/2) / n!) / 20, the middle binomial coefficient over 4^n.
  for (const n of [1, 2, 8, 56, 256]) {
    let mixture = 1;
    for (let i = 1; i <= n; i++) mixture *= (i - 0.5) / i;
    expect(confidenceSequence(n, n)).toEqual([expect.closeTo((mixture / 20) ** (1 / n), 10), 1]);
  }
  // 1 of 2: p (1 - p) = B(3/2,3/2) / B(1/2,1/2) / 20 = 1/160.
  const low = (1 - Math.sqrt(1 - 4 / 160)) / 2;
  expect(confidenceSequence(1, 2)).toEqual([expect.closeTo(low, 10), expect.closeTo(1 - low, 10)]);
  expect(confidenceSequence(0, 0)).toEqual([0, 1]);
  // Symmetric, and wider than one whose number of draws was fixed before.
  const [a, b] = confidenceSequence(250, 256);
  expect(confidenceSequence(6, 256)).toEqual([expect.closeTo(1 - b, 10), expect.closeTo(1 - a, 10)]);
  expect(a).toBeLessThan(wilson(250, 256)[0]);
  expect(confidenceSequence(256, 256)[0]).toBeCloseTo(0.9755, 3);
});

const [MOST, BATCH] = [256, 8];
const interval = (() => {
  const known = new Map<number, [number, number]>();
  return (k: number, n: number): [number, number] => {
    const key = 1000 * n + k;
    if (!known.has(key)) known.set(key, confidenceSequence(k, n));
    return known.get(key)!;
  };
})();

/** Exactly, over all outcomes: how often the interval misses `p` where draws end by `ends`, looked at every `batch` draws, and how many there are on the average. */
function outcomes(
  p: number,
  batch: number,
  ends: (k: number, n: number) => boolean,
  most = MOST,
  of = interval,
): { missed: number; draws: number } {
  let chance = new Float64Array(MOST + 1);
  chance[0] = 1;
  let [missed, draws] = [0, 0];
  for (let n = 1; n <= most; n++) {
    const next = new Float64Array(MOST + 1);
    for (let k = 0; k < n; k++) {
      next[k]! += chance[k]! * (1 - p);
      next[k + 1]! += chance[k]! * p;
    }
    chance = next;
    if (n % batch !== 0) continue;
    for (let k = 0; k <= n; k++) {
      if (chance[k] === 0 || (n < most && !ends(k, n))) continue;
      const [low, high] = of(k, n);
      if (p < low || p > high) missed += chance[k]!;
      draws += chance[k]! * n;
      chance[k] = 0;
    }
  }
  return { missed, draws };
}

test('of draws that end when the claim is decided it holds the true rate on 95 % or more', () => {
  const level = leadsFrom();
  const decided = (k: number, n: number): boolean => isDecided(k, n, level);
  for (const p of [0.5, 0.8, 0.85, 0.88, 0.9, 0.92, 0.95, 0.98, 0.995]) {
    const { missed } = outcomes(p, BATCH, decided);
    expect([p, missed < 0.05]).toEqual([p, true]);
  }
  // What is always kept is decided after 56 draws, what is lost every other time after 16; near the level nothing is.
  expect(outcomes(1, BATCH, decided).draws).toBe(56);
  expect(outcomes(0.5, BATCH, decided).draws).toBeLessThan(20);
  expect(outcomes(0.9, BATCH, decided).draws).toBeGreaterThan(230);
});

test('whoever looks after each draw and stops where the true rate is outside is right once in twenty at most; by Wilson far more often', () => {
  const LOOKS = 96;
  for (const p of [0.5, 0.9, 0.98]) {
    const missing = (of: (k: number, n: number) => readonly [number, number]) => (k: number, n: number) => {
      const [low, high] = of(k, n);
      return p < low || p > high;
    };
    expect(outcomes(p, 1, missing(interval), LOOKS).missed).toBeLessThan(0.05);
    expect(outcomes(p, 1, missing(wilson), LOOKS, wilson).missed).toBeGreaterThan(0.2);
  }
});
