// The gradient of a 2-D maximum pool in the blocked layout of onnxruntime's convolutions: compares and shifts are depthwise convolutions.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { isZero, pick, same, weaveBlocked, type Read } from './blocked.js';
import { place, type Axis } from './conv-geometry.js';
import { maximaAlong } from './pool-vjp.js';

/** Part of a gradient: `value` belongs to element k of the `count` windows from `first` on. */
interface Share {
  readonly k: number;
  readonly first: number;
  readonly count: number;
  readonly value: string;
}

/** Reads windows first..last of all `out` of them. */
const windows = (a: Axis, first: number, last: number): Read => ({
  size: a.out,
  offset: first,
  stride: 1,
  out: last - first + 1,
});
/** Reads element k of these windows from the input. */
const elements = (a: Axis, k: number, first: number, last: number): Read => ({
  size: a.size,
  offset: first * a.stride + k * a.dilation - a.begin,
  stride: a.stride,
  out: last - first + 1,
});

/** A plane of [N, channels, rows, columns] that is worked on along one of its axes. */
interface Line {
  readonly channels: number;
  /** Both reads of the plane, given the read along the axis at work. */
  reads(along: Read): [rows: Read, columns: Read];
  /** element k minus maximum over the windows first..last: 0 where the element is the maximum, else negative. */
  gap(k: number, first: number, last: number): string;
}

/** Who gets dy along an axis: the first element of a window that equals the maximum; the last element takes what is left uncompared. */
function shares(g: GraphBuilder, line: Line, a: Axis, dy: string): Share[] {
  const taps = Array.from({ length: a.kernel }, (_, k) => k).filter((k) => place(a, k).first <= place(a, k).last);
  const parts: Share[] = [];
  let rest = dy;
  for (const k of taps) {
    if (k === taps.at(-1)) {
      parts.push({ k, first: 0, count: a.out, value: rest });
      break;
    }
    const { first, last } = place(a, k);
    const count = last - first + 1;
    const hit = isZero(g, line.gap(k, first, last), line.channels, ...line.reads(same(count)));
    const taken = g.mul(hit, pick(g, rest, line.channels, ...line.reads(windows(a, first, last))));
    const back = line.reads({ size: count, offset: -first, stride: 1, out: a.out });
    rest = g.add(pick(g, taken, line.channels, ...back, -1), rest);
    parts.push({ k, first, count, value: taken });
  }
  return parts;
}

/** Shares summed where they belong, one value of `count` positions per phase; undefined: a phase that no window reads. */
function phases(g: GraphBuilder, line: Line, a: Axis, parts: readonly Share[], count: number): (string | undefined)[] {
  const sums = new Array<string | undefined>(a.stride).fill(undefined);
  for (const { k, first, count: size, value } of parts) {
    const { phase, at, first: start } = place(a, k);
    const to = at - start + first;
    const moved = pick(g, value, line.channels, ...line.reads({ size, offset: -to, stride: 1, out: count }));
    const before = sums[phase];
    sums[phase] = before ? g.add(moved, before) : moved;
  }
  return sums;
}

/**
 * dL/dx of y = MaxPool(x), x being [n, c, axes[0].size, axes[1].size] and c a multiple of 16. Rows of the windows are settled first, on the maxima
 * along columns; then columns, apart for every phase of rows, so that nothing is woven before the end.
 */
export function maxGradientBlocked(
  g: GraphBuilder,
  x: string,
  y: string,
  dy: string,
  [n, c]: readonly [number, number],
  axes: readonly Axis[],
): string {
  const [a, b] = axes as [Axis, Axis];
  const alongRows = b.kernel === 1 && b.stride === 1 && b.begin === 0 && b.size === b.out;
  const lineMaxima = alongRows ? x : maximaAlong(g, x, axes, 1);
  const down: Line = {
    channels: c,
    reads: (along) => [along, same(b.out)],
    gap: (k, first, last) =>
      g.add(
        pick(g, lineMaxima, c, elements(a, k, first, last), same(b.out)),
        pick(g, y, c, windows(a, first, last), same(b.out), -1),
      ),
  };
  const rows = Math.ceil(a.size / a.stride);
  const columns = Math.ceil(b.size / b.stride);
  const lines = phases(g, down, a, shares(g, down, a, dy), rows);
  const woven = lines.map((line, p): (string | undefined)[] => {
    if (line === undefined) return new Array<undefined>(b.stride).fill(undefined);
    if (alongRows) return [line];
    // Rows of this phase, those past the end included: they read zeros, and are cut off after weaving.
    const phase: Read = { size: a.size, offset: p, stride: a.stride, out: rows };
    const across: Line = {
      channels: c,
      reads: (along) => [same(rows), along],
      gap: (k, first, last) =>
        g.add(pick(g, x, c, phase, elements(b, k, first, last)), pick(g, lineMaxima, c, phase, windows(b, first, last), -1)),
    };
    return phases(g, across, b, shares(g, across, b, line), columns);
  });
  return weaveBlocked(g, woven, [n, c, rows, columns], [a.size, b.size], true);
}
