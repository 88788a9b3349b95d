// Tank pictures: functions of their numbers, tank and clouds apart from everything else, masks that tell where they are.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { LanError } from '../../../src/core/errors.js';
import { toPlanes } from '../../../src/data/planes.js';
import { box, capsule, circle, convex, Painter } from '../../../src/experiment/data/painter.js';
import { tankSamples } from '../../../src/experiment/data/tank-samples.js';
import { tankPicture } from '../../../src/experiment/data/tank.js';

const SEED = 5;
const both = { tank: true, clouds: true };
const neither = { tank: false, clouds: false };
const count = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Whether each pixel or one of its neighbours within `reach` is in the mask. */
function grown(mask: Uint8Array, size: number, reach: number): Uint8Array {
  return mask.map((_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    for (let r = Math.max(0, row - reach); r <= Math.min(size - 1, row + reach); r++)
      for (let c = Math.max(0, column - reach); c <= Math.min(size - 1, column + reach); c++) if (mask[r * size + c]) return 1;
    return 0;
  });
}

/** Pixels that differ between two pictures. */
const difference = (a: Uint8Array, b: Uint8Array): number[] =>
  Array.from({ length: a.length / 3 }, (_, i) => i).filter((i) => [0, 1, 2].some((c) => a[3 * i + c] !== b[3 * i + c]));

describe('a picture', () => {
  test('has the size asked for, and its masks as well; is the same again, another for another index or seed', () => {
    for (const size of [64, 40]) {
      const { width, height, pixels, clouds, tank, trees } = tankPicture(both, SEED, 3, size);
      expect([width, height, pixels.length]).toEqual([size, size, 3 * size * size]);
      for (const mask of [clouds, tank, trees]) {
        expect(mask.length).toBe(size * size);
        expect(mask.every((v) => v === 0 || v === 1)).toBe(true);
      }
    }
    const one = tankPicture(both, SEED, 3);
    tankPicture(both, SEED, 4);
    expect(tankPicture(both, SEED, 3)).toEqual(one);
    for (const [seed, index] of [
      [SEED, 4],
      [SEED + 1, 3],
    ])
      // prettier-ignore
      expect(difference(tankPicture(both, seed!, index!).pixels, one.pixels).length).toBeGreaterThan(3500);
  });

  // What experiments have been run on: a change here is a change of the data, and belongs into the changelog.
  test('is drawn as it always was', () => {
    expect(hash(tankPicture(both, 1, 0).pixels)).toBe('d711c39d4dcc6b40');
    expect(hash(tankPicture(neither, 2, 7).pixels)).toBe('44d127ef81f8a98c');
  });

  test('masks exclude one another, and are empty for what is not there', () => {
    for (let index = 0; index < 20; index++) {
      const { clouds, tank, trees } = tankPicture(both, SEED, index);
      expect(clouds.every((v, i) => v + tank[i]! + trees[i]! <= 1)).toBe(true);
      expect(count(trees)).toBeGreaterThan(100);
      const empty = tankPicture(neither, SEED, index);
      expect([count(empty.clouds), count(empty.tank)]).toEqual([0, 0]);
    }
  });

  test('clouds and tank take up about as much room, the clouds above, the tank below', () => {
    for (let index = 0; index < 300; index++) {
      const { clouds, tank } = tankPicture(both, SEED, index);
      const [a, b] = [count(clouds), count(tank)];
      expect(a).toBeGreaterThan(130);
      expect(b).toBeGreaterThan(170);
      expect(Math.max(a / b, b / a)).toBeLessThan(2.5);
      expect(clouds.lastIndexOf(1)).toBeLessThan(22 * 64);
      expect(tank.indexOf(1)).toBeGreaterThan(22 * 64);
    }
  });

  test.each([
    ['tank', { tank: true, clouds: false }],
    ['clouds', { tank: false, clouds: true }],
  ] as const)('the %s come and go, and nothing else changes but the rim', (name, content) => {
    for (let index = 0; index < 12; index++) {
      const [without, shown] = [tankPicture(neither, SEED, index), tankPicture(content, SEED, index)];
      const changed = difference(without.pixels, shown.pixels);
      const near = grown(shown[name], 64, 2);
      // Where a tree stands before the tank, a little of it shines through the tree's smooth edge, or reaches past it.
      const tree = grown(shown.trees, 64, 1);
      expect(changed.filter((i) => !near[i] && !tree[i])).toEqual([]);
      expect(changed.filter((i) => !near[i]).length).toBeLessThan(10);
      expect(changed.length).toBeGreaterThan(0.9 * count(shown[name]));
      // With both, the one is where it was alone.
      expect(tankPicture(both, SEED, index)[name]).toEqual(shown[name]);
    }
  });

  test('no single pixel and no mean gives clouds or tank away', () => {
    const n = 200;
    const read = (content: typeof both, first: number): Uint8Array[] =>
      Array.from({ length: n }, (_, i) => tankPicture(content, SEED, first + i).pixels);
    const [yes, no] = [read(both, 0), read(neither, n)];
    /** The best accuracy of a threshold on one number per picture. */
    const separable = (value: (p: Uint8Array) => number): number => {
      const all = [...yes.map((p) => [value(p), 1]), ...no.map((p) => [value(p), -1])].sort((a, b) => a[0]! - b[0]!);
      let [sum, best] = [0, 0];
      all.forEach(([v, sign], i) => {
        sum += sign!;
        if (i + 1 < all.length && all[i + 1]![0] !== v) best = Math.max(best, Math.abs(sum));
      });
      return 0.5 + best / (2 * n);
    };
    expect(separable((p) => p.reduce((a, b) => a + b, 0))).toBeLessThan(0.75);
    for (let pixel = 0; pixel < 64 * 64; pixel += 97) expect(separable((p) => p[3 * pixel]!)).toBeLessThan(0.9);
  });

  test('impossible sizes and indices are refused', () => {
    expect(() => tankPicture(both, 1, 0, 16)).toThrow(
      new LanError('data', 'A tank picture cannot have 16 pixels a side. Expected a whole number from 32 to 1024.'),
    );
    expect(() => tankPicture(both, 1, -1)).toThrow(
      new LanError('data', 'There is no tank picture -1. Expected a whole number from 0 to 536870911.'),
    );
  });
});

