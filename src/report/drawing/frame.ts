// What sheets and figures have in common: margins, inks, and the bar that explains the colours.
import { Canvas } from './canvas.js';
import { heatmap, type ColourMap } from './colour.js';
import { measure, type Colour, type TextStyle } from './text.js';

/** Around everything, and between things side by side, in pixels. */
export const MARGIN = 24;

/** Pixels between things. */
export const GAP = 16;
/** Colour of text. */
export const INK: Colour = [28, 31, 38];

/** Colour of text that stands back. */
export const QUIET: Colour = [104, 110, 122];
/** Colour of lines and borders. */
export const RULE: Colour = [222, 225, 230];

/** How titles are set. */
export const TITLE: TextStyle = { scale: 2, colour: INK };

/** Dark red: 7 to 1 against white. */
export const WARNING: TextStyle = { bold: true, colour: [165, 25, 25] };

/** How labels of rows are set. */
export const LABEL: TextStyle = { bold: true, colour: INK };

const BAR = { width: 160, height: 12 };

/** What the colours of attention mean, from 0 to 1. */
export const ENDS = ['replaceable', 'needed'] as const;

/** All colours of a map from 0 to 1, `width` x `height` pixels with their upper left corner at (x, y). */
export function drawRamp(canvas: Canvas, x: number, y: number, width: number, height: number, map?: ColourMap): void {
  const values = Float32Array.from({ length: width * height }, (_, i) => (i % width) / Math.max(1, width - 1));
  canvas.blit({ width, height, pixels: heatmap(values, map) }, x, y);
}

/** Pixels that a bar takes with the words at its ends. */
export const barWidth = ([low, high]: readonly [string, string]): number =>
  measure(low).width + measure(high).width + 16 + BAR.width;

/** The bar with the words at its ends, LINE_HEIGHT high, ending at x = right. */
export function drawBar(canvas: Canvas, right: number, y: number, [low, high]: readonly [string, string], map?: ColourMap): void {
  const style: TextStyle = { colour: QUIET };
  const start = right - measure(high, style).width - 8 - BAR.width;
  drawRamp(canvas, start, y + 1, BAR.width, BAR.height, map);
  canvas.drawText(start - 8 - measure(low, style).width, y, low, style);
  canvas.drawText(start + BAR.width + 8, y, high, style);
}
