// What was drawn, as vector graphics: text stays text, pictures are embedded, nothing else is referred to.
import { base64 } from '../../core/base64.js';
import { encodePng } from '../../data/images.js';
import type { Picture } from '../../data/resize.js';
import { ASCENT, CAPITALS, measure, type Colour, type TextStyle } from './text.js';

/** One thing that was drawn. Positions and sizes are in pixels from the upper left corner. */
export type Mark =
  | {
      readonly kind: 'rectangle';
      readonly colour: Colour;
      readonly box: readonly [x: number, y: number, width: number, height: number];
    }
  | { readonly kind: 'line'; readonly colour: Colour; readonly ends: readonly [x0: number, y0: number, x1: number, y1: number] }
  | { readonly kind: 'picture'; readonly picture: Picture; readonly x: number; readonly y: number }
  | { readonly kind: 'text'; readonly text: string; readonly style: TextStyle; readonly x: number; readonly y: number };

/** Capitals of common sans-serif typefaces, as a part of the type size. */
const CAP_HEIGHT = 0.72;

/** The file. Labels and titles are untrusted text: escaped, and without the characters that XML does not allow. */
export async function svgOf(marks: readonly Mark[], width: number, height: number): Promise<string> {
  const drawn = await Promise.all(marks.map(elementOf));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif">`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

async function elementOf(mark: Mark): Promise<string> {
  if (mark.kind === 'picture') {
    const { picture, x, y } = mark;
    const png = base64(await encodePng(picture.pixels, picture.width, picture.height));
    return `<image x="${x}" y="${y}" width="${picture.width}" height="${picture.height}" href="data:image/png;base64,${png}"/>`;
  }
  if (mark.kind === 'rectangle') {
    const [x, y, width, height] = mark.box;
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${hex(mark.colour)}"/>`;
  }
  if (mark.kind === 'line') {
    const [x0, y0, x1, y1] = mark.ends;
    return `<line x1="${x0}" y1="${y0}" x2="${x1}" y2="${y1}" stroke="${hex(mark.colour)}" stroke-width="2"/>`;
  }
  const { text, style, x, y } = mark;
  const { scale = 1, bold = false, colour = [0, 0, 0] } = style;
  // As wide as the drawn one, so that whatever typeface is there nothing runs into its neighbour.
  const length = measure(text, style).width;
  const size = Number(((CAPITALS * scale) / CAP_HEIGHT).toFixed(2));
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${x}" y="${y + (ASCENT + CAPITALS) * scale}" font-size="${size}"${weight} fill="${hex(colour)}" textLength="${length}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped(text)}</text>`;
}

const hex = (colour: Colour): string => `#${colour.map((c) => c.toString(16).padStart(2, '0')).join('')}`;

/** Characters that XML 1.0 does not allow (section 2.2), halves of pairs among them, become U+FFFD. */
const escaped = (text: string): string =>
  text
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
