// Attribution methods side by side: what each says was needed, and what that is worth.
import type { Comparison } from '../../explain/compare.js';
import { compareRows, relativeNeed } from '../compare-rows.js';
import { overlay, type ColourMap } from '../drawing/colour.js';
import type { Picture } from '../../data/resize.js';
import { inFigures } from '../format.js';
import { partOfAll } from '../plain.js';
import type { Block, Pictures, Plot } from './document.js';
import { legendOf, seen } from './images.js';

type Methods = Pick<Comparison, 'methods'>;

/** The table of methods, best claim first, and why others are not in it. */
export function methodsTable(comparison: Methods): Block[] {
  const rows = compareRows(comparison);
  const named = rows.some((r) => r.needed);
  const refused = rows.flatMap((r): [string, string][] => (r.refused === undefined ? [] : [[r.title, r.refused]]));
  return [
    {
      type: 'table',
      caption: 'Best claim first; deletion: lower is better; insertion: higher is better',
      columns: [
        { name: 'method' },
        { name: 'replaced, answer kept', numeric: true, percent: true },
        { name: 'kept', numeric: true },
        { name: 'tries', numeric: true },
        { name: 'deletion', numeric: true },
        { name: 'insertion', numeric: true },
        { name: 'seconds', numeric: true },
        { name: 'forward passes', numeric: true },
        { name: 'backward passes', numeric: true },
        ...(named ? [{ name: 'needed most' }] : []),
      ],
      rows: rows
        .filter((r) => r.refused === undefined)
        .map((r) => [
          r.title,
          r.hard?.fraction ?? null,
          r.hard?.kept ?? null,
          r.hard?.draws ?? null,
          inFigures(r.deletion?.value),
          inFigures(r.insertion?.value),
          r.seconds === undefined ? null : Number(r.seconds.toFixed(2)),
          r.passes?.forward ?? null,
          r.passes?.backward ?? null,
          ...(named ? [r.needed?.join(', ') ?? null] : []),
        ]),
    },
    // A reason is a sentence, for which a table has no room.
    ...(refused.length > 0
      ? [
          { type: 'text' as const, text: 'This model does not allow:' },
          { type: 'facts' as const, facts: refused },
        ]
      : []),
  ];
}

/** Each method's map over the picture, which is the first tile; `images` takes them by name. */
export async function methodsPictures(
  photo: Picture,
  comparison: Methods,
  colormap: ColourMap | undefined,
  images: Record<string, string>,
): Promise<Pictures> {
  images['input'] ??= await seen(photo);
  const pictures: Pictures['pictures'][number][] = [{ image: 'input', alt: 'The input.', captions: ['input'] }];
  for (const row of compareRows(comparison)) {
    const found = comparison.methods.find((m) => m.name === row.name)?.found;
    if (!found) continue;
    const map = relativeNeed(found.need, photo.height, photo.width);
    const name = `method ${row.name}`;
    images[name] = await seen({ ...photo, pixels: overlay(photo.pixels, map, undefined, colormap) });
    const claim = row.hard ? `${partOfAll(1 - row.hard.fraction)} is enough` : 'no part was enough';
    pictures.push({ image: name, alt: `What ${row.title} says was needed, over the input.`, captions: [row.title, claim] });
  }
  return { type: 'pictures', pictures, legend: legendOf('less', 'more needed', colormap) };
}

/** The curves of deletion or insertion of all methods. */
export const methodsCurves = (name: 'deletion' | 'insertion', { methods }: Methods): Block => {
  const series = methods.flatMap(({ title, found }): Plot['series'][number][] => {
    const curve = found?.metrics.find((m) => m.name === name)?.curve;
    return curve ? [{ name: title, kind: 'line', x: curve.fraction, y: curve.score }] : [];
  });
  return {
    type: 'plot',
    title:
      name === 'deletion'
        ? 'Deletion: the most needed parts are replaced first'
        : 'Insertion: the most needed parts are restored first',
    summary: name === 'deletion' ? 'The faster a curve falls, the better.' : 'The faster a curve rises, the better.',
    x: { label: name === 'deletion' ? 'replaced' : 'restored', percent: true, domain: [0, 1] },
    y: { label: 'score of the answer', domain: [0, 1] },
    series,
  };
};
