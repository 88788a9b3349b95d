// lan-onnx train MODEL --data D --out lan.onnx: an explainer for a classifier, learned over a dataset (Eq. 3).
import type { Argv, CommandModule } from 'yargs';
import { openModel, type Classifier } from '../model/open.js';
import { LanError } from '../core/errors.js';
import { random, shuffle, STREAMS } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import { ensureWritable, sha256, writeAtomically } from '../data/files.js';
import { openDataset } from '../data/open-dataset.js';
import { pictureSpec } from '../score/score.js';
import { exportExplained, exportLan } from '../export/explainer.js';
import { trainLan, type TrainedLan } from '../explain/train-lan.js';
import { samplesOfDataset } from '../lan/dataset-samples.js';
import { MASK_SHAPES, OUTPUT_LOSSES, type MaskShape, type OutputLoss } from '../lan/objective.js';
import type { Samples } from '../lan/samples.js';
import { SCHEDULES, type Schedule } from '../lan/train.js';
import { dirname } from 'node:path';
import { trainingBar } from './bar.js';
import { interruptible, ioOf, toJson, usage } from './io.js';
import {
  MODEL_ARGUMENT,
  optional,
  cardOptions,
  engineOptions,
  jsonOption,
  seedOption,
  toNumber,
  toOpenOptions,
  toWhole,
  type SharedArguments,
} from './options.js';
import { dataOptions } from './score.js';

interface Arguments extends SharedArguments {
  readonly model: string;
  readonly data: string;
  readonly split?: string;
  readonly out: string;
  readonly lan: string;
  readonly beta?: string;
  readonly noise: string;
  readonly iterations?: string;
  readonly learningRate?: string;
  readonly schedule?: Schedule;
  readonly batch?: string;
  readonly draws?: string;
  readonly loss?: OutputLoss;
  readonly maskShape: MaskShape;
  readonly hold: string;
  readonly limit?: string;
  readonly resume: boolean;
  readonly checkpointEvery: string;
  readonly strict: boolean;
  readonly seed: string;
  readonly json: boolean;
}

const LAN = 'Network and training:';

