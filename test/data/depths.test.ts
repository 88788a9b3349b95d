// Pictures whose samples are not plain bytes, and BMP files: right values, a note, or a refusal; never a black picture without a word.
import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodePixels, decodeSprite } from '../../src/data/images.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-depths-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const pixelsOf = async (bytes: Uint8Array): Promise<[number[], string | undefined]> => {
  const { pixels, note } = await decodePixels(bytes);
  return [Array.from(pixels), note];
};

/** An uncompressed TIFF of 2 x 2 pixels; format 1: whole numbers, 2: signed, 3: floats. */
function tiff(samples: Float32Array | Uint32Array | Int16Array | Uint16Array, channels: 1 | 3, format: number): Uint8Array {
  const data = Buffer.from(samples.buffer);
  const bits = 8 * samples.BYTES_PER_ELEMENT;
  const at = 8 + data.length;
  const file = Buffer.alloc(at + 2 + 120 + 4 + 12);
  const extra = at + 126;
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(at, 4);
  data.copy(file, 8);
  file.writeUInt16LE(10, at);
  for (let i = 0; i < 3; i++) {
    file.writeUInt16LE(bits, extra + 2 * i);
    file.writeUInt16LE(format, extra + 6 + 2 * i);
  }
  const one = channels === 1;
  const entries = [[256, 4, 1, 2], [257, 4, 1, 2], [258, 3, channels, one ? bits : extra], [259, 3, 1, 1], [262, 3, 1, one ? 1 : 2], [273, 4, 1, 8], [277, 3, 1, channels], [278, 4, 1, 2], [279, 4, 1, data.length], [339, 3, channels, one ? format : extra + 6]]; // prettier-ignore
  entries.forEach(([tag, type, count, value], i) => {
    file.writeUInt16LE(tag!, at + 2 + 12 * i);
    file.writeUInt16LE(type!, at + 4 + 12 * i);
    file.writeUInt32LE(count!, at + 6 + 12 * i);
    file.writeUInt32LE(value!, at + 10 + 12 * i);
  });
  return file;
}
const grey = (values: readonly number[]): number[] => values.flatMap((v) => [v, v, v]);

describe('samples', () => {
  test('floats in 0..1 are scaled', async () => {
    expect(await pixelsOf(tiff(Float32Array.of(0, 0.25, 0.5, 1), 1, 3))).toEqual([
      grey([0, 64, 128, 255]),
      'float samples 0..1 scaled to 0..255',
    ]);
    const rgb = Float32Array.of(0, 0.25, 0.5, 1, 1, 1, 0.5, 0.5, 0.5, 0, 0.1, 0.2);
    expect((await pixelsOf(tiff(rgb, 3, 3)))[0]).toEqual([0, 64, 128, 255, 255, 255, 128, 128, 128, 0, 26, 51]);
  });

  test('whole numbers in floats are taken as they are', async () =>
    expect(await pixelsOf(tiff(Float32Array.of(0, 7, 200, 255), 1, 3))).toEqual([
      grey([0, 7, 200, 255]),
      'float samples taken as 0..255',
    ]));

  test.each([
    ['-0.5 to 1', Float32Array.of(0, -0.5, 0.5, 1), 3, 'its float samples run from -0.5 to 1'],
    ['0 to 2.5', Float32Array.of(0, 0.25, 0.5, 2.5), 3, 'its float samples run from 0 to 2.5'],
    ['NaN', Float32Array.of(0, NaN, 0.5, 1), 3, 'its float samples run from NaN to NaN'],
    ['32 bits', Uint32Array.of(0, 1, 2, 70000), 1, 'its samples are of type uint'],
    ['16 bits with a sign', Int16Array.of(0, -1, 2, 700), 2, 'its samples are of type short'],
  ] as const)('%s are refused', async (_, samples, format, reason) =>
    expect(decodePixels(tiff(samples, 1, format), 'x.tif')).rejects.toThrow(`Image 'x.tif': cannot be read (${reason}).`),
  );

  test('12 bits in 16 are noted, 16 bits are not', async () => {
    const png16 = (values: readonly number[]): Promise<Uint8Array> =>
      sharp(Uint16Array.from(values), { raw: { width: 2, height: 2, channels: 1 } }).toColourspace('grey16').png().toBuffer(); // prettier-ignore
    const [dark, note] = await pixelsOf(await png16([0, 1000, 2000, 4095]));
    expect(Math.max(...dark)).toBe(15);
    expect(note).toBe('of its 16-bit samples the largest is 4095: if they have 12 bits, the picture is 16 times too dark here');
    expect((await pixelsOf(await png16([0, 1000, 2000, 65535])))[1]).toBeUndefined();
    expect((await pixelsOf(await png16([0, 0, 0, 0])))[1]).toBeUndefined();
  });
});

