// The sheet of two models on one input: what each needs, and what changed.
import { scaleBilinear } from '../core/bilinear.js';
import type { Tensor } from '../core/tensor.js';
import type { PlaceMap } from '../evidence/place.js';
import type { Canvas } from './drawing/canvas.js';
import { heatmap, pictureOf, scaleNearest } from './drawing/colour.js';
import { sheet, type Tile } from './drawing/sheet.js';

/** The maps of both models, one a seed, and their difference. */
export interface DiffMaps {
  readonly mine: readonly PlaceMap[];
  readonly theirs: readonly PlaceMap[];
  readonly difference: PlaceMap;
}

/** A figure: the input `x` [1,1|3,H,W] in 0..range, the mean attention of each model, and their difference, where the middle of the scale is `no change`. */
export function drawDiff(
  title: string,
  x: Tensor,
  range: 1 | 255,
  { mine, theirs, difference }: DiffMaps,
  { verdict, sameAnswer, attention }: { readonly verdict: string; readonly sameAnswer: boolean; readonly attention: { readonly moved: boolean } }, // prettier-ignore
): Canvas {
  const photo = pictureOf(x, range);
  const { width, height } = photo;
  const meanOf = (maps: readonly PlaceMap[], name: string): Tile => {
    const { rows, columns } = maps[0]!;
    const values = Float32Array.from(
      { length: rows * columns },
      (_, i) => maps.reduce((s, m) => s + m.values[i]!, 0) / maps.length,
    );
    const grown = rows === height && columns === width ? values : scaleBilinear(values, rows, columns, height, width);
    return { image: { width, height, pixels: heatmap(grown) }, captions: [name, `mean of ${maps.length} seeds`] };
  };
  const { rows, columns, values } = difference;
  const changed = { width: columns, height: rows, pixels: heatmap(values.map((v) => (v + 1) / 2), 'change') }; // prettier-ignore
  const tiles: Tile[] = [
    { image: photo, captions: ['input'] },
    meanOf(mine, 'first model'),
    meanOf(theirs, 'second model'),
    {
      image: scaleNearest(changed, height, width),
      captions: ['difference', 'purple: the second needs more', 'orange: the first does', attention.moved ? 'more than a change of seed' : 'no more than a change of seed'], // prettier-ignore
    },
  ];
  // A change is told as a warning, none is not.
  const said = sameAnswer && !attention.moved ? { note: verdict } : { warning: verdict };
  return sheet({ title, rows: [{ label: '', tiles, ...said }] });
}
