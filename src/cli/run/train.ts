// lan-onnx train MODEL --data D --out lan.onnx: an explainer for a classifier, learned over a dataset (Eq. 3).
import type { Classifier } from '../../model/open.js';
import { LanError } from '../../core/errors.js';
import { random, shuffle, STREAMS } from '../../core/random.js';
import type { Dataset } from '../../data/dataset.js';
import { sha256, writeAtomically } from '../../data/files.js';
import { whileLocked } from '../../data/lock.js';
import { openDataset } from '../../data/open-dataset.js';
import { prepareResults } from '../../data/results.js';
import { pictureSpec } from '../../score/score.js';
import { exportExplained, exportLan } from '../../export/explainer.js';
import { trainLan, type TrainedLan } from '../../explain/train-lan.js';
import { samplesOfDataset } from '../../lan/dataset-samples.js';
import type { Samples } from '../../lan/samples.js';
import { dirname } from 'node:path';
import { trainingBar } from '../bar.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import type { train as definition } from '../commands/train.js';
import type { Io } from '../io.js';
import { withModel } from '../model.js';

type Arguments = ArgumentsOf<typeof definition>;

/** Trains the explainer and writes it; interrupted, it leaves a checkpoint and exits with 2. */
export async function run(argv: Arguments, io: Io): Promise<void> {
  const dataset = await openDataset(argv.data, { split: argv.split, prefer: 'train' });
  try {
    const bar = trainingBar(io);
    await withModel(argv, io, { interrupted: 'writing a checkpoint', bar }, async (model, signal) => {
      const results = [argv.out, ...['fused.onnx', 'metrics.jsonl', 'checkpoint'].map((ending) => beside(argv.out, ending))];
      await prepareResults(results, [argv.model, argv.data]);
      await whileLocked(dirname(argv.out), async () => {
        for (const note of dataset.notes) io.err(`note: ${note}\n`);
        let skipped = 0;
        const onUnreadable = (reason: string): void => {
          if (argv.strict) throw new LanError('data', reason);
          if (++skipped <= 5) io.err(`skipped: ${reason}\n`);
        };
        const { samples, validation } = split(dataset, model, { ...argv, onUnreadable });
        const trained = await trainLan(model, samples, {
          lan: argv.lan,
          noise: argv.noise,
          maskShape: argv.maskShape,
          settings: settingsOf(argv),
          validation: validation.count > 0 ? validation : undefined,
          data: argv.data,
          files: {
            checkpoint: beside(argv.out, 'checkpoint'),
            metrics: beside(argv.out, 'metrics.jsonl'),
            every: argv.checkpointEvery,
            resume: argv.resume,
          },
          signal,
          onStep: bar.step,
        });
        bar.stop();
        if (skipped > 0) io.err(`note: ${skipped} sample(s) could not be read; their neighbours were taken instead\n`);
        if (!trained.finished) {
          io.err(`lan-onnx: stopped after ${trained.steps} steps; go on with --resume\n`);
          io.exit(2);
          return;
        }
        const fused = await exportExplained(model, trained);
        const lan = exportLan(model, trained);
        await writeAtomically(argv.out, lan);
        await writeAtomically(beside(argv.out, 'fused.onnx'), fused.bytes);
        const document = documentOf(argv.out, trained, lan, model, beside(argv.out, 'fused.onnx'));
        io.out(argv.json ? toJson(document) : describe(argv.out, trained, samples, beside(argv.out, 'fused.onnx')));
      });
    });
  } finally {
    await dataset.close();
  }
}

/** The arguments as trainLan's settings; what is undefined is its own default. */
const settingsOf = (argv: Arguments) => ({
  beta: argv.beta,
  iterations: argv.iterations,
  learningRate: argv.learningRate,
  schedule: argv.schedule,
  batch: argv.batch,
  draws: argv.draws,
  outputLoss: argv.loss,
  seed: argv.seed,
});

/** lan.onnx and 'fused.onnx': lan.fused.onnx. */
const beside = (out: string, ending: string): string => `${out.replace(/\.onnx$/, '')}.${ending}`;

interface SplitOptions {
  readonly hold: number;
  readonly limit?: number | undefined;
  readonly seed: number;
  readonly onUnreadable: (reason: string) => void;
}

/** The dataset's samples in a seeded order: the first part is for validation. */
function split(
  dataset: Dataset,
  classifier: Classifier,
  { hold, limit, seed, onUnreadable }: SplitOptions,
): { samples: Samples; validation: Samples } {
  const order = Uint32Array.from({ length: dataset.length }, (_, i) => i);
  shuffle(order, random(seed, STREAMS.split));
  const used = order.subarray(0, limit ?? order.length);
  const count = Math.round(used.length * hold);
  if (used.length - count < 2)
    throw new LanError('usage', `Dataset '${dataset.name}': ${used.length} samples are too few to train on.`);
  const make = (indices: Uint32Array): Samples =>
    samplesOfDataset(dataset, {
      indices,
      spec: pictureSpec(classifier),
      range: classifier.card?.range ?? 1,
      shape: classifier.sampleShape,
      onUnreadable,
    });
  return { samples: make(used.subarray(count)), validation: make(used.subarray(0, count)) };
}

function documentOf(path: string, trained: TrainedLan, lan: Uint8Array, { source }: Classifier, fused: string): object {
  return {
    schema: 'lan-onnx/train@1',
    file: path,
    fused,
    sha256: sha256(lan),
    model: { path: source.name, sha256: source.sha256 },
    settings: trained.settings,
    last: trained.last,
    validation: trained.validation,
    steps: trained.steps,
    resumedAt: trained.resumedAt,
    seconds: trained.seconds,
  };
}

function describe(path: string, t: TrainedLan, samples: Samples, fused: string): string {
  const { settings, last, validation } = t;
  const three = (v: number | undefined): string => (v === undefined ? '' : v.toFixed(3));
  const done = t.steps - t.resumedAt;
  return [
    `${path}: ${String(settings.lan)}`,
    `  beta ${settings.beta}, ${settings.noise} noise, ${samples.count} samples, ${t.steps} steps${t.resumedAt ? ` (${t.resumedAt} from the checkpoint)` : ''}, ${t.seconds.toFixed(1)} s, ${(done / t.seconds).toFixed(0)} steps a second`,
    `  loss ${three(last.loss)}: output loss ${three(last.output_loss)}, mask mean ${three(last.mask_mean)}`,
    ...(validation
      ? [
          `  held out ${three(validation.validation_loss)}: output loss ${three(validation.validation_output_loss)}, mask mean ${three(validation.validation_mask_mean)}`,
        ]
      : []),
    `  files: ${path}, ${fused}`,
    '',
  ].join('\n');
}
