// score(model, data): accuracy, confusion and throughput on a labelled dataset, from paths to the files of a result.
import { version } from '../core/version.js';
import type { Dataset } from '../data/dataset.js';
import { settled, type Preprocessing } from '../model/guess.js';
import type { Classifier, OpenOptions } from '../model/open.js';
import { classesCsv, scoreDocument, writeScore, type ScoreDocument } from '../report/score-files.js';
import { chooseByLabels, choiceNotes, type LabelledChoice } from '../score/preprocessing.js';
import { score as measure, type ScoreOptions as MeasureOptions, type ScoreResult as Measured } from '../score/score.js';
import { firstSample, withDataset, type DatasetLike } from './data.js';
import { isFile, laterNotes, withModel, type ModelLike, pluginsOf } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { scorersOf } from './score-ways.js';
import { earlierThreads, threadsHere } from './ways.js';

/** Options of `score`, flat: those of the model and the dataset count where they are opened here. */
export interface ScoreOptions extends MeasureOptions, Omit<OpenOptions, 'batch'> {
  /** `train`, `test`, `val`, where the data has several. Default: test. */
  readonly split?: string;
  /**
   * Processes of one thread each (`threads` says otherwise), whose number changes no result; `'auto'`: whatever is faster, measured for a moment and told, several
   * of them or this process on all cores. Absent: this process.
   */
  readonly workers?: number | 'auto';
  /** What repeats it, a command say: shown in the report. */
  readonly repeat?: string;
  /** Told once each, as soon as it is known. */
  readonly onNote?: (note: string) => void;
}

/** How well a classifier did. */
export interface ScoreResult extends Measured {
  /** How pictures went in, and who said so; absent for what is no picture. */
  readonly preprocessing?: Preprocessing | LabelledChoice;
  /** The document of score.json (docs/score.md); single predictions are in predictions.csv. */
  toJSON(): ScoreDocument;
  /** The table of classes as CSV. */
  toCsv(): string;
  /** Writes report.html, score.json, classes.csv, confusion.csv and predictions.csv; gives their paths. Throws LanError (`write`). */
  save(folder: string): Promise<string[]>;
}

/**
 * Scores a classifier on a labelled dataset, by onnxruntime on the original file. Throws LanError (`data`) for labels that do not fit the model,
 * samples of another shape, a `journal` of other settings, or no readable sample at all, and with `strict` for the first that cannot be read. A journal that
 * is whole gives its result at once: remove it to measure again.
 *
 * @example
 * const result = await score('model.onnx', 'photos/', { limit: 1000 });
 * console.log(result.top1.accuracy, result.top1.interval);
 * await result.save('out/');
 */
export async function score(model: ModelLike, data: DatasetLike, options: ScoreOptions = {}): Promise<ScoreResult> {
  refuseUnknown('score', options, NAMES.score);
  const { split, workers, repeat, onNote, batch, limit, seed, strict, journal, onProgress, signal, ...given } = options;
  const may = isFile(model) && typeof data === 'string' && !given.adapters && !given.plugins;
  const way = threadsHere(workers, { may, threads: given.threads, earlier: await earlierThreads(journal) });
  const opening = way.threads === undefined ? given : { ...given, threads: way.threads };
  return withDataset(data, { split, plugins: pluginsOf(model, options) }, async (dataset) =>
    withModel(model, isFile(model) ? { ...(await firstSample(dataset)), ...opening } : opening, async (opened) => {
      const told = [...opened.notes];
      for (const note of told) onNote?.(note);
      const { classifier, preprocessing, notes } = await settledByLabels(opened, dataset, seed);
      for (const note of notes) onNote?.(note);
      const asked = { batch, limit, seed, strict, journal, onProgress, signal };
      const others =
        way.workers === 1
          ? undefined
          : await scorersOf(way.workers, { ...asked, model: model as string, data: data as string, split, opening: { ...(await firstSample(dataset)), ...opening }, onNote: (note) => onNote?.(note) }, classifier, dataset); // prettier-ignore
      const result = await measure(classifier, dataset, asked, others).finally(() => others?.close());
      const later = laterNotes(classifier, told);
      for (const note of [...later, ...result.notes]) onNote?.(note);
      const context = {
        model: { path: classifier.source.name, sha256: classifier.source.sha256 },
        engine: { ...classifier.engine.info, ...(others ? { threads: others.threads } : {}) },
        card: classifier.card,
        ...(preprocessing ? { preprocessing } : {}),
        version: version(),
      };
      const names = new Map(result.predictions.map(({ index }) => [index, dataset.nameOf(index)]));
      return {
        ...result,
        ...(preprocessing ? { preprocessing } : {}),
        notes: [...notes, ...later, ...result.notes],
        toJSON: () => scoreDocument(result, context),
        toCsv: () => classesCsv(result),
        save: (folder) => writeScore(folder, result, context, (index) => names.get(index)!, repeat),
      };
    }),
  );
}

/** The classifier with its preprocessing settled: where no card says it, by which convention does best on some of the labelled pictures. */
async function settledByLabels(classifier: Classifier, dataset: Dataset, seed: number | undefined) {
  const tried = classifier.cardAssumed ? await chooseByLabels(classifier, dataset, seed) : undefined;
  if (tried) return { classifier: tried.classifier, preprocessing: tried.choice, notes: choiceNotes(tried.choice) };
  const { preprocessing, note } = await settled(classifier, []);
  return { classifier, preprocessing, notes: note === undefined ? [] : [note] };
}
