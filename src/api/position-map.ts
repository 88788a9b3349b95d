// positionMap(model, objects): where in its input a classifier recognises an object, from paths to a heat map and its numbers.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { LanError } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import { version } from '../core/version.js';
import { decodePixels, decodeSprite, fit } from '../data/images.js';
import { matchLabels } from '../data/labels.js';
import { isImage } from '../data/find-images.js';
import { toPlanes } from '../data/planes.js';
import type { Preprocessing } from '../model/guess.js';
import type { Classifier, OpenOptions } from '../model/open.js';
import { gridDocument, writeGrid, type GridDocument } from '../report/position-map-files.js';
import type { PlacedObject } from '../score/placing.js';
import {
  BATCH,
  positionMap as measure,
  type PositionMap,
  type PositionMapOptions as MeasureOptions,
} from '../score/position-map.js';
import { chooseByObjects, type LabelledChoice } from '../score/preprocessing.js';
import type { SceneOptions } from '../score/scene.js';
import { pictureSpec } from '../score/picture-spec.js';
import { withDataset, type DatasetLike } from './data.js';
import { countersOf } from './grid-ways.js';
import { isFile, laterNotes, withModel, type ModelLike } from './opened.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { earlierThreads, threadsHere } from './ways.js';

/** What is placed: the path of a picture (transparency is kept) or of a dataset, several pictures, a dataset, or pixels. */
export type PlacedObjects = DatasetLike | readonly string[] | readonly PlacedObject[];

/** Options of `positionMap`, flat: those of the model and the dataset count where they are opened here. */
export interface PositionMapOptions
  extends Omit<MeasureOptions, 'objects' | 'size' | 'background' | 'label'>, Omit<OpenOptions, 'batch'> {
  /** `train`, `test`, `val`, where the data has several. Default: test. */
  readonly split?: string;
  /**
   * Processes of one thread each (`threads` says otherwise), whose number changes no result; `'auto'`: whatever is faster, measured for a moment and told, several
   * of them or this process on all cores. Absent: this process.
   */
  readonly workers?: number | 'auto';
  /** What repeats it, a command say: shown in the report. */
  readonly repeat?: string;
  /** Class of the pictures, by name or number. Default: the dataset's labels, or what the model answers to the object centred. */
  readonly label?: string | number;
  /** Side, or height and width, that every object is brought to, in pixels. Default: its own. */
  readonly objectSize?: number | readonly [height: number, width: number];
  /** A pixel value 0..255, `noise`, the path of a picture, or pixels [C,H,W] of the model's input. Default 0. */
  readonly background?: number | string | Uint8Array;
  /** Told once each, as soon as it is known. */
  readonly onNote?: (note: string) => void;
}

/** Accuracy by position. */
export interface PositionMapResult extends PositionMap {
  /** How pictures went in, and who said so. */
  readonly preprocessing?: Preprocessing | LabelledChoice;
  readonly notes: readonly string[];
  /** The document of grid.json (docs/score.md). */
  toJSON(): GridDocument;
  /** Writes report.html, grid.png, grid.csv and grid.json; gives their paths. Throws LanError (`write`). */
  save(folder: string): Promise<string[]>;
}

/**
 * Accuracy for objects centred at every pixel (command `grid`), by onnxruntime on the original file. Same options and seed, same result, however
 * often it was interrupted where a `journal` keeps what is done.
 *
 * Throws LanError (`data`) for models that take no pictures, objects that do not fit, and a journal of other settings.
 *
 * @example
 * const map = await positionMap('tank', 'cloud.png', { background: 'forest.png', stride: 8, label: 'tank' });
 * await map.save('out/');
 */
export async function positionMap(
  model: ModelLike,
  objects: PlacedObjects,
  options: PositionMapOptions = {},
): Promise<PositionMapResult> {
  refuseUnknown('positionMap', options, NAMES.positionMap);
  const { split, workers, repeat, label, objectSize, background, onNote, stride, samples, clip, seed, batch, journal, onProgress, signal, ...given } = options; // prettier-ignore
  const may = isFile(model) && !given.adapters && !given.plugins;
  const way = threadsHere(workers, { may, threads: given.threads, earlier: await earlierThreads(journal) });
  const opening = way.threads === undefined ? given : { ...given, threads: way.threads };
  return withModel(model, opening, async (opened) => {
    if (!opened.card)
      throw new LanError('data', `${opened.source.name}: its input [${opened.input.shape.join(',')}] is not a picture.`);
    const told = [...opened.notes];
    for (const note of told) onNote?.(note);
    const placed = await readObjects(objects, { split, label }, opened);
    for (const note of placed.notes) onNote?.(note);
    const size = typeof objectSize === 'number' ? ([objectSize, objectSize] as const) : objectSize;
    const scene = {
      objects: placed.objects,
      size,
      background: await readBackground(background, opened),
      stride,
      samples,
      clip,
      seed,
    };
    const { classifier, preprocessing, notes: assumed } = await chooseByObjects(opened, scene);
    for (const note of assumed) onNote?.(note);
    const started: { close(): Promise<void> }[] = [];
    const others =
      way.workers === 1
        ? undefined
        : countersOf(way.workers, { model: model as string, opening, scene, batch: batch ?? BATCH, signal, onNote: (note) => onNote?.(note) }, classifier, (c) => void started.push(c)); // prettier-ignore
    const result = await measure(classifier, { ...scene, batch, journal, onProgress, signal }, others).finally(() =>
      Promise.all(started.map((c) => c.close())),
    );
    const later = laterNotes(classifier, told);
    for (const note of later) onNote?.(note);
    const notes = [...told, ...placed.notes, ...assumed, ...later];
    const { source } = classifier;
    const context = {
      model: { path: source.name, sha256: source.sha256 },
      engine: { ...classifier.engine.info, ...(typeof result.settings['threads'] === 'number' ? { threads: result.settings['threads'] } : {}) }, // prettier-ignore
      card: classifier.card,
      ...(preprocessing ? { preprocessing } : {}),
      notes,
      version: version(),
    };
    const title = `${placed.name} by ${basename(source.name)}`;
    return {
      ...result,
      ...(preprocessing ? { preprocessing } : {}),
      notes,
      toJSON: () => gridDocument(result, context),
      save: (folder) => writeGrid(folder, result, context, title, repeat),
    };
  });
}

