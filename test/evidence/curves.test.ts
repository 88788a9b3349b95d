// Deletion and insertion curves against closed forms.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { area, CURVE, deletionAndInsertion } from '../../src/evidence/curves.js';
import { constant, linear, subjectOf, uniform } from './toy.js';

const fifths = [0, 0.2, 0.4, 0.6, 0.8, 1];

test('area: trapezoids of unequal width', () => {
  expect(area([0, 0.5, 1], [1, 1, 1])).toBe(1);
  expect(area([0, 0.25, 1], [0, 1, 0])).toBe(0.5);
});

test('a linear model: every point of both curves', async () => {
  const x = float32([1, 2, 3, 4, 5], [1, 5]);
  const [deletion, insertion] = await deletionAndInsertion(subjectOf(linear(), x), x, { fractions: fifths });
  expect(deletion.curve).toEqual({ fraction: fifths, score: [15, 10, 6, 3, 1, 0] });
  expect(insertion.curve).toEqual({ fraction: fifths, score: [0, 5, 9, 12, 14, 15] });
  expect([deletion.value, insertion.value]).toEqual([expect.closeTo(5.5, 12), expect.closeTo(9.5, 12)]);
  expect([deletion.interval, insertion.interval]).toEqual([undefined, undefined]);
  expect([deletion.better, insertion.better]).toEqual(['lower', 'higher']);
  // The reverse order: the curves change places.
  const reverse = float32([5, 4, 3, 2, 1], [1, 5]);
  const [worst] = await deletionAndInsertion(subjectOf(linear(), x), reverse, { fractions: fifths });
  expect(worst.curve!.score).toEqual([15, 14, 12, 9, 5, 0]);
});

test('a model that asks for one element of n: 1/(2n) and 1 - 1/(2n), which go to 0 and 1', async () => {
  for (const n of [10, 1000]) {
    const x = float32(new Float32Array(n).fill(1), [1, n]);
    const need = float32(new Float32Array(n).fill(0), [1, n]);
    (need.data as Float32Array)[7] = 1;
    const indicator = subjectOf((v) => Number(v[7] === 1), x);
    const fractions = Array.from({ length: n + 1 }, (_, i) => i / n);
    const [deletion, insertion] = await deletionAndInsertion(indicator, need, { fractions });
    expect(deletion.value).toBeCloseTo(1 / (2 * n), 12);
    expect(insertion.value).toBeCloseTo(1 - 1 / (2 * n), 12);
  }
});

test('channels of a pixel share its need, and go together', async () => {
  const x = float32([1, 2, 3, 10, 20, 30], [1, 2, 1, 3]);
  const need = float32([0.1, 0.9, 0.5], [1, 1, 1, 3]);
  const [deletion] = await deletionAndInsertion(subjectOf(linear(), x), need, { fractions: [0, 1 / 3, 2 / 3, 1] });
  expect(deletion.curve!.score).toEqual([66, 44, 11, 0]);
});

test('few elements: each count once, whatever fractions were asked for', async () => {
  const x = float32([1, 1], [1, 2]);
  const [deletion] = await deletionAndInsertion(subjectOf(linear(), x), x, { fractions: CURVE });
  expect(deletion.curve).toEqual({ fraction: [0, 0.5, 1], score: [2, 1, 0] });
});

test('noise that varies gives an interval around the mean over draws; the same seed the same numbers', async () => {
  const x = float32([1, 1, 1, 1], [1, 4]);
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  const measured = (seed: number) =>
    deletionAndInsertion(subjectOf(linear(), x, uniform, seed), x, { fractions: quarters, draws: 400 });
  const [deletion, insertion] = await measured(1);
  // E: each replaced element falls from 1 to 1/2, so both lines run straight between 4 and 2.
  expect(deletion.value).toBeCloseTo(3, 1);
  expect(insertion.value).toBeCloseTo(3, 1);
  const [low, high] = deletion.interval!;
  expect(low).toBeLessThan(deletion.value);
  expect(high).toBeGreaterThan(deletion.value);
  // Its width by the central limit: the area weighs the four draws by .125, .375, .625, .875; 3.92 standard errors.
  const deviation = Math.sqrt((0.125 ** 2 + 0.375 ** 2 + 0.625 ** 2 + 0.875 ** 2) / 12 / 400);
  expect((high - low) / (3.92 * deviation)).toBeCloseTo(1, 0);
  expect(await measured(1)).toEqual([deletion, insertion]);
  expect((await measured(2))[0].value).not.toBe(deletion.value);
});

test('the noise is what is left where all is replaced', async () => {
  const x = float32([1, 1], [1, 2]);
  const [deletion, insertion] = await deletionAndInsertion(subjectOf(linear(), x, constant(5)), x);
  expect([deletion.curve!.score.at(-1), insertion.curve!.score[0]]).toEqual([10, 10]);
});
