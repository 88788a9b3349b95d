// A small picture on a terminal: by the protocols of kitty, iTerm2 and sixel, or as half blocks, two pixels a character.
import { encodePng } from '../../data/images.js';
import { resize, type Picture } from '../../data/resize.js';
import { scaleNearest } from './colour.js';

/** How a terminal shows pictures: `blocks` in 24-bit colour, `blocks256` in the palette of 256. */
export type TerminalPictures = 'kitty' | 'iterm2' | 'sixel' | 'blocks' | 'blocks256';

const ESC = '\x1b';
/** Characters a line of the picture, at most, and lines. */
const COLUMNS = 40;
const LINES = 18;
/** Pixels of the longer side where pictures are shown as such. */
const PIXELS = 256;
/** Bytes that kitty takes at once. */
const CHUNK = 4096;

/** A picture at most so wide and high, its shape kept. */
function within(picture: Picture, width: number, height: number): Picture {
  const factor = Math.min(width / picture.width, height / picture.height);
  const size = (side: number): number => Math.max(1, Math.round(side * factor));
  return factor >= 2
    ? scaleNearest(picture, size(picture.height), size(picture.width))
    : resize(picture, size(picture.height), size(picture.width));
}

/** What draws the picture on a terminal of this kind, ending with a line end; `indent`: spaces before each line of blocks. */
export async function onTerminal(picture: Picture, kind: TerminalPictures, indent = 2): Promise<string> {
  if (kind === 'blocks' || kind === 'blocks256')
    return halfBlocks(within(picture, COLUMNS, 2 * LINES), kind === 'blocks', indent);
  const large = within(picture, PIXELS, PIXELS);
  if (kind === 'sixel') return `${sixel(large)}\n`;
  const png = Buffer.from(await encodePng(large.pixels, large.width, large.height)).toString('base64');
  if (kind === 'iterm2') return `${ESC}]1337;File=inline=1;height=${LINES};preserveAspectRatio=1:${png}\x07\n`;
  const chunks = png.match(new RegExp(`.{1,${CHUNK}}`, 'g'))!;
  return `${chunks.map((chunk, i) => `${ESC}_G${i === 0 ? `f=100,a=T,r=${LINES},` : ''}m=${i < chunks.length - 1 ? 1 : 0};${chunk}${ESC}\\`).join('')}\n`;
}

/** Red, green and blue of a pixel; black below the last row. */
const at = ({ width, height, pixels }: Picture, x: number, y: number): readonly [number, number, number] => {
  const i = 3 * (y * width + x);
  return y < height ? [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!] : [0, 0, 0];
};

/** Index of a colour in the cube of 6 x 6 x 6 of the 256 colours. */
const palette = (rgb: readonly number[]): number => rgb.reduce((sum, v) => 6 * sum + Math.round((v / 255) * 5), 0) + 16;

/** The upper half of each character cell in the colour of one pixel, the lower half (the background) in that of the one below it. */
function halfBlocks(picture: Picture, trueColour: boolean, indent: number): string {
  const code = (layer: 38 | 48, rgb: readonly [number, number, number]): string =>
    trueColour ? `${layer};2;${rgb.join(';')}` : `${layer};5;${palette(rgb)}`;
  let out = '';
  for (let y = 0; y < picture.height; y += 2) {
    out += ' '.repeat(indent);
    for (let x = 0; x < picture.width; x++)
      out += `${ESC}[${code(38, at(picture, x, y))};${code(48, at(picture, x, y + 1))}m\u2580`;
    out += `${ESC}[0m\n`;
  }
  return out;
}

/** DEC sixel (VT340, 1987): bands of six rows; in each band a line of characters for every colour in it, each character six pixels of that colour. */
function sixel(picture: Picture): string {
  const { width, height } = picture;
  let out = `${ESC}Pq"1;1;${width};${height}`;
  const known = new Set<number>();
  for (let top = 0; top < height; top += 6) {
    const bits = new Map<number, Uint8Array>();
    for (let y = top; y < Math.min(height, top + 6); y++)
      for (let x = 0; x < width; x++) {
        const colour = palette(at(picture, x, y)) - 16;
        let line = bits.get(colour);
        if (!line) bits.set(colour, (line = new Uint8Array(width)));
        line[x]! |= 1 << (y - top);
      }
    for (const [colour, line] of bits) {
      if (!known.has(colour)) {
        const [r, g, b] = [Math.floor(colour / 36), Math.floor(colour / 6) % 6, colour % 6].map((v) => 20 * v);
        out += `#${colour};2;${r};${g};${b}`;
        known.add(colour);
      }
      out += `#${colour}${String.fromCharCode(...line.map((b) => 63 + b))}$`;
    }
    out += '-';
  }
  return `${out}${ESC}\\`;
}