export const trainCommand: CommandModule<object, Arguments> = {
  command: 'train <model>',
  describe: 'learn a network that gives the mask of any input at once (Eq. 3), as an ONNX file',
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({
        ...dataOptions,
        data: { ...dataOptions.data, demandOption: true },
        out: { type: 'string', demandOption: true, requiresArg: true, describe: 'the explainer to write; NAME.fused.onnx, NAME.metrics.jsonl and NAME.checkpoint lie beside it' }, // prettier-ignore
        lan: {
          type: 'string',
          default: 'paper',
          requiresArg: true,
          group: LAN,
          describe: 'paper: FC(100, lrelu), FC(mask, sigmoid); conv: a small encoder and decoder; or such a text',
        },
        beta: {
          type: 'string',
          requiresArg: true,
          group: LAN,
          describe: 'weight of the mask mean (default: 1.5 ln of the number of classes)',
        },
        noise: {
          type: 'string',
          default: 'bootstrap',
          requiresArg: true,
          group: LAN,
          describe: 'bootstrap: other samples of the data; or uniform[:low,high], gaussian[:mean,deviation], constant:<c>',
        },
        iterations: { type: 'string', requiresArg: true, group: LAN, describe: 'steps (default 20000)' },
        'learning-rate': { type: 'string', requiresArg: true, group: LAN, describe: 'of Adam (default 5e-4)' },
        schedule: { choices: SCHEDULES, group: LAN, describe: 'of the learning rate (default cosine)' },
        batch: { type: 'string', requiresArg: true, group: LAN, describe: 'samples a step (default 32)' },
        draws: { type: 'string', requiresArg: true, group: LAN, describe: 'noise draws a sample and step (default 1)' },
        loss: { choices: OUTPUT_LOSSES, group: LAN, describe: 'how outputs are compared, L_F (default cross-entropy)' },
        'mask-shape': { choices: MASK_SHAPES, default: 'pixel', group: LAN, describe: 'pixel: channels share a value; full: every element its own' }, // prettier-ignore
        hold: {
          type: 'string',
          default: '0.1',
          requiresArg: true,
          group: LAN,
          describe: 'share of the samples held out, on which the objective is reported',
        },
        limit: { type: 'string', requiresArg: true, describe: 'at most so many samples, drawn by --seed' },
        resume: { type: 'boolean', default: false, describe: 'go on from the checkpoint, if there is one' },
        'checkpoint-every': {
          type: 'string',
          default: '20',
          requiresArg: true,
          describe: 'seconds between checkpoints; 0: every step',
        },
        strict: {
          type: 'boolean',
          default: false,
          describe: 'stop at the first unreadable sample instead of taking the next one',
        },
      })
      .options({ ...cardOptions, ...engineOptions, ...seedOption, ...jsonOption })
      .example('$0 train m.onnx --data photos/ --out lan.onnx', 'then: $0 audit m.onnx --image cat.jpg --lan lan.onnx')
      .epilogue(
        'Ctrl-C writes a checkpoint; --resume goes on from it, and gives what an unbroken run gives.',
      ) as unknown as Argv<Arguments>,
  async handler(argv) {
    const io = ioOf(argv);
    const settings = {
      beta: optional(argv.beta, (t) => toNumber('--beta', t, 0)),
      iterations: optional(argv.iterations, (t) => toWhole('--iterations', t, 1)),
      learningRate: optional(argv.learningRate, (t) => toNumber('--learning-rate', t, 0)),
      schedule: argv.schedule,
      batch: optional(argv.batch, (t) => toWhole('--batch', t, 1)),
      draws: optional(argv.draws, (t) => toWhole('--draws', t, 1)),
      outputLoss: argv.loss,
      seed: toWhole('--seed', argv.seed),
    };
    const hold = toNumber('--hold', argv.hold, 0);
    if (hold >= 1) throw usage('--hold', 'a share below 1', argv.hold);
    const limit = optional(argv.limit, (t) => toWhole('--limit', t, 2));
    const every = toNumber('--checkpoint-every', argv.checkpointEvery, 0);
    const dataset = await openDataset(argv.data, { split: argv.split, prefer: 'train' });
    try {
      const classifier = await openModel(argv.model, toOpenOptions(argv));
      const interrupt = interruptible(io, 'writing a checkpoint');
      const bar = trainingBar(io);
      try {
        await ensureWritable(dirname(argv.out));
        for (const note of [...dataset.notes, ...classifier.notes]) io.err(`note: ${note}\n`);
        let skipped = 0;
        const onUnreadable = (reason: string): void => {
          if (argv.strict) throw new LanError('usage', reason);
          if (++skipped <= 5) io.err(`skipped: ${reason}\n`);
        };
        const { samples, held } = split(dataset, classifier, { hold, limit, seed: settings.seed, onUnreadable });
        const trained = await trainLan(classifier, samples, {
          lan: argv.lan,
          noise: argv.noise,
          maskShape: argv.maskShape,
          settings,
          validation: held.count > 0 ? held : undefined,
          data: argv.data,
          files: {
            checkpoint: beside(argv.out, 'checkpoint'),
            metrics: beside(argv.out, 'metrics.jsonl'),
            every,
            resume: argv.resume,
          },
          signal: interrupt.signal,
          onStep: bar.step,
        });
        bar.clear();
        if (skipped > 0) io.err(`note: ${skipped} sample(s) could not be read; their neighbours were taken instead\n`);
        if (!trained.finished) {
          io.err(`lan-onnx: stopped after ${trained.steps} steps; go on with --resume\n`);
          io.exit(2);
          return;
        }
        const fused = await exportExplained(classifier, trained);
        const lan = exportLan(classifier, trained);
        await writeAtomically(argv.out, lan);
        await writeAtomically(beside(argv.out, 'fused.onnx'), fused.bytes);
        const document = documentOf(argv.out, trained, lan, classifier, beside(argv.out, 'fused.onnx'));
        io.out(argv.json ? toJson(document) : describe(argv.out, trained, samples, beside(argv.out, 'fused.onnx')));
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

/** lan.onnx and 'fused.onnx': lan.fused.onnx. */
const beside = (out: string, ending: string): string => `${out.replace(/\.onnx$/, '')}.${ending}`;

interface SplitOptions {
  readonly hold: number;
  readonly limit: number | undefined;
  readonly seed: number;
  readonly onUnreadable: (reason: string) => void;
}

/** The dataset's samples in a seeded order: the first share is held out. */
function split(
  dataset: Dataset,
  classifier: Classifier,
  { hold, limit, seed, onUnreadable }: SplitOptions,
): { samples: Samples; held: Samples } {
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
  return { samples: make(used.subarray(count)), held: make(used.subarray(0, count)) };
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
          `  held out ${three(validation['validation_loss'])}: output loss ${three(validation['validation_output_loss'])}, mask mean ${three(validation['validation_mask_mean'])}`,
        ]
      : []),
    `  files: ${path}, ${fused}`,
    '',
  ].join('\n');
}
