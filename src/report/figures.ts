// Figures of experiments: inputs with the attention below them, maps of values as colours, and curves.
import { LanError } from '../core/errors.js';
import type { Picture } from '../data/resize.js';
import { Canvas } from './canvas.js';
import { type ColourMap, heatmap, scaleNearest } from './colour.js';
import { type Colour, LINE_HEIGHT, measure, shorten, type TextStyle } from './text.js';

export interface FigureOptions {
  /** Above everything; set smaller, then cut with '...' where it is too long. */
  readonly title?: string;
  /** Pixels a side that one pixel or cell is drawn with; a whole number above 0. */
  readonly scale?: number;
  readonly colourMap?: ColourMap;
}

/** A picture and the attention on it, [height * width] of the picture's size, in [0,1], 1 = needed. */
export interface Pair {
  readonly input: Picture;
  readonly attention: Float32Array;
  readonly caption?: string;
}

/** Values [height, width] as colours from `low` to `high` (default: the least and the greatest that is not masked). */
export interface MapPanel {
  readonly title: string;
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly low?: number;
  readonly high?: number;
  /** Cells without a value: dark blue. */
  readonly masked?: (index: number) => boolean;
}

/** A line y[i] over x[i] (default: 0, 1, 2 ...). Points that are not finite interrupt it. */
export interface Series {
  readonly name: string;
  readonly y: ArrayLike<number>;
  readonly x?: ArrayLike<number>;
}

export interface PlotOptions {
  readonly title?: string;
  readonly xLabel?: string;
  /** Ends of the y axis; default: as the values ask for. */
  readonly low?: number;
  readonly high?: number;
}

const MARGIN = 24;
const GAP = 16;
/** Between an input and its attention. */
const SEAM = 4;
const INK: Colour = [28, 31, 38];
const QUIET: Colour = [104, 110, 122];
const RULE: Colour = [222, 225, 230];
/** What no colour map contains: told apart from "least", which is black in inferno. */
export const MASKED: Colour = [24, 38, 92];
const TITLE: TextStyle = { scale: 2, colour: INK };
const SMALL: TextStyle = { bold: true, colour: INK };
const BAR = { height: 10, gap: 10 };

/** The title in a new canvas of this inner size; returns where the figure proper begins. */
function begin(title: string | undefined, width: number, height: number): { canvas: Canvas; top: number } {
  // A title may widen a small figure, up to three of its widths, before it is set smaller.
  const style = title && measure(title, TITLE).width > width ? SMALL : TITLE;
  const inner = Math.max(width, title ? Math.min(measure(title, style).width, 3 * width) : 0);
  const above = title ? measure(title, style).height + 12 : 0;
  const canvas = new Canvas(inner + 2 * MARGIN, height + above + 2 * MARGIN);
  if (title) canvas.drawText(MARGIN, MARGIN - 4, shorten(title, inner, style), style);
  return { canvas, top: MARGIN + above };
}

function checkScale(scale: number): void {
  if (!Number.isInteger(scale) || scale < 1)
    throw new LanError(`A figure can not be enlarged ${scale} times. Expected a whole number above 0.`);
}

/** Pictures with the attention on each below it, `columns` to a line (Fig. 2), as a PNG. Throws LanError for none, or for sizes that differ. */
export async function pairs(
  items: readonly Pair[],
  { title, scale = 4, columns = 8, colourMap }: FigureOptions & { readonly columns?: number } = {},
): Promise<Uint8Array> {
  checkScale(scale);
  const first = items[0]?.input;
  if (!first) throw new LanError('A figure of pairs needs at least one picture.');
  for (const [i, { input, attention }] of items.entries()) {
    if (input.width !== first.width || input.height !== first.height)
      throw new LanError(
        `Picture ${i} is ${input.width} x ${input.height} pixels. Expected ${first.width} x ${first.height}, as the first.`,
      );
    if (attention.length !== input.width * input.height)
      throw new LanError(
        `Picture ${i} of ${input.width} x ${input.height} pixels has ${attention.length} attention values. Expected one a pixel.`,
      );
  }
  const [width, height] = [first.width * scale, first.height * scale];
  const captioned = items.some((item) => item.caption);
  const block = 2 * height + SEAM + (captioned ? LINE_HEIGHT + 4 : 0);
  const across = Math.min(columns, items.length);
  const lines = Math.ceil(items.length / columns);
  const { canvas, top } = begin(title, across * (width + GAP) - GAP, lines * (block + GAP) - GAP);
  items.forEach(({ input, attention, caption }, i) => {
    const x = MARGIN + (i % columns) * (width + GAP);
    const y = top + Math.floor(i / columns) * (block + GAP);
    const below = { width: first.width, height: first.height, pixels: heatmap(attention, colourMap) };
    canvas.blit(scaleNearest(input, height, width), x, y);
    canvas.blit(scaleNearest(below, height, width), x, y + height + SEAM);
    if (caption) canvas.drawText(x, y + 2 * height + SEAM + 4, shorten(caption, width, { colour: QUIET }), { colour: QUIET });
  });
  return canvas.toPng();
}

