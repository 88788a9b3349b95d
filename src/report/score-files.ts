// What a score leaves on disk: report.html, score.json, classes.csv, confusion.csv and predictions.csv (docs/score.md).
import { join } from 'node:path';
import { writeAtomically } from '../data/files.js';
import type { ScoreResult } from '../score/score.js';
import { toCsv } from './csv.js';
import { scoreReport } from './page/score.js';
import { REPORT, reportPage } from './page/template.js';
import { proposedCard } from './proposed-card.js';
import type { ScoreContext } from './contexts.js';

/** The document of schema lan-onnx/score@1; single predictions are in predictions.csv. */
export function scoreDocument({ predictions: _, ...result }: ScoreResult, context: ScoreContext) {
  return { schema: 'lan-onnx/score@1' as const, ...context, ...result };
}

/** What `score.json` holds. */
export type ScoreDocument = ReturnType<typeof scoreDocument>;

/** Per class: index, name, samples, right ones, accuracy and its 95 % Wilson interval. */
export const classesCsv = ({ classes }: ScoreResult): string =>
  toCsv([
    ['index', 'class', 'count', 'correct', 'accuracy', 'low', 'high'],
    ...classes.map((c) => [c.index, c.label, c.count, c.correct, c.accuracy, ...c.interval]),
  ]);

/** The whole matrix: a row per actual class, a column per predicted one. */
export function confusionCsv({ classes, confusion }: ScoreResult): string {
  const rows = classes.map(() => new Array<number>(classes.length).fill(0));
  for (const { actual, predicted, count } of confusion) rows[actual]![predicted] = count;
  return toCsv([['actual \\ predicted', ...classes.map((c) => c.label)], ...rows.map((r, i) => [classes[i]!.label, ...r])]);
}

/** Writes all files into a folder, each whole or not at all; returns their paths. Throws LanError (`write`) where it cannot be written. */
export async function writeScore(
  folder: string,
  result: ScoreResult,
  context: ScoreContext,
  /** What a sample is called, by its number in the dataset. */
  nameOf: (index: number) => string,
  /** What the report says repeats it. */
  repeat?: string,
): Promise<string[]> {
  const label = (i: number): string => result.classes[i]!.label;
  const files: Record<string, string> = {
    [REPORT]: await reportPage(scoreReport(result, context, repeat)),
    'score.json': `${JSON.stringify(scoreDocument(result, context), null, 2)}\n`,
    'classes.csv': classesCsv(result),
    'confusion.csv': confusionCsv(result),
    'predictions.csv': toCsv([
      ['index', 'sample', 'actual', 'predicted', 'probability'],
      ...result.predictions.map((p) => [p.index, nameOf(p.index), label(p.label), label(p.predicted), p.probability]),
    ]),
  };
  Object.assign(files, proposedCard(context.preprocessing));
  for (const [name, text] of Object.entries(files)) await writeAtomically(join(folder, name), text);
  return Object.keys(files).map((name) => join(folder, name));
}
