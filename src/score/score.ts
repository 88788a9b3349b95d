// How well a classifier does on a dataset: accuracy, confusion, cross-entropy and throughput, by onnxruntime on the original file.
import { LanError } from '../core/errors.js';
import { wilson } from '../core/proportion.js';
import { topK } from '../core/rows.js';
import { choose, random, STREAMS } from '../core/random.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Batch, Dataset, PictureSpec, Unreadable } from '../data/dataset.js';
import { matchLabels } from '../data/labels.js';
import type { Classifier } from '../model/classifier.js';
import { predictInputs } from '../explain/at-hook-point.js';
import { requireClasses } from '../model/task.js';
import { batchSize } from './batch-size.js';
import { openScoreJournal, type Piece, type Scored } from './score-journal.js';

/** Which samples are scored, and how many at once. */
export interface ScoreOptions {
  /** Samples a run; 'auto' measures which number is fastest. A model that fixes its batch keeps it. Default 'auto'. */
  readonly batch?: 'auto' | number;
  /** At most so many samples, drawn without regard to class by `seed`. */
  readonly limit?: number;
  readonly seed?: number;
  /** Whether an unreadable sample ends the run; else it is left out and counted. */
  readonly strict?: boolean;
  /** File that keeps what is done; a run with the same settings goes on from it. */
  readonly journal?: string;
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the run early; what is done is given. */
  readonly signal?: AbortSignal;
}

/** A fraction of samples with its 95 % Wilson score interval. */
export interface Accuracy {
  readonly correct: number;
  readonly count: number;
  readonly accuracy: number;
  readonly interval: readonly [low: number, high: number];
}

/** How well a classifier does on a dataset. `confusion` counts samples. */
export interface ScoreResult {
  readonly dataset: string;
  readonly split?: string;
  /** Samples scored; less than asked for where some were unreadable or the run was interrupted. */
  readonly count: number;
  readonly top1: Accuracy;
  readonly top5: Accuracy;
  /**
   * Mean of -log p(label) in nats; where each label has a probability of its own, of the sum of the binary ones: -log p(label) and -log(1 - p) of
   * every other label. What is in a logarithm is floored at 1e-30.
   */
  readonly crossEntropy: number;
  readonly classes: readonly (Accuracy & { readonly index: number; readonly label: string })[];
  /** How often a sample of `actual` was answered with `predicted`; cells that are 0 are left out; sorted by actual, then predicted. */
  readonly confusion: readonly { readonly actual: number; readonly predicted: number; readonly count: number }[];
  readonly predictions: readonly Answer[];
  readonly unreadable: readonly Unreadable[];
  readonly notes: readonly string[];
  readonly interrupted: boolean;
  readonly batch: number;
  readonly throughput: {
    /** Samples a second, reading and decoding included. */
    readonly overall: number;
    /** Samples a second while the model ran (preprocessing and softmax included). */
    readonly model: number;
    readonly seconds: number;
  };
}

/** One sample: its number in the dataset, its label and the predicted class, both as output indices, and its probability in [0,1]. */
export interface Answer {
  readonly index: number;
  readonly label: number;
  readonly predicted: number;
  /** Of the predicted class. */
  readonly probability: number;
}

/** Chunks that are being read while the model runs: sharp decodes in its own threads. */
const AHEAD = 2;
/** Samples read at once, in whole batches: every turn of the event loop costs a millisecond while onnxruntime's threads spin. */
const CHUNK = 1024;
/** Values of such a chunk at most, a byte each where they are pixels. */
const CHUNK_VALUES = 2 ** 25;
/** How pictures have to come for this classifier; undefined where it takes none. */
export function pictureSpec({ card, inputShape }: Pick<Classifier, 'card' | 'inputShape'>): PictureSpec | undefined {
  if (!card) return undefined;
  const [channels, height, width] = inputShape as [1 | 3, number, number];
  return { channels, height, width, resize: card.resize, crop: card.crop, resample: card.resample };
}

/**
 * Scores a classifier on a labelled dataset. Reading and decoding go on while the model runs. Same settings, same result, however often it was
 * interrupted where a `journal` keeps what is done. Throws LanError for labels that do not fit the model, samples of another shape, no readable sample at
 * all, a journal of other settings, and with `strict` for the first that cannot be read.
 */
