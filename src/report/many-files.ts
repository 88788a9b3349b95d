// What many audits leave in their folder beside those of each input: report.html, results.jsonl, summary.json, and classes.png with classes.svg.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { refusal, writeAtomically } from '../data/files.js';
import { heatmap, scaleNearest } from './drawing/colour.js';
import { sheet } from './drawing/sheet.js';
import { vectorOf, writeFigure } from './figure-files.js';
import { percent } from './claims.js';
import { manyReport, type Cards, type ManyContext } from './page/many.js';
import { REPORT, reportPage } from './page/template.js';
import type { ResultLine, Summary, Summing } from './summary.js';

/** The file with a line an input. */
export const RESULTS = 'results.jsonl';
const SUMMARY = 'summary.json';
const CLASSES = 'classes.png';

/** Classes that are drawn, the most frequent first. */
const DRAWN = 40;

/** A file to which results are added. */
export interface Lines {
  /** Adds one whole line. Throws LanError (`write`). */
  append(line: ResultLine): Promise<void>;
  close(): Promise<void>;
}

/** Begins results.jsonl anew: what earlier runs have finished is in the folders of the inputs, from which it is written again. Throws LanError (`write`). */
export async function openLines(folder: string): Promise<Lines> {
  const path = join(folder, RESULTS);
  const failed = (error: unknown): never => {
    throw refusal(path, error);
  };
  const file = await open(path, 'w').catch(failed);
  return {
    // One write a line: a run that is killed leaves whole lines.
    append: (line) => file.appendFile(`${JSON.stringify(line)}\n`).catch(failed),
    close: () => file.close(),
  };
}

/** Writes summary.json, report.html, and classes.png and .svg where the masks are maps; returns the names. Throws LanError (`write`). */
export async function writeSummary(
  folder: string,
  summary: Summary,
  summing: Summing,
  cards: Cards,
  context: ManyContext,
): Promise<string[]> {
  const { title } = context;
  await writeAtomically(join(folder, SUMMARY), `${JSON.stringify(summary, null, 2)}\n`);
  await writeAtomically(join(folder, REPORT), await reportPage(await manyReport(folder, summary, cards, context)));
  const maps = summing.meanMaps().filter(({ map }) => map.rows > 1);
  if (maps.length === 0) return [REPORT, SUMMARY];
  const { classes } = summary;
  const tiles = maps.slice(0, DRAWN).map(({ index, label, count, map: { rows, columns, values } }) => {
    const factor = Math.max(1, Math.floor(224 / Math.max(rows, columns)));
    const picture = scaleNearest(
      { width: columns, height: rows, pixels: heatmap(values, context.colormap) },
      rows * factor,
      columns * factor,
    );
    const mean = classes.find((c) => c.index === index)!.meanReplaceable;
    return { image: picture, captions: [label || 'all inputs', `${count} input(s)`, `${percent(mean)} replaceable`] };
  });
  const more = maps.length > DRAWN ? `, the ${DRAWN} most frequent of ${maps.length} classes` : '';
  const figure = sheet({
    title: `${title}: mean attention by answer${more}`,
    rows: [{ label: '', tiles }],
    colourMap: context.colormap,
  });
  await writeFigure(folder, CLASSES, figure);
  return [REPORT, SUMMARY, CLASSES, vectorOf(CLASSES)];
}
