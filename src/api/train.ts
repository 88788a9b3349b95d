// train(model, data): a network that gives the mask of any input at once (Eq. 3), from paths to the ONNX files of an explainer.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { LanError } from '../core/errors.js';
import { random, shuffle, STREAMS } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import { version } from '../core/version.js';
import { sha256, writeAtomically } from '../data/files.js';
import { prepareResults } from '../data/results.js';
import { samplesAtHookPoint } from '../explain/at-hook-point.js';
import { trainLan, type TrainedLan } from '../explain/train-lan.js';
import { exportExplained, exportLan } from '../export/explainer.js';
import { samplesOfDataset } from '../lan/dataset-samples.js';
import type { MaskShape, MaskValues, OutputLoss, Schedule } from '../lan/choices.js';
import type { Samples } from '../lan/samples.js';
import type { TrainProgress } from '../lan/train.js';
import { settled } from '../model/guess.js';
import { resolveQuestion, type ClassName } from '../model/question.js';
import type { Classifier, OpenOptions } from '../model/open.js';
import { metricsIn, trainReport, type MetricsLine } from '../report/page/train.js';
import { reportPage } from '../report/page/template.js';
import { pictureSpec } from '../score/picture-spec.js';
import { firstSample, somePictures, withDataset, type DatasetLike } from './data.js';
import { isFile, laterNotes, withModel, type ModelLike, pluginsOf } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** Options of `train`, flat: those of the model and the dataset count where they are opened here. */
export interface TrainOptions extends Omit<OpenOptions, 'batch'> {
  /** `train`, `test`, `val`, where the data has several. Default: train. */
  readonly split?: string;
  /** `paper`: FC(100, lrelu), FC(mask, sigmoid), the default; `conv`: a small encoder and decoder; or such a text. */
  readonly lan?: string;
  /** Which class the masks are for, whatever a sample's answer; a name or an index, as in `audit`. Default: each sample's answer. */
  readonly target?: ClassName;
  /** With `target`: against which other class. */
  readonly against?: ClassName;
  /** Weight of the mask mean. Default 1.5 ln(classes). */
  readonly beta?: number;
  /** `bootstrap`: other samples of the data, the default; `learned`: a generator that stays near them and is trained against the masks; or uniform[:low,high], gaussian[:mean,deviation], constant:<c>. */
  readonly noise?: string;
  /** Steps. Default 20,000. */
  readonly iterations?: number;
  /** Of Adam. Default 5e-4. */
  readonly learningRate?: number;
  /** Of the learning rate. Default `cosine`. */
  readonly schedule?: Schedule;
  /** Samples a step. Default 32. */
  readonly batch?: number;
  /** Noise draws a sample and step. Default 1. */
  readonly draws?: number;
  /** How outputs are compared, L_F. Default `cross-entropy`. */
  readonly outputLoss?: OutputLoss;
  /** `pixel`: channels share a value, the default; `token`: vectors of tokens do, the default on tokens; `full`: every element has its own. */
  readonly maskShape?: MaskShape;
  /** `binary`, the default: after a third of the steps masks are rounded to 0 or 1, and `audit` rounds what the explainer gives; `soft`: as the paper has it. */
  readonly maskValues?: MaskValues;
  /** Fraction of the samples kept for validation, on which the objective is reported; in [0,1). Default 0.1. */
  readonly validation?: number;
  /** At most so many samples, drawn by `seed`. */
  readonly limit?: number;
  /** Of all random numbers. Default 0. */
  readonly seed?: number;
  /** Path of the explainer to come: while it is trained, a checkpoint and metrics lie beside it (NAME.checkpoint, NAME.metrics.jsonl). */
  readonly out?: string;
  /** Go on from the checkpoint beside `out`, if there is one. */
  readonly resume?: boolean;
  /** Seconds between checkpoints; 0: after every step. Default 20. */
  readonly checkpointEvery?: number;
  /** What repeats it, a command say: shown in the report. */
  readonly repeat?: string;
  /** Throw at the first sample that cannot be read, in place of taking its neighbour. */
  readonly strict?: boolean;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Told once each, as soon as it is known. */
  readonly onNote?: (note: string) => void;
  /** Told of each sample that cannot be read. */
  readonly onUnreadable?: (reason: string) => void;
  /** After an abort the run ends with a checkpoint, and `finished` is false. */
  readonly signal?: AbortSignal;
}

/** A trained explainer. */
export interface TrainResult extends Pick<
  TrainedLan,
  'steps' | 'finished' | 'seconds' | 'resumedAt' | 'last' | 'validation' | 'settings'
