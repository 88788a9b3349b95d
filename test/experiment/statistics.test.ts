// The experiments' statistics against closed forms.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { boxRatio, permutationP, perPixel, shiftP, smooth } from '../../src/experiment/statistics.js';

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

test('smoothing: a row far from its borders has the weights of the Gaussian, cut at three sigma; sigma 0 changes nothing', () => {
  const row = new Float32Array(15);
  row[7] = 1;
  const total = [-3, -2, -1, 0, 1, 2, 3].reduce((sum, d) => sum + Math.exp((-d * d) / 2), 0);
  const out = smooth(row, 1, 15, 1);
  for (let d = 0; d <= 3; d++) expect(out[7 + d]).toBeCloseTo(Math.exp((-d * d) / 2) / total, 6);
  expect(out[11]).toBe(0);
  // At a border only what lies inside is weighed: the second of three cells is seen by the first with exp(-1/2) of its own weight.
  const [w1, w2] = [Math.exp(-0.5), Math.exp(-2)];
  expect(smooth(Float32Array.of(0, 1, 0), 1, 3, 1)[0]).toBeCloseTo(w1 / (1 + w1 + w2), 6);
  const same = smooth(row, 3, 5, 0);
  expect(same).toEqual(row);
  expect(same).not.toBe(row);
});

test('p by permutation: orders that correlate just as much count, however they round', () => {
  // All values of b but one are the same: 1 order in 3 puts it where it is now.
  expect(Math.abs(permutationP([0.1, 0.7, 0.2], [0.3, 0.9, 0.3], 8999, 1) - 1 / 3)).toBeLessThan(0.02);
  // Whatever the order, nothing correlates with a constant.
  expect(permutationP([1, 2, 3], [4, 4, 4], 99, 0)).toBe(1);
  // Two halves of ten: an order in 252 puts the high ones onto the high ones.
  const halves = [0.1, 0.1, 0.1, 0.1, 0.1, 0.7, 0.7, 0.7, 0.7, 0.7];
  expect(permutationP(halves, halves, 19_999, 2) * 252).toBeGreaterThan(0.75);
  expect(permutationP(halves, halves, 19_999, 2) * 252).toBeLessThan(1.25);
});

test('means inside a mask, and their ratio to those outside', () => {
  const attention = Float32Array.of(0.75, 0.25, 0.5, 0.125, 0.125, 0.125);
  const box = Uint8Array.of(1, 1, 1, 0, 0, 0);
  expect(perPixel(attention, box)).toBe(0.5);
  expect(boxRatio(attention, box)).toBe(4);
  expect(boxRatio(new Float32Array(6).fill(0.25), box)).toBe(1);
  expect(boxRatio(Float32Array.from(box), box)).toBe(Infinity);
  expect(perPixel(attention, new Uint8Array(6))).toBeNaN();
  expect(boxRatio(attention, new Uint8Array(6))).toBeNaN();
  expect(boxRatio(attention, new Uint8Array(6).fill(1))).toBeNaN();
  expect(() => perPixel(attention, new Uint8Array(5))).toThrow(
    new LanError('data', 'A mask of 5 pixels was given for 6 values. Expected one a value.'),
  );
});
