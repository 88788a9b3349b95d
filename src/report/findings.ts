// What an experiment found, on disk: metrics.json, summary.md and its figures.
import { join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import type { Figure, Findings, MapPanel } from '../experiment/run.js';
import { heatmap } from './colour.js';
import { short } from './format.js';
import { sheet, type Tile } from './sheet.js';

/** Pairs as two rows, eight beside one another: inputs above, the attention on them below; maps beside one another. */
function draw(figure: Figure): Promise<Uint8Array> {
  const title = figure.caption;
  if (figure.kind === 'maps')
    return sheet({ title, rows: [{ label: '', tiles: figure.panels.map(panelTile) }], colourBar: ['low', 'high'] });
  const rows: { label: string; tiles: Tile[] }[] = [];
  for (let at = 0; at < figure.items.length; at += 8) {
    const part = figure.items.slice(at, at + 8);
    const attention = part.map(({ input: { width, height }, attention: a }) => ({ width, height, pixels: heatmap(a) }));
    rows.push({ label: '', tiles: part.map(({ input, caption }) => ({ image: input, captions: caption ? [caption] : [] })) });
    rows.push({ label: '', tiles: attention.map((image) => ({ image, captions: [] })) });
  }
  return sheet({ title, rows });
}

/** Cells that do not count. */
const DARK = [16, 20, 60] as const;

function panelTile({ title, values, height, width, masked, ...range }: MapPanel): Tile {
  const shown = values.filter((_, i) => !masked?.(i));
  const low = range.low ?? shown.reduce((a, b) => Math.min(a, b), Infinity);
  const high = range.high ?? shown.reduce((a, b) => Math.max(a, b), -Infinity);
  const pixels = heatmap(values.map((v) => (high > low ? (v - low) / (high - low) : 0)));
  for (let i = 0; i < values.length; i++) if (masked?.(i)) pixels.set(DARK, 3 * i);
  return { image: { width, height, pixels }, captions: [title, `${short(low)} to ${short(high)}`] };
}

/** metrics.json and summary.md of the findings: the same bytes from the same config, data, seed, engine and thread count. */
export async function writeFindings(folder: string, findings: Findings, settings: object): Promise<void> {
  const { title, data, metrics, verdicts, figures } = findings;
  const document = { schema: 'lan-onnx/findings@1', title, data, settings, metrics, verdicts };
  for (const figure of figures) await writeAtomically(join(folder, figure.file), await draw(figure));
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
    ...figures.flatMap((f) => [`![${f.caption}](${f.file})`, '', f.caption, '']),
    '| metric | value |',
    '|---|---|',
    ...Object.entries(metrics).map(([name, value]) => `| ${name} | ${short(value)} |`),
    '',
  ];
  await writeAtomically(join(folder, 'summary.md'), lines.join('\n'));
}
