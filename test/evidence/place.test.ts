// Attention in one place whatever the input: the statistic against closed forms, and its verdict on maps that are alike and that are not.
import { expect, test } from '@jest/globals';
import { random } from '../../src/core/random.js';
import { placeOf, thinned, type PlaceMap } from '../../src/evidence/place.js';

const map = (rows: number, columns: number, at: (y: number, x: number) => number): PlaceMap => ({
  rows,
  columns,
  values: Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)),
});
/** A blob of 2 x 2 at a place. */
const blob = (top: number, left: number): PlaceMap =>
  map(8, 8, (y, x) => (y >= top && y < top + 2 && x >= left && x < left + 2 ? 1 : 0));
const stream = random(7, 99);
const anywhere = (i: number): PlaceMap => blob(stream.integer(7, 0, 2 * i), stream.integer(7, 0, 2 * i + 1));

test('maps that are the same correlate by 1, half and half by what their pairs say', () => {
  const same = placeOf(Array.from({ length: 10 }, () => blob(5, 1)))!;
  expect(same).toMatchObject({ maps: 10, correlation: expect.closeTo(1, 9), p: 1 / 200, grid: [8, 8], onePlace: true });
  expect([5, 6]).toContain(same.peak[0]);
  // Two blobs of 4 of 64 cells that do not meet correlate by -4/60: of 45 pairs 20 are equal, 25 not.
  const two = placeOf(Array.from({ length: 10 }, (_, i) => (i % 2 ? blob(0, 0) : blob(5, 5))))!;
  expect(two.correlation).toBeCloseTo((20 - 25 * (4 / 60)) / 45, 9);
  expect(two.onePlace).toBe(false);
});

test('maps that lie anywhere are not one place, and a planted one is found among them', () => {
  const spread = placeOf(Array.from({ length: 40 }, (_, i) => anywhere(i)))!;
  expect(Math.abs(spread.correlation)).toBeLessThan(0.1);
  expect([spread.onePlace, spread.p > 0.01]).toEqual([false, true]);
  const planted = placeOf(Array.from({ length: 40 }, (_, i) => (i % 8 ? blob(6, 6) : anywhere(i))))!;
  expect(planted).toMatchObject({ onePlace: true, p: 1 / 200 });
  expect(planted.correlation).toBeGreaterThan(0.6);
});

test('too few maps, and maps without a place, say nothing', () => {
  expect(placeOf([blob(0, 0), blob(0, 0), blob(0, 0), blob(0, 0)])).toBeUndefined();
  expect(placeOf(Array.from({ length: 9 }, () => map(4, 4, () => 0.5)))).toBeUndefined();
});

test('thinned: each cell is the mean of what lies in it', () => {
  expect(
    Array.from(
      thinned(
        map(4, 4, (y, x) => 4 * y + x),
        2,
      ).values,
    ),
  ).toEqual([2.5, 4.5, 10.5, 12.5]);
  expect(
    Array.from(
      thinned(
        map(1, 5, (_, x) => x),
        2,
      ).values,
    ),
  ).toEqual([1, 3.5]);
  expect(
    thinned(
      map(3, 2, () => 1),
      16,
    ),
  ).toMatchObject({ rows: 3, columns: 2 });
});
