// What an experiment found, on disk: report.html, metrics.json, summary.md and its figures, as PNG and SVG.
import { join } from 'node:path';
import { version } from '../core/version.js';
import { writeAtomically } from '../data/files.js';
import type { Figure, Findings, Table } from '../experiment/run.js';
import type { Picture } from '../data/resize.js';
import { heatmap } from './drawing/colour.js';
import type { Canvas } from './drawing/canvas.js';
import { maps, pairs } from './drawing/figures.js';
import { sheet } from './drawing/sheet.js';
import { toCsv } from './csv.js';
import { writeFigure } from './figure-files.js';
import { short } from './format.js';
import { findingsReport } from './page/findings.js';
import { REPORT, reportPage } from './page/template.js';
import { bracketed, writeWordTables } from './word-tables.js';

function draw(figure: Figure): Canvas {
  const title = figure.caption;
  if (figure.kind === 'maps') return maps(figure.panels, { title });
  if (figure.kind === 'pairs') return pairs(figure.items, { title, columns: figure.columns });
  const coloured = (picture: Picture, attention?: Float32Array): Picture =>
    attention ? { ...picture, pixels: heatmap(attention) } : picture;
  const rows = figure.rows.map(({ tiles, ...row }) => ({
    ...row,
    tiles: tiles.map(({ picture, attention, captions }) => ({ image: coloured(picture, attention), captions })),
  }));
  return sheet({ title, rows });
}

const markdown = (columns: readonly string[], rows: Table['rows']): string[] =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);

/** report.html, metrics.json, summary.md and tables of the findings: the same bytes from the same config, data, seed, engine and thread count. */
export async function writeFindings(folder: string, findings: Findings, settings: object, repeat?: string): Promise<void> {
  const { title, data, metrics, verdicts, figures, tables = [], documents } = findings;
  const shown = tables.map(({ columns, rows }) => ({ columns, rows }));
  const document = {
    schema: 'lan-onnx/findings@1',
    title,
    data,
    settings,
    metrics,
    verdicts,
    ...(tables.length > 0 && { tables: shown }),
  };
  for (const figure of figures) await writeFigure(folder, figure.file, draw(figure));
  for (const { file, columns, rows } of tables) await writeAtomically(join(folder, file), toCsv([columns, ...rows]));
  if (documents) await writeWordTables(folder, title, documents);
  await writeAtomically(join(folder, 'metrics.json'), `${JSON.stringify(document, null, 2)}\n`);
  const lines = [
    `# ${title}`,
    '',
    `Data: ${data}.`,
    '',
    '| claim | here | asked | |',
    '|---|---|---|---|',
    ...verdicts.map((v) => `| ${v.claim} | ${short(v.value)} | ${v.asked} | ${v.holds ? 'holds' : 'does not hold'} |`),
    '',
    ...tables.flatMap(({ caption, columns, rows }) => [caption, '', ...markdown(columns, rows), '']),
    ...(documents ?? []).flatMap(({ name, topic, masks }) => [
      `${name}: ${topic}. The most important words, those in the document in brackets:`,
      '',
      ...masks.map((mask) => `- ${mask.by}: ${bracketed(mask)}`),
      '',
    ]),
    ...figures.flatMap((f) => [`![${f.caption}](${f.file})`, '', f.caption, '']),
    '| metric | value |',
    '|---|---|',
    ...Object.entries(metrics).map(([name, value]) => `| ${name} | ${short(value)} |`),
    '',
  ];
  await writeAtomically(join(folder, 'summary.md'), lines.join('\n'));
  const report = await findingsReport(findings, draw, { ...settings }, version(), repeat);
  await writeAtomically(join(folder, REPORT), await reportPage(report));
}
