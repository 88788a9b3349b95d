// Imputation from neighbours, and ROAD, against closed forms.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { impute } from '../../src/evidence/imputation.js';
import { pixelNeed, road } from '../../src/evidence/road.js';
import { subjectOf } from './toy.js';

const [H, W] = [9, 12];
const ramp = (r: number, c: number): number => 3 + 2 * r - 0.5 * c;
const planeOf = (f: (r: number, c: number) => number): Float32Array =>
  Float32Array.from({ length: H * W }, (_, i) => f(Math.floor(i / W), i % W));

test('a linear ramp is filled in as it was, in every channel, whatever is missing within its border', () => {
  const image = Float32Array.from([...planeOf(ramp), ...planeOf((r, c) => 7 - ramp(r, c))]);
  const known = Uint8Array.from(planeOf((r, c) => Number(r === 0 || c === 0 || r === H - 1 || c === W - 1)));
  const broken = image.map((v, i) => (known[i % known.length] ? v : 99));
  // 99 where it is missing: what stood there must not matter, but for the scale of the tolerance.
  impute(broken, known, H, W, 1e-9).forEach((v, i) => expect(v).toBeCloseTo(image[i]!, 4));
});

test('one missing pixel: straight neighbours 1/6 each, diagonal ones 1/12; in a corner those that there are', () => {
  const image = float32([1, 2, 3, 4, 0, 6, 7, 8, 10], [9]).data as Float32Array;
  const middle = Uint8Array.from(image, (_, i) => Number(i !== 4));
  expect(impute(image, middle, 3, 3)[4]).toBeCloseTo((2 + 4 + 6 + 8) / 6 + (1 + 3 + 7 + 10) / 12, 5);
  const corner = Uint8Array.from(image, (_, i) => Number(i !== 0));
  // (2/6 + 4/6 + 0/12) / (5/12).
  expect(impute(image, corner, 3, 3)[0]).toBeCloseTo(1 / (5 / 12), 5);
});

test('in the middle of a large hole it is off by a few thousandths of the range at most, and by nothing where all is solved', () => {
  const side = 128;
  const image = Float32Array.from({ length: side * side }, (_, i) => 100 * Math.sin(0.013 * i) + 20 * Math.sin(1.7 * i));
  // Four fifths of the picture in one hole, with some known pixels in it.
  const known = Uint8Array.from(image, (_, i) => {
    const [r, c] = [Math.floor(i / side), i % side];
    return Number(Math.hypot(r - 64, c - 64) > 66 || i % 1999 === 0);
  });
  const exact = impute(image, known, side, side, 1e-11);
  const off = impute(image, known, side, side).reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i]!)), 0);
  expect(off / 240).toBeLessThan(0.0025);
  // Each missing pixel is the weighted mean of its neighbours.
  const at = (r: number, c: number): number => exact[r * side + c]!;
  const mean = (r: number, c: number): number =>
    (at(r - 1, c) + at(r + 1, c) + at(r, c - 1) + at(r, c + 1)) / 6 +
    (at(r - 1, c - 1) + at(r - 1, c + 1) + at(r + 1, c - 1) + at(r + 1, c + 1)) / 12;
  for (const [r, c] of [[64, 64], [30, 70], [100, 41]] as const) expect(Math.abs(at(r, c) - mean(r, c))).toBeLessThan(1e-3); // prettier-ignore
});

test('nothing missing, or nothing known: as it was', () => {
  const image = planeOf(ramp);
  expect(impute(image, new Uint8Array(H * W).fill(1), H, W)).toEqual(image);
  expect(impute(image, new Uint8Array(H * W), H, W)).toEqual(image);
});

test('two known pixels settle a plane of one value exactly, and lie between their values otherwise', () => {
  const known = new Uint8Array(H * W);
  known[5] = known[90] = 1;
  const flat = impute(new Float32Array(H * W).fill(2), known, H, W);
  flat.forEach((v) => expect(v).toBeCloseTo(2, 5));
  const image = new Float32Array(H * W);
  [image[5], image[90]] = [1, 3];
  for (const v of impute(image, known, H, W, 1e-9)) expect(v >= 1 - 1e-6 && v <= 3 + 1e-6).toBe(true);
});

test('road: a model of one bright pixel; 1 for the order that names it, -1 for its reverse, 0 for a model that does not look', async () => {
  const x = float32(new Float32Array(H * W), [1, 1, H, W]);
  (x.data as Float32Array)[40] = 1;
  const need = float32(
    Array.from({ length: H * W }, (_, i) => (i === 40 ? 1 : 0)),
    [1, 1, H, W],
  );
  const bright = subjectOf((v) => Number(v[40]! > 0.5), x);
  const best = await road(bright, need);
  expect([best.value, best.interval, best.better]).toEqual([1, [1, 1], 'higher']);
  expect(best.curve).toEqual({ fraction: [0.2, 0.5, 0.8], score: [1, 1, 1] });
  const worst = await road(bright, { ...need, data: (need.data as Float32Array).map((v) => -v) });
  expect(worst.value).toBe(-1);
  expect(
    (
      await road(
        subjectOf(() => 0.7, x),
        need,
      )
    ).value,
  ).toBe(0);
});

test('the need of pixels: as it is, a full one averaged over three channels, none of what is no picture', () => {
  expect(pixelNeed(float32([1, 2, 3, 4], [1, 1, 2, 2]), float32(new Float32Array(12), [1, 3, 2, 2]))!.data).toHaveLength(4);
  const full = float32([1, 2, 3, 4, 1, 2, 3, 4, 4, 5, 6, 7], [1, 3, 2, 2]);
  expect([...pixelNeed(full, full)!.data]).toEqual([2, 3, 4, 5]);
  const text = float32([1, 2, 3], [1, 3, 1]);
  expect(pixelNeed(text, float32(new Float32Array(12), [1, 3, 4]))).toBeUndefined();
  const map = float32(new Float32Array(20), [1, 5, 2, 2]);
  expect(pixelNeed(map, map)).toBeUndefined();
});
