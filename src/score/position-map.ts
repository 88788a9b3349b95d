// Where in its input does a classifier recognise an object? Accuracy for objects centred at every pixel, by onnxruntime on the original file.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { argmax } from '../core/rows.js';
import { sizeOf } from '../core/tensor.js';
import { pluginIdentity } from '../core/plugin.js';
import { openJournal, type Header } from '../data/journal.js';
import type { Classifier } from '../model/classifier.js';
import { requireClasses } from '../model/task.js';
import { sceneOf, type Placement, type Scene, type SceneOptions } from './scene.js';
import { accuracy, type Accuracy } from './score.js';

/** What is put where, and how the answers are counted. Lengths in pixels of the model's input. */
export interface PositionMapOptions extends SceneOptions {
  /** The right output of objects without a label. Default: what the model answers to the object centred. */
  readonly label?: number;
  /** Samples a run. Default BATCH, 64. */
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

/** Samples a run, where nothing is said. */
export const BATCH = 64;

/** Counts the right answers at `count` positions from `first` on, row by row; undefined where the work was to end before. */
export interface PlaceCounter {
  /** Threads of whoever counts. */
  readonly threads: number | undefined;
  /** Pieces that are begun at the same time. */
  readonly ahead: number;
  count(first: number, count: number): Promise<number[] | undefined>;
}

/** Others that count in place of this process; whoever starts them ends them. `labels`: the right output of each sample. */
export type OtherCounters = (labels: readonly number[], objects: Scene['chosen'], pieces: { readonly total: number; readonly each: number; readonly here: PlaceCounter }) => Promise<PlaceCounter | undefined>; // prettier-ignore

/** This process. */
export function counterHere(classifier: Classifier, scene: Scene, labels: readonly number[], batch: number): PlaceCounter {
  const { rows, columns, samples, compose } = scene;
  return {
    threads: classifier.engine.info.threads,
    ahead: 1,
    async count(first, n) {
      const place = (i: number): Placement => {
        const p = first + Math.floor(i / samples);
        const s = i % samples;
        return { sample: s, row: rows[Math.floor(p / columns.length)]!, column: columns[p % columns.length]!, draw: 1 + samples + p * samples + s }; // prettier-ignore
      };
      const answers = await inPieces(n * samples, 8 * batch, async (from, count) =>
        argmax(
          await classifier.predict(
            compose(count, (i) => place(from + i)),
            classifier.card,
            batch,
          ),
        ),
      );
      return Array.from({ length: n }, (_, p) => labels.filter((label, s) => answers[p * samples + s] === label).length);
    },
  };
}

/** Right answers at consecutive positions from `first` on. */
const Piece = z.object({ first: z.int().nonnegative(), correct: z.array(z.int().nonnegative()) });

/**
 * Places objects centred at every position and counts how often the classifier recognises them. The same objects, chosen by `seed`, are tried at
 * every position, so that positions differ by place alone. Same settings and seed, same result, however often it was interrupted.
 * Throws LanError for models that take no pictures, objects that do not fit, more samples than objects, and a journal of other settings.
 */
export async function positionMap(
  classifier: Classifier,
  options: PositionMapOptions,
  others?: OtherCounters,
): Promise<PositionMap> {
  requireClasses(classifier, 'A position map counts right classes');
  const scene = sceneOf(classifier, options);
  const { height, width, object, rows, columns, samples, chosen } = scene;
  const { stride = 1, clip = true, seed = 0, batch = BATCH, background = 0 } = options;
  // Draw 0 chose the objects; the noise of the centred pictures comes first, that of the positions after it.
  const centred = await inPieces(samples, batch, async (from, n) => argmax(await classifier.predict(scene.compose(n, (i) => scene.centred(from + i)), classifier.card, batch))); // prettier-ignore
  const labels = chosen.map((o, i) => o.label ?? options.label ?? centred[i]!);
  const total = rows.length * columns.length;
  // Whole positions together, as many as fill a batch: the pieces of a run that goes on are those of the unbroken run.
  const piece = Math.max(1, Math.floor(batch / samples));
  const here = counterHere(classifier, scene, labels, batch);
  const counter = (await others?.(labels, chosen, { total, each: piece, here })) ?? here;
  const plugins = pluginIdentity(classifier.plugins);
  const settings: Header = {
    schema: 'lan-onnx/grid-journal@2',
    model: classifier.source.sha256,
    ...(plugins && { plugins: JSON.stringify(plugins) }),
    card: JSON.stringify(classifier.card),
    objects: digest(chosen.map((o) => [o.pixels, o.alpha ?? new Uint8Array()]).flat()),
    labels: digest([Int32Array.from(labels)]),
    background: background instanceof Uint8Array ? digest([background]) : background,
    size: object.join('x'),
    stride,
    samples,
    clip,
    seed,
    batch,
    // Other threads may round otherwise.
    threads: counter.threads ?? null,
  };
  const correct = new Map<number, number>();
  const journal = options.journal === undefined ? undefined : await openJournal(options.journal, settings, Piece);
  const begun: (readonly [number, Promise<number[] | undefined>])[] = [];
  try {
    for (const { first, correct: counts } of journal?.records ?? []) counts.forEach((c, i) => correct.set(first + i, c));
    const left = Array.from({ length: Math.ceil(total / piece) }, (_, i) => i * piece).filter((first) => !correct.has(first));
    let next = 0;
    while ((next < left.length || begun.length > 0) && !options.signal?.aborted) {
      while (next < left.length && begun.length < counter.ahead) {
        const first = left[next++]!;
        const counting = counter.count(first, Math.min(piece, total - first));
        // It is awaited in its turn; until then a failure must not count as unhandled.
        counting.catch(() => undefined);
        begun.push([first, counting]);
      }
      const [first, counting] = begun.shift()!;
      const counts = await counting;
      if (!counts) break;
      counts.forEach((c, i) => correct.set(first + i, c));
      await journal?.append({ first, correct: counts });
      options.onProgress?.(correct.size, total);
      // onnxruntime blocks this thread: Ctrl-C is heard here.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await Promise.allSettled(begun.map(([, counting]) => counting));
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
    objects: options.objects.length,
    samples,
    interrupted: positions.length < total,
  };
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
