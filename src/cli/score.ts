// lan-onnx score MODEL --data D: accuracy, confusion and throughput on a labelled dataset, by onnxruntime on the original file.
import type { CommandModule } from 'yargs';
import { openModel } from '../model/open.js';
import { version } from '../core/version.js';
import { ensureWritable, writeAtomically } from '../data/files.js';
import { openDataset } from '../data/open-dataset.js';
import { score, type Accuracy, type ScoreResult } from '../score/score.js';
import { classesCsv, scoreDocument, writeScore } from '../report/score-files.js';
import { countdown } from './bar.js';
import { interruptible, ioOf, toJson } from './io.js';
import {
  MODEL_ARGUMENT,
  cardOptions,
  engineOptions,
  jsonOption,
  seedOption,
  toOpenOptions,
  toWhole,
  type SharedArguments,
} from './options.js';

interface Arguments extends SharedArguments {
  readonly model: string;
  readonly data: string;
  readonly split?: string;
  readonly batch: string;
  readonly limit?: string;
  readonly strict: boolean;
  readonly csv?: string;
  readonly out?: string;
  readonly seed: string;
  readonly json: boolean;
}

/** How a dataset is named on the command line. */
export const dataOptions = {
  data: {
    type: 'string',
    requiresArg: true,
    describe:
      'folder with a sub-folder per class, IDX (MNIST), CIFAR .bin, .csv or .jsonl (path,label), or images.npy with labels.npy',
  },
  split: { type: 'string', requiresArg: true, describe: 'train, test or val, where the data has several (default: test)' },
} as const;

export const scoreCommand: CommandModule<object, Arguments> = {
  command: 'score <model>',
  describe: 'accuracy on a labelled dataset: top-1, top-5, per class, confusion, throughput',
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({
        ...dataOptions,
        data: { ...dataOptions.data, demandOption: true },
        batch: { type: 'string', default: 'auto', requiresArg: true, describe: 'samples a run; auto measures the fastest' },
        limit: { type: 'string', requiresArg: true, describe: 'at most so many samples, drawn by --seed' },
        strict: { type: 'boolean', default: false, describe: 'stop at the first unreadable sample instead of leaving it out' },
        csv: { type: 'string', requiresArg: true, describe: 'write the table of classes to this file' },
        out: {
          type: 'string',
          requiresArg: true,
          describe: 'folder for score.json, classes.csv, confusion.csv and predictions.csv',
        },
      })
      .options({ ...cardOptions, threads: engineOptions.threads, shape: engineOptions.shape, ...seedOption, ...jsonOption })
      .example('$0 score m.onnx --data photos/', 'photos/<class>/*.jpg')
      .example('$0 score m.onnx --data mnist/ --split train', 'IDX files')
      .epilogue('Ctrl-C ends early: what is done is counted.'),
  async handler(argv) {
    const io = ioOf(argv);
    const options = {
      batch: argv.batch === 'auto' ? ('auto' as const) : toWhole('--batch', argv.batch, 1),
      limit: argv.limit === undefined ? undefined : toWhole('--limit', argv.limit, 1),
      seed: toWhole('--seed', argv.seed),
      strict: argv.strict,
    };
    const dataset = await openDataset(argv.data, { split: argv.split });
    try {
      const classifier = await openModel(argv.model, toOpenOptions(argv));
      const interrupt = interruptible(io, 'counting what is done so far');
      const bar = countdown(io, argv.data);
      try {
        for (const note of classifier.notes) io.err(`note: ${note}\n`);
        if (classifier.cardAssumed)
          io.err(
            'note: no model card: assumed torchvision (RGB, 0..1, ImageNet mean and std), or plain 0..255 of grey; see --card\n',
          );
        if (argv.out !== undefined) await ensureWritable(argv.out);
        const result = await score(classifier, dataset, { ...options, signal: interrupt.signal, onProgress: bar.step });
        bar.clear();
        for (const note of result.notes) io.err(`note: ${note}\n`);
        for (const u of result.unreadable.slice(0, 5)) io.err(`skipped: ${u.reason}\n`);
        const subject = {
          model: { path: argv.model, sha256: classifier.source.sha256 },
          engine: classifier.engine.info,
          card: classifier.card,
          version: version(),
        };
        if (argv.csv !== undefined) await writeAtomically(argv.csv, classesCsv(result));
        const files = argv.out === undefined ? [] : await writeScore(argv.out, result, subject, (i) => dataset.nameOf(i));
        io.out(argv.json ? toJson(scoreDocument(result, subject)) : describe(result, files));
      } finally {
        bar.clear();
        interrupt.stop();
        await classifier.dispose();
      }
    } finally {
      await dataset.close();
    }
  },
};

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
