// lan-onnx score MODEL --data D: accuracy, confusion and throughput on a labelled dataset, by onnxruntime on the original file.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { score, type ScoreResult } from '../../api/score.js';
import { readable } from '../../core/readable.js';
import { ensureWritable, writeAtomically } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { prepareResults } from '../../data/results.js';
import { toJson } from '../../report/format.js';
import type { Accuracy } from '../../score/score.js';
import { countdown } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { score as definition } from '../commands/score.js';
import { interrupted, type Io } from '../io.js';
import { interruptibly, noteTo, scoringOptions } from '../model.js';

/** Scores the model and writes what was asked for; interrupted, it counts what is done, keeps it where there is a folder, and exits with 2. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const { split, workers, batch, limit, seed, strict } = argv;
  const bar = countdown(io, argv.data);
  const journal = argv.out === undefined ? undefined : join(argv.out, 'score.jsonl');
  const kept = journal === undefined ? '' : `, which stays in '${journal}'`;
  await interruptibly(io, { interrupted: `counting what is done so far${kept}`, bar }, async (signal) => {
    await prepareResults([argv.csv], [argv.model, argv.data]);
    if (argv.out === undefined) return scored(signal);
    await ensureWritable(argv.out);
    await whileLocked(argv.out, () => scored(signal));
  });

  async function scored(signal: AbortSignal): Promise<void> {
    const onNote = noteTo(io, definition);
    const options = {
      ...scoringOptions(argv),
      split,
      workers,
      batch,
      limit,
      seed,
      strict,
      repeat: io.line,
      journal,
      signal,
      onProgress: bar.step,
      onNote,
    };
    const result = await score(argv.model, argv.data, options);
    bar.stop();
    for (const u of result.unreadable.slice(0, 5)) io.err(`skipped: ${readable(u.reason)}\n`);
    if (argv.csv !== undefined) await writeAtomically(argv.csv, result.toCsv());
    const files = argv.out === undefined ? [] : await result.save(argv.out);
    if (journal !== undefined && !result.interrupted) rmSync(journal, { force: true });
    io.out(argv.json ? toJson(result) : describe(result, files));
    if (result.interrupted) {
      const next = journal === undefined ? '' : ` They lie in '${journal}'; the same command goes on from there.`;
      interrupted(io, `${result.count} sample(s) were counted.${next}`);
    }
  }
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** An accuracy for people: 92.98 % (3719 of 4000, 92.14 to 93.73 %). */
export const accuracyText = (a: Accuracy): string =>
  `${percent(a.accuracy)} (${a.correct} of ${a.count}, ${(100 * a.interval[0]).toFixed(2)} to ${percent(a.interval[1])})`;

/** Lines of the classes table, and of confusions, on a terminal. */
const ROWS = 20;
const CONFUSIONS = 5;
/** Lines of conventions that were tried. */
const CONVENTIONS = 5;

function describe(r: ScoreResult, files: readonly string[]): string {
  if (r.count === 0) return `${r.dataset}: interrupted before the first batch.\n`;
  const seen = r.classes.filter((c) => c.count > 0);
  const worst = [...seen].sort((a, b) => a.accuracy - b.accuracy);
  const width = Math.min(30, Math.max(...seen.map((c) => readable(c.label).length)));
  const label = (i: number): string => readable(r.classes[i]!.label);
  const mixed = r.confusion.filter((c) => c.actual !== c.predicted).sort((a, b) => b.count - a.count);
  const { throughput: t } = r;
  return [
    `${r.dataset}${r.split === undefined ? '' : ` (${r.split})`}: ${r.count} samples${r.interrupted ? ', interrupted' : ''}${r.unreadable.length ? `, ${r.unreadable.length} unreadable left out` : ''}`,
    `  top-1          ${accuracyText(r.top1)}`,
    ...(r.classes.length > 5 ? [`  top-5          ${accuracyText(r.top5)}`] : []),
    `  cross-entropy  ${r.crossEntropy.toFixed(4)} nats`,
    `  throughput     ${t.overall.toFixed(0)} a second, reading included; model alone ${t.model.toFixed(0)}; batch ${r.batch}; ${t.seconds.toFixed(1)} s`,
    `  classes${seen.length > ROWS ? ` (the ${ROWS} worst of ${seen.length})` : ', worst first'}`,
    ...worst.slice(0, ROWS).map((c) => `    ${readable(c.label).slice(0, width).padEnd(width)}  ${accuracyText(c)}`),
    ...(mixed.length > 0
      ? [
          '  most confused',
          ...mixed.slice(0, CONFUSIONS).map((c) => `    ${label(c.actual)} taken for ${label(c.predicted)}: ${c.count}`),
        ]
      : []),
    ...(r.preprocessing?.source === 'labels'
      ? [
          `  no model card: conventions tried on ${r.preprocessing.tried[0]!.count} pictures`,
          ...r.preprocessing.tried.slice(0, CONVENTIONS).map((t) => `    ${t.correct} of ${t.count} right, cross-entropy ${t.crossEntropy.toFixed(2)}  ${t.convention}`), // prettier-ignore
        ]
      : []),
    ...(files.length > 0 ? [`  files: ${files.join(', ')}`] : []),
    '',
  ].join('\n');
}
