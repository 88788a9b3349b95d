// Figures of experiments: inputs with the attention below them, and maps of values as colours.
import { LanError } from '../../core/errors.js';
import type { Picture } from '../../data/resize.js';
import type { MapPanel } from '../../experiment/run.js';
import { Canvas } from './canvas.js';
import { heatmap, scaleNearest, type ColourMap } from './colour.js';
import { barWidth, drawBar, drawRamp, ENDS, GAP, LABEL, MARGIN, QUIET, RULE, TITLE } from './frame.js';
import { LINE_HEIGHT, measure, shorten, type Colour, type TextStyle } from './text.js';

/** How a figure is drawn. */
export interface FigureOptions {
  /** Above everything; set smaller, then cut with '...' where it is too long. */
  readonly title?: string;
  /** Pixels a side that one pixel or cell is drawn with, a whole number above 0; default: as many as bring the longer side to about 200. */
  readonly scale?: number;
  readonly colourMap?: ColourMap;
}

/** A picture and the attention on it, [height * width] of the picture's size, in [0,1], 1 = needed. */
export interface Pair {
  readonly input: Picture;
  readonly attention: Float32Array;
  readonly caption?: string;
}

const SIDE = 200;
/** Between an input and its attention. */
const SEAM = 4;
/** Of the ramp below a map, and its distance. */
const RAMP = { height: 10, gap: 10 };

/** What no colour map contains: told apart from "least", which is black in inferno. */
export const MASKED: Colour = [24, 38, 92];

/** The title in a new canvas of this inner size; returns where the figure proper begins. */
function begin(title: string | undefined, width: number, height: number): { canvas: Canvas; top: number } {
  // A title may widen a small figure, up to three of its widths, before it is set smaller.
  const style = title && measure(title, TITLE).width > width ? LABEL : TITLE;
  const inner = Math.max(width, title ? Math.min(measure(title, style).width, 3 * width) : 0);
  const above = title ? measure(title, style).height + 12 : 0;
  const canvas = new Canvas(inner + 2 * MARGIN, height + above + 2 * MARGIN);
  if (title) canvas.drawText(MARGIN, MARGIN - 4, shorten(title, inner, style), style);
  return { canvas, top: MARGIN + above };
}

/** Throws LanError unless the scale asked for is a whole number above 0. */
function scaleOf(asked: number | undefined, longerSide: number): number {
  const scale = asked ?? Math.max(1, Math.floor(SIDE / longerSide));
  if (!Number.isInteger(scale) || scale < 1)
    throw new LanError('usage', `A figure cannot be enlarged ${scale} times. Expected a whole number above 0.`);
  return scale;
}

/**
 * Pictures with the attention on each below it, `columns` to a line (Fig. 2), and the bar that explains the colours. Throws LanError for
 * no picture, sizes that differ, and a scale or columns that are not whole numbers above 0.
 */
export function pairs(
  items: readonly Pair[],
  { title, scale: asked, columns = 8, colourMap }: FigureOptions & { readonly columns?: number } = {},
): Canvas {
  const first = items[0]?.input;
  if (!first) throw new LanError('usage', 'A figure of pairs needs at least one picture.');
  if (!Number.isInteger(columns) || columns < 1)
    throw new LanError('usage', `A figure cannot have ${columns} columns. Expected a whole number above 0.`);
  const scale = scaleOf(asked, Math.max(first.width, first.height));
  for (const [i, { input, attention }] of items.entries()) {
    if (input.width !== first.width || input.height !== first.height)
      throw new LanError(
        'usage',
        `Picture ${i} is ${input.width} x ${input.height} pixels. Expected ${first.width} x ${first.height}, as the first.`,
      );
    if (attention.length !== input.width * input.height)
      throw new LanError(
        'usage',
        `Picture ${i} of ${input.width} x ${input.height} pixels has ${attention.length} attention values. Expected one a pixel.`,
      );
  }
  const [width, height] = [first.width * scale, first.height * scale];
  const captioned = items.some((item) => item.caption);
  const block = 2 * height + SEAM + (captioned ? LINE_HEIGHT + 4 : 0);
  const across = Math.min(columns, items.length);
  const lines = Math.ceil(items.length / columns);
  const inner = Math.max(across * (width + GAP) - GAP, barWidth(ENDS));
  const tall = lines * (block + GAP);
  const { canvas, top } = begin(title, inner, tall + 8 + LINE_HEIGHT);
  items.forEach(({ input, attention, caption }, i) => {
    const x = MARGIN + (i % columns) * (width + GAP);
    const y = top + Math.floor(i / columns) * (block + GAP);
    const below = { width: first.width, height: first.height, pixels: heatmap(attention, colourMap) };
    canvas.blit(scaleNearest(input, height, width), x, y);
    canvas.blit(scaleNearest(below, height, width), x, y + height + SEAM);
    if (caption) canvas.drawText(x, y + 2 * height + SEAM + 4, shorten(caption, width, { colour: QUIET }), { colour: QUIET });
  });
  canvas.fill(RULE, MARGIN, top + tall, canvas.width - 2 * MARGIN, 1);
  drawBar(canvas, canvas.width - MARGIN, top + tall + 8, ENDS, colourMap);
  return canvas;
}

