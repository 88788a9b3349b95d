// How well a classifier does on a dataset: accuracy, confusion, cross-entropy and throughput, by onnxruntime on the original file.
import { LanError } from '../core/errors.js';
import { wilson } from '../core/proportion.js';
import { choose, random, STREAMS } from '../core/random.js';
import { sizeOf } from '../core/tensor.js';
import type { Dataset, Unreadable } from '../data/dataset.js';
import { matchLabels } from '../data/labels.js';
import type { Classifier } from '../model/classifier.js';
import { requireClasses } from '../model/task.js';
import { pictureSpec } from './picture-spec.js';
import { batchSize } from './batch-size.js';
import { scorerHere, type Scorer } from './pieces.js';
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

/** Other processes that score in place of this one; whoever started them ends them. */
export interface OtherScorers {
  /** Threads of each. */
  readonly threads: number;
  /** `size`: samples a run. */
  scorer(size: number): Scorer;
}

/** Consecutive samples: place of the first in the order of the run, and their numbers in the dataset. */
export interface PieceOf {
  readonly at: number;
  readonly indices: readonly number[];
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

/** Samples read at once, in whole batches: every turn of the event loop costs a millisecond while onnxruntime's threads spin. */
const CHUNK = 1024;
/** Such chunks at least, so that there is something for several processes whatever their number, which changes no sum. */
const CHUNKS = 16;
/** Values of such a chunk at most, a byte each where they are pixels. */
const CHUNK_VALUES = 2 ** 25;

/** Throws LanError (`data`) for a model whose right answers cannot be counted. */
export function requireScorable(classifier: Classifier): void {
  requireClasses(classifier, 'A score counts right classes');
  // Every other input needs a value, which no sample brings.
  if (!classifier.hookPoint?.hasSkipPath) classifier.requireFeeds();
}

/**
 * Scores a classifier on a labelled dataset. Reading and decoding go on while the model runs. Same settings, same result, however often it was
 * interrupted where a `journal` keeps what is done. Throws LanError for labels that do not fit the model, samples of another shape, no readable sample at
 * all, a journal of other settings, and with `strict` for the first that cannot be read.
 */
export async function score(
  classifier: Classifier,
  dataset: Dataset,
  options: ScoreOptions = {},
  others?: OtherScorers,
): Promise<ScoreResult> {
  requireScorable(classifier);
  const k = classifier.classes;
  const matched = matchLabels(dataset, classifier.labels, k);
  const { labels } = matched;
  const order = chosen(dataset.length, options);
  const threads = others?.threads ?? classifier.engine.info.threads;
  const what: Scored = { classifier, dataset, labels, order, batch: options.batch ?? 'auto', threads };
  const journal = options.journal === undefined ? undefined : await openScoreJournal(options.journal, what);
  const pieces = new Map(journal?.records.map((piece) => [piece.at, piece]));
  let size: number;
  try {
    // What was measured before holds: pieces are the same then.
    const { hookPoint } = classifier;
    size =
      journal?.records[0]?.batch ??
      (hookPoint ? 1 : await batchSize(classifier, dataset, order, pictureSpec(classifier), what.batch));
    await scorePieces(what, size, pieces, options, others, (piece) => journal?.append(piece));
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
  scored: Scored,
  size: number,
  pieces: Map<number, Piece>,
  { strict, signal, onProgress }: ScoreOptions,
  others: OtherScorers | undefined,
  keep: (piece: Piece) => Promise<void> | undefined,
): Promise<void> {
  const { classifier, dataset, labels, order } = scored;
  const most = Math.min(CHUNK, CHUNK_VALUES / sizeOf(classifier.sampleShape), order.length / CHUNKS);
  const chunk = size * Math.max(1, Math.floor(most / size));
  // One batch first, so that the model runs while the first chunk is still being read.
  const all = order.length === 0 ? [] : [0];
  for (let at = size; at < order.length; at += chunk) all.push(at);
  const left = all
    .filter((at) => !pieces.has(at))
    .map((at): PieceOf => ({ at, indices: order.slice(at, at === 0 ? size : at + chunk) }));
  let done = [...pieces.values()].reduce((sum, p) => sum + p.answers.length + p.unreadable.length, 0);
  const refuse = (unreadable: readonly Unreadable[]): void => {
    if (strict && unreadable.length > 0)
      throw new LanError('data', unreadable[0]!.reason, 'Without `strict` it is left out and counted.');
  };
  refuse([...pieces.values()].flatMap((p) => p.unreadable));
  const scorer = others?.scorer(size) ?? scorerHere(classifier, dataset, labels, size);
  const begun: ReturnType<Scorer['begin']>[] = [];
  let next = 0;
  let last = performance.now();
  try {
    while (next < left.length || begun.length > 0) {
      while (next < left.length && begun.length < scorer.ahead) begun.push(scorer.begin(left[next++]!));
      if (signal?.aborted) break;
      const found = await begun[0]!.piece();
      // It was not begun any more.
      if (!found) break;
      begun.shift();
      refuse(found.unreadable);
      const now = performance.now();
      // What several processes do at the same time takes as long as it takes.
      const piece = { ...found, seconds: (now - last) / 1000, modelSeconds: found.modelSeconds / scorer.width };
      last = now;
      pieces.set(piece.at, piece);
      await keep(piece);
      done += piece.answers.length + piece.unreadable.length;
      onProgress?.(done, order.length);
      // onnxruntime blocks this thread; pictures that were decoded meanwhile are taken over here, and Ctrl-C is heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await Promise.allSettled(begun.map(({ over }) => over));
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
