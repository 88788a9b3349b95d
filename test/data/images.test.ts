// Pictures of every kind that sharp decodes: exact values, and the exact words of every refusal.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import type { Tensor } from '../../src/core/tensor.js';
import { findImages } from '../../src/data/find-images.js';
import { decodePixels, encodePng, readImage } from '../../src/data/images.js';
import { openPictureFolder } from '../../src/data/picture-files.js';
import { SPEC, SPEC2 } from '../support/image-specs.js';
import { animatedPng, crc32 } from '../support/pictures.js';
import { refusal } from '../support/refusal.js';

const EXPECTED = 'Expected a JPEG, PNG, WebP, GIF, TIFF, BMP, PNM or AVIF file.';
let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'lan-data-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A raw sharp picture of one value per channel and pixel. */
const raw = (values: readonly number[], width: number, channels: 1 | 2 | 3 | 4) =>
  sharp(Uint8Array.from(values), { raw: { width, height: values.length / width / channels, channels } });

/** Red, green, blue, white from the upper left, two by two. */
const FOUR = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
const values = (tensor: Tensor): number[] => Array.from(tensor.data as Float32Array);

describe('readImage', () => {
  test('a PNG becomes planes of red, green and blue, 0 to 255 or 0 to 1', async () => {
    await raw(FOUR, 2, 3).png().toFile(at('four.png'));
    const { tensor, note } = await readImage(at('four.png'), SPEC2);
    expect(tensor.type).toBe('float32');
    expect(tensor.dims).toEqual([1, 3, 2, 2]);
    expect(values(tensor)).toEqual([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]);
    expect(note).toBeUndefined();
    const unit = await readImage(await readFile(at('four.png')), { ...SPEC2, range: 1 });
    expect(values(unit.tensor)).toEqual([1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1]);
  });

  test("one channel is PIL's luma", async () => {
    const { tensor } = await readImage(
      await raw([...FOUR], 2, 3)
        .png()
        .toBuffer(),
      { ...SPEC2, channels: 1 },
    );
    expect(tensor.dims).toEqual([1, 1, 2, 2]);
    expect(values(tensor)).toEqual([76, 150, 29, 255]);
  });

  test('greyscale is repeated into three channels and kept exactly in one', async () => {
    const grey = await raw([0, 50, 101, 255], 2, 1).png().toBuffer();
    expect((await sharp(await raw([1], 1, 1).toColourspace('b-w').png().toBuffer()).metadata()).channels).toBe(1);
    const single = await raw([0, 50, 101, 255], 2, 1).toColourspace('b-w').png().toBuffer();
    for (const file of [grey, single]) {
      expect(values((await readImage(file, SPEC2)).tensor)).toEqual([0, 50, 101, 255, 0, 50, 101, 255, 0, 50, 101, 255]);
      expect(values((await readImage(file, { ...SPEC2, channels: 1 })).tensor)).toEqual([0, 50, 101, 255]);
    }
  });

  test('transparency is put on white and noted, an opaque alpha channel is not', async () => {
    const half = await raw([255, 0, 0, 255, 0, 0, 0, 128, 0, 0, 0, 0, 10, 20, 30, 51], 2, 4).png().toBuffer();
    const { tensor, note } = await readImage(half, SPEC2);
    expect(values(tensor)).toEqual([255, 127, 255, 206, 0, 127, 255, 208, 0, 127, 255, 210]);
    expect(note).toBe('transparency put on white');
    const opaque = await raw([1, 2, 3, 255, 4, 5, 6, 255], 2, 4).png().toBuffer();
    expect(await decodePixels(opaque)).toEqual({ width: 2, height: 1, pixels: new Uint8Array([1, 2, 3, 4, 5, 6]) });
  });

  test('16 bits are reduced to 8, in colour, in grey and with alpha', async () => {
    const colour = await sharp(new Uint16Array([0, 65535, 257, 32896, 514, 25700]), { raw: { width: 2, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(colour).metadata()).depth).toBe('ushort');
    expect(Array.from((await decodePixels(colour)).pixels)).toEqual([0, 255, 1, 128, 2, 100]);
    const grey = await sharp(new Uint16Array([0, 65535, 25700]), { raw: { width: 3, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).space).toBe('grey16');
    expect(Array.from((await decodePixels(grey)).pixels)).toEqual([0, 0, 0, 255, 255, 255, 100, 100, 100]);
    const alpha = await sharp(new Uint16Array([0, 10280, 30840, 32896]), { raw: { width: 1, height: 1, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect(Array.from((await decodePixels(alpha)).pixels)).toEqual([127, 147, 187]);
  });

  test('CMYK files become sRGB and say so', async () => {
    const solid = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c04040' } });
    for (const file of [
      await solid.clone().toColourspace('cmyk').tiff().toBuffer(),
      await solid.clone().toColourspace('cmyk').jpeg().toBuffer(),
    ]) {
      expect((await sharp(file).metadata()).space).toBe('cmyk');
      const { tensor, note } = await readImage(file, SPEC);
      expect(note).toBe('CMYK converted to sRGB');
      // The ink profile cannot hold every colour; the red must still be that red, neither inverted nor greyed.
      const [r, g, b] = [0, 16, 32].map((i) => values(tensor)[i]!);
      expect([Math.abs(r! - 0xc0), Math.abs(g! - 0x40), Math.abs(b! - 0x40)].every((d) => d < 25)).toBe(true);
    }
  });

  test('a photo lying on its side (EXIF orientation 6) is turned upright', async () => {
    await raw([255, 0, 0, 0, 255, 0], 2, 3).withMetadata({ orientation: 6 }).png().toFile(at('turned.png'));
    // Stored: red, green side by side. Orientation 6 is shown turned clockwise: red above green.
    expect(await decodePixels(at('turned.png'))).toEqual({
      width: 1,
      height: 2,
      pixels: new Uint8Array([255, 0, 0, 0, 255, 0]),
      note: 'turned upright (EXIF orientation 6)',
    });
  });

  test('of an animation the first frame is taken', async () => {
    const frames = [...Array.from({ length: 4 }, () => [255, 0, 0]), ...Array.from({ length: 4 }, () => [0, 0, 255])].flat();
    const gif = await sharp(Uint8Array.from(frames), { raw: { width: 2, height: 4, channels: 3, pageHeight: 2 } })
      .gif()
      .toBuffer();
    const { tensor, note } = await readImage(gif, SPEC2);
    expect(values(tensor)).toEqual([255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(note).toBe('first of 2 frames');
  });

  test('of an animated PNG the first frame is taken, and it is said', async () => {
    const png = await raw([255, 0, 0], 1, 1).png().toBuffer();
    const animated = animatedPng(png, 3);
    expect((await decodePixels(animated)).note).toBe('first of 3 frames');
    expect((await decodePixels(png)).note).toBeUndefined();
  });

  test.each([
    [6, 'its colours are stored as YCbCr'],
    [32803, "it holds a camera's raw mosaic"],
  ])(
    'a TIFF whose samples are no colours of a screen (photometric %i) is refused, where they were taken for RGB',
    async (photometric, reason) => {
      const tiff = await raw([255, 0, 0, 0, 255, 0], 2, 1).tiff({ compression: 'none' }).toBuffer();
      const at = tiff.indexOf(Buffer.from([0x06, 0x01, 3, 0, 1, 0, 0, 0]));
      tiff.writeUInt16LE(photometric, at + 8);
      await expect(decodePixels(tiff, 'scan.tif')).rejects.toThrow(
        `Image 'scan.tif': cannot be read (${reason}). Save it in RGB.`,
      );
    },
  );

  test('a colour profile of RGB files is ignored, as PIL does', async () => {
    const p3 = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#106020' } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    expect(Buffer.from((await decodePixels(p3)).pixels).equals(stored)).toBe(true);
    expect((await sharp(p3).raw().toBuffer()).equals(stored)).toBe(false);
  });
});

describe('what cannot be read', () => {
  test.each<[string, string, () => Promise<Uint8Array> | Uint8Array]>([
    ['text.jpg', `cannot be read (it is a text). ${EXPECTED}`, () => Buffer.from('no picture at all')],
    ['empty.jpg', `cannot be read (it is empty). ${EXPECTED}`, () => new Uint8Array()],
    [
      'drawing.svg',
      'cannot be read (it is an SVG drawing). Save it as PNG or JPEG.',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'),
    ],
    [
      'paper.pdf',
      'cannot be read (it is a PDF document). Save the page that is meant as PNG or JPEG.',
      () => Buffer.from('%PDF-1.7\n'),
    ],
    [
      'array.npy',
      'cannot be read (it is an array of NumPy (.npy)). Give an array as `tensor`.',
      () => Buffer.from('\x93NUMPY\x01\0', 'latin1'),
    ],
    [
      'no format that is known',
      `cannot be read (it is not a picture, or not in a known format). ${EXPECTED}`,
      () => Uint8Array.of(7, 0, 250, 3, 3, 0, 9),
    ],
    ['short.jpg', `cannot be read (it is cut short or damaged). ${EXPECTED}`, async () => halfOf(await noise('jpeg'))],
    ['header.jpg', `cannot be read (it is cut short or damaged). ${EXPECTED}`, async () => (await noise('jpeg')).subarray(0, 40)],
    ['short.png', `cannot be read (it is cut short or damaged). ${EXPECTED}`, async () => halfOf(await noise('png'))],
    [
      'bomb.png',
      'cannot be read (20000 x 30000 pixels are more than the limit). Expected at most 134217728 pixels; make it smaller first.',
      () => pngOf(20000, 30000),
    ],
  ])('%s', async (name, problem, make) => {
    const bytes = await make();
    await writeFile(at(name), bytes);
    expect(await refusal(readImage(at(name), SPEC))).toBe(`Image '${at(name)}': ${problem}`);
    expect(await refusal(readImage(bytes, SPEC, 'upload'))).toBe(`Image 'upload': ${problem}`);
  });

  test('a missing file and a folder', async () => {
    expect(await refusal(readImage(at('none.jpg'), SPEC))).toBe(
      `Image '${at('none.jpg')}': cannot be read (no such file or folder).`,
    );
    expect(await refusal(readImage(folder, SPEC))).toBe(`Image '${folder}': cannot be read (it is a directory).`);
  });

  const noise = (format: 'jpeg' | 'png'): Promise<Buffer> =>
    raw(
      Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 31 + i * 7) % 251),
      64,
      3,
    )
      .toFormat(format)
      .toBuffer();

  const halfOf = (file: Buffer): Buffer => file.subarray(0, file.length / 2);

  /** The first chunks of a PNG that claims a size; its data would never fill it. */
  function pngOf(width: number, height: number): Buffer {
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type), data]);
      const frame = Buffer.alloc(8);
      frame.writeUInt32BE(data.length, 0);
      frame.writeUInt32BE(crc32(body), 4);
      return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2], 8);
    return Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', head),
      chunk('IDAT', deflateSync(Buffer.alloc(9))),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }
});