/** The ends of a panel's colours. Throws LanError when the values do not fill the map. */
function rangeOf({ title, values, height, width, low, high, masked }: MapPanel): [number, number] {
  if (values.length !== height * width || values.length === 0)
    throw new LanError(
      'usage',
      `Map '${title}': ${width} x ${height} cells take ${height * width} values, received ${values.length}.`,
    );
  let [least, greatest] = [Infinity, -Infinity];
  values.forEach((v, i) => {
    if (Number.isFinite(v) && !masked?.(i)) [least, greatest] = [Math.min(least, v), Math.max(greatest, v)];
  });
  return [low ?? (least === Infinity ? 0 : least), high ?? (greatest === -Infinity ? 0 : greatest)];
}

/**
 * Maps side by side (Fig. 3), each with its title, and below it the colours from its low to its high (default: its least and greatest value that is
 * not masked). Masked cells are dark blue, NaN is grey. Throws LanError for no panel, values that do not fill one, and an unfit scale.
 */
export function maps(panels: readonly MapPanel[], { title, scale: asked, colourMap }: FigureOptions = {}): Canvas {
  if (panels.length === 0) throw new LanError('usage', 'A figure of maps needs at least one panel.');
  const scale = scaleOf(asked, Math.max(...panels.map((p) => Math.max(p.width, p.height))));
  const ranges = panels.map(rangeOf);
  const heading = LINE_HEIGHT + 6;
  const tallest = Math.max(...panels.map((p) => p.height)) * scale;
  const inner = panels.reduce((sum, p) => sum + p.width * scale + MARGIN, -MARGIN);
  const { canvas, top } = begin(title, inner, heading + tallest + RAMP.gap + RAMP.height + 4 + LINE_HEIGHT);
  let x = MARGIN;
  panels.forEach((panel, i) => {
    const [low, high] = ranges[i]!;
    const width = panel.width * scale;
    canvas.drawText(x, top, shorten(panel.title, width, LABEL), LABEL);
    canvas.blit(scaleNearest(coloured(panel, low, high, colourMap), panel.height * scale, width), x, top + heading);
    const below = top + heading + tallest + RAMP.gap;
    drawRamp(canvas, x, below, width, RAMP.height, colourMap);
    const [from, to] = [numeral(low, high - low), numeral(high, high - low)];
    const style: TextStyle = { colour: QUIET };
    canvas.drawText(x, below + RAMP.height + 4, from, style);
    canvas.drawText(x + width - measure(to, style).width, below + RAMP.height + 4, to, style);
    x += width + MARGIN;
  });
  return canvas;
}

/** One pixel a cell. A map that is the same everywhere has the colour of its middle. */
function coloured({ values, height, width, masked }: MapPanel, low: number, high: number, map?: ColourMap): Picture {
  const fractions = values.map((v) => (high > low ? (v - low) / (high - low) : Number.isNaN(v) ? v : 0.5));
  const pixels = heatmap(fractions, map);
  for (let i = 0; i < values.length; i++) if (masked?.(i)) pixels.set(MASKED, 3 * i);
  return { width, height, pixels };
}

/** Short, with as many digits as tell the ends of a range of this width apart. */
export function numeral(value: number, spread: number): string {
  const size = Math.max(Math.abs(value), Math.abs(spread));
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  const digits = spread > 0 ? Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(spread)))) : 3;
  return String(Number(value.toFixed(digits)));
}
