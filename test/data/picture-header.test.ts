// What a browser is told of a picture by its first bytes is what sharp says of the same file in Node, and so is the note.
import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { decodePixels } from '../../src/data/images.js';
import { changesOf } from '../../src/data/picture-notes.js';
import { upright } from '../../src/web/decode.js';
import { headerOf } from '../../src/web/picture-header.js';
import { largestSample } from '../../src/web/png-samples.js';
import { FILES, grey16 } from '../support/pictures.js';

test.each(Object.entries(FILES))('%s', async (name, make) => {
  const bytes = await make();
  const { orientation = 1, pages, space, depth } = await sharp(bytes).metadata();
  const { isOpaque } = await sharp(bytes).stats();
  const { orientationAt, ...facts } = headerOf(bytes);
  // Of an animated PNG sharp does not tell how many there are.
  const frames = pages ?? (/three frames/.test(name) ? 3 : 1);
  expect(facts).toEqual({ orientation, frames, cmyk: space === 'cmyk', wide: depth === 'ushort' });
  expect(orientationAt !== undefined).toBe(orientation > 1);
  const largest = facts.wide ? await largestSample(bytes) : undefined;
  expect(changesOf(facts, !isOpaque, largest)).toBe((await decodePixels(bytes)).note);
});

test('cut short or of another format there is nothing to say, and nothing is thrown', async () => {
  for (const make of Object.values(FILES)) {
    const bytes = await make();
    for (let length = 0; length < Math.min(bytes.length, 200); length += 3) expect(headerOf(bytes.subarray(0, length)).frames).toBeGreaterThan(0);
  }
  for (const junk of [[], [0xff, 0xd8], [0x47, 0x49, 0x46, 0x38], [0x89, 0x50, 0x4e, 0x47], new Array<number>(64).fill(0xff)])
    expect(headerOf(Uint8Array.from(junk))).toEqual({ orientation: 1, frames: 1, cmyk: false, wide: false });
  const cut = (await grey16(3000)).subarray(0, 60);
  expect(await largestSample(cut)).toBeUndefined();
}); // prettier-ignore

describe('the largest of 16 bits', () => {
  test.each([0, 1, 255, 256, 4095, 40_000, 65_535])('%i', async (most) =>
    expect(await largestSample(await grey16(most))).toBe(most),
  );

  test.each([
    ['interlaced', (s: Sharp) => s.png({ progressive: true })],
    ['with every filter', (s: Sharp) => s.png({ adaptiveFiltering: true })],
    ['in colours, opacity aside', (s: Sharp) => s.toColourspace('rgb16').ensureAlpha().png()],
  ] as const)('%s', async (_, as) => {
    const [width, height] = [37, 23];
    const data = Uint16Array.from({ length: width * height }, (_, i) => (i * 7919) % 3001);
    data[500] = 3777;
    const made = as(sharp(data, { raw: { width, height, channels: 1 } }).toColourspace('grey16'));
    expect(await largestSample(await made.toBuffer())).toBe(3777);
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('turned upright from orientation %i as sharp does it', async (orientation) => {
  const [width, height] = [3, 2];
  const rgba = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : 40 * Math.floor(i / 4)));
  const file = await sharp(rgba, { raw: { width, height, channels: 4 } }).withMetadata({ orientation }).tiff({ compression: 'none' }).toBuffer();
  const { data, info } = await sharp(file).autoOrient().ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual(orientation >= 5 ? [height, width] : [width, height]);
  expect(Array.from(upright(rgba, width, height, orientation))).toEqual(Array.from(data));
}); // prettier-ignore
