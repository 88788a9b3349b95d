// PBM, PGM and PPM files: the values that the format's manual says, a refusal for what is unsound, and part of folders.
import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePixels, decodeSprite, pictureSize, readPlanes } from '../../src/data/images.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { mostPixels } from '../../src/data/plain-pictures.js';

const file = (header: string, ...samples: number[]): Uint8Array => Buffer.concat([Buffer.from(header), Buffer.from(samples)]);
const grey = (...values: readonly number[]): number[] => values.flatMap((v) => [v, v, v]);
/** Two rows: red, green; blue, white. */
const FOUR = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];

describe('PNM', () => {
  test.each<[string, Uint8Array, [width: number, height: number], number[]]>([
    ['P1, digits without space between them', file('P1\n# by hand\n3 2\n101\n0 1 0\n'), [3, 2], grey(0, 255, 0, 255, 0, 255)],
    ['P2, a comment in the header', file('P2 2 #width\n 2\n15\n0 5\n10 15'), [2, 2], grey(0, 85, 170, 255)],
    ['P3', file('P3\n2 2\n1\n1 0 0  0 1 0\n0 0 1  1 1 1\n'), [2, 2], FOUR],
    ['P4, rows of whole bytes', file('P4\n10 2\n', 0b10100000, 0b01000000, 0xff, 0xff), [10, 2], grey(0, 255, 0, 255, 255, 255, 255, 255, 255, 0, ...new Array<number>(10).fill(0))], // prettier-ignore
    ['P5', file('P5\n2 1\n255\n', 10, 200), [2, 1], grey(10, 200)],
    ['P5, a sample that looks like white space', file('P5 2 1 255\n', 10, 32), [2, 1], grey(10, 32)],
    ['P5, 12 bits', file('P5 2 1 4095\n', 0x0f, 0xff, 0x08, 0x00), [2, 1], grey(255, 128)],
    ['P6', file('P6\n2 2\n255\n', ...FOUR), [2, 2], FOUR],
    ['P6, the first of two pictures', file('P6 1 1 255\n', 1, 2, 3, ...Buffer.from('P6 1 1 255\nabc')), [1, 1], [1, 2, 3]],
  ])('%s', async (_, bytes, [width, height], pixels) => {
    const picture = await decodePixels(bytes);
    expect([picture.width, picture.height, Array.from(picture.pixels)]).toEqual([width, height, pixels]);
    expect(await pictureSize(bytes)).toEqual([height, width]);
    expect(mostPixels(bytes)).toBeGreaterThanOrEqual(width * height);
  });

  test.each([
    ['of no size', file('P5\n0 4\n255\n'), 'it is cut short or damaged'],
    ['of a huge size', file('P4\n99999999 99999999\n'), 'it has more than 134217728 pixels'],
    ['with a number that does not end', file(`P5\n${'9'.repeat(40)} 1\n255\n`, 0), 'it is cut short or damaged'],
    ['of more than 16 bits', file('P5 1 1 65536\n', 0, 0, 0), 'it is cut short or damaged'],
    [
      'with a sample above its largest',
      file('P5 2 1 100\n', 100, 101),
      'it holds the sample 101, and its largest is said to be 100',
    ],
    ['with a digit that is none', file('P1 2 1 12'), 'it is cut short or damaged'],
    ['with words for numbers', file('P2 2 1 255 ten 20 '), 'it is cut short or damaged'],
  ])('%s is refused', async (_, bytes, reason) =>
    expect(decodePixels(bytes, 'x.ppm')).rejects.toThrow(`Image 'x.ppm': cannot be read (${reason}).`),
  );

  test('any byte cut off is refused, none crashes', async () => {
    for (const whole of [file('P6\n2 2\n255\n', ...FOUR), file('P4\n10 2\n', 1, 2, 3, 4), file('P3 1 1 9 1 2 3')])
      for (let n = 1; n < whole.length; n++)
        await expect(decodePixels(whole.subarray(0, n))).rejects.toThrow("Image 'from memory': cannot be read (");
  });
});

test('folders have them as samples, and sprites are opaque', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lan-pnm-'));
  try {
    for (const [k, name] of ['a', 'b'].entries()) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, '0.ppm'), file('P6\n1 1\n255\n', 9 * k, 20, 30));
      writeFileSync(join(folder, name, '1.PGM'), file('P5\n1 1\n255\n', 40 + k));
    }
    const data = await openDataset(folder);
    const { x } = await data.read([0, 1, 2, 3], { channels: 3, height: 1, width: 1 });
    expect([data.notes, Array.from(x.data as Uint8Array)]).toEqual([[], [0, 20, 30, 40, 40, 40, 9, 20, 30, 41, 41, 41]]);
    const path = join(folder, 'a/0.ppm');
    expect(Array.from((await decodeSprite(path)).alpha)).toEqual([255]);
    expect(Array.from(await readPlanes(path, { channels: 3, height: 1, width: 1 }))).toEqual([0, 20, 30]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
