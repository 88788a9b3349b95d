// Figures: sizes, where inputs, attention and bars land, and what is refused.
import { describe, expect, test } from '@jest/globals';
import { LanError } from '../../../src/core/errors.js';
import type { Picture } from '../../../src/data/resize.js';
import { lookupTable } from '../../../src/report/drawing/colour.js';
import { maps, MASKED, numeral, pairs } from '../../../src/report/drawing/figures.js';
import { barWidth, ENDS } from '../../../src/report/drawing/frame.js';
import { measure } from '../../../src/report/drawing/text.js';

const at = (p: Picture, x: number, y: number): number[] =>
  Array.from(p.pixels.slice((y * p.width + x) * 3, (y * p.width + x) * 3 + 3));
const inferno = (share: number): number[] => {
  const i = Math.round(share * 255) * 3;
  return Array.from(lookupTable('inferno').subarray(i, i + 3));
};
const solid = (width: number, height: number, colour: readonly number[]): Picture => ({
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!),
});
const WHITE = [255, 255, 255];
const MARGIN = 24;

describe('pairs', () => {
  const pair = (colour: readonly number[], attention: readonly number[]) => ({
    input: solid(3, 2, colour),
    attention: Float32Array.from(attention),
  });
  const three = [
    pair([10, 20, 30], [0, 1, 0.5, 0, 0, 0]),
    pair([40, 50, 60], [1, 1, 1, 1, 1, 1]),
    pair([70, 80, 90], [0, 0, 0, 0, 0, 1]),
  ];

  test('input above, attention below, line by line', () => {
    const out = pairs(three, { scale: 10, columns: 2 });
    // As wide as the bar; two lines of 20 + 4 + 20 with 16 below each, 8 and the bar.
    expect([out.width, out.height]).toEqual([barWidth(ENDS) + 48, 2 * 60 + 8 + 16 + 48]);
    // Ends with the words, in the last line.
    const bar = out.width - MARGIN - measure('needed').width - 8;
    const row = out.height - MARGIN - 10;
    expect([at(out, bar - 160, row), at(out, bar - 1, row)]).toEqual([inferno(0), inferno(1)]);
    expect([at(out, bar - 161, row), at(out, bar, row)]).toEqual([WHITE, WHITE]);
    expect(at(out, MARGIN, MARGIN)).toEqual([10, 20, 30]);
    expect(at(out, MARGIN + 29, MARGIN + 19)).toEqual([10, 20, 30]);
    expect(at(out, MARGIN + 30, MARGIN)).toEqual(WHITE);
    expect(at(out, MARGIN, MARGIN + 20)).toEqual(WHITE);
    const [y, second] = [MARGIN + 24, MARGIN + 46];
    expect([0, 10, 20].map((x) => at(out, MARGIN + x, y))).toEqual([inferno(0), inferno(1), inferno(0.5)]);
    expect([at(out, second, MARGIN), at(out, second, y)]).toEqual([[40, 50, 60], inferno(1)]);
    const below = MARGIN + 60;
    expect(at(out, MARGIN, below)).toEqual([70, 80, 90]);
    expect(at(out, MARGIN + 29, below + 43)).toEqual(inferno(1));
    expect(at(out, second, below)).toEqual(WHITE);
  });

  test('a title and captions add their lines; the same bytes again', async () => {
    const captioned = three.map((p, i) => ({ ...p, caption: `number ${i}` }));
    const [bare, full] = [pairs(three, { scale: 30 }), pairs(captioned, { scale: 30, title: 'Fig. 2' })];
    // Title of 32 rows and 12 below it, captions of 16 and 4 above them.
    expect([full.width, full.height]).toEqual([bare.width, bare.height + 44 + 20]);
    expect(at(full, MARGIN, MARGIN + 44)).toEqual([10, 20, 30]);
    expect(await pairs(three, { title: 'a' }).toPng()).toEqual(await pairs(three, { title: 'a' }).toPng());
  });

  test('what is refused', () => {
    expect(() => pairs([])).toThrow(new LanError('usage', 'A figure of pairs needs at least one picture.'));
    expect(() => pairs(three, { scale: 1.5 })).toThrow(
      new LanError('usage', 'A figure cannot be enlarged 1.5 times. Expected a whole number above 0.'),
    );
    expect(() => pairs(three, { columns: 0 })).toThrow(
      new LanError('usage', 'A figure cannot have 0 columns. Expected a whole number above 0.'),
    );
    expect(() => pairs([three[0]!, { ...three[1]!, input: solid(2, 2, WHITE) }])).toThrow(
      new LanError('usage', 'Picture 1 is 2 x 2 pixels. Expected 3 x 2, as the first.'),
    );
    expect(() => pairs([{ ...three[0]!, attention: new Float32Array(5) }])).toThrow(
      new LanError('usage', 'Picture 0 of 3 x 2 pixels has 5 attention values. Expected one a pixel.'),
    );
  });
});