/** A BMP file: header of `size` bytes, then `between` (masks, palette), then rows. */
function bmp(
  bits: number,
  height: number,
  between: readonly number[],
  rows: readonly number[],
  { size = 40, compression = 0, width = 2 } = {},
): Uint8Array {
  const start = 14 + size + between.length;
  const file = Buffer.alloc(start + rows.length);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(start, 10);
  file.writeUInt32LE(size, 14);
  if (size === 12) {
    file.writeUInt16LE(width, 18);
    file.writeUInt16LE(height, 20);
    file.writeUInt16LE(1, 22);
    file.writeUInt16LE(bits, 24);
  } else {
    file.writeInt32LE(width, 18);
    file.writeInt32LE(height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(bits, 28);
    file.writeUInt32LE(compression, 30);
  }
  Buffer.from(between).copy(file, 14 + size);
  Buffer.from(rows).copy(file, start);
  return file;
}
/** Two rows: red, green; blue, white. */
const FOUR = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
const [R, G, B, W] = [[0, 0, 255], [0, 255, 0], [255, 0, 0], [255, 255, 255]] as const; // prettier-ignore
const PALETTE = [...R, 0, ...G, 0, ...B, 0, ...W, 0];

describe('BMP', () => {
  test.each([
    ['24 bits, from below', bmp(24, 2, [], [...B, ...W, 0, 0, ...R, ...G, 0, 0])],
    ['24 bits, from above', bmp(24, -2, [], [...R, ...G, 0, 0, ...B, ...W, 0, 0])],
    ['24 bits, the long header', bmp(24, 2, [], [...B, ...W, 0, 0, ...R, ...G, 0, 0], { size: 124 })],
    ['24 bits, the header of OS/2', bmp(24, 2, [], [...B, ...W, 0, 0, ...R, ...G, 0, 0], { size: 12 })],
    ['32 bits', bmp(32, 2, [], [...B, 0, ...W, 0, ...R, 0, ...G, 0])],
    [
      '32 bits, with masks',
      bmp(32, 2, [255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0], [0, 0, 255, 0, 255, 255, 255, 0, 255, 0, 0, 0, 0, 255, 0, 0], {
        compression: 3,
      }),
    ],
    ['8 bits, a palette', bmp(8, 2, PALETTE, [2, 3, 0, 0, 0, 1, 0, 0])],
    ['4 bits, a palette', bmp(4, 2, PALETTE, [0x23, 0, 0, 0, 0x01, 0, 0, 0])],
  ])('%s', async (_, file) => expect(await pixelsOf(file)).toEqual([FOUR, undefined]));

  test('1 bit, 10 pixels wide', async () => {
    const { width, pixels } = await decodePixels(bmp(1, 1, [0, 0, 0, 0, ...W, 0], [0b10100000, 0b01000000, 0, 0], { width: 10 }));
    expect([width, Array.from(pixels)]).toEqual([10, grey([255, 0, 255, 0, 0, 0, 0, 0, 0, 255])]);
  });

  test.each([
    ['cut short', bmp(24, 2, [], [1, 2, 3]), 'it is cut short or damaged'],
    [
      'compressed',
      bmp(8, 2, PALETTE, [2, 3, 0, 0, 0, 1, 0, 0], { compression: 1 }),
      'it is a BMP file of 8 bits, compression 1, which is not read',
    ],
    ['of a negative width', bmp(24, 2, [], [], { width: -5 }), 'it is cut short or damaged'],
    ['of a huge size', bmp(24, 2 ** 30, [], [], { width: 2 ** 30 }), 'it has more than 134217728 pixels'],
    [
      'of odd masks',
      bmp(32, 1, [1, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0], new Array<number>(8).fill(0), { compression: 3 }),
      'it is a BMP file with colours of an odd number of bits, which is not read',
    ],
  ])('%s is refused', async (_, file, reason) =>
    expect(decodePixels(file, 'x.bmp')).rejects.toThrow(`Image 'x.bmp': cannot be read (${reason}).`),
  );

  test('any byte cut off is refused, none crashes', async () => {
    const whole = bmp(8, 2, PALETTE, [2, 3, 0, 0, 0, 1, 0, 0]);
    for (let n = 1; n < whole.length; n++)
      await expect(decodePixels(whole.subarray(0, n))).rejects.toThrow("Image 'from memory': cannot be read (");
  });
});

test('sprites: damaged ones are refused, those without opacity are opaque', async () => {
  const jpeg = await sharp({ create: { width: 40, height: 40, channels: 3, background: 'red', noise: { type: 'gaussian', mean: 128, sigma: 60 } } }).jpeg().toBuffer(); // prettier-ignore
  const path = join(folder, 'sprite.jpg');
  writeFileSync(path, jpeg.subarray(0, jpeg.length / 2));
  await expect(decodeSprite(path)).rejects.toThrow(`Image '${path}': cannot be read (it is cut short or damaged).`);
  writeFileSync(path, bmp(24, 2, [], [...B, ...W, 0, 0, ...R, ...G, 0, 0]));
  const { pixels, alpha } = await decodeSprite(path);
  expect([Array.from(pixels), Array.from(alpha)]).toEqual([FOUR, [255, 255, 255, 255]]);
});