/** The ends of a panel's colours. Throws LanError when the values do not fill the map. */
function rangeOf({ title, values, height, width, low, high, masked }: MapPanel): [number, number] {
  if (values.length !== height * width || values.length === 0)
    throw new LanError(`Map '${title}': ${width} x ${height} cells take ${height * width} values, received ${values.length}.`);
  let [least, greatest] = [Infinity, -Infinity];
  values.forEach((v, i) => {
    if (Number.isFinite(v) && !masked?.(i)) [least, greatest] = [Math.min(least, v), Math.max(greatest, v)];
  });
  return [low ?? (least === Infinity ? 0 : least), high ?? (greatest === -Infinity ? 0 : greatest)];
}

/** Maps side by side (Fig. 3), each with its title, and below it the bar that says what its colours stand for; as a PNG. NaN is grey. */
export async function maps(
  panels: readonly MapPanel[],
  { title, scale = 8, colourMap }: FigureOptions = {},
): Promise<Uint8Array> {
  checkScale(scale);
  if (panels.length === 0) throw new LanError('A figure of maps needs at least one panel.');
  const ranges = panels.map(rangeOf);
  const heading = LINE_HEIGHT + 6;
  const tallest = Math.max(...panels.map((p) => p.height)) * scale;
  const inner = panels.reduce((sum, p) => sum + p.width * scale + MARGIN, -MARGIN);
  const { canvas, top } = begin(title, inner, heading + tallest + BAR.gap + BAR.height + 4 + LINE_HEIGHT);
  let x = MARGIN;
  panels.forEach((panel, i) => {
    const [low, high] = ranges[i]!;
    const width = panel.width * scale;
    canvas.drawText(x, top, shorten(panel.title, width, SMALL), SMALL);
    canvas.blit(scaleNearest(coloured(panel, low, high, colourMap), panel.height * scale, width), x, top + heading);
    const below = top + heading + tallest + BAR.gap;
    const ramp = heatmap(
      Float32Array.from({ length: width }, (_, k) => k / Math.max(1, width - 1)),
      colourMap,
    );
    for (let row = 0; row < BAR.height; row++) canvas.blit({ width, height: 1, pixels: ramp }, x, below + row);
    const [from, to] = [numeral(low, high - low), numeral(high, high - low)];
    const style: TextStyle = { colour: QUIET };
    canvas.drawText(x, below + BAR.height + 4, from, style);
    canvas.drawText(x + width - measure(to, style).width, below + BAR.height + 4, to, style);
    x += width + MARGIN;
  });
  return canvas.toPng();
}