> {
  readonly model: { readonly path: string; readonly sha256: string };
  /** Samples that it was trained on, those for validation not counted. */
  readonly samples: number;
  /** Samples that could not be read; their neighbours were taken. */
  readonly unreadable: number;
  /** `x` to `mask`, any batch: an ONNX file. Absent where training was interrupted. */
  readonly lan?: Uint8Array;
  /** The model's inputs to its outputs and the mask, as one ONNX file. Absent where training was interrupted. */
  readonly fused?: Uint8Array;
  readonly notes: readonly string[];
  /** The document of the training; it names the files where `out` was given. */
  toJSON(): TrainDocument;
  /** Writes the explainer to `path` (default: `out`) and NAME.fused.onnx and NAME.report.html beside it; gives their paths. Throws LanError (`write`, `interrupted`). */
  save(path?: string): Promise<{ readonly lan: string; readonly fused: string; readonly report: string }>;
}

/** What `JSON.stringify` makes of a TrainResult: schema `lan-onnx/train@1`. */
export interface TrainDocument extends Pick<
  TrainResult,
  'model' | 'settings' | 'last' | 'validation' | 'steps' | 'resumedAt' | 'seconds'
> {
  readonly schema: 'lan-onnx/train@1';
  readonly file?: string;
  readonly fused?: string;
  /** Of the explainer's file. */
  readonly sha256?: string;
}

/**
 * Trains a Latent Attention Network for the classifier over a dataset. Same options and seed, same bytes, however often it was interrupted and
 * resumed. Throws LanError (`data`) for samples that do not fit the model or too few of them, (`gradient`) naming ops without a gradient rule,
 * (`numbers`) where the loss is no longer finite.
 *
 * @example
 * const trained = await train('model.onnx', 'photos/', { iterations: 5000, out: 'lan.onnx' });
 * await trained.save();
 * const result = await audit('model.onnx', 'dog.jpg', { lan: 'lan.onnx' });
 */
export async function train(model: ModelLike, data: DatasetLike, options: TrainOptions = {}): Promise<TrainResult> {
  refuseUnknown('train', options, NAMES.train);
  const {
    split: part,
    lan,
    target,
    against,
    beta,
    noise,
    iterations,
    learningRate,
    schedule,
    batch,
    draws,
    outputLoss,
    maskShape,
    maskValues,
    ...more
  } = options;
  const { validation = 0.1, limit, seed = 0, out, resume = false, checkpointEvery, strict, ...rest } = more;
  const { onProgress, onNote, onUnreadable, signal, repeat, ...opening } = rest;
  if (!(validation >= 0 && validation < 1))
    throw new LanError('usage', `\`validation\`: expected a fraction of at least 0 and below 1, received ${validation}.`);
  if (resume && out === undefined)
    throw new LanError('usage', '`resume`: a checkpoint lies beside the explainer.', 'Say where with `out`.');
  return withDataset(data, { split: part, prefer: 'train', plugins: pluginsOf(model, options) }, async (dataset) =>
    withModel(model, isFile(model) ? { ...(await firstSample(dataset)), ...opening } : opening, async (opened) => {
      const question = resolveQuestion(opened, { target, against });
      if (out !== undefined) {
        const files = [out, ...['fused.onnx', 'report.html', 'metrics.jsonl', 'checkpoint'].map((ending) => beside(out, ending))];
        await prepareResults(files, [opened.source.path, dataset.name]);
      }
      const { classifier, note } = await settled(opened, await somePictures(dataset, opened, seed));
      const notes = [...dataset.notes, ...classifier.notes, ...(note === undefined ? [] : [note])];
      for (const note of notes) onNote?.(note);
      let unreadable = 0;
      const tell = (reason: string): void => {
        if (strict) throw new LanError('data', reason);
        unreadable++;
        onUnreadable?.(reason);
      };
      const { samples, apart } = split(dataset, classifier, { validation, limit, seed, onUnreadable: tell });
      const trained = await trainLan(classifier, samples, {
        lan,
        question,
        noise,
        maskShape,
        settings: { beta, iterations, learningRate, schedule, batch, draws, outputLoss, maskValues, seed },
        validation: apart.count > 0 ? apart : undefined,
        data: dataset.name,
        files: out === undefined ? undefined : { checkpoint: beside(out, 'checkpoint'), metrics: beside(out, 'metrics.jsonl'), every: checkpointEvery, resume }, // prettier-ignore
        signal,
        onStep: onProgress,
      });
      if (unreadable > 0) {
        notes.push(`${unreadable} sample(s) could not be read; their neighbours were taken instead`);
        onNote?.(notes.at(-1)!);
      }
      for (const later of laterNotes(classifier, notes)) {
        notes.push(later);
        onNote?.(later);
      }
      const files = trained.finished
        ? { lan: exportLan(classifier, trained), fused: (await exportExplained(classifier, trained)).bytes }
        : {};
      return resultOf(trained, files, { classifier, samples, unreadable, notes, out, repeat });
    }),
  );
}

