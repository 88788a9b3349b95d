// A bar chart of named values in [0,1], one a line.
import { Canvas } from './canvas.js';
import { heatmap } from './colour.js';
import { barWidth, drawBar, ENDS, GAP, INK, LABEL, MARGIN, QUIET, RULE, TITLE } from './frame.js';
import { LINE_HEIGHT, measure, shorten } from './text.js';

/** One line of a chart. */
export interface Bar {
  readonly label: string;
  /** In [0,1], 1 = needed; what is no number has no bar. */
  readonly value: number;
  /** Behind the bar, in grey. */
  readonly note: string;
}

/** Bars under one heading. */
export interface BarGroup {
  readonly heading: string;
  readonly bars: readonly Bar[];
}

/** Pixels: the longest bar, its height, from line to line, and the most that names and notes may take. */
const LONGEST = 260;
const THICK = 12;
const STEP = 22;
const NAMES = 260;

/** The chart: title, groups of bars, what they mean in a line, and the bar that explains the colours. Text that is too long is cut with '...'. */
export function bars(title: string, groups: readonly BarGroup[], meaning: string): Canvas {
  const all = groups.flatMap((g) => g.bars);
  const widest = (texts: readonly string[]): number => Math.min(NAMES, Math.max(0, ...texts.map((t) => measure(t).width)));
  const names = widest(all.map((b) => b.label));
  const notes = widest(all.map((b) => b.note));
  const inner = Math.max(names + GAP + LONGEST + GAP + notes, barWidth(ENDS), Math.min(640, measure(title, TITLE).width));
  const top = measure(title, TITLE).height + 16;
  const height = top + groups.reduce((sum, g) => sum + LINE_HEIGHT + 8 + g.bars.length * STEP + GAP, 0) + 2 * LINE_HEIGHT + 24;
  const canvas = new Canvas(inner + 2 * MARGIN, height + 2 * MARGIN);
  const style = measure(title, TITLE).width <= inner ? TITLE : LABEL;
  canvas.drawText(MARGIN, MARGIN - 4, shorten(title, inner, style), style);
  let y = MARGIN + top;
  for (const { heading, bars: lines } of groups) {
    canvas.drawText(MARGIN, y, shorten(heading, inner, LABEL), LABEL);
    y += LINE_HEIGHT + 8;
    const x = MARGIN + names + GAP;
    for (const { label, value, note } of lines) {
      const name = shorten(label, names, { colour: INK });
      canvas.drawText(x - GAP - measure(name).width, y, name, { colour: INK });
      const length = Number.isFinite(value) ? Math.round(LONGEST * Math.min(1, Math.max(0, value))) : 0;
      const [r, g, b] = heatmap(Float32Array.of(value)) as unknown as [number, number, number];
      canvas.fill([r, g, b], x, y + 2, length, THICK);
      canvas.drawText(x + LONGEST + GAP, y, shorten(note, notes, { colour: QUIET }), { colour: QUIET });
      y += STEP;
    }
    canvas.fill(RULE, x, y - lines.length * STEP - 2, 1, lines.length * STEP);
    y += GAP;
  }
  canvas.drawText(MARGIN, y, shorten(meaning, inner, { colour: QUIET }), { colour: QUIET });
  y += LINE_HEIGHT + 12;
  drawBar(canvas, MARGIN + inner, y, ENDS);
  return canvas;
}
