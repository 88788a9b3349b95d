// Padding: resolved amounts, and for the edge, reflect and wrap modes the index that each output element copies.
import { positiveAxis, type StaticNode } from '../op.js';
import { integers, optionalIntegers, range } from './shape-common.js';

/** [before, after] per axis of the Pad's input, zeros for axes that it does not name. */
export function paddingOf(n: StaticNode): [number, number][] {
  const rank = n.type(0).dims.length;
  const pads = integers(n, 1, 'pads');
  const axes = optionalIntegers(n, 3, 'axes') ?? range(rank);
  if (pads.length !== 2 * axes.length)
    n.refuse(`expected ${2 * axes.length} pads for ${axes.length} axes, received ${pads.length}.`);
  const padding = range(rank).map((): [number, number] => [0, 0]);
  axes.forEach((a, i) => (padding[positiveAxis(a, rank)] = [pads[i]!, pads[i + axes.length]!]));
  return padding;
}

/** Index into an axis of `d` elements that each of the padded axis' elements copies, for the modes 'edge', 'reflect' and 'wrap'. */
export function copiedIndices(mode: string, d: number, before: number, after: number): number[] {
  const modulo = (v: number, m: number): number => ((v % m) + m) % m;
  const period = 2 * (d - 1);
  return range(before + d + after).map((o) => {
    const i = o - before;
    if (mode === 'edge') return Math.min(Math.max(i, 0), d - 1);
    if (mode === 'wrap') return modulo(i, d);
    const r = period === 0 ? 0 : modulo(i, period);
    return r < d ? r : period - r;
  });
}