describe('maps', () => {
  const values = Float32Array.of(2, 4, 3, 100, NaN, 2);
  const panel = { title: 'a', values, height: 2, width: 3, masked: (i: number) => i === 3 };
  /** Below the panel's title. */
  const TOP = MARGIN + 22;

  test('own range without what is masked; masked cells are dark blue, NaN is grey', () => {
    const out = maps([panel], { scale: 20 });
    expect([out.width, out.height]).toEqual([60 + 48, 22 + 40 + 10 + 10 + 4 + 16 + 48]);
    const cells = [0, 1].flatMap((r) => [0, 1, 2].map((c) => at(out, MARGIN + 20 * c + 5, TOP + 20 * r + 5)));
    expect(cells).toEqual([inferno(0), inferno(1), inferno(0.5), [...MASKED], [128, 128, 128], inferno(0)]);
    // The bar runs from the least to the greatest.
    const bar = TOP + 40 + 10;
    expect([at(out, MARGIN, bar), at(out, MARGIN + 59, bar + 9)]).toEqual([inferno(0), inferno(1)]);
    expect([at(out, MARGIN, bar - 1), at(out, MARGIN, bar + 10)]).toEqual([WHITE, WHITE]);
  });

  test('a range that is given, panels side by side, and a map that is the same everywhere', () => {
    const even = { title: 'b', values: Float32Array.of(7, 7), height: 1, width: 2 };
    const out = maps([{ ...panel, low: 0, high: 4 }, even], { scale: 20, title: 'Fig. 3' });
    expect(out.width).toBe(60 + MARGIN + 40 + 48);
    const top = TOP + 44;
    expect(at(out, MARGIN, top)).toEqual(inferno(0.5));
    expect(at(out, MARGIN + 60 + MARGIN, top)).toEqual(inferno(0.5));
    expect(at(out, MARGIN + 60, top)).toEqual(WHITE);
  });

  test('cells are enlarged to about 200 pixels unless told otherwise, by a whole factor', async () => {
    const one = { title: '', values: new Float32Array(28 * 28), height: 28, width: 28 };
    const [small, large] = [maps([one]), maps([{ ...one, height: 2, width: 392 }])];
    expect([small.width, large.width]).toEqual([28 * 7 + 48, 392 + 48]);
    expect(await maps([one]).toPng()).toEqual(await small.toPng());
  });

  test('what is refused', () => {
    expect(() => maps([])).toThrow(new LanError('usage', 'A figure of maps needs at least one panel.'));
    expect(() => maps([{ ...panel, width: 4 }])).toThrow(
      new LanError('usage', "Map 'a': 4 x 2 cells take 8 values, received 6."),
    );
  });

  test.each([
    [0.4554, 0.47, '0.455'],
    [0.9, 0.47, '0.9'],
    [12.345, 30, '12.3'],
    [1234.5, 2000, '1235'],
    [0, 0.5, '0'],
    [0, 0, '0'],
    [3e-7, 5e-7, '3.0e-7'],
    [2.5e7, 3e7, '2.5e+7'],
  ])('numeral %d of a range of %d', (value, spread, text) => {
    expect(numeral(value, spread)).toBe(text);
  });
});
