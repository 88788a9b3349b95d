// Sparseness and complexity against closed forms.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { concentration, entropy, gini } from '../../src/evidence/concentration.js';

test('sparseness: 0 for equal needs, (n - 1) / n for one alone, whatever its sign and size', () => {
  expect(gini([1, 1, 1, 1])).toBe(0);
  expect(gini([0, 0, 0, 0])).toBe(0);
  expect(gini([0, 0, 7, 0])).toBeCloseTo(3 / 4, 12);
  expect(gini([0, 0, -7, 0])).toBeCloseTo(3 / 4, 12);
  // (-3*1 - 1*2 + 1*3 + 3*4) / (4 * 10).
  expect(gini([4, 1, 3, 2])).toBeCloseTo(0.25, 12);
});

test('complexity: ln n for equal needs, 0 for one alone', () => {
  expect(entropy([2, 2, 2, 2])).toBeCloseTo(Math.log(4), 12);
  expect(entropy([0, 0, 0, 0])).toBe(Math.log(4));
  expect(entropy([0, -3, 0])).toBe(0);
  expect(entropy([1, 1, 2])).toBeCloseTo(1.5 * Math.LN2, 12);
});

test('both as metrics, with their direction', () => {
  expect(concentration(float32([0, 1], [1, 2])).map((m) => [m.name, m.value, m.better])).toEqual([
    ['sparseness', 0.5, 'higher'],
    ['complexity', 0, 'lower'],
  ]);
});
