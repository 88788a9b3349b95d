// The experiments' statistics against closed forms.
import { expect, test } from '@jest/globals';
import { pearson, permutationP, shiftP, smooth } from '../src/experiment/statistics.js';

test('correlation', () => {
  expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(pearson([-1, 1, 1], [0, 0, 2])).toBeCloseTo(0.5, 12);
  expect(pearson([0, 1, 0, 1], [1, 2, 1, 0])).toBeCloseTo(0, 12);
  expect(pearson([1, 1, 1], [1, 2, 3])).toBe(0);
});

test('p by permutation: of 5! orders of five values only one correlates wholly', () => {
  const a = [1, 2, 3, 4, 5];
  expect(permutationP(a, a, 11_999, 0)).toBeCloseTo(1 / 120, 2);
  expect(permutationP(a, [5, 4, 3, 2, 1], 999, 0)).toBe(1);
  expect(permutationP(a, a, 99, 3)).toBe(permutationP(a, a, 99, 3));
});

test('p by shifts: one of all shifts fits a single peak, all of them fit a constant row structure', () => {
  const peak = new Float32Array(12);
  peak[5] = 1;
  expect(shiftP(peak, peak, 3, 4)).toBeCloseTo(1 / 12, 12);
  const rows = Float32Array.from({ length: 12 }, (_, i) => Math.floor(i / 4));
  expect(shiftP(rows, rows, 3, 4)).toBeCloseTo(4 / 12, 12);
});

test('smoothing keeps a constant, and spreads a peak symmetrically', () => {
  for (const v of smooth(new Float32Array(35).fill(0.3), 5, 7, 2)) expect(v).toBeCloseTo(0.3, 6);
  const peak = new Float32Array(49);
  peak[24] = 1;
  const out = smooth(peak, 7, 7, 1);
  expect(out[23]).toBeCloseTo(out[25]!, 7);
  expect(out[23]).toBeCloseTo(out[17]!, 7);
  expect(out[23]! / out[24]!).toBeCloseTo(Math.exp(-0.5), 2);
});
