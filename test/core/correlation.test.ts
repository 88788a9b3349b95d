// Correlations against the values that Quantus pins, and orders with ties.
import { expect, test } from '@jest/globals';
import { descending, pearson, spearman } from '../../src/core/correlation.js';

test('pearson', () => {
  expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(pearson([-1, 1, 1], [0, 0, 2])).toBeCloseTo(0.5, 12);
  expect(pearson([0, 1, 0, 1], [1, 2, 1, 0])).toBeCloseTo(0, 12);
  expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0);
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
});
