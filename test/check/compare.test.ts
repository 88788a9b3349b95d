// The measure of all comparisons: relative to the largest reference value, down to where float32 loses its digits.
import { expect, test } from '@jest/globals';
import { difference } from '../../src/check/compare.js';
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