describe('PNG and folders', () => {
  test('encodePng keeps every value and checks the count', async () => {
    const pixels = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => i * 5);
    expect(await decodePixels(await encodePng(pixels, 5, 3))).toEqual({ width: 5, height: 3, pixels });
    expect(await refusal(encodePng(pixels, 4, 3))).toBe('A picture of 4 x 3 takes 36 bytes of RGB, received 45.');
  });

  test('findImages finds pictures in subfolders, sorted, and nothing else', async () => {
    const root = at('list');
    await mkdir(join(root, 'b', 'c'), { recursive: true });
    for (const name of ['b/c/2.PNG', 'b/1.jpeg', 'z.webp', 'a.avif', 'notes.txt', '.hidden.png', 'b/x.npy'])
      await writeFile(join(root, name), '');
    expect(await findImages(root)).toEqual(['a.avif', 'b/1.jpeg', 'b/c/2.PNG', 'z.webp'].map((n) => join(root, n)));
  });

  test('an empty folder, a missing one and a file are refused', async () => {
    await mkdir(at('bare'));
    await writeFile(at('file'), '');
    expect(await refusal(openPictureFolder(at('bare')))).toBe(
      `Folder '${at('bare')}': holds no pictures. Expected files ending in .jpg, .jpeg, .jfif, .png, .webp, .gif, .tif, .tiff, .avif, .bmp, .dib, .pbm, .pgm, .ppm, .pnm.`,
    );
    expect(await refusal(findImages(at('absent')))).toBe(`Folder '${at('absent')}': cannot be read (no such file or folder).`);
    expect(await refusal(findImages(at('file')))).toBe(
      `Folder '${at('file')}': cannot be read (a part of the path is a file, not a folder).`,
    );
  });
});