/** One pixel a cell. A map that is the same everywhere has the colour of its middle. */
function coloured({ values, height, width, masked }: MapPanel, low: number, high: number, map?: ColourMap): Picture {
  const shares = values.map((v) => (high > low ? (v - low) / (high - low) : Number.isNaN(v) ? v : 0.5));
  const pixels = heatmap(shares, map);
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

const PLOT = { width: 560, height: 280, axis: 64 };
const LINES: readonly Colour[] = [[31, 97, 171], [214, 96, 20], [34, 139, 84], [150, 60, 150], [120, 120, 120]]; // prettier-ignore

/** Steps of 1, 2 or 5 times a power of ten that cut a range into at most five. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough * (1 - 1e-9))!;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

/** Curves over common axes, named in a legend, as a PNG. Throws LanError where there is no finite point, or the counts of x and y differ. */
export async function plot(series: readonly Series[], { title, xLabel, low, high }: PlotOptions = {}): Promise<Uint8Array> {
  const points = series.map(({ name, x, y }) => {
    if (x && x.length !== y.length) throw new LanError(`Curve '${name}': ${x.length} values of x for ${y.length} of y.`);
    return Array.from(y, (v, i): [number, number] => [x ? x[i]! : i, v]);
  });
  const drawn = points.flat().filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (drawn.length === 0) throw new LanError('A plot needs at least one finite point.');
  const extent = (axis: 0 | 1): [number, number] => {
    let [a, b] = [Infinity, -Infinity];
    for (const p of drawn) [a, b] = [Math.min(a, p[axis]), Math.max(b, p[axis])];
    return a === b ? [a - 0.5, b + 0.5] : [a, b];
  };
  const [left, right] = extent(0);
  const [least, greatest] = extent(1);
  const [bottom, summit] = [low ?? least, high ?? greatest];
  const { width, height, axis } = PLOT;
  const { canvas, top } = begin(title, width + axis, height + 2 * LINE_HEIGHT + 24);
  const [x0, y0] = [MARGIN + axis, top + LINE_HEIGHT + 8];
  const at = (x: number, y: number): [number, number] => [
    x0 + ((x - left) / (right - left)) * (width - 1),
    y0 + (1 - (y - bottom) / (summit - bottom)) * (height - 1),
  ];
  const style: TextStyle = { colour: QUIET };
  for (const y of ticks(bottom, summit)) {
    const row = Math.round(at(left, y)[1]);
    const text = numeral(y, summit - bottom);
    canvas.fill(RULE, x0, row, width, 1);
    canvas.drawText(x0 - 8 - measure(text, style).width, row - 7, text, style);
  }
  for (const x of ticks(left, right)) {
    const column = Math.round(at(x, bottom)[0]);
    const text = numeral(x, right - left);
    canvas.fill(RULE, column, y0 + height, 1, 4);
    canvas.drawText(Math.round(column - measure(text, style).width / 2), y0 + height + 6, text, style);
  }
  if (xLabel) {
    // Under the last tick there is no room, beside the axis there is.
    canvas.drawText(MARGIN, y0 + height + 6, shorten(xLabel, axis - 20, style), style);
  }
  let legend = x0;
  series.forEach(({ name }, i) => {
    const colour = LINES[i % LINES.length]!;
    canvas.fill(colour, legend, top + 6, 16, 3);
    legend = canvas.drawText(legend + 22, top, name, { colour: INK }) + 20;
    points[i]!.slice(1).forEach((to, n) => stroke(canvas, at(...points[i]![n]!), at(...to), colour, [y0, y0 + height]));
    if (points[i]!.length === 1) stroke(canvas, at(...points[i]![0]!), at(...points[i]![0]!), colour, [y0, y0 + height]);
  });
  return canvas.toPng();
}

/** A line two pixels thick, smooth at its edges, within the rows [first, end). */
function stroke(
  canvas: Canvas,
  a: readonly number[],
  b: readonly number[],
  colour: Colour,
  [first, end]: readonly [number, number],
): void {
  if (![...a, ...b].every(Number.isFinite)) return;
  const [x0, y0, x1, y1] = [a[0]!, a[1]!, b[0]!, b[1]!];
  const squared = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const top = Math.max(first, Math.floor(Math.min(y0, y1) - 2));
  const bottom = Math.min(end - 1, canvas.height - 1, Math.ceil(Math.max(y0, y1) + 2));
  const right = Math.min(canvas.width - 1, Math.ceil(Math.max(x0, x1) + 2));
  for (let y = top; y <= bottom; y++)
    for (let x = Math.max(0, Math.floor(Math.min(x0, x1) - 2)); x <= right; x++) {
      const t = squared ? Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / squared)) : 0;
      const cover = Math.min(1, Math.max(0, 1.5 - Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0))));
      const i = (y * canvas.width + x) * 3;
      for (let c = 0; c < 3; c++) canvas.pixels[i + c]! += (colour[c]! - canvas.pixels[i + c]!) * cover;
    }
}
