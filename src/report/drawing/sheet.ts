// The contact sheet of an audit: rows of pictures with captions, and the bar that explains the colours.
import { LanError } from '../../core/errors.js';
import { resize, type Picture } from '../../data/resize.js';
import { Canvas } from './canvas.js';
import { scaleNearest, type ColourMap } from './colour.js';
import { barWidth, drawBar, ENDS, GAP, INK, LABEL, MARGIN, QUIET, RULE, TITLE, WARNING } from './frame.js';
import { LINE_HEIGHT, measure, shorten, wrapped, type TextStyle } from './text.js';

/** A line; of two parts the first is cut where both are too long: `['German shepherd', '0.93']`. */
export type Caption = string | readonly [cut: string, kept: string];

/** A picture with its captions. */
export interface Tile {
  readonly image: Picture;
  /** Lines beneath the picture; the first is its name, the others are in grey. */
  readonly captions: readonly Caption[];
}

/** Tiles side by side, under one label. */
export interface Row {
  /** On as many lines as it takes. */
  readonly label: string;
  readonly tiles: readonly Tile[];
  /** In grey beneath the tiles, over the whole width. */
  readonly note?: string;
  /** A warning beneath the tiles, over the whole width, on as many lines as it takes. */
  readonly warning?: string;
}

/** What is on a sheet. */
export interface SheetOptions {
  readonly title: string;
  /** One row per beta, say; a label of '' takes no room. */
  readonly rows: readonly Row[];
  /** Whether a bar explains the colours (default: yes), and the words at its ends (default: replaceable, needed). */
  readonly colourBar?: boolean | readonly [low: string, high: string];
  readonly colourMap?: ColourMap;
}

const SIDE = 256;
/** Pictures beside one another before a row goes on below. */
const PER_LINE = 8;

/**
 * A picture brought to a longer side of 224 to 256 pixels: small ones (digits, tanks) enlarged without smoothing, by a whole factor where one
 * leads there, so that every input pixel stays a square of its own; large ones reduced with antialiasing.
 */
export function toTile(picture: Picture): Picture {
  const longer = Math.max(picture.width, picture.height);
  if (longer >= 224 && longer <= SIDE) return picture;
  const whole = Math.floor(SIDE / longer);
  const factor = whole * longer >= 224 ? whole : SIDE / longer;
  const size = (side: number): number => Math.max(1, Math.round(side * factor));
  return factor > 1
    ? scaleNearest(picture, size(picture.height), size(picture.width))
    : resize(picture, size(picture.height), size(picture.width));
}

/** A caption on one line of `width` pixels. */
const fitted = (caption: Caption, width: number, style: TextStyle): string =>
  typeof caption === 'string'
    ? shorten(caption, width, style)
    : `${shorten(caption[0], width - measure(` ${caption[1]}`, style).width - 2, style)} ${caption[1]}`;

interface Line {
  readonly label: string;
  readonly warning: string | undefined;
  readonly note: string | undefined;
  readonly tiles: readonly Tile[];
  readonly imageHeight: number;
  readonly height: number;
}

/** Rows cut into lines of at most PER_LINE tiles, with the heights that they take. */
function linesOf(rows: SheetOptions['rows']): Line[] {
  return rows.flatMap(({ label, tiles, warning, note }) => {
    const count = Math.max(1, Math.ceil(tiles.length / PER_LINE));
    return Array.from({ length: count }, (_, i) => {
      const part = tiles.slice(i * PER_LINE, (i + 1) * PER_LINE).map((t) => ({ image: toTile(t.image), captions: t.captions }));
      const heading = i === 0 ? label : '';
      const imageHeight = Math.max(0, ...part.map((t) => t.image.height));
      const captions = Math.max(0, ...part.map((t) => t.captions.length)) * LINE_HEIGHT;
      const height = imageHeight + (captions ? 6 + captions : 0);
      return {
        label: heading,
        tiles: part,
        imageHeight,
        height,
        warning: i === count - 1 ? warning : undefined,
        note: i === count - 1 ? note : undefined,
      };
    });
  });
}

