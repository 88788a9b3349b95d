// lan-onnx score MODEL --data D: accuracy, confusion and throughput on a labelled dataset, by onnxruntime on the original file.
import { ensureWritable, writeAtomically } from '../../data/files.js';
import { lockFolder } from '../../data/lock.js';
import { openDataset } from '../../data/open-dataset.js';
import { prepareResults } from '../../data/results.js';
import { version } from '../../core/version.js';
import { toJson } from '../../report/format.js';
import { classesCsv, scoreDocument, writeScore } from '../../report/score-files.js';
import { score, type Accuracy, type ScoreResult } from '../../score/score.js';
import { countdown } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import type { score as definition } from '../commands/score.js';
import { interrupted, type Io } from '../io.js';
import { withModel } from '../model.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Scores the model and writes what was asked for. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const { batch, limit, seed, strict } = argv;
  const dataset = await openDataset(argv.data, { split: argv.split });
  try {
    const bar = countdown(io, argv.data);
    await withModel(argv, io, { interrupted: 'counting what is done so far', bar }, async (model, signal) => {
      if (model.cardAssumed)
        io.err(
          'note: no model card: assumed torchvision (RGB, 0..1, ImageNet mean and std), or plain 0..255 of grey; see --card\n',
        );
      await prepareResults([argv.csv], [argv.model, argv.data]);
      if (argv.out !== undefined) await ensureWritable(argv.out);
      const lock = argv.out === undefined ? undefined : await lockFolder(argv.out);
      try {
        const result = await score(model, dataset, { batch, limit, seed, strict, signal, onProgress: bar.step });
        bar.stop();
        for (const note of result.notes) io.err(`note: ${note}\n`);
        for (const u of result.unreadable.slice(0, 5)) io.err(`skipped: ${u.reason}\n`);
        const subject = {
          model: { path: argv.model, sha256: model.source.sha256 },
          engine: model.engine.info,
          card: model.card,
          version: version(),
        };
        if (argv.csv !== undefined) await writeAtomically(argv.csv, classesCsv(result));
        const files = argv.out === undefined ? [] : await writeScore(argv.out, result, subject, (i) => dataset.nameOf(i));
        io.out(argv.json ? toJson(scoreDocument(result, subject)) : describe(result, files));
        if (result.interrupted) interrupted(io, 'the figures are those of the samples that were done.');
      } finally {
        lock?.release();
      }
    });
  } finally {
    await dataset.close();
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** An accuracy for people: 92.98 % (3719 of 4000, 92.14 to 93.73 %). */
export const accuracyText = (a: Accuracy): string =>
  `${percent(a.accuracy)} (${a.correct} of ${a.count}, ${(100 * a.interval[0]).toFixed(2)} to ${percent(a.interval[1])})`;

/** Lines of the classes table, and of confusions, on a terminal. */
const ROWS = 20;
const CONFUSIONS = 5;

function describe(r: ScoreResult, files: readonly string[]): string {
  if (r.count === 0) return `${r.dataset}: interrupted before the first batch.\n`;
  const seen = r.classes.filter((c) => c.count > 0);
  const worst = [...seen].sort((a, b) => a.accuracy - b.accuracy);
  const width = Math.min(30, Math.max(...seen.map((c) => c.label.length)));
  const label = (i: number): string => r.classes[i]!.label;
  const mixed = r.confusion.filter((c) => c.actual !== c.predicted).sort((a, b) => b.count - a.count);
  const { throughput: t } = r;
  return [
    `${r.dataset}${r.split === undefined ? '' : ` (${r.split})`}: ${r.count} samples${r.interrupted ? ', interrupted' : ''}${r.unreadable.length ? `, ${r.unreadable.length} unreadable left out` : ''}`,
    `  top-1          ${accuracyText(r.top1)}`,
    ...(r.classes.length > 5 ? [`  top-5          ${accuracyText(r.top5)}`] : []),
    `  cross-entropy  ${r.crossEntropy.toFixed(4)} nats`,
    `  throughput     ${t.overall.toFixed(0)} a second, reading included; model alone ${t.model.toFixed(0)}; batch ${r.batch}; ${t.seconds.toFixed(1)} s`,
    `  classes${seen.length > ROWS ? ` (the ${ROWS} worst of ${seen.length})` : ', worst first'}`,
    ...worst.slice(0, ROWS).map((c) => `    ${c.label.slice(0, width).padEnd(width)}  ${accuracyText(c)}`),
    ...(mixed.length > 0
      ? [
          '  most confused',
          ...mixed.slice(0, CONFUSIONS).map((c) => `    ${label(c.actual)} taken for ${label(c.predicted)}: ${c.count}`),
        ]
      : []),
    ...(files.length > 0 ? [`  files: ${files.join(', ')}`] : []),
    '',
  ].join('\n');
}
