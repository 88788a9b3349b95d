// A curve through a few named points, with both axes.
import { LanError } from '../../core/errors.js';
import { fourDigits } from '../format.js';
import { Canvas } from './canvas.js';
import { GAP, INK, MARGIN, QUIET, RULE, TITLE, WARNING } from './frame.js';
import { LINE_HEIGHT, measure, shorten, type TextStyle } from './text.js';

/** A point of a curve; the one that is `chosen` is drawn larger. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly chosen: boolean;
}

/** What stands at a curve. */
export interface CurveOptions {
  readonly title: string;
  /** What x and y are. */
  readonly axes: readonly [x: string, y: string];
}

const [WIDTH, HEIGHT] = [520, 320];
/** Room for the numbers of the vertical axis. */
const LEFT = 72;
const TICKS = 5;
const STYLE: TextStyle = { colour: QUIET };

/** The points in their order, joined by lines, as a figure. Throws LanError (`usage`) for none, or one that is not finite. */
export function curve(points: readonly CurvePoint[], { title, axes }: CurveOptions): Canvas {
  if (points.length === 0 || points.some(({ x, y }) => !Number.isFinite(x) || !Number.isFinite(y)))
    throw new LanError('usage', 'A curve needs points with numbers that are finite.');
  const across = scale(points.map((p) => p.x), LEFT + MARGIN, WIDTH); // prettier-ignore
  const top = MARGIN + measure(title, TITLE).height + 16 + LINE_HEIGHT;
  const up = scale(points.map((p) => p.y), top + HEIGHT, -HEIGHT); // prettier-ignore
  const canvas = new Canvas(LEFT + WIDTH + 4 * MARGIN, top + HEIGHT + 2 * LINE_HEIGHT + GAP + MARGIN);
  canvas.drawText(MARGIN, MARGIN - 4, shorten(title, canvas.width - 2 * MARGIN, TITLE), TITLE);
  canvas.drawText(MARGIN, top - LINE_HEIGHT - 6, axes[1], STYLE);
  for (let t = 0; t < TICKS; t++) {
    const part = t / (TICKS - 1);
    const [x, y] = [across.at(part), up.at(part)];
    const [atX, atY] = [fourDigits(across.value(part)), fourDigits(up.value(part))];
    canvas.fill(RULE, LEFT + MARGIN, y, WIDTH, 1);
    canvas.drawText(LEFT + MARGIN - 8 - measure(atY, STYLE).width, y - LINE_HEIGHT / 2, atY, STYLE);
    canvas.fill(RULE, x, top, 1, HEIGHT);
    canvas.drawText(x - Math.round(measure(atX, STYLE).width / 2), top + HEIGHT + 6, atX, STYLE);
  }
  canvas.drawText(LEFT + MARGIN, top + HEIGHT + LINE_HEIGHT + 12, axes[0], STYLE);
  const places = points.map((p) => [across.of(p.x), up.of(p.y)] as const);
  places.slice(1).forEach((to, i) => {
    canvas.line(places[i]!, to, INK);
  });
  points.forEach(({ label, chosen }, i) => {
    const [x, y] = places[i]!;
    const half = chosen ? 5 : 3;
    const style = chosen ? WARNING : STYLE;
    canvas.fill(chosen ? WARNING.colour! : INK, x - half, y - half, 2 * half + 1, 2 * half + 1);
    // To the left of a point that is near the right edge.
    const { width } = measure(label, style);
    canvas.drawText(x + 10 + width > LEFT + MARGIN + WIDTH ? x - 10 - width : x + 10, y - LINE_HEIGHT, label, style);
  });
  return canvas;
}

/** Values on pixels from `start` over `length` (which may go upwards), with a tenth of their range on either side. */
function scale(values: readonly number[], start: number, length: number) {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const room = 0.1 * (greatest - least) || 0.1 * Math.abs(greatest) || 1;
  const [low, high] = [least - room, greatest + room];
  const at = (part: number): number => Math.round(start + part * length);
  return { at, value: (part: number) => low + part * (high - low), of: (v: number) => at((v - low) / (high - low)) };
}