describe('samples', () => {
  const set = { count: 4, size: 32, seed: SEED, first: 10 } as const;
  /** The tanks and clouds of four pictures in order. */
  const TANKS = [false, true, false, true];

  test.each([
    ['with tanks', [false, true, false, true]],
    ['without tanks', [true, false, true, false]],
    ['never', [false, false, false, false]],
    ['always', [true, true, true, true]],
  ] as const)('the odd ones have a tank; clouds %s', (clouds, cloudy) => {
    const samples = tankSamples({ ...set, clouds });
    expect([samples.count, samples.shape]).toEqual([4, [3, 32, 32]]);
    expect(Array.from(samples.labels)).toEqual([0, 1, 0, 1]);
    const expected = TANKS.map((tank, i) => tankPicture({ tank, clouds: cloudy[i]! }, SEED, set.first + i, 32));
    const read = samples.read(Uint32Array.of(0, 1, 2, 3));
    expect(read).toEqual(Float32Array.from(expected.flatMap((picture) => Array.from(toPlanes(picture, 3)))));
  });

  test('are read in any order, repeated as well, and each read is a fresh array', () => {
    const samples = tankSamples({ ...set, clouds: 'with tanks' });
    const [a, b] = [samples.read([2]), samples.read([1])];
    const read = samples.read([1, 2, 1]);
    expect(read).toEqual(Float32Array.of(...b, ...a, ...b));
    read.fill(0);
    expect(samples.read([2])).toEqual(a);
  });
});

describe('painter', () => {
  test('distances are negative inside, zero on the edge', () => {
    expect(circle(3, 4, 5)(0, 0)).toBe(0);
    expect(capsule(0, 0, 4, 0, 1)(2, 3)).toBe(2);
    expect(capsule(0, 0, 4, 0, 1)(7, 4)).toBe(4);
    expect(box(0, 0, 10, 6, 0)(5, 3)).toBe(-3);
    expect(box(0, 0, 10, 6, 0)(13, 10)).toBe(5);
    expect(convex([0, 0], [4, 0], [4, 2], [0, 2])(2, 1)).toBe(-1);
    expect(convex([0, 0], [4, 0], [4, 2], [0, 2])(2, 5)).toBe(3);
  });

  test('an edge covers its pixels in part; half or more is signed; what reaches outside is cut off', () => {
    const painter = new Painter(64);
    // From x = -2 to 2.25, so that a quarter of the third column is covered, and to 3.5: half of the fourth.
    painter.paint([-2, 0, 2.25, 1], box(-2, -9, 2.25, 1, 0), [100, 200, 40], 1);
    painter.paint([-2, 1, 3.5, 2], box(-2, 1, 3.5, 9, 0), () => {}, 2);
    const { pixels } = painter.finish(1, new Float32Array(64 * 64));
    expect(Array.from(pixels.subarray(0, 12))).toEqual([100, 200, 40, 100, 200, 40, 25, 50, 10, 0, 0, 0]);
    expect(Array.from(painter.mask(1).subarray(0, 4))).toEqual([1, 1, 0, 0]);
    expect(Array.from(painter.mask(2).subarray(64, 69))).toEqual([1, 1, 1, 1, 0]);
  });

  test('exposure, then grain, then bytes', () => {
    const painter = new Painter(64);
    painter.paint([0, 0, 64, 64], () => -9, [100, 200, 40]);
    const grain = new Float32Array(64 * 64);
    grain.set([-30, 10.4]);
    expect(Array.from(painter.finish(0.5, grain).pixels.subarray(0, 6))).toEqual([20, 70, 0, 60, 110, 30]);
    expect(Array.from(painter.finish(1.5, grain).pixels.subarray(3, 6))).toEqual([160, 255, 70]);
  });
});
