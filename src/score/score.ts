// How well a classifier does on a dataset: accuracy, confusion, cross-entropy and throughput, by onnxruntime on the original file.
import { LanError } from '../core/errors.js';
import { wilson } from '../core/proportion.js';
import { topK } from '../core/rows.js';
import { choose, random, STREAMS } from '../core/random.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Batch, Dataset, PictureSpec, Unreadable } from '../data/dataset.js';
import { matchLabels } from '../data/labels.js';
import type { Classifier } from '../model/classifier.js';
import { requireClasses } from '../model/task.js';

/** Which samples are scored, and how many at once. */
export interface ScoreOptions {
  /** Samples a run; 'auto' measures which number is fastest. A model that fixes its batch keeps it. Default 'auto'. */
  readonly batch?: 'auto' | number;
  /** At most so many samples, drawn without regard to class by `seed`. */
  readonly limit?: number;
  readonly seed?: number;
  /** Whether an unreadable sample ends the run; else it is left out and counted. */
  readonly strict?: boolean;
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
const CANDIDATES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** An input of more bytes is not worth measuring: caches are long exceeded. */
const MAX_INPUT = 2 ** 26;

/** How pictures have to come for this classifier; undefined where it takes none. */
export function pictureSpec({ card, inputShape }: Pick<Classifier, 'card' | 'inputShape'>): PictureSpec | undefined {
  if (!card) return undefined;
  const [channels, height, width] = inputShape as [1 | 3, number, number];
  return { channels, height, width, resize: card.resize, crop: card.crop, resample: card.resample };
}

/**
 * Scores a classifier on a labelled dataset. Reading and decoding go on while the model runs. Throws LanError for labels that do not fit the
 * model, samples of another shape, no readable sample at all, and with `strict` for the first that cannot be read.
 */
export async function score(classifier: Classifier, dataset: Dataset, options: ScoreOptions = {}): Promise<ScoreResult> {
  const { source, input, hookPoint } = classifier;
  requireClasses(classifier, 'A score counts right classes');
  if (hookPoint)
    throw new LanError(
      'data',
      `${source.name}: its input '${input.name}' is ${input.type}, or the mask lies inside; score takes pictures and other floats.`,
    );
  const k = classifier.classes;
  const matched = matchLabels(dataset, classifier.labels, k);
  const spec = pictureSpec(classifier);
  const order = chosen(dataset.length, options);
  const size = await batchSize(classifier, dataset, order, spec, options);
  const notes = [...dataset.notes, matched.note];
  const answers: Answer[] = [];
  const unreadable: Unreadable[] = [];
  let inTop5 = 0;
  let entropy = 0;
  let modelTime = 0;
  const start = performance.now();
  const most = Math.min(CHUNK, CHUNK_VALUES / sizeOf(classifier.sampleShape));
  const chunk = size * Math.max(1, Math.floor(most / size));
  // One batch first, so that the model runs while the first chunk is still being read.
  const starts = order.length === 0 ? [] : [0];
  for (let at = size; at < order.length; at += chunk) starts.push(at);
  const queue: Promise<Batch>[] = [];
  const readNext = (): void => {
    const at = starts.shift();
    if (at === undefined) return;
    const reading = dataset.read(order.slice(at, at === 0 ? size : at + chunk), spec);
    // It is awaited later; until then a failure must not count as unhandled.
    reading.catch(() => undefined);
    queue.push(reading);
  };
  for (let i = 0; i < AHEAD; i++) readNext();
  while (queue.length > 0 && !options.signal?.aborted) {
    const batch = await queue.shift()!;
    readNext();
    unreadable.push(...batch.unreadable);
    if (options.strict && unreadable.length > 0)
      throw new LanError('data', unreadable[0]!.reason, 'Without `strict` it is left out and counted.');
    if (batch.indices.length > 0) {
      const began = performance.now();
      const p = await classifier.predict(batch.x, classifier.card, size);
      modelTime += performance.now() - began;
      const values = spread(p);
      batch.indices.forEach((index, i) => {
        const row = values.subarray(i * k, (i + 1) * k);
        const label = matched.labels[index]!;
        const top = topK(row, 5);
        const predicted = top[0]!;
        answers.push({ index, label, predicted, probability: row[predicted]! });
        entropy += surprise(row, label, classifier.severalLabels);
        if (top.includes(label)) inTop5++;
      });
    }
    options.onProgress?.(answers.length + unreadable.length, order.length);
    // onnxruntime blocks this thread; pictures that were decoded meanwhile are taken over here, and Ctrl-C is heard.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.allSettled(queue);
  const seconds = (performance.now() - start) / 1000;
  const count = answers.length;
  if (count === 0 && !options.signal?.aborted)
    throw new LanError(
      'data',
      unreadable.length > 0
        ? `Dataset '${dataset.name}': none of ${unreadable.length} samples could be read; the first: ${unreadable[0]!.reason}`
        : `Dataset '${dataset.name}': holds no samples.`,
    );
  return {
    dataset: dataset.name,
    split: dataset.split,
    count,
    top1: accuracy(answers.filter((a) => a.label === a.predicted).length, count),
    top5: accuracy(inTop5, count),
    crossEntropy: entropy / count,
    ...table(answers, k, classNames(classifier, dataset, k)),
    predictions: answers,
    unreadable,
    notes,
    interrupted: options.signal?.aborted === true && count + unreadable.length < order.length,
    batch: size,
    throughput: { overall: count / seconds, model: count / (modelTime / 1000), seconds },
  };
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

/** The batch axis that the file itself fixes. */
function fixedBatch({ source, input, picture }: Classifier): number | undefined {
  if (picture?.batched === false) return 1;
  const dims = source.model.graph.inputs.find((i) => i.name === input.name)?.dims;
  return typeof dims?.[0] === 'number' && dims[0] > 0 ? dims[0] : undefined;
}

/** The batch to run: the file's, the one asked for, or the fastest of CANDIDATES, timed on the first samples. */
async function batchSize(
  classifier: Classifier,
  dataset: Dataset,
  order: readonly number[],
  spec: PictureSpec | undefined,
  { batch = 'auto' }: ScoreOptions,
): Promise<number> {
  const fixed = fixedBatch(classifier);
  if (fixed !== undefined || batch !== 'auto') return fixed ?? (batch as number);
  for (let at = 0; at < order.length; at++) {
    const first = await dataset.read([order[at]!], spec);
    if (first.indices.length > 0) return fastestBatch(classifier, first.x, order.length);
  }
  return 1;
}

/** Times batches of copies of one sample, largest of CANDIDATES last, until twice in a row none was faster. At most a second or two. */
export async function fastestBatch(classifier: Classifier, sample: Tensor, most = Infinity): Promise<number> {
  const per = sizeOf(sample.dims);
  const one = sample.type === 'uint8' ? (sample.data as Uint8Array) : toFloat32(sample);
  let best = { size: 1, rate: 0 };
  let worse = 0;
  for (const size of CANDIDATES) {
    if (size > 1 && (size > most || size * per * 4 > MAX_INPUT || worse > 1)) break;
    const data = one instanceof Uint8Array ? new Uint8Array(size * per) : new Float32Array(size * per);
    for (let i = 0; i < size; i++) data.set(one, i * per);
    const x = { ...sample, dims: [size, ...sample.dims.slice(1)], data };
    try {
      // The first run allocates; the fastest of the others is what the machine can do.
      await classifier.predict(x, classifier.card, size);
      let least = Infinity;
      const until = performance.now() + 80;
      for (let i = 0; i < 2 || performance.now() < until; i++) {
        const start = performance.now();
        await classifier.predict(x, classifier.card, size);
        least = Math.min(least, performance.now() - start);
      }
      const rate = size / least;
      worse = rate > best.rate ? 0 : worse + 1;
      // A larger batch takes more memory: it has to be worth it.
      if (rate > best.rate * 1.01) best = { size, rate };
    } catch (error) {
      // A model may declare its batch open and still take one sample only.
      if (size === 1) throw error;
      break;
    }
  }
  return best.size;
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