/**
 * A grid of pictures as a figure: the title, then row by row a heading and its tiles with captions beneath, and a colour bar at the end.
 * Pictures may have any size and are brought to tiles of about 256 pixels; text that is too long is cut with '...'.
 * Throws LanError when there is no picture at all.
 */
export function sheet({ title, rows, colourBar = true, colourMap }: SheetOptions): Canvas {
  const lines = linesOf(rows);
  const columns = Math.max(0, ...lines.map((line) => line.tiles.length));
  if (!columns) throw new LanError('usage', 'A sheet needs at least one picture.');
  // One width for all columns keeps the rows aligned; tall, narrow pictures still leave room for their captions.
  const cell = Math.max(160, ...lines.flatMap((line) => line.tiles.map((t) => t.image.width)));
  const ends = colourBar === true ? ENDS : colourBar || ENDS;
  const inner = Math.max(columns * cell + (columns - 1) * GAP, colourBar ? barWidth(ends) : 0);
  const titleHeight = title ? measure(title, TITLE).height + 16 : 0;
  const barHeight = colourBar ? GAP + 8 + LINE_HEIGHT : 0;
  const warnings = lines.map(({ warning }) => (warning ? wrapped(warning, inner, WARNING) : []));
  const notes = lines.map(({ note }) => (note ? wrapped(note, inner, { colour: QUIET }) : []));
  const labels = lines.map(({ label }) => (label ? wrapped(label, inner, LABEL) : []));
  const room = (texts: readonly string[]): number => (texts.length > 0 ? 8 + texts.length * LINE_HEIGHT : 0);
  const heights = lines.map((line, i) => room(labels[i]!) + line.height + room(notes[i]!) + room(warnings[i]!));
  const height = heights.reduce((sum, h) => sum + h, 0) + (lines.length - 1) * MARGIN;
  const canvas = new Canvas(inner + 2 * MARGIN, height + titleHeight + barHeight + 2 * MARGIN);

  let y = MARGIN;
  if (title) {
    // A long title is set smaller before it is cut.
    const style = measure(title, TITLE).width <= inner ? TITLE : LABEL;
    const offset = style === TITLE ? 0 : LINE_HEIGHT / 2;
    canvas.drawText(MARGIN, y + offset - 4, shorten(title, inner, style), style);
    y += titleHeight;
    canvas.fill(RULE, MARGIN, y - 14, inner, 1);
  }
  for (const [n, line] of lines.entries()) {
    labels[n]!.forEach((text, i) => canvas.drawText(MARGIN, y + i * LINE_HEIGHT, text, LABEL));
    const top = y + room(labels[n]!);
    line.tiles.forEach((tile, i) => {
      const x = MARGIN + i * (cell + GAP);
      canvas.blit(tile.image, x, top);
      tile.captions.forEach((caption, n) => {
        const style: TextStyle = { colour: n ? QUIET : INK };
        canvas.drawText(x, top + line.imageHeight + 6 + n * LINE_HEIGHT, fitted(caption, cell, style), style);
      });
    });
    const beneath = top + line.height + 8;
    notes[n]!.forEach((text, i) => canvas.drawText(MARGIN, beneath + i * LINE_HEIGHT, text, { colour: QUIET }));
    warnings[n]!.forEach((text, i) => canvas.drawText(MARGIN, beneath + room(notes[n]!) + i * LINE_HEIGHT, text, WARNING));
    y += heights[n]! + MARGIN;
  }
  if (colourBar) {
    canvas.fill(RULE, MARGIN, y - MARGIN + GAP, inner, 1);
    drawBar(canvas, MARGIN + inner, y - MARGIN + GAP + 8, ends, colourMap);
  }
  return canvas;
}
