// lan-onnx reproduce EXPERIMENT: the paper's experiments: trains what is missing, draws the figures, and says which claims hold.
import { join } from 'node:path';
import { reproduce, type ReproduceResult } from '../../api/reproduce.js';
import { LanError } from '../../core/errors.js';
import { short, toJson } from '../../report/format.js';
import { WORD_TABLES } from '../../report/word-tables.js';
import { trainingBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import { reproduce as definition } from '../commands/reproduce.js';
import type { Io } from '../io.js';
import { interruptibly, noteTo } from '../model.js';

/** Runs the experiment and prints its verdicts; exits with 1 where a claim does not hold, interrupted with 2. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const { quick, data, out, threads, workers, seed, model, card, images } = argv;
  let bar = trainingBar(io);
  const session = { interrupted: 'writing a checkpoint', bar: { stop: () => bar.stop() } };
  await interruptibly(io, session, async (signal) => {
    const findings = await reproduce(argv.experiment, {
      quick,
      data,
      out,
      threads,
      workers,
      seed,
      model,
      card,
      images,
      repeat: io.line,
      signal,
      onNote: noteTo(io, definition),
      onProgress: (progress) => bar.step(progress),
      onPhase(phase) {
        bar.stop();
        bar = trainingBar(io);
        io.err(`${phase} ...\n`);
      },
    }).catch(inItsWords);
    bar.stop();
    io.out(argv.json ? toJson(findings) : describe(findings));
    if (findings.verdicts.some((v) => !v.holds)) io.exit(1);
  });
}

/** What is a call to the library is a command here. */
function inItsWords(error: unknown): never {
  if (error instanceof LanError && error.code === 'interrupted')
    throw new LanError('interrupted', error.problem, 'The same command goes on from there.');
  throw error;
}

function describe({ folder, title, data, verdicts, figures, tables = [], documents, seconds }: ReproduceResult): string {
  const width = Math.max(...verdicts.map((v) => v.claim.length));
  return [
    title,
    `  ${data}`,
    ...verdicts.map((v) => `  ${v.holds ? 'holds ' : 'FAILS '} ${v.claim.padEnd(width)}  ${short(v.value)} (${v.asked})`),
    ...tables.flatMap(({ columns, rows }) => ['', ...aligned([columns, ...rows]), '']),
    `  ${Object.entries(seconds).map(([what, s]) => `${what} ${s.toFixed(0)} s`).join(', ')}`, // prettier-ignore
    `  files: ${[...figures.map((f) => f.file), ...tables.map((t) => t.file), ...(documents ? WORD_TABLES : []), 'report.html', 'summary.md', 'metrics.json'].map((f) => join(folder, f)).join(', ')}`,
    '',
  ].join('\n');
}

/** Rows of words and numbers in columns of one width each. */
function aligned(rows: readonly (readonly (string | number)[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => String(row[column]).length));
  const cell = (v: string | number, column: number): string =>
    typeof v === 'number' ? String(v).padStart(width(column)) : v.padEnd(width(column));
  return rows.map((row) => `  ${row.map(cell).join('  ')}`.trimEnd());
}
