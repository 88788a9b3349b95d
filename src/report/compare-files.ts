// What a comparison of methods leaves on disk: report.html, compare.json, table.csv, sheet.png and each method's map as .npy.
import { join } from 'node:path';
import type { Tensor } from '../core/tensor.js';
import { writeAtomically } from '../data/files.js';
import type { Picture } from '../data/images.js';
import { encodeNpy } from '../data/npy.js';
import type { Compared, Comparison } from '../explain/compare.js';
import { percent } from './claims.js';
import { toCsv } from './csv.js';
import { overlay, pictureOf } from './drawing/colour.js';
import { sheet, type Tile } from './drawing/sheet.js';
import { short } from './format.js';
import { compareReport } from './page/compare.js';
import { REPORT, reportPage } from './page/template.js';
import type { Canvas } from './drawing/canvas.js';
import { vectorOf, writeFigure } from './figure-files.js';
import { compareRows, relativeNeed } from './compare-rows.js';
import type { CompareContext } from './contexts.js';

const SHEET = 'sheet.png';

const fileOf = ({ name }: Compared): string => `need-${name}.npy`;

/** The document of schema lan-onnx/compare@1: what compare.json holds. */
export function compareDocument(
  { methods, ...comparison }: Comparison,
  { title: _, repeat: _repeat, colormap: _colormap, range, ...context }: CompareContext,
) {
  return {
    schema: 'lan-onnx/compare@1' as const,
    ...context,
    ...comparison,
    files: { report: REPORT, table: 'table.csv', ...(range ? { sheet: SHEET, sheetSvg: vectorOf(SHEET) } : {}) },
    methods: methods.map((compared) => {
      const { found, ...words } = compared;
      if (!found) return words;
      const { need: _need, claim, ...rest } = found;
      const { hard, tried: hardTried } = claim;
      return { ...words, file: fileOf(compared), ...(hard ? { hard } : {}), hardTried, ...rest };
    }),
  };
}

/** What `compare.json` holds. */
export type CompareDocument = ReturnType<typeof compareDocument>;

/** The same as CSV. */
export const compareCsv = (comparison: Pick<Comparison, 'methods'>): string =>
  toCsv([
    ['method', 'hardFraction', 'kept', 'draws', 'low', 'high', ...['deletion', 'insertion'].flatMap((n) => [n, `${n}Low`, `${n}High`]), 'seconds', 'forward', 'backward', 'refused'], // prettier-ignore
    ...compareRows(comparison).map(({ name, refused, hard, deletion, insertion, seconds, passes }) => [
      name,
      hard?.fraction,
      hard?.kept,
      hard?.draws,
      hard?.interval[0],
      hard?.interval[1],
      ...[deletion, insertion].flatMap((m) => [m?.value, m?.interval?.[0], m?.interval?.[1]]),
      seconds,
      passes?.forward,
      passes?.backward,
      refused,
    ]),
  ]);

/** Writes all files into a folder, each whole or not at all, compare.json last; gives their paths. Throws LanError (`write`). */
export async function writeCompare(
  folder: string,
  x: Tensor,
  comparison: Comparison,
  context: CompareContext,
): Promise<string[]> {
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    await writeAtomically(join(folder, name), content);
    written.push(join(folder, name));
  };
  for (const compared of comparison.methods) if (compared.found) await write(fileOf(compared), encodeNpy(compared.found.need));
  await write('table.csv', compareCsv(comparison));
  if (context.range && x.dims.length === 4)
    written.push(...(await writeFigure(folder, SHEET, drawn(pictureOf(x, context.range), comparison, context))));
  await write(REPORT, await reportPage(await compareReport(x, comparison, context)));
  await write('compare.json', `${JSON.stringify(compareDocument(comparison, context), null, 2)}\n`);
  return written;
}

/** The picture, then each method's map over it, best claim first. */
function drawn(photo: Picture, comparison: Comparison, { title, colormap }: CompareContext): Canvas {
  const { width, height } = photo;
  const tiles = compareRows(comparison).flatMap((row): Tile[] => {
    const found = comparison.methods.find((m) => m.name === row.name)?.found;
    if (!found) return [];
    const map = relativeNeed(found.need, height, width);
    const claim = row.hard
      ? `hard, ${percent(row.hard.fraction)}: kept ${row.hard.kept} of ${row.hard.draws}`
      : 'hard: no fraction held';
    return [
      {
        image: { width, height, pixels: overlay(photo.pixels, map, undefined, colormap) },
        captions: [row.title, claim, `${short(found.seconds)} s`],
      },
    ];
  });
  return sheet({
    title,
    rows: [{ label: '', tiles: [{ image: photo, captions: ['input'] }, ...tiles] }],
    colourBar: ['less', 'more needed'],
    colourMap: colormap,
  });
}
