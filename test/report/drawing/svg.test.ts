// Figures as SVG: what was drawn, with text as text, and nothing of an untrusted label as markup.
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { decodePixels } from '../../../src/data/images.js';
import { Canvas } from '../../../src/report/drawing/canvas.js';
import { sheet } from '../../../src/report/drawing/sheet.js';
import { measure } from '../../../src/report/drawing/text.js';

/** Red, green, blue of a pixel. */
const at = ({ pixels, width }: { pixels: Uint8Array; width: number }, x: number, y: number): number[] => [
  ...pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

/** An SVG file as pixels, as another program draws it. */
async function rastered(svg: string): Promise<{ pixels: Uint8Array; width: number; height: number }> {
  const { data, info } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { pixels: new Uint8Array(data), width: info.width, height: info.height };
}

describe('SVG', () => {
  test('rectangles, lines and pictures lie where they lie in the PNG', async () => {
    const picture = { width: 2, height: 2, pixels: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9) };
    const canvas = new Canvas(40, 30, [250, 240, 230]).fill([1, 2, 3], 5, 6, 7, 8).blit(picture, 20, 10);
    canvas.line([4, 25], [34, 25], [90, 80, 70]);
    const svg = await rastered(await canvas.toSvg());
    const png = await decodePixels(await canvas.toPng());
    expect([svg.width, svg.height]).toEqual([40, 30]);
    for (const [x, y] of [
      [0, 0],
      [5, 6],
      [11, 13],
      [12, 14],
      [20, 10],
      [21, 10],
      [20, 11],
      [21, 11],
      [22, 11],
      [10, 25],
      [30, 25],
    ] as const)
      // prettier-ignore
      expect([x, y, at(svg, x, y)]).toEqual([x, y, at(png, x, y)]);
  });

  test('text is text, as wide as it was drawn, on the line where it was drawn', async () => {
    const canvas = new Canvas(200, 40);
    canvas.drawText(10, 8, 'golden retriever', { scale: 2, bold: true, colour: [16, 32, 255] });
    const { width } = measure('golden retriever', { scale: 2, bold: true });
    expect(await canvas.toSvg()).toContain(
      `<text x="10" y="30" font-size="25" font-weight="bold" fill="#1020ff" textLength="${width}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">golden retriever</text>`,
    );
  });

  test('no label is markup, and none makes the file unreadable', async () => {
    const canvas = new Canvas(400, 20);
    canvas.drawText(0, 0, '</text><script>alert("1")</script>&\u0007\ud800é\u{1f436}');
    const svg = await canvas.toSvg();
    expect(svg).toContain('>&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\ufffd\ufffdé\u{1f436}</text>');
    expect((await rastered(svg)).width).toBe(400);
  });

  test('a sheet refers to nothing outside itself', async () => {
    const image = { width: 4, height: 4, pixels: new Uint8Array(48).fill(120) };
    const svg = await sheet({ title: 'Dog', rows: [{ label: 'beta 1', tiles: [{ image, captions: ['input'] }] }] }).toSvg();
    expect(svg.match(/href="(?!data:image\/png;base64,)/)).toBeNull();
    expect(svg).toContain('>Dog</text>');
    expect(svg).toContain('>input</text>');
    expect(svg.match(/<image /g)).toHaveLength(2); // The picture, and the bar of colours.
  });
});
