// The page of a position map: where in its input a classifier recognises an object.
import { accuracyMap, type PositionMap } from '../../score/position-map.js';
import { heatmap } from '../drawing/colour.js';
import type { GridContext } from '../contexts.js';
import { about } from './about.js';
import type { ReportDocument } from './document.js';
import { legendOf, seen } from './images.js';

const percent = (fraction: number): string => `${Number((100 * fraction).toFixed(1))} %`;

/** The document. */
export async function gridReport(
  result: PositionMap,
  context: GridContext,
  title: string,
  repeat?: string,
): Promise<ReportDocument> {
  const { rows, columns, positions, total, interrupted } = result;
  const sorted = positions.toSorted((a, b) => a.accuracy - b.accuracy);
  const [worst, best] = [sorted[0], sorted.at(-1)];
  const image = { width: columns.length, height: rows.length, pixels: heatmap(accuracyMap(result)) };
  const at = (p: { row: number; column: number } | undefined): string => (p ? `row ${p.row}, column ${p.column}` : 'no position');
  return {
    schema: 'lan-onnx/report@1',
    command: 'grid',
    version: context.version,
    title,
    claim: `Over ${positions.length} positions the object was recognised in ${percent(total.accuracy)} of ${total.count} tries: from ${percent(worst?.accuracy ?? 0)} at ${at(worst)} to ${percent(best?.accuracy ?? 0)} at ${at(best)}.`,
    cautions: interrupted
      ? [`This was interrupted: ${positions.length} of ${rows.length * columns.length} positions are done.`]
      : [],
    blocks: [
      { type: 'heading', text: 'By position' },
      {
        type: 'pictures',
        pictures: [
          {
            image: 'map',
            alt: `Accuracy by position of the object, ${rows.length} rows by ${columns.length} columns.`,
            captions: ['accuracy by position', 'each square is where the centre of the object lay'],
          },
        ],
        legend: legendOf('never recognised', 'always'),
      },
      {
        type: 'table',
        caption: 'Positions, worst first',
        columns: [
          { name: 'row', numeric: true },
          { name: 'column', numeric: true },
          { name: 'tries', numeric: true },
          { name: 'accuracy', numeric: true, percent: true },
          { name: 'from', numeric: true, percent: true },
          { name: 'to', numeric: true, percent: true },
        ],
        rows: sorted.slice(0, MOST).map((p) => [p.row, p.column, p.count, p.accuracy, p.interval[0], p.interval[1]]),
      },
      ...about({
        repeat,
        notes: context.notes,
        models: [context.model],
        engine: context.engine,
        version: context.version,
        facts: { objects: result.objects, 'samples at each position': result.samples },
        settings: { ...result.settings, card: context.card, preprocessing: context.preprocessing },
      }),
    ],
    images: { map: await seen(image, true) },
  };
}

/** Positions that the table shows. */
const MOST = 500;
