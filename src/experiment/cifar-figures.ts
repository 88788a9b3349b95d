// The figures of the CIFAR-10 experiment, as data.
import { CIFAR10 } from '../data/cifar.js';
import { fromPlanes } from '../data/planes.js';
import { BYTES, SIDE, type Pictures } from './data/cifar-pictures.js';
import type { Figure } from './run.js';

const AREA = SIDE * SIDE;

/** Pictures and the attention on each, [n,32,32], 1 = needed. */
export interface Attended {
  readonly pictures: Pictures;
  readonly attention: Float32Array;
}

/** Rows of Fig. 4 and 5. */
const ROWS = 3;

/** From its least to its greatest value: masks that replace nearly everything would all be dark. */
function stretched(values: Float32Array): Float32Array {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.map((v) => (high > low ? (v - low) / (high - low) : 0));
}

/** Pictures with the attention below each; a column for each of `classes`, as the paper has it, or all pictures in `columns`. */
export function attentionFigure(
  file: string,
  caption: string,
  { pictures: { pixels, labels }, attention }: Attended,
  classes?: readonly string[],
  name: (index: number) => string = (i) => CIFAR10[labels[i]!]!,
  columns = classes?.length ?? 8,
): Figure {
  const all = Array.from({ length: labels.length }, (_, i) => i);
  const byClass = classes?.map((c) => all.filter((i) => CIFAR10[labels[i]!] === c));
  const deep = Math.min(ROWS, ...(byClass ?? []).map((own) => own.length));
  const shown = byClass ? Array.from({ length: deep }, (_, row) => byClass.map((own) => own[Math.floor((row * own.length) / deep)]!)).flat() : all; // prettier-ignore
  return {
    kind: 'pairs',
    file,
    caption: `${caption}; warm = needed, from each mask's least to its greatest value`,
    columns,
    items: shown.map((i) => ({
      input: fromPlanes(pixels.subarray(i * BYTES, (i + 1) * BYTES), [3, SIDE, SIDE]),
      attention: stretched(attention.subarray(i * AREA, (i + 1) * AREA)),
      caption: name(i),
    })),
  };
}

/** The mean attention of each class. */
export function classFigure(file: string, caption: string, { pictures: { labels }, attention }: Attended): Figure {
  const panels = CIFAR10.map((title, c) => {
    const values = new Float32Array(AREA);
    const own = Array.from({ length: labels.length }, (_, i) => i).filter((i) => labels[i] === c);
    for (const i of own) for (let k = 0; k < AREA; k++) values[k]! += attention[i * AREA + k]! / own.length;
    return { title, values, height: SIDE, width: SIDE };
  });
  return { kind: 'maps', file, caption, panels };
}

/** A matrix [10,10] of correlations. */
export function likenessFigure(file: string, caption: string, matrix: Float64Array): Figure {
  const values = Float32Array.from(matrix);
  const title = 'rows and columns: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck';
  return { kind: 'maps', file, caption, panels: [{ title, values, height: CIFAR10.length, width: CIFAR10.length }] };
}
