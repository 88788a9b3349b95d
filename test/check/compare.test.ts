// The measure of all comparisons: relative to the largest reference value, down to where float32 loses its digits.
import { expect, test } from '@jest/globals';
import { difference, divergence } from '../../src/check/compare.js';
import { float32 } from '../../src/core/tensor.js';

test('is relative to the largest reference value, at whatever size', () => {
  for (const size of [1, 1e20, 1e-30]) {
    const { maxError, matchFraction } = difference(float32([1.5 * size, 4 * size]), float32([1 * size, 4 * size]), 1e-4);
    expect([maxError.toFixed(6), matchFraction]).toEqual(['0.125000', 0.5]);
  }
});

test('of numbers below 2^-126 is relative to that: they have few digits left, and a step of the last one is no error', () => {
  const step = 2 ** -149;
  const apart = difference(float32([4526 * step]), float32([4521 * step]), 1e-4);
  expect(apart).toMatchObject({ maxError: 5 * 2 ** -23, matchFraction: 1 });
  // An engine that takes them for 0 is found out where they are more than that.
  expect(difference(float32([0]), float32([2 ** -130]), 1e-4)).toMatchObject({ maxError: 2 ** -4, matchFraction: 0 });
});

test('a divergence is one of class scores: numbers that are none have none', () => {
  const of = (reference: number[], value: number[], kind: Parameters<typeof divergence>[2]): number | undefined =>
    divergence(float32(value, [1, value.length]), float32(reference, [1, reference.length]), kind);
  expect(of([0.5, 0.5], [0.25, 0.75], 'probabilities')).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 6);
  expect(of([1, 3], [1, 3], 'logits')).toBe(0);
  expect(of([-Infinity, 3, 2], [-Infinity, 3, 2], 'logits')).toBe(0);
  // A vector that sums to 0, one of counts, one that a Sigmoid never gives, and NaN.
  for (const kind of ['probabilities', 'sigmoid'] as const) expect(of([-1, 1], [-1, 1], kind)).toBeUndefined();
  expect(of([0, 0], [0, 0], 'probabilities')).toBeUndefined();
  expect(of([3, 7], [3, 7], 'probabilities')).toBeUndefined();
  expect(of([NaN, 1], [0, 1], 'logits')).toBeUndefined();
  expect(of([Infinity, 1], [0, 1], 'logits')).toBeUndefined();
});
