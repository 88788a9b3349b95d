// What masks of many pictures say together, against closed forms.
import { expect, test } from '@jest/globals';
import { areaUnderRoc, closestPairs, likeness, pairedDifference, unlikeBorder } from '../../src/experiment/mask-statistics.js';
import { moreThan } from '../../src/experiment/run.js';

test('likeness: masks of one class are one pattern, those of the other its negative', () => {
  const pattern = [0.1, 0.9, 0.4, 0.2];
  const masks = Float32Array.from([1, 1, 1, -1, -1, -1].flatMap((sign) => pattern.map((v) => 0.5 + sign * (v - 0.4))));
  const found = likeness(masks, [0, 0, 0, 1, 1, 1], 2, 0, 99);
  expect(found.within).toBeCloseTo(1, 6);
  expect(found.between).toBeCloseTo(-1, 6);
  expect(found.difference).toBeCloseTo(2, 6);
  for (const end of found.interval) expect(end).toBeCloseTo(2, 6);
  // Of the 20 ways to put three labels of each kind two are as good.
  expect(found.p).toBeGreaterThan(0.02);
  expect(found.p).toBeLessThan(0.25);
});

test('likeness: no mask is compared with itself, and labels that say nothing make no difference', () => {
  // Four patterns that do not correlate at all, two a class: all means are 0, which a mask beside itself would lift to 1/2.
  const rows = [[1, 1, 1, 1, -1, -1, -1, -1], [1, 1, -1, -1, 1, 1, -1, -1], [1, -1, 1, -1, 1, -1, 1, -1], [1, -1, -1, 1, 1, -1, -1, 1]]; // prettier-ignore
  const { within, between, difference, p } = likeness(Float32Array.from(rows.flat()), [0, 0, 1, 1], 2, 0, 99);
  for (const v of [within, between, difference]) expect(v).toBeCloseTo(0, 9);
  expect(p).toBe(1);
});

test('pairs of classes, the most alike first', () => {
  const matrix = Float64Array.of(1, 0.2, 0.7, 0.2, 1, 0.4, 0.7, 0.4, 1);
  expect(closestPairs(matrix, 3)).toEqual([{ a: 0, b: 2, likeness: 0.7 }, { a: 1, b: 2, likeness: 0.4 }, { a: 0, b: 1, likeness: 0.2 }]); // prettier-ignore
});

test('area under the ROC curve: 1 in order, 0 in reverse, equals count half', () => {
  const marks = [1, 1, 0, 0, 0];
  expect(areaUnderRoc(Float32Array.of(5, 4, 3, 2, 1), marks)).toBe(1);
  expect(areaUnderRoc(Float32Array.of(1, 2, 3, 4, 5), marks)).toBe(0);
  expect(areaUnderRoc(new Float32Array(5), marks)).toBeCloseTo(0.5, 12);
  // Of the six pairs the second marked one loses two: 4 / 6.
  expect(areaUnderRoc(Float32Array.of(9, 2, 3, 4, 1), marks)).toBeCloseTo(4 / 6, 12);
  expect(areaUnderRoc(Float32Array.of(1, 2), [0, 0])).toBeNaN();
});

test('a square on plain ground is what is unlike the border', () => {
  const [side, area] = [32, 32 * 32];
  const inside = (i: number): boolean => Math.abs(Math.floor(i / side) - 15.5) < 8 && Math.abs((i % side) - 15.5) < 8;
  const pixels = Uint8Array.from({ length: 3 * area }, (_, i) => (inside(i % area) ? [200, 40, 90] : [20, 160, 90])[Math.floor(i / area)]!); // prettier-ignore
  expect(Array.from(unlikeBorder(pixels, side, side))).toEqual(Array.from({ length: area }, (_, i) => Number(inside(i))));
});

test('something small on plain ground is all that is unlike the border', () => {
  const [side, area] = [32, 32 * 32];
  const inside = (i: number): boolean => Math.abs(Math.floor(i / side) - 15.5) < 4 && Math.abs((i % side) - 15.5) < 4;
  const pixels = Uint8Array.from({ length: 3 * area }, (_, i) => (inside(i % area) ? 0 : 255));
  expect(Array.from(unlikeBorder(pixels, side, side))).toEqual(Array.from({ length: area }, (_, i) => Number(inside(i))));
});

test('one pattern for all inputs does not bear out that masks of one class are more alike', () => {
  const pattern = [0.13, 0.97, 0.41, 0.22, 0.7];
  const masks = Float32Array.from(Array.from({ length: 9 }, () => pattern).flat());
  const { interval } = likeness(masks, [0, 0, 0, 1, 1, 1, 2, 2, 2], 3, 0, 9);
  expect(moreThan('more alike', interval[0], 0)).toMatchObject({ asked: 'more than 0', holds: false });
  expect(moreThan('more alike', 0.001, 0).holds).toBe(true);
  expect(moreThan('more alike', NaN, 0).holds).toBe(false);
});

test('one sample says nothing about the spread of its difference', () => {
  const { value, interval } = pairedDifference([3], [1], 0);
  expect([value, ...interval]).toEqual([2, NaN, NaN]);
});

test('paired differences', () => {
  const { value, interval } = pairedDifference([3, 4, 5, 6], [1, 2, 3, 4], 0);
  expect([value, ...interval]).toEqual([2, 2, 2]);
});
