// Largest classes and divergences, against numbers by hand.
import { expect, test } from '@jest/globals';
import { argmax, klDivergence, klOfLabels, topK } from '../../src/core/rows.js';
import { float32 } from '../../src/core/tensor.js';

test('argmax: the first of equals, and of one class whether it is at least a half', () => {
  expect(argmax(float32([1, 3, 3, 2, -1, -2], [2, 3]))).toEqual([1, 0]);
  expect(argmax(float32([0.5, 0.49, 1], [3, 1]))).toEqual([1, 0, 1]);
});

test('topK: largest first, the first of equals first, NaN last, no more than there are', () => {
  expect(topK([0.1, 0.4, 0.1, 0.4, 0.2], 3)).toEqual([1, 3, 4]);
  expect(topK([NaN, 1, -Infinity, 2], 3)).toEqual([3, 1, 0]);
  expect(topK([1, 2], 5)).toEqual([1, 0]);
  expect(topK([], 2)).toEqual([]);
});

test('KL in nats: by hand, 0 of the same, and finite where a class is ruled out', () => {
  expect(klDivergence([0.5, 0.5], [0.25, 0.75], 1e-30)).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 12);
  expect(klDivergence([0.2, 0.8], [0.2, 0.8], 1e-30)).toBe(0);
  expect(klDivergence([1, 0], [0, 1], 1e-30)).toBeCloseTo(30 * Math.log(10), 10);
  expect(klDivergence([1, 0], [NaN, 1], 1e-30)).toBeNaN();
  // One label is two classes.
  expect(klOfLabels([0.5, 1], [0.25, 1], 1e-30)).toBe(klDivergence([0.5, 0.5], [0.25, 0.75], 1e-30));
});
