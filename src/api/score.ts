// score(model, data): accuracy, confusion and throughput on a labelled dataset, from paths to the files of a result.
import { version } from '../core/version.js';
import type { OpenOptions } from '../model/open.js';
import { classesCsv, scoreDocument, writeScore, type ScoreDocument } from '../report/score-files.js';
import { score as measure, type ScoreOptions as MeasureOptions, type ScoreResult as Measured } from '../score/score.js';
import { firstPicture, withDataset, type DatasetLike } from './data.js';
import { isFile, withModel, type ModelLike } from './opened.js';

/** Options of `score`, flat: those of the model and the dataset count where they are opened here. */
export interface ScoreOptions extends MeasureOptions, Omit<OpenOptions, 'batch'> {
  /** `train`, `test`, `val`, where the data has several. Default: test. */
  readonly split?: string;
  /** Told once each, as soon as it is known. */
  readonly onNote?: (note: string) => void;
}

/** How well a classifier did. */
export interface ScoreResult extends Measured {
  /** The document of score.json (docs/score.md); single predictions are in predictions.csv. */
  toJSON(): ScoreDocument;
  /** The table of classes as CSV. */
  toCsv(): string;
  /** Writes score.json, classes.csv, confusion.csv and predictions.csv; gives their paths. Throws LanError (`write`). */
  save(folder: string): Promise<string[]>;
}

/**
 * Scores a classifier on a labelled dataset, by onnxruntime on the original file. Throws LanError (`data`) for labels that do not fit the model,
 * samples of another shape, or no readable sample at all, and with `strict` for the first that cannot be read.
 *
 * @example
 * const result = await score('model.onnx', 'photos/', { limit: 1000 });
 * console.log(result.top1.accuracy, result.top1.interval);
 * await result.save('out/');
 */
export async function score(model: ModelLike, data: DatasetLike, options: ScoreOptions = {}): Promise<ScoreResult> {
  const { split, onNote, batch, limit, seed, strict, onProgress, signal, ...opening } = options;
  return withDataset(data, { split }, async (dataset) =>
    withModel(model, isFile(model) ? { ...(await firstPicture(dataset)), ...opening } : opening, async (classifier) => {
      const assumed = classifier.cardAssumed
        ? ['no model card: assumed torchvision (RGB, 0..1, ImageNet mean and std), or plain 0..255 of grey; give a `card`']
        : [];
      for (const note of [...classifier.notes, ...assumed]) onNote?.(note);
      const result = await measure(classifier, dataset, { batch, limit, seed, strict, onProgress, signal });
      for (const note of result.notes) onNote?.(note);
      const context = {
        model: { path: classifier.source.name, sha256: classifier.source.sha256 },
        engine: classifier.engine.info,
        card: classifier.card,
        version: version(),
      };
      const names = new Map(result.predictions.map(({ index }) => [index, dataset.nameOf(index)]));
      return {
        ...result,
        toJSON: () => scoreDocument(result, context),
        toCsv: () => classesCsv(result),
        save: (folder) => writeScore(folder, result, context, (index) => names.get(index)!),
      };
    }),
  );
}