/** What a training has written down of its steps; nothing where that is gone. */
const metricsOf = (path: string): Promise<MetricsLine[]> => readFile(path, 'utf8').then(metricsIn, () => []);

/** lan.onnx and 'fused.onnx': lan.fused.onnx. */
const beside = (out: string, ending: string): string => `${out.replace(/\.onnx$/, '')}.${ending}`;

interface Made {
  readonly classifier: Classifier;
  readonly samples: Samples;
  readonly unreadable: number;
  readonly notes: readonly string[];
  readonly out: string | undefined;
  readonly repeat: string | undefined;
}

function resultOf(trained: TrainedLan, files: Pick<TrainResult, 'lan' | 'fused'>, made: Made): TrainResult {
  const { steps, finished, seconds, resumedAt, last, validation, settings } = trained;
  const { source } = made.classifier;
  const model = { path: source.name, sha256: source.sha256 };
  return {
    steps,
    finished,
    seconds,
    resumedAt,
    last,
    validation,
    settings,
    model, // prettier-ignore
    samples: made.samples.count,
    unreadable: made.unreadable,
    notes: made.notes,
    ...files,
    toJSON() {
      const { out } = made;
      const written = files.lan && out !== undefined ? { file: out, fused: beside(out, 'fused.onnx') } : {};
      const hash = files.lan ? { sha256: sha256(files.lan) } : {};
      return { schema: 'lan-onnx/train@1', ...written, ...hash, model, settings, last, validation, steps, resumedAt, seconds };
    },
    async save(path = made.out) {
      if (!files.lan || !files.fused)
        throw new LanError(
          'interrupted',
          `Training stopped after ${steps} steps; there is no explainer to write.`,
          'Go on with `resume`.',
        );
      if (path === undefined)
        throw new LanError('usage', 'save: expected the path of the explainer, as nothing was said in `out`.');
      const fused = beside(path, 'fused.onnx');
      await writeAtomically(path, files.lan);
      await writeAtomically(fused, files.fused);
      const report = beside(path, 'report.html');
      const lines = made.out === undefined ? [] : await metricsOf(beside(made.out, 'metrics.jsonl'));
      const { engine } = made.classifier;
      const shown = {
        title: basename(path),
        steps,
        samples: made.samples.count,
        last,
        validation,
        lines,
        repeat: made.repeat,
        notes: made.notes,
      };
      await writeAtomically(
        report,
        await reportPage(
          trainReport({ ...shown, models: [model], engine: engine.info, version: version(), settings: { ...settings } }),
        ),
      );
      return { lan: path, fused, report };
    },
  };
}

interface SplitOptions {
  readonly validation: number;
  readonly limit: number | undefined;
  readonly seed: number;
  readonly onUnreadable: (reason: string) => void;
}

/** The dataset's samples in a seeded order: the first fraction is for validation. */
function split(
  dataset: Dataset,
  classifier: Classifier,
  { validation, limit, seed, onUnreadable }: SplitOptions,
): { samples: Samples; apart: Samples } {
  const order = Uint32Array.from({ length: dataset.length }, (_, i) => i);
  shuffle(order, random(seed, STREAMS.split));
  const used = order.subarray(0, limit ?? order.length);
  const count = Math.round(used.length * validation);
  if (used.length - count < 2)
    throw new LanError('data', `Dataset '${dataset.name}': ${used.length} samples are too few to train on.`);
  const make = (indices: Uint32Array): Samples =>
    samplesOfDataset(dataset, {
      indices,
      spec: pictureSpec(classifier),
      range: classifier.card?.range ?? 1,
      shape: classifier.inputShape,
      onUnreadable,
    });
  const there = (samples: Samples): Samples => (classifier.hookPoint ? samplesAtHookPoint(samples, classifier) : samples);
  return { samples: there(make(used.subarray(count))), apart: there(make(used.subarray(0, count))) };
}
