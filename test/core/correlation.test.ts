// Correlations against the values that Quantus pins, and orders with ties.
import { expect, test } from '@jest/globals';
import { random } from '../../src/core/random.js';
import { descending, pearson, spearman } from '../../src/core/correlation.js';

test('pearson', () => {
  expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(pearson([-1, 1, 1], [0, 0, 2])).toBeCloseTo(0.5, 12);
  expect(pearson([0, 1, 0, 1], [1, 2, 1, 0])).toBeCloseTo(0, 12);
  expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0);
  // The mean of seven tenths is a tenth but for a rounding, which is the same in each of them: with a list of one value it correlated by 1.
  const tenths = Array<number>(7).fill(0.1);
  expect([pearson(tenths, tenths), pearson(tenths, [1, 2, 3, 4, 5, 6, 9])]).toEqual([0, 0]);
});

test('spearman: by order alone, equals sharing their rank', () => {
  expect(spearman([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1, 12);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1, 12);
  expect(spearman([-1, 1, 1], [0, 0, 2])).toBeCloseTo(0.5, 12);
  expect(spearman([0, 1, 0, 1], [1, 2, 1, 0])).toBeCloseTo(0, 12);
  expect(spearman([5, 5, 5], [1, 2, 3])).toBe(0);
  // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: sqrt(0.9).
  expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(Math.sqrt(0.9), 12);
});

test('descending: the largest first, of equals the first one', () => {
  expect([...descending([1, 3, 2, 3, 1])]).toEqual([1, 3, 2, 0, 4]);
  expect([...descending(Float32Array.of(1, 3, 2, 3, 1))]).toEqual([1, 3, 2, 0, 4]);
});

test('descending: float32 values are sorted by their bits, doubles by comparing them: the same order', () => {
  const values = Float32Array.of(0, -0, 1e-45, -1e-45, Infinity, -Infinity, 3.4e38, -3.4e38, 1, 1, -1, 0.1, -0.1, -0, 0);
  const more = random(3, 1).normal(new Float32Array(500), 0).map((v) => Math.round(v * 20) / 20); // prettier-ignore
  for (const v of [values, more, new Float32Array(0)]) expect([...descending(v)]).toEqual([...descending(Array.from(v))]);
  expect([...descending(Float32Array.of(NaN, -Infinity, 2))]).toEqual([2, 1, 0]);
});
