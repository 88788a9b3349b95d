// The hard claim of each attribution method on each picture, at equal time: the table of docs/methods.md.
// Usage: npx tsx bench/claims.ts MODEL.onnx IMAGE... [--card FILE] [--methods lan,extremal,...] [--budget 20] [--threads 1] [--seed 0]
// A line a picture and method as it is done, then the table as Markdown: the fraction replaced entirely, in per cent, and on how many of 256 draws the answer was kept.
import { basename, extname } from 'node:path';
import { parseArgs } from 'node:util';
import { createComparer, type CompareOptions } from '../src/api/compare.js';
import { leads } from '../src/report/claims.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    card: { type: 'string' },
    methods: { type: 'string', default: 'lan,extremal,meaningful,rise,gradcam,gradient,ig,random' },
    budget: { type: 'string', default: '20' },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: '0' },
  },
});
const [model, ...images] = positionals as [string, ...string[]];
const methods = values.methods.split(',') as NonNullable<CompareOptions['methods']>;
const [budget, threads, seed] = [values.budget, values.threads, values.seed].map(Number) as [number, number, number];
await using comparer = await createComparer(model, { card: values.card, methods, budget, threads, seed });
const titles = images.map((image) => basename(image, extname(image)));
const cells = new Map<string, string[]>();
for (const image of images) {
  const { rows } = await comparer.compare(image);
  // By what is kept surely enough to lead an audit; a fraction that was chosen by luck is told, and counts as none.
  const sure = rows.filter(({ hard }) => hard && leads(hard));
  const best = Math.max(0, ...sure.map(({ hard }) => hard!.fraction));
  for (const { name, hard, refused, seconds } of rows) {
    const figures = hard ? `${(100 * hard.fraction).toFixed(0)} ${hard.kept}` : refused ? 'refused' : 'none';
    const cell = !hard || leads(hard) ? figures : `(${figures})`;
    cells.set(name, [...(cells.get(name) ?? []), hard && leads(hard) && hard.fraction === best ? `**${cell}**` : cell]);
    process.stdout.write(`${basename(image)}\t${name}\t${figures}\t${seconds === undefined ? '' : seconds.toFixed(1)}\n`);
  }
}
const row = (of: readonly string[]): string => `| ${of.join(' | ')} |\n`;
process.stdout.write(`\n${row(['method', ...titles])}${row(['---', ...titles.map(() => '---')])}`);
for (const name of values.methods.split(',')) process.stdout.write(row([name, ...(cells.get(name) ?? [])]));
