// Heat maps, canvas and sheets: exact colours, and where things land on a sheet.
import { describe, expect, test } from '@jest/globals';
import { interpolateInferno, interpolateTurbo } from 'd3-scale-chromatic';
import { LanError } from '../../../src/core/errors.js';
import { float32 } from '../../../src/core/tensor.js';
import { decodePixels } from '../../../src/data/images.js';
import type { Picture } from '../../../src/data/resize.js';
import { Canvas } from '../../../src/report/drawing/canvas.js';
import { scaleBilinear } from '../../../src/core/bilinear.js';
import { heatmap, lookupTable, overlay, pictureOf, scaleNearest } from '../../../src/report/drawing/colour.js';
import { sheet, toTile } from '../../../src/report/drawing/sheet.js';
import { measure, wrapped } from '../../../src/report/drawing/text.js';

const pixel = (p: Picture, x: number, y: number): number[] =>
  Array.from(p.pixels.subarray((y * p.width + x) * 3, (y * p.width + x) * 3 + 3));
const solid = (width: number, height: number, colour: readonly number[]): Picture => ({
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!),
});

describe('colour', () => {
  test("the tables are d3's at their ends and warm is needed", () => {
    const hex = (rgb: ArrayLike<number>): string => `#${Array.from(rgb, (v) => v.toString(16).padStart(2, '0')).join('')}`;
    const inferno = lookupTable('inferno');
    expect(inferno.length).toBe(768);
    for (const i of [0, 85, 255]) expect(hex(inferno.subarray(i * 3, i * 3 + 3))).toBe(interpolateInferno(i / 255));
    const turbo = lookupTable('turbo');
    for (const i of [0, 85, 255])
      expect(`rgb(${Array.from(turbo.subarray(i * 3, i * 3 + 3)).join(', ')})`).toBe(interpolateTurbo(i / 255));
  });

  test('heatmap: ends, middle, values outside and NaN', () => {
    const out = heatmap(Float32Array.of(0, 1, 0.5, -3, 7, NaN, Infinity), 'inferno');
    const [low, high] = [
      [0, 0, 4],
      [252, 255, 164],
    ];
    expect(Array.from(out)).toEqual([
      ...low,
      ...high,
      ...lookupTable('inferno').subarray(384, 387),
      ...low,
      ...high,
      128,
      128,
      128,
      ...high,
    ]);
    expect(heatmap(Float32Array.of(0.3))).toEqual(heatmap(Float32Array.of(0.3), 'inferno'));
  });

  test('overlay: dim grey where replaceable, colour over the bright photo where needed', () => {
    const photo = Uint8Array.of(100, 100, 100, 100, 100, 100, 200, 0, 0, 100, 100, 100);
    const out = overlay(photo, Float32Array.of(0, 1, 0, NaN), 0.5);
    // 55 % of the luma; half of 100 and half of (252, 255, 164); 55 % of 0.299 * 200; half of 100 and half of 128.
    expect(Array.from(out)).toEqual([55, 55, 55, 176, 178, 132, 33, 33, 33, 114, 114, 114]);
    expect(Array.from(overlay(photo.subarray(0, 3), Float32Array.of(1), 0))).toEqual([100, 100, 100]);
    expect(Array.from(overlay(photo.subarray(0, 3), Float32Array.of(1), 1))).toEqual([252, 255, 164]);
    expect(() => overlay(photo, Float32Array.of(1))).toThrow(
      new LanError('usage', 'The overlay has 1 attention values for a photo of 4 pixels.'),
    );
  });

  test('nearest repeats whole pixels in each direction', () => {
    const two = { width: 2, height: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const [a, b] = [
      [1, 2, 3],
      [4, 5, 6],
    ] as const;
    expect(scaleNearest(two, 2, 4)).toEqual({ width: 4, height: 2, pixels: Uint8Array.from([a, a, b, b, a, a, b, b].flat()) });
    expect(Array.from(scaleNearest(two, 1, 3).pixels)).toEqual([...a, ...b, ...b]);
  });

  test('bilinear has half-pixel centres and repeats the edge', () => {
    expect(Array.from(scaleBilinear(Float32Array.of(0, 4), 1, 2, 1, 4))).toEqual([0, 1, 3, 4]);
    expect(Array.from(scaleBilinear(Float32Array.of(0, 4), 2, 1, 4, 1))).toEqual([0, 1, 3, 4]);
    expect(Array.from(scaleBilinear(Float32Array.of(0, 4, 8, 12, 16, 20), 2, 3, 1, 3))).toEqual([6, 10, 14]);
    expect(() => scaleBilinear(Float32Array.of(0), 2, 1, 4, 1)).toThrow('A map of 1 x 2 has 2 values, received 1.');
  });

  test('pictureOf undoes readImage: planes to pixels, range, rounding and cutting', () => {
    expect(pictureOf(float32([1, 0, 0.5, 0.2, 2, -1], [1, 3, 1, 2]), 1)).toEqual({
      width: 2,
      height: 1,
      pixels: Uint8Array.of(255, 128, 255, 0, 51, 0),
    });
    expect(pictureOf(float32([7.4, 7.6], [1, 2, 1]), 255)).toEqual({
      width: 1,
      height: 2,
      pixels: Uint8Array.of(7, 7, 7, 8, 8, 8),
    });
    expect(() => pictureOf(float32([1, 2], [1, 2, 1, 1]), 1)).toThrow(
      'A tensor of shape [1,2,1,1] is no picture. Expected [1,3,height,width] or [1,1,height,width].',
    );
  });
});

describe('canvas', () => {
  test('fill and blit are cut at the edges', () => {
    const canvas = new Canvas(3, 2, [0, 0, 0]).fill([9, 9, 9], 2, -1, 5, 2).blit(solid(2, 2, [1, 2, 3]), -1, 1);
    const grid = [0, 1].map((y) => [0, 1, 2].map((x) => pixel(canvas, x, y)[0]));
    expect(grid).toEqual([
      [0, 0, 9],
      [1, 0, 0],
    ]);
    expect(() => canvas.blit(solid(2, 2, [1, 2, 3]), 5, 5).blit(solid(1, 1, [0, 0, 0]), -9, 0)).not.toThrow();
  });

  test('toPng comes back as drawn; impossible sizes are refused', async () => {
    const canvas = new Canvas(5, 4, [1, 2, 3]).fill([200, 100, 0], 1, 1, 2, 2);
    expect((await decodePixels(await canvas.toPng())).pixels).toEqual(canvas.pixels);
    expect(() => new Canvas(0, 4)).toThrow('A canvas cannot be 0 x 4 pixels. Expected whole numbers above 0.');
  });
});

describe('sheet', () => {
  test.each([
    [28, 28, 252, 252],
    [192, 48, 256, 64],
    [224, 224, 224, 224],
    [256, 100, 256, 100],
    [1080, 540, 256, 128],
    [299, 299, 256, 256],
    [5000, 3, 256, 1],
    [1, 1, 256, 256],
  ])('a picture of %i x %i becomes a tile of %i x %i', (width, height, toWidth, toHeight) => {
    const tile = toTile(solid(width, height, [7, 8, 9]));
    expect([tile.width, tile.height, tile.pixels.length]).toEqual([toWidth, toHeight, toWidth * toHeight * 3]);
    expect(pixel(tile, toWidth - 1, toHeight - 1)).toEqual([7, 8, 9]);
  });

  const RED = [255, 0, 0];
  const BLUE = [0, 0, 255];
  /** Upper left corners and sizes of the areas of one exact colour. */
  const area = (p: Picture, colour: readonly number[]) => {
    const hits = Array.from({ length: p.width * p.height }, (_, i) => [i % p.width, Math.floor(i / p.width)] as const).filter(
      ([x, y]) => pixel(p, x, y).every((v, c) => v === colour[c]),
    );
    const [xs, ys] = [hits.map(([x]) => x), hits.map(([, y]) => y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return { x, y, width: Math.max(...xs) - x + 1, height: Math.max(...ys) - y + 1, count: hits.length };
  };
  const ink = (p: Picture, x: number, y: number, width: number, height: number): number => {
    let count = 0;
    for (let row = y; row < y + height; row++)
      for (let column = x; column < x + width; column++) if (pixel(p, column, row)[0]! < 200) count++;
    return count;
  };

  test('tiles stand side by side with their captions beneath, the bar at the end', () => {
    const rows = [
      {
        label: 'beta 1.5',
        tiles: [
          { image: solid(240, 230, RED), captions: ['dog', '0.93'] },
          { image: solid(28, 28, BLUE), captions: [] },
        ],
      },
    ];
    const page = sheet({ title: 'Dog', rows });
    // Margin 24, title 32 + 16, heading 24; cells as wide as the widest tile, 16 apart.
    expect(area(page, RED)).toEqual({ x: 24, y: 96, width: 240, height: 230, count: 240 * 230 });
    expect(area(page, BLUE)).toEqual({ x: 24 + 252 + 16, y: 96, width: 252, height: 252, count: 252 * 252 });
    expect(page.width).toBe(24 + 252 + 16 + 252 + 24);
    expect(ink(page, 24, 20, 60, 32)).toBeGreaterThan(50);
    expect(ink(page, 24, 72, 80, 16)).toBeGreaterThan(50);
    expect(ink(page, 24, 96 + 252 + 6, 252, 32)).toBeGreaterThan(40);
    expect(ink(page, 292, 96 + 252 + 6, 252, 32)).toBe(0);
    // The bar: black to pale yellow, dark end left, beside the word "needed" that ends at the margin.
    const bar = page.width - 24 - measure('needed').width - 8 - 160;
    const y = page.height - 24 - 8;
    expect(pixel(page, bar, y)).toEqual([0, 0, 4]);
    expect(pixel(page, bar + 159, y)).toEqual([252, 255, 164]);
    const bare = sheet({ title: 'Dog', rows, colourBar: false });
    expect([bare.width, bare.height]).toEqual([page.width, page.height - 40]);
  });

  test('a caption never runs into the next tile', () => {
    const long = 'x'.repeat(500);
    const rows = [
      {
        label: long,
        tiles: [
          { image: solid(224, 224, RED), captions: [long] },
          { image: solid(224, 224, BLUE), captions: [] },
        ],
      },
    ];
    const page = sheet({ title: long, rows });
    expect(ink(page, 24, 326, 224, 16)).toBeGreaterThan(100);
    expect(ink(page, 24 + 224, 326, 16 + 224, 16)).toBe(0);
    expect(ink(page, page.width - 24, 0, 24, page.height)).toBe(0);
  });

  test('a warning stands beneath its row, on as many lines as it takes', () => {
    const tiles = [{ image: solid(224, 224, RED), captions: ['dog'] }];
    const plain = sheet({ title: '', rows: [{ label: '', tiles }], colourBar: false });
    const warning = "caution: noise alone gives 'dog' about as often";
    const page = sheet({ title: '', rows: [{ label: '', tiles, warning }], colourBar: false });
    const lines = wrapped(warning, 224, { bold: true });
    expect(lines.join(' ')).toBe(warning);
    expect(lines.length).toBeGreaterThan(1);
    expect([page.width, page.height]).toEqual([plain.width, plain.height + 8 + 16 * lines.length]);
    const red = area(page, [165, 25, 25]);
    expect(red.count).toBeGreaterThan(200);
    expect(red.y).toBeGreaterThan(24 + 224 + 6 + 16);
    expect(red.y + red.height).toBeLessThanOrEqual(page.height - 24);
    expect(red.x + red.width).toBeLessThanOrEqual(24 + 224);
  });

  test('a row of more than eight goes on below; nothing at all is refused', () => {
    const tiles = Array.from({ length: 9 }, () => ({ image: solid(224, 224, RED), captions: [] }));
    const page = sheet({ title: '', rows: [{ label: '', tiles }], colourBar: false });
    expect([page.width, page.height]).toEqual([24 + 8 * 224 + 7 * 16 + 24, 24 + 224 + 24 + 224 + 24]);
    expect(() => sheet({ title: 'x', rows: [] })).toThrow('A sheet needs at least one picture.');
  });
});
