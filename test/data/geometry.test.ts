// Resizing and cropping: PIL's values to the byte, torchvision's rounding, and sizes that are refused.
import { describe, expect, test } from '@jest/globals';
import { encodePng, fit, readImage } from '../../src/data/images.js';
import { crop, type Resample, resize } from '../../src/data/resize.js';
import { SPEC, SPEC2 } from '../support/image-specs.js';
import { refusal } from '../support/refusal.js';

describe('geometry', () => {
  /** Every pixel tells its place: red is the column, green the row. */
  const grid = (width: number, height: number) => ({
    width,
    height,
    pixels: Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => [Math.floor(i / 3) % width, Math.floor(i / 3 / width), 0][i % 3]!,
    ),
  });
  const corner = (p: { pixels: Uint8Array }): number[] => Array.from(p.pixels.subarray(0, 2));

  test('the central crop follows torchvision, which rounds half a margin to even', () => {
    const spec = { ...SPEC2, crop: 2 };
    expect(corner(fit(grid(7, 4), spec))).toEqual([2, 1]);
    expect(corner(fit(grid(5, 9), spec))).toEqual([2, 4]);
    expect(corner(fit(grid(3, 2), spec))).toEqual([0, 0]);
  });

  test('resize by the shorter side, to an exact size, and to cover', () => {
    const wide = grid(60, 30);
    const same = { ...SPEC, width: 10, height: 10 };
    // Shorter side 20: 40 x 20, of which columns 15 to 24 and rows 5 to 14 stay; a pixel covers 1.5 of the original.
    expect(corner(fit(wide, { ...same, resize: 20 }))).toEqual([23, 8]);
    // Cover: 20 x 10, columns 5 to 14; a pixel covers 3.
    expect(corner(fit(wide, same))).toEqual([16, 1]);
    expect(corner(fit(wide, { ...same, resize: [10, 10] }))).toEqual([3, 1]);
    expect(corner(fit(wide, { ...same, resize: [10, 10], crop: [10, 10] }))).toEqual([3, 1]);
    const tall = fit(grid(30, 60), { ...same, height: 20 });
    expect([tall.width, tall.height]).toEqual([10, 20]);
  });

  test('what does not lead to the size that the model takes is refused', async () => {
    const file = await encodePng(grid(30, 20).pixels, 30, 20);
    const same = { ...SPEC, width: 10, height: 10 };
    expect(await refusal(readImage(file, { ...same, crop: 12 }, 'x.png'))).toBe(
      "Image 'x.png': a crop of 12 x 12 does not give the 10 x 10 pixels that the model takes.",
    );
    expect(await refusal(readImage(file, { ...same, resize: 8 }, 'x.png'))).toBe(
      "Image 'x.png': it is 12 x 8 pixels after resizing, less than the 10 x 10 to crop. Choose a larger `resize`.",
    );
    const thread = await encodePng(new Uint8Array(30000), 10000, 1);
    expect(await refusal(readImage(thread, { ...same, resize: 256 }, 'x.png'))).toBe(
      "Image 'x.png': cannot be read (2560000 x 256 pixels are more than the limit). Expected at most 134217728 pixels; make it smaller first.",
    );
  });

  // Made with Pillow 11.3: Image.fromarray(a).resize(size, resample), a[i] = (37 i + 5 (i^2 mod 11)) mod 256, 5 x 4 pixels.
  test.each<[Resample, number, number, number[]]>([
    ['bilinear', 2, 3, [117, 111, 148, 158, 132, 117, 128, 163, 137, 132, 130, 109, 104, 141, 137, 133, 175, 99]],
    [
      'bicubic',
      3,
      6,
      [
        64, 94, 137, 201, 75, 129, 148, 197, 88, 87, 123, 163, 133, 100, 148, 181, 146, 115, 124, 162, 174, 77, 138, 152, 191, 96,
        127, 159, 184, 116, 135, 169, 94, 107, 120, 70, 118, 150, 142, 133, 168, 100, 114, 163, 81, 71, 113, 181, 114, 158, 122,
        144, 195, 107,
      ],
    ],
    [
      'lanczos',
      4,
      2,
      [73, 118, 142, 169, 146, 157, 108, 98, 133, 189, 148, 92, 133, 164, 168, 87, 133, 110, 157, 208, 96, 109, 119, 97],
    ],
  ])('%s resizing equals PIL to the byte', (resample, width, height, expected) => {
    const pixels = Uint8Array.from({ length: 60 }, (_, i) => i * 37 + ((i * i) % 11) * 5);
    expect(Array.from(resize({ width: 5, height: 4, pixels }, height, width, resample).pixels)).toEqual(expected);
  });

  test('impossible sizes are refused', () => {
    expect(() => resize(grid(3, 3), 0, 2)).toThrow(
      'A picture cannot be resized to 2 x 0 pixels. Expected whole numbers above 0.',
    );
    expect(() => crop(grid(3, 3), 2, 0, 2, 2)).toThrow('A crop of 2 x 2 at (2, 0) reaches outside a picture of 3 x 3 pixels.');
  });
});
