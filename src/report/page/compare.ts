// The page of a comparison of methods on one input.
import type { Tensor } from '../../core/tensor.js';
import type { Comparison } from '../../explain/compare.js';
import { compareRows, relativeNeed } from '../compare-rows.js';
import type { CompareContext } from '../contexts.js';
import { overlay, pictureOf } from '../drawing/colour.js';
import { inFigures } from '../format.js';
import { partOfAll } from '../plain.js';
import { about } from './about.js';
import type { Block, Pictures, Plot, ReportDocument } from './document.js';
import { legendOf, seen } from './images.js';

/** The document. `x`: the input [1,...sample]. */
export async function compareReport(x: Tensor, comparison: Comparison, context: CompareContext): Promise<ReportDocument> {
  const rows = compareRows(comparison);
  const [best] = rows;
  const named = rows.some((r) => r.needed);
  const images: Record<string, string> = {};
  const pictures = context.range && x.dims.length === 4 ? await drawn(x, comparison, context.range, context, images) : undefined;
  return {
    schema: 'lan-onnx/report@1',
    command: 'compare',
    version: context.version,
    title: context.title,
    claim: best?.hard
      ? `Of ${rows.length} methods ${best.title} needed least: ${partOfAll(1 - best.hard.fraction)} of the input kept the answer in ${best.hard.kept} of ${best.hard.draws} tries.`
      : `None of ${rows.length} methods found a part of the input that alone kept the answer often enough.`,
    cautions: [],
    blocks: [
      ...(pictures ? [{ type: 'heading' as const, text: 'What each method says was needed' }, pictures] : []),
      { type: 'heading', text: 'What each finding is worth' },
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
          { name: 'refused' },
        ],
        rows: rows.map((r) => [
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
          r.refused ?? null,
        ]),
      },
      ...['deletion', 'insertion'].map((name) => curves(name, comparison)),
      ...about({
        repeat: context.repeat,
        notes: context.notes,
        models: [context.model],
        input: context.input,
        engine: context.engine,
        version: context.version,
        facts: { seed: context.seed, 'seconds for each method': context.budget },
        settings: { preprocessing: context.preprocessing },
      }),
    ],
    images,
  };
}

async function drawn(
  x: Tensor,
  comparison: Comparison,
  range: 1 | 255,
  { colormap }: CompareContext,
  images: Record<string, string>,
): Promise<Pictures> {
  const photo = pictureOf(x, range);
  images['input'] = await seen(photo);
  const pictures: Pictures['pictures'][number][] = [{ image: 'input', alt: 'The input.', captions: ['input'] }];
  for (const row of compareRows(comparison)) {
    const found = comparison.methods.find((m) => m.name === row.name)?.found;
    if (!found) continue;
    const map = relativeNeed(found.need, photo.height, photo.width);
    images[row.name] = await seen({ ...photo, pixels: overlay(photo.pixels, map, undefined, colormap) });
    const claim = row.hard ? `${partOfAll(1 - row.hard.fraction)} is enough` : 'no part was enough';
    pictures.push({ image: row.name, alt: `What ${row.title} says was needed, over the input.`, captions: [row.title, claim] });
  }
  return { type: 'pictures', pictures, legend: legendOf('less', 'more needed', colormap) };
}

const curves = (name: string, { methods }: Comparison): Block => {
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
