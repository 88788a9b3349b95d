// What a grid leaves on disk: report.html, grid.json, grid.csv and the heat map grid.png and grid.svg (docs/score.md).
import { join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import { accuracyMap, type PositionMap } from '../score/position-map.js';
import { heatmap } from './drawing/colour.js';
import { toCsv } from './csv.js';
import { gridReport } from './page/grid.js';
import { REPORT, reportPage } from './page/template.js';
import { sheet } from './drawing/sheet.js';
import { proposedCard } from './proposed-card.js';
import type { GridContext } from './contexts.js';

/** The document of schema lan-onnx/grid@1. */
export const gridDocument = (result: PositionMap, context: GridContext) => ({
  schema: 'lan-onnx/grid@1' as const,
  ...context,
  ...result,
});

/** What `grid.json` holds. */
export type GridDocument = ReturnType<typeof gridDocument>;

/** Writes all files into a folder, the report among them, which says that `repeat` repeats it; returns their paths. Throws LanError where it cannot be written. */
export async function writeGrid(
  folder: string,
  result: PositionMap,
  context: GridContext,
  title: string,
  repeat?: string,
): Promise<string[]> {
  const { rows, columns, positions, total } = result;
  const csv = toCsv([
    ['row', 'column', 'count', 'correct', 'accuracy', 'low', 'high'],
    ...positions.map((p) => [p.row, p.column, p.count, p.correct, p.accuracy, ...p.interval]),
  ]);
  const image = { width: columns.length, height: rows.length, pixels: heatmap(accuracyMap(result)) };
  const captions = ['accuracy by position', `${(100 * total.accuracy).toFixed(1)} % of ${total.count}`];
  const figure = sheet({
    title,
    rows: [{ label: '', tiles: [{ image, captions }] }],
    colourBar: ['accuracy 0', '1'],
  });
  const files = {
    [REPORT]: await reportPage(await gridReport(result, context, title, repeat)),
    'grid.json': `${JSON.stringify(gridDocument(result, context), null, 2)}\n`,
    'grid.csv': csv,
    'grid.png': await figure.toPng(),
    'grid.svg': await figure.toSvg(),
    ...proposedCard(context.preprocessing),
  };
  for (const [name, content] of Object.entries(files)) await writeAtomically(join(folder, name), content);
  return Object.keys(files).map((name) => join(folder, name));
}
