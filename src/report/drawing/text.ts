// Writes text into pictures with the embedded typeface; no system font is asked for.
import type { Picture } from '../../data/resize.js';
import { STROKES } from './font.js';

/** Red, green and blue, each a whole number in 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** How text is set. Default: scale 1, black, not bold. */
export interface TextStyle {
  /** Pixels per unit of the typeface: 1 gives capitals 9 pixels high, 2 gives 18. Whole numbers are sharpest. */
  readonly scale?: number;
  readonly colour?: Colour;
  readonly bold?: boolean;
}

/** Rows of one line of text at scale 1, from the highest bracket to the lowest descender, with room between lines. */
export const LINE_HEIGHT = 16;
/** Rows above the capitals within a line, at scale 1. */
export const ASCENT = 2;
/** Rows of a capital, at scale 1. */
export const CAPITALS = 9;
/** Units between two characters: two whole pixels at small scales, where less would run together, tighter where it would look loose. */
const gapOf = ({ scale = 1 }: TextStyle): number => (scale < 2 ? 2 : 1.5);
const SPACE = 2;

interface Glyph {
  /** Straight segments x0, y0, x1, y1, one after the other, in units. */
  readonly segments: readonly number[];
  /** Units that the character covers, the pen included, without the gap behind it. */
  readonly width: number;
}

/** Straight pieces per curve: at scale 3 they stay under a pixel long. */
const PIECES = 8;

/** Path data to segments; see font.ts for the commands. */
function parse(path: string): Glyph {
  const segments: number[] = [];
  let [x, y, startX, startY] = [0, 0, 0, 0];
  let right = 0;
  const line = (toX: number, toY: number): void => {
    segments.push(x, y, toX, toY);
    right = Math.max(right, x, toX);
    [x, y] = [toX, toY];
  };
  for (const [, command, rest] of path.matchAll(/([MLHVQZ])([^MLHVQZ]*)/g)) {
    const n = rest!.match(/-?[\d.]+/g)?.map(Number) ?? [];
    if (command === 'M') [x, y, startX, startY] = [n[0]!, n[1]!, n[0]!, n[1]!];
    else if (command === 'L') line(n[0]!, n[1]!);
    else if (command === 'H') line(n[0]!, y);
    else if (command === 'V') line(x, n[0]!);
    else if (command === 'Z') line(startX, startY);
    else {
      const [x0, y0, x1, y1, x2, y2] = [x, y, n[0]!, n[1]!, n[2]!, n[3]!];
      for (let i = 1; i <= PIECES; i++) {
        const t = i / PIECES;
        const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
        line(a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2);
      }
    }
  }
  return { segments, width: Math.round(right) + 1 };
}

const GLYPHS = new Map(Object.entries(STROKES).map(([character, path]) => [character, parse(path)]));
GLYPHS.set(' ', { segments: [], width: SPACE });

/** The glyphs of a text; a character outside printable ASCII (of any number of code units) is one '?'. */
const glyphsOf = (text: string): Glyph[] => Array.from(text, (character) => GLYPHS.get(character) ?? GLYPHS.get('?')!);

/** Pixels from this character's start to the next one's. */
function advanceOf(glyph: Glyph, style: TextStyle): number {
  const pen = style.bold && glyph.segments.length ? 1 : 0;
  return (glyph.width + pen + gapOf(style)) * (style.scale ?? 1);
}

/** Width and height in pixels of one line of `text`, as drawText draws it (a smoothed edge may add one faint column). The empty text is 0 wide. */
export function measure(text: string, style: TextStyle = {}): { width: number; height: number } {
  const scale = style.scale ?? 1;
  const total = glyphsOf(text).reduce((sum, glyph) => sum + advanceOf(glyph, style), 0);
  return { width: Math.max(0, Math.ceil(total - gapOf(style) * scale)), height: Math.ceil(LINE_HEIGHT * scale) };
}

/** Distance from a point to a segment. */
function distance(px: number, py: number, x0: number, y0: number, x1: number, y1: number): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const t = length ? Math.min(1, Math.max(0, ((px - x0) * dx + (py - y0) * dy) / length)) : 0;
  return Math.hypot(px - x0 - t * dx, py - y0 - t * dy);
}

/**
 * Draws one line of text, its upper left corner at (x, y), in `style.colour` (default black), smoothed at slanted edges.
 * Characters outside printable ASCII are drawn as '?'; what lies outside the picture is cut off. Returns the x where the text ends.
 */
export function drawText(picture: Picture, x: number, y: number, text: string, style: TextStyle = {}): number {
  const scale = style.scale ?? 1;
  const colour = style.colour ?? [0, 0, 0];
  const half = (scale * (style.bold ? 2 : 1)) / 2;
  // A pen of even width is centred between pixels, one of odd width on them; both keep straight strokes sharp.
  const centre = half - 0.5;
  // The bold pen's second half goes to the right and upwards, so that bold and regular text share a baseline.
  const top = y + ASCENT * scale + centre - (style.bold ? scale : 0);
  let left = x;
  for (const glyph of glyphsOf(text)) {
    drawGlyph(picture, glyph, left + centre, top, scale, half, colour);
    left += advanceOf(glyph, style);
  }
  return Math.max(x, left - gapOf(style) * scale);
}

/** Every pixel is coloured by how much of it the pen covers: distance to the nearest segment against half the pen's width. */
function drawGlyph(
  picture: Picture,
  glyph: Glyph,
  originX: number,
  originY: number,
  scale: number,
  half: number,
  colour: Colour,
): void {
  const points = glyph.segments.map((v, i) => (i % 2 ? originY : originX) + v * scale);
  if (!points.length) return;
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  const reach = half + 0.5;
  const right = Math.min(picture.width - 1, Math.ceil(Math.max(...xs) + reach));
  const bottom = Math.min(picture.height - 1, Math.ceil(Math.max(...ys) + reach));
  for (let py = Math.max(0, Math.floor(Math.min(...ys) - reach)); py <= bottom; py++) {
    for (let px = Math.max(0, Math.floor(Math.min(...xs) - reach)); px <= right; px++) {
      let nearest = Infinity;
      for (let i = 0; i < points.length; i += 4) {
        nearest = Math.min(nearest, distance(px, py, points[i]!, points[i + 1]!, points[i + 2]!, points[i + 3]!));
      }
      const cover = Math.min(1, reach - nearest);
      if (cover <= 0) continue;
      const at = (py * picture.width + px) * 3;
      for (let c = 0; c < 3; c++) {
        const under = picture.pixels[at + c]!;
        picture.pixels[at + c] = Math.round(under + (colour[c]! - under) * cover);
      }
    }
  }
}

/** The text, or as much of its beginning as fits into `width` pixels with '...' behind it; '' where not even the dots fit. */
export function shorten(text: string, width: number, style: TextStyle = {}): string {
  if (measure(text, style).width <= width) return text;
  const dots = measure('...', style).width;
  if (dots > width) return '';
  let kept = '';
  let left = width - dots;
  for (const character of text) {
    left -= advanceOf(glyphsOf(character)[0]!, style);
    if (left < 0) break;
    kept += character;
  }
  return `${kept.replace(/[\s,;:]+$/, '')}...`;
}

/** The text on lines of at most `width` pixels, broken between words; a word that is too long by itself is cut with '...'. */
export function wrapped(text: string, width: number, style: TextStyle = {}): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines.at(-1)!} ${word}` : word;
    if (lines.length > 0 && measure(longer, style).width <= width) lines[lines.length - 1] = longer;
    else lines.push(shorten(word, width, style));
  }
  return lines;
}
