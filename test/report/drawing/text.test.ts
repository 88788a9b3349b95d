// The embedded typeface: golden glyphs, measures and cutting.
import { describe, expect, test } from '@jest/globals';
import type { Picture } from '../../../src/data/resize.js';
import { Canvas } from '../../../src/report/drawing/canvas.js';
import { STROKES } from '../../../src/report/drawing/font.js';
import { drawText, measure, shorten } from '../../../src/report/drawing/text.js';

const pixel = (p: Picture, x: number, y: number): number[] =>
  Array.from(p.pixels.subarray((y * p.width + x) * 3, (y * p.width + x) * 3 + 3));

/** A black-on-white picture as lines of characters: '#' ink, '+' more than half covered, '.' less, ' ' paper. */
function ascii(p: Picture): string[] {
  const shade = (v: number): string => (v < 32 ? '#' : v < 128 ? '+' : v < 235 ? '.' : ' ');
  return Array.from({ length: p.height }, (_, y) =>
    Array.from({ length: p.width }, (_, x) => shade(pixel(p, x, y)[0]!))
      .join('')
      .trimEnd(),
  );
}

describe('text', () => {
  const drawn = (text: string, style = {}): string[] => {
    const { width, height } = measure(text, style);
    const canvas = new Canvas(width, height);
    canvas.drawText(0, 0, text, style);
    return ascii(canvas);
  };

  test('golden: straight strokes are sharp, curves smooth', () => {
    expect(drawn('Eg 1?')).toEqual([
      '',
      '',
      '######                .#    .+##.',
      '#                    ++#    +. .#',
      '#        +##+#      .+ #    +   +',
      '#       ++ .+#         #       .#',
      '#####.  #.  .#         #      .#.',
      '#       #    #         #      #.',
      '#       #.  .#         #      .',
      '#       ++ .+#         #      +',
      '######   +##+#       #####    #',
      '             #',
      '        +.  .+',
      '        .+##+.',
      '',
      '',
    ]);
  });

  test('golden: scale 2 and bold', () => {
    const stem = Array<string>(10).fill('##   ##');
    expect(drawn('iL', { scale: 2 }).slice(3, 23)).toEqual([
      '..',
      '##   ++',
      '++   ##',
      '     ##',
      '     ##',
      '++   ##',
      ...stem.concat('##   ##'),
      '##   ###########.',
      '++   +##########.',
      '',
    ]);

    expect(drawn('iL', { bold: true }).slice(0, 12)).toEqual([
      '..',
      '##  ++',
      '++  ##',
      '++  ##',
      ...Array<string>(5).fill('##  ##'),
      '##  ######.',
      '++  +#####.',
      '',
    ]);
  });

  test('every printable character has strokes, all different, within the line', () => {
    const printable = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
    expect(Object.keys(STROKES).sort()).toEqual(printable.sort());
    const pictures = printable.map((c) => {
      const canvas = new Canvas(20, 24);
      canvas.drawText(4, 4, c);
      const rows = ascii(canvas);
      // Nothing above or below the line's 16 rows, nor left of the start; right of the measured width at most a faint column.
      expect([...rows.slice(0, 4), ...rows.slice(20)].join('')).toBe('');
      expect(rows.every((row) => row.slice(0, 4).trim() === '' && row.length <= 4 + measure(c).width + 1)).toBe(true);
      expect(rows.every((row) => !/[#+]/.test(row.slice(4 + measure(c).width)))).toBe(true);
      return rows.join('\n');
    });
    expect(new Set(pictures).size).toBe(94);
    expect(pictures.every((p) => p.includes('#') || p.includes('+'))).toBe(true);
  });

  test('characters beyond ASCII are one question mark each', () => {
    expect(drawn('é\u{1f415}\n')).toEqual(drawn('???'));
  });

  test('measure is what drawText covers, digits are equally wide', () => {
    expect(measure('')).toEqual({ width: 0, height: 16 });
    expect(measure('l')).toEqual({ width: 1, height: 16 });
    expect(measure('ll', { scale: 2 })).toEqual({ width: 7, height: 32 });
    expect(measure('ll', { bold: true })).toEqual({ width: 6, height: 16 });
    expect(new Set(Array.from('0123456789', (d) => measure(d).width))).toEqual(new Set([6]));
    expect(drawText(new Canvas(50, 20), 3, 0, 'abc')).toBe(3 + measure('abc').width);
  });

  test('colour is blended into what lies beneath, and drawing outside is cut off', () => {
    const canvas = new Canvas(4, 16, [10, 20, 30]);
    canvas.drawText(1, 0, 'l', { colour: [200, 100, 50] });
    expect(pixel(canvas, 1, 5)).toEqual([200, 100, 50]);
    expect(pixel(canvas, 0, 5)).toEqual([10, 20, 30]);
    const small = new Canvas(3, 3);
    expect(() => small.drawText(-5, -5, 'WWW')).not.toThrow();
    expect(() => small.drawText(50, 50, 'W')).not.toThrow();
  });

  test('shorten keeps what fits', () => {
    expect(shorten('golden retriever', 1000)).toBe('golden retriever');
    const width = measure('golden...').width;
    expect(shorten('golden retriever', width)).toBe('golden...');
    expect(shorten('golden retriever', width - 1)).toBe('golde...');
    expect(shorten('cat, dog', measure('cat, ...').width)).toBe('cat...');
    expect(shorten('golden retriever', 2)).toBe('');
  });
});