export async function score(classifier: Classifier, dataset: Dataset, options: ScoreOptions = {}): Promise<ScoreResult> {
  requireClasses(classifier, 'A score counts right classes');
  // Every other input needs a value, which no sample brings.
  if (!classifier.hookPoint?.hasSkipPath) classifier.requireFeeds();
  const k = classifier.classes;
  const matched = matchLabels(dataset, classifier.labels, k);
  const { labels } = matched;
  const order = chosen(dataset.length, options);
  const what: Scored = { classifier, dataset, labels, order, batch: options.batch ?? 'auto' };
  const journal = options.journal === undefined ? undefined : await openScoreJournal(options.journal, what);
  const pieces = new Map(journal?.records.map((piece) => [piece.at, piece]));
  let size: number;
  try {
    // What was measured before holds: pieces are the same then.
    const { hookPoint } = classifier;
    size =
      journal?.records[0]?.batch ??
      (hookPoint ? 1 : await batchSize(classifier, dataset, order, pictureSpec(classifier), what.batch));
    await scorePieces(what, size, pieces, options, (piece) => journal?.append(piece));
  } finally {
    await journal?.close();
  }
  const done = [...pieces.values()].sort((a, b) => a.at - b.at);
  const answers = done.flatMap((p) => p.answers.map(([index, label, predicted, probability]) => ({ index, label, predicted, probability }))); // prettier-ignore
  const unreadable = done.flatMap((p) => p.unreadable);
  const sum = (of: (piece: Piece) => number): number => done.reduce((total, piece) => total + of(piece), 0);
  const count = answers.length;
  if (count === 0 && !options.signal?.aborted)
    throw new LanError(
      'data',
      unreadable.length > 0
        ? `Dataset '${dataset.name}': none of ${unreadable.length} samples could be read; the first: ${unreadable[0]!.reason}`
        : `Dataset '${dataset.name}': holds no samples.`,
    );
  const seconds = sum((p) => p.seconds);
  return {
    dataset: dataset.name,
    split: dataset.split,
    count,
    top1: accuracy(answers.filter((a) => a.label === a.predicted).length, count),
    top5: accuracy(
      sum((p) => p.inTop5),
      count,
    ),
    crossEntropy: sum((p) => p.entropy) / count,
    ...table(answers, k, classNames(classifier, dataset, k)),
    predictions: answers,
    unreadable,
    notes: [...dataset.notes, matched.note],
    interrupted: options.signal?.aborted === true && count + unreadable.length < order.length,
    batch: size,
    throughput: { overall: count / seconds, model: count / sum((p) => p.modelSeconds), seconds },
  };
}

