// An array of two axes as colours: its values, and beside it the attention on it, with the names of the axes and their ends.
import { Canvas } from './canvas.js';
import { heatmap, scaleNearest } from './colour.js';
import { numeral } from './figures.js';
import { barWidth, drawBar, drawRamp, ENDS, INK, LABEL, MARGIN, QUIET, TITLE } from './frame.js';
import { LINE_HEIGHT, measure, shorten } from './text.js';

/** What is drawn: `values` and each attention hold rows * columns numbers, row by row; attention in [0,1], 1 = needed. */
export interface ArrayFigure {
  readonly title: string;
  readonly rows: number;
  readonly columns: number;
  /** Of the axis that runs down, and of the one that runs across. */
  readonly axes: readonly [down: string, across: string];
  readonly values: Float32Array;
  readonly attentions: readonly { readonly label: string; readonly values: Float32Array }[];
}

/** Pixels of the longer side, and at least of the shorter one, so that an axis has room for its name. */
const SIDE = 320;
const LEAST = 120;
const RAMP = { height: 10, gap: 8 };

/** The figure. */
export function arrayFigure({ title, rows, columns, axes, values, attentions }: ArrayFigure): Canvas {
  const size = (n: number): number =>
    Math.max(LEAST, n >= SIDE ? SIDE : n * Math.max(1, Math.floor(SIDE / Math.max(rows, columns))));
  const [height, width] = [size(rows), size(columns)];
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) if (Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const scaled = values.map((v) => (high > low ? (v - low) / (high - low) : 0.5));
  const panels = [{ label: 'input', values: scaled }, ...attentions];
  const down = `${axes[0]} (${rows})`;
  const across = `${axes[1]} (${columns})`;
  const side = Math.max(measure(String(rows - 1), { colour: QUIET }).width, measure('0').width) + 8;
  const cell = Math.max(width, measure(`${across}, across`).width, measure(`${down}, down`).width) + side;
  const top = MARGIN + measure(title, TITLE).height + 12;
  const inner = Math.max(panels.length * (cell + MARGIN) - MARGIN, barWidth(ENDS), Math.min(measure(title, TITLE).width, 720));
  const above = 2 * LINE_HEIGHT + 8;
  const below = 2 * LINE_HEIGHT + 8 + RAMP.gap + RAMP.height + LINE_HEIGHT + 8;
  const canvas = new Canvas(inner + 2 * MARGIN, top + above + height + below + LINE_HEIGHT + MARGIN);
  const style = measure(title, TITLE).width <= inner ? TITLE : LABEL;
  canvas.drawText(MARGIN, MARGIN - 4, shorten(title, inner, style), style);
  const quiet = { colour: QUIET };
  panels.forEach(({ label, values: own }, i) => {
    const x = MARGIN + i * (cell + MARGIN);
    const y = top + above;
    canvas.drawText(x, top, shorten(label, cell, LABEL), LABEL);
    // The name of the axis that runs down stands above its numbers.
    canvas.drawText(x, top + LINE_HEIGHT + 4, `${down}, down`, { colour: INK });
    canvas.drawText(x, y, '0', quiet);
    canvas.drawText(x, y + height - LINE_HEIGHT, String(rows - 1), quiet);
    canvas.blit(scaleNearest({ width: columns, height: rows, pixels: heatmap(own) }, height, width), x + side, y);
    const under = y + height + 4;
    const last = String(columns - 1);
    canvas.drawText(x + side, under, '0', quiet);
    canvas.drawText(x + side + width - measure(last, quiet).width, under, last, quiet);
    canvas.drawText(x + side, under + LINE_HEIGHT, `${across}, across`, { colour: INK });
    if (i > 0) return;
    const ramp = under + 2 * LINE_HEIGHT + RAMP.gap;
    drawRamp(canvas, x + side, ramp, width, RAMP.height);
    const [from, to] = [numeral(low, high - low), numeral(high, high - low)];
    canvas.drawText(x + side, ramp + RAMP.height + 2, from, quiet);
    canvas.drawText(x + side + width - measure(to, quiet).width, ramp + RAMP.height + 2, to, quiet);
  });
  drawBar(canvas, MARGIN + inner, canvas.height - MARGIN - LINE_HEIGHT + 8, ENDS);
  return canvas;
}