/** Objects of a dataset are held in memory. */
const MOST_BYTES = 2 ** 29;

interface Placed {
  readonly objects: readonly PlacedObject[];
  readonly notes: readonly string[];
  /** What a heading calls them. */
  readonly name: string;
}

async function readObjects(
  given: PlacedObjects,
  { split, label }: Pick<PositionMapOptions, 'split' | 'label'>,
  classifier: Classifier,
): Promise<Placed> {
  const k = classifier.classes;
  const own = label === undefined ? undefined : toLabel(label, classifier.labels, k);
  const paths = typeof given === 'string' ? [given] : Array.isArray(given) ? (given as readonly (string | PlacedObject)[]) : [];
  const many = `${paths.length} objects`;
  const pictures = paths.length > 0 && paths.every((o) => (typeof o === 'string' ? isImage(o) : typeof o === 'object'));
  if (pictures && split !== undefined)
    throw new LanError('usage', '`split` is about a dataset, and `objects` are pictures.', 'Leave `split` out.');
  if (paths.length > 0 && paths.every((path): path is string => typeof path === 'string' && isImage(path))) {
    const objects: PlacedObject[] = [];
    for (const path of paths) {
      const sprite = await decodeSprite(path);
      objects.push({ ...sprite, channels: 3, pixels: toPlanes(sprite, 3), label: own });
    }
    return { objects, notes: [], name: paths.length === 1 ? basename(paths[0]!) : many };
  }
  if (Array.isArray(given) && paths.every((o): o is PlacedObject => typeof o === 'object'))
    return { objects: paths.map((o) => ({ ...o, label: o.label ?? own })), notes: [], name: many };
  if (paths.length > 1)
    throw new LanError('usage', `\`objects\`: expected pictures, or one dataset, received ${paths.map(String).join(', ')}.`);
  const data = Array.isArray(given) ? (paths[0] as string) : (given as DatasetLike);
  return withDataset(data, { split, plugins: classifier.plugins }, async (dataset) => {
    const matched = dataset.labels ? matchLabels(dataset, classifier.labels, k) : undefined;
    const notes = [...dataset.notes, ...(matched ? [matched.note] : [])];
    const spec = dataset.shape ? undefined : pictureSpec(classifier);
    const shape = dataset.shape ?? [spec!.channels, spec!.height, spec!.width];
    const [channels, height, width] = shape as [1 | 3, number, number];
    const most = Math.floor(MOST_BYTES / sizeOf(shape));
    if (dataset.length > most) notes.push(`the first ${most} of ${dataset.length} objects`);
    const all = Array.from({ length: Math.min(dataset.length, most) }, (_, i) => i);
    const { x, indices, unreadable } = await dataset.read(all, spec);
    if (x.type !== 'uint8' || shape.length !== 3 || (channels !== 1 && channels !== 3))
      throw new LanError(
        'data',
        `Dataset '${dataset.name}': its samples are no pictures of bytes, which are what can be placed.`,
      );
    if (unreadable.length > 0)
      notes.push(`${unreadable.length} object(s) could not be read; the first: ${unreadable[0]!.reason}`);
    const per = channels * height * width;
    const bytes = x.data as Uint8Array;
    const objects = indices.map((index, i): PlacedObject => {
      const pixels = bytes.subarray(i * per, (i + 1) * per);
      return { channels, height, width, pixels, label: own ?? matched?.labels[index] };
    });
    return { objects, notes, name: basename(dataset.name) };
  });
}

function toLabel(label: string | number, names: readonly string[], k: number): number {
  const text = String(label);
  const found = typeof label === 'number' ? -1 : names.findIndex((name) => name === text || name.split(',').some((part) => part.trim() === text)); // prettier-ignore
  const index = found >= 0 ? found : /^\d+$/.test(text) ? Number(text) : -1;
  if (index < 0 || index >= k)
    throw new LanError('usage', `\`label\`: expected a class name or a number from 0 to ${k - 1}, received '${text}'.`);
  return index;
}

async function readBackground(
  background: PositionMapOptions['background'],
  classifier: Classifier,
): Promise<SceneOptions['background']> {
  if (background === undefined || background === 'noise' || ArrayBuffer.isView(background)) return background;
  if (typeof background === 'number' && background >= 0 && background <= 255) return background;
  const path = String(background);
  try {
    statSync(path);
  } catch {
    throw new LanError('usage', `\`background\`: expected a number from 0 to 255, a picture, or noise, received '${path}'.`);
  }
  const spec = pictureSpec(classifier)!;
  return toPlanes(fit(await decodePixels(path), spec, path), spec.channels);
}
