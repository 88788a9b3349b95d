// Where in its input does a classifier recognise an object? Accuracy for objects centred at every pixel, by onnxruntime on the original file.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { choose, random, STREAMS } from '../core/random.js';
import { argmax } from '../core/rows.js';
import { sizeOf, type Tensor } from '../core/tensor.js';
import { openJournal, type Header } from '../data/journal.js';
import type { Classifier } from '../model/classifier.js';
import { requireClasses } from '../model/task.js';
import { centres, place, prepared, type PlacedObject } from './placing.js';
import { accuracy, type Accuracy } from './score.js';

/** Which objects are put where, and on what. Lengths in pixels of the model's input. */
export interface PositionMapOptions {
  readonly objects: readonly PlacedObject[];
  /** Height and width that every object is brought to. Default: its own. */
  readonly size?: readonly [number, number];
  /** A pixel value 0..255, pixels [C,H,W] of the model's input, or fresh uniform noise under every sample. Default 0. */
  readonly background?: number | Uint8Array | 'noise';
  /** Pixels from one position to the next. Default 1. */
  readonly stride?: number;
  /** Samples a position. Default: every object once, at most 256; on noise at least 32. */
  readonly samples?: number;
  /** Whether objects may stick out, the part outside being cut off; else positions are those where they lie inside. Default true. */
  readonly clip?: boolean;
  /** The right output of objects without a label. Default: what the model answers to the object centred. */
  readonly label?: number;
  readonly seed?: number;
  /** Samples a run. Default 64. */
  readonly batch?: number;
  /** File that keeps what is done; a run with the same settings goes on from it. */
  readonly journal?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Accuracy at one position: the pixel that the objects' centres lay on. */
export interface Position extends Accuracy {
  readonly row: number;
  readonly column: number;
}

/** How well a model does with objects at each position. */
export interface PositionMap {
  /** Height and width of the model's input. */
  readonly input: readonly [number, number];
  /** Centres tried. `positions` goes through them row by row. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** Fewer than rows x columns where the run was interrupted. */
  readonly positions: readonly Position[];
  readonly total: Accuracy;
  readonly settings: Header;
  readonly objects: number;
  readonly samples: number;
  readonly interrupted: boolean;
}

/** Right answers at consecutive positions from `first` on. */
const Piece = z.object({ first: z.int().nonnegative(), correct: z.array(z.int().nonnegative()) });

/**
 * Places objects centred at every position and counts how often the classifier recognises them. The same objects, chosen by `seed`, are tried at
 * every position, so that positions differ by place alone. Same settings and seed, same result, however often it was interrupted.
 * Throws LanError for models that take no pictures, objects that do not fit, more samples than objects, and a journal of other settings.
 */
export async function positionMap(classifier: Classifier, options: PositionMapOptions): Promise<PositionMap> {
  requireClasses(classifier, 'A position map counts right classes');
  if (!classifier.card)
    throw new LanError(
      'data',
      `${classifier.source.name}: its input [${classifier.inputs[0]!.shape.join(',')}] is not a picture.`,
    );
  const [channels, height, width] = classifier.sampleShape as [1 | 3, number, number];
  const { stride = 1, clip = true, seed = 0, batch = 64, background = 0 } = options;
  if (options.objects.length === 0) throw new LanError('data', 'There are no objects to place.');
  const objects = options.objects.map((o) => prepared(o, channels, options.size));
  const { height: h, width: w } = objects[0]!;
  if (objects.some((o) => o.height !== h || o.width !== w))
    throw new LanError('data', 'The objects differ in size.', 'Bring them to one with `objectSize`.');
  const rows = centres(height, h, stride, clip);
  const columns = centres(width, w, stride, clip);
  if (rows.length === 0 || columns.length === 0)
    throw new LanError(
      'data',
      `An object of ${h} x ${w} pixels does not fit into the input of ${height} x ${width}.`,
      'Choose a smaller `objectSize`.',
    );
  if (background instanceof Uint8Array && background.length !== channels * height * width)
    throw new LanError('data', `\`background\`: expected ${channels * height * width} values, received ${background.length}.`);
  const noisy = background === 'noise';
  const samples = options.samples ?? Math.min(256, noisy ? Math.max(32, objects.length) : objects.length);
  if (samples > objects.length && !noisy)
    throw new LanError('data', `${samples} samples a position of ${objects.length} object(s) would repeat themselves.`, `Give \`samples: ${objects.length}\` or less, or more objects.`); // prettier-ignore
  const chosen = chosenObjects(objects, samples, seed);
  const per = channels * height * width;
  const noise = random(seed, STREAMS.grid);
  const values = new Float32Array(per);
  /** One picture into `out`: the object of sample `s` at a place; `draw` names the noise under it. */
  const compose = (out: Uint8Array, s: number, row: number, column: number, draw: number): void => {
    if (noisy) {
      noise.uniform(values, draw, 0, 256);
      for (let i = 0; i < per; i++) out[i] = Math.min(255, values[i]!);
    } else if (background instanceof Uint8Array) out.set(background);
    else out.fill(background);
    place(out, height, width, chosen[s]!, row, column);
  };
  const predict = async (count: number, at: (i: number) => [s: number, row: number, column: number, draw: number]) => {
    const data = new Uint8Array(count * per);
    for (let i = 0; i < count; i++) compose(data.subarray(i * per, (i + 1) * per), ...at(i));
    const x: Tensor = { type: 'uint8', dims: [count, ...classifier.sampleShape], data };
    return argmax(await classifier.predict(x, classifier.card, batch));
  };

  // Draw 0 chose the objects; the noise of the centred pictures comes first, that of the positions after it.
  const centred = await inPieces(samples, batch, (from, n) =>
    predict(n, (i) => [from + i, Math.floor(height / 2), Math.floor(width / 2), 1 + from + i]),
  );
  const labels = chosen.map((o, i) => o.label ?? options.label ?? centred[i]!);
  const settings: Header = {
    schema: 'lan-onnx/grid-journal@1',
    model: classifier.source.sha256,
    card: JSON.stringify(classifier.card),
    objects: digest(chosen.map((o) => [o.pixels, o.alpha ?? new Uint8Array()]).flat()),
    labels: digest([Int32Array.from(labels)]),
    background: background instanceof Uint8Array ? digest([background]) : background,
    size: `${h}x${w}`,
    stride,
    samples,
    clip,
    seed,
    batch,
  };
  const total = rows.length * columns.length;
  // Whole positions together, as many as fill a batch: the pieces of a run that goes on are those of the unbroken run.
  const piece = Math.max(1, Math.floor(batch / samples));
  const correct = new Map<number, number>();
  const journal = options.journal === undefined ? undefined : await openJournal(options.journal, settings, Piece);
  try {
    for (const { first, correct: counts } of journal?.records ?? []) counts.forEach((c, i) => correct.set(first + i, c));
    for (let first = 0; first < total && !options.signal?.aborted; first += piece) {
      if (correct.has(first)) continue;
      const n = Math.min(piece, total - first);
      const place = (i: number): [number, number, number, number] => {
        const p = first + Math.floor(i / samples);
        const s = i % samples;
        return [s, rows[Math.floor(p / columns.length)]!, columns[p % columns.length]!, 1 + samples + p * samples + s];
      };
      const answers = await inPieces(n * samples, 8 * batch, (from, count) => predict(count, (i) => place(from + i)));
      const counts = Array.from({ length: n }, (_, p) => labels.filter((label, s) => answers[p * samples + s] === label).length);
      counts.forEach((c, i) => correct.set(first + i, c));
      await journal?.append({ first, correct: counts });
      options.onProgress?.(correct.size, total);
      // onnxruntime blocks this thread: Ctrl-C is heard here.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await journal?.close();
  }
  const positions = [...correct.keys()]
    .sort((a, b) => a - b)
    .map((p) => ({
      row: rows[Math.floor(p / columns.length)]!,
      column: columns[p % columns.length]!,
      ...accuracy(correct.get(p)!, samples),
    }));
  const right = positions.reduce((sum, p) => sum + p.correct, 0);
  return {
    input: [height, width],
    rows,
    columns,
    positions,
    total: accuracy(right, positions.length * samples),
    settings,
    objects: objects.length,
    samples,
    interrupted: positions.length < total,
  };
}

/** `samples` of the objects: all in order, a seeded choice without repeats, or in turn where there are more samples than objects. */
function chosenObjects(objects: readonly PlacedObject[], samples: number, seed: number): PlacedObject[] {
  const order = samples < objects.length ? choose(objects.length, samples, random(seed, STREAMS.grid)) : objects.map((_, i) => i);
  return Array.from({ length: samples }, (_, i) => objects[order[i % objects.length]!]!);
}

async function inPieces(
  total: number,
  piece: number,
  run: (from: number, count: number) => Promise<number[]>,
): Promise<number[]> {
  const all: number[] = [];
  for (let from = 0; from < total; from += piece) all.push(...(await run(from, Math.min(piece, total - from))));
  return all;
}

function digest(parts: readonly (Uint8Array | Int32Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex').slice(0, 16);
}

/** Accuracies [rows,columns] row by row; NaN where a position was not reached. */
export function accuracyMap({ rows, columns, positions }: PositionMap): Float32Array {
  const map = new Float32Array(sizeOf([rows.length, columns.length])).fill(NaN);
  for (const p of positions) map[rows.indexOf(p.row) * columns.length + columns.indexOf(p.column)] = p.accuracy;
  return map;
}