/** Scores what is not in `pieces` yet, in pieces of whole batches, and puts it there; `keep` is told of each. */
async function scorePieces(
  { classifier, dataset, labels, order }: Scored,
  size: number,
  pieces: Map<number, Piece>,
  { strict, signal, onProgress }: ScoreOptions,
  keep: (piece: Piece) => Promise<void> | undefined,
): Promise<void> {
  const k = classifier.classes;
  const spec = pictureSpec(classifier);
  const most = Math.min(CHUNK, CHUNK_VALUES / sizeOf(classifier.sampleShape));
  const chunk = size * Math.max(1, Math.floor(most / size));
  // One batch first, so that the model runs while the first chunk is still being read.
  const all = order.length === 0 ? [] : [0];
  for (let at = size; at < order.length; at += chunk) all.push(at);
  const starts = all.filter((at) => !pieces.has(at));
  let done = [...pieces.values()].reduce((sum, p) => sum + p.answers.length + p.unreadable.length, 0);
  const refuse = (unreadable: readonly Unreadable[]): void => {
    if (strict && unreadable.length > 0)
      throw new LanError('data', unreadable[0]!.reason, 'Without `strict` it is left out and counted.');
  };
  refuse([...pieces.values()].flatMap((p) => p.unreadable));
  const queue: { readonly at: number; readonly reading: Promise<Batch> }[] = [];
  const readNext = (): void => {
    const at = starts.shift();
    if (at === undefined) return;
    const reading = dataset.read(order.slice(at, at === 0 ? size : at + chunk), spec);
    // It is awaited later; until then a failure must not count as unhandled.
    reading.catch(() => undefined);
    queue.push({ at, reading });
  };
  for (let i = 0; i < AHEAD; i++) readNext();
  let last = performance.now();
  try {
    while (queue.length > 0 && !signal?.aborted) {
      const { at, reading } = queue.shift()!;
      const batch = await reading;
      readNext();
      refuse(batch.unreadable);
      const piece: Piece = { at, batch: size, answers: [], unreadable: [...batch.unreadable], inTop5: 0, entropy: 0, seconds: 0, modelSeconds: 0 }; // prettier-ignore
      if (batch.indices.length > 0) {
        const began = performance.now();
        const p = await (classifier.hookPoint
          ? predictInputs(classifier, batch.x)
          : classifier.predict(batch.x, classifier.card, size));
        piece.modelSeconds = (performance.now() - began) / 1000;
        const values = spread(p);
        batch.indices.forEach((index, i) => {
          const row = values.subarray(i * k, (i + 1) * k);
          const label = labels[index]!;
          const top = topK(row, 5);
          const predicted = top[0]!;
          piece.answers.push([index, label, predicted, row[predicted]!]);
          piece.entropy += surprise(row, label, classifier.severalLabels);
          if (top.includes(label)) piece.inTop5++;
        });
      }
      piece.seconds = (performance.now() - last) / 1000;
      last = performance.now();
      pieces.set(at, piece);
      await keep(piece);
      done += piece.answers.length + piece.unreadable.length;
      onProgress?.(done, order.length);
      // onnxruntime blocks this thread; pictures that were decoded meanwhile are taken over here, and Ctrl-C is heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await Promise.allSettled(queue.map((q) => q.reading));
  }
}

/** correct of count as a fraction with its Wilson interval; NaN of none. */
export const accuracy = (correct: number, count: number): Accuracy => ({
  correct,
  count,
  accuracy: correct / count,
  interval: wilson(correct, count),
});

/** Names of the model's outputs: its labels, or the dataset's classes where those are numbered alike, or numbers. */
export function classNames(classifier: Classifier, dataset: Dataset | undefined, k: number): string[] {
  const names = classifier.labels.length > 0 ? classifier.labels : dataset?.classes?.length === k ? dataset.classes : [];
  return Array.from({ length: k }, (_, i) => names[i] ?? `class ${i}`);
}

/** Probabilities [N,K]; of one output, that of the second class, [N,2]. */
function spread(p: Tensor): Float32Array {
  const values = toFloat32(p);
  if (p.dims[1] !== 1) return values;
  const both = new Float32Array(values.length * 2);
  values.forEach((v, i) => both.set([1 - v, v], 2 * i));
  return both;
}

/** Cross-entropy of one row against its label, in nats. */
function surprise(row: Float32Array, label: number, severalLabels: boolean): number {
  const cost = (p: number): number => -Math.log(Math.max(p, 1e-30));
  if (!severalLabels) return cost(row[label]!);
  return row.reduce((sum, p, i) => sum + cost(i === label ? p : 1 - p), 0);
}

/** At most `limit` of `length` samples, drawn by `seed`, in ascending order, so that files are read from front to back. */
export function chosen(length: number, { limit = Infinity, seed = 0 }: Pick<ScoreOptions, 'limit' | 'seed'>): number[] {
  if (limit >= length) return Array.from({ length }, (_, i) => i);
  return choose(length, limit, random(seed, STREAMS.shuffle)).sort((a, b) => a - b);
}

function table(answers: readonly Answer[], k: number, names: readonly string[]): Pick<ScoreResult, 'classes' | 'confusion'> {
  const cells = new Map<number, number>();
  for (const { label, predicted } of answers) cells.set(label * k + predicted, (cells.get(label * k + predicted) ?? 0) + 1);
  const totals = new Int32Array(k);
  for (const { label } of answers) totals[label]!++;
  return {
    classes: names.map((label, index) => ({ index, label, ...accuracy(cells.get(index * k + index) ?? 0, totals[index]!) })),
    confusion: [...cells]
      .sort((a, b) => a[0] - b[0])
      .map(([cell, count]) => ({ actual: Math.floor(cell / k), predicted: cell % k, count })),
  };
}
