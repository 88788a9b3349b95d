// What a dataset is: samples by index, read when asked for, with the labels of all of them at hand.
//
//   const data = await openDataset('mnist', { split: 'train' });       // src/data/open-dataset.ts: folders of pictures, IDX, CIFAR, manifests, .npy
//   const { x, indices, unreadable } = await data.read([5, 0, 7]);     // x: uint8 [n,1,28,28], pixels 0..255, or float32 as stored
//   toPixels(x, 1)                                                     // float32 in 0..1 (or 0..255), as classifiers take them
//   data.labels?.[indices[0]!]                                         // index into data.classes, where it has names
import { asyncDispose } from '../core/dispose.js';
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { ImageSpec } from './images.js';

/** The pictures that a reader wants: their size, channels, and how photos are brought to it. */
export type PictureSpec = Omit<ImageSpec, 'range'>;

/** A sample that could not be read. */
export interface Unreadable {
  readonly index: number;
  /** The whole message, which names the file. */
  readonly reason: string;
}

/** Samples as they were read. */
export interface Batch {
  /** Samples that could be read, in the order asked for. */
  readonly indices: readonly number[];
  /** [indices.length, ...shape]: uint8 pixels 0..255 in planes (RGB or grey), or float32 as stored. May share memory with the dataset. */
  readonly x: Tensor;
  readonly unreadable: readonly Unreadable[];
}

/** Samples by index, read when asked for, with the labels of all of them at hand. */
export interface Dataset {
  /** What messages call it: its path. */
  readonly name: string;
  readonly format: 'pictures' | 'IDX' | 'CIFAR' | 'manifest' | 'npy';
  readonly split?: string;
  readonly length: number;
  /** Shape of a stored sample, e.g. [1,28,28]; absent where pictures come in any size, so that `read` needs a spec. */
  readonly shape?: readonly number[];
  /** One number a sample: an index into `classes`, or a class index that the file itself gives. Absent: unlabelled. */
  readonly labels?: Int32Array;
  /** Class names; empty ones of a folder are among them. */
  readonly classes?: readonly string[];
  /** Whether the file itself numbers the classes (IDX, CIFAR, .npy); else labels are names, numbered in sorted order. */
  readonly numbered: boolean;
  /** Samples are written out when they are read, from far less: nothing is won by keeping them. */
  readonly sparse?: boolean;
  /** What a user should know: empty class folders, files left out, which split was taken. */
  readonly notes: readonly string[];
  /** What a sample is called: its path, or its number. */
  nameOf(index: number): string;
  /**
   * Reads samples. With a spec every picture comes as uint8 [n, channels, height, width]: pixels stored in another size or other channels are
   * resized and converted as photos are. Samples that cannot be read are listed, the others given.
   * Throws LanError where nothing of the dataset could be read so: no spec for pictures of any size, floats of another shape than the spec's.
   */
  read(indices: readonly number[], spec?: PictureSpec): Promise<Batch>;
  close(): Promise<void>;
}

/** A dataset that `await using` closes. */
export type OpenDataset = Dataset & AsyncDisposable;

/** The same dataset, closed by `await using` as well. */
export const asDisposable = (dataset: Dataset): OpenDataset => Object.assign(dataset, { [asyncDispose]: () => dataset.close() });

/** A batch in pixel space: uint8 pixels scaled to 0..range, floats as they are. */
export function toPixels(x: Tensor, range: 1 | 255): Tensor {
  if (x.type !== 'uint8') return { ...x, type: 'float32', data: toFloat32(x) };
  const data = Float32Array.from(x.data as Uint8Array);
  if (range === 1) for (let i = 0; i < data.length; i++) data[i]! /= 255;
  return { type: 'float32', dims: x.dims, data };
}

/** Runs of consecutive numbers: [5,6,7,2] is [5,3], [2,1]. */
export function runsOf(indices: readonly number[]): [first: number, count: number][] {
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last && index === last[0] + last[1]) last[1]++;
    else runs.push([index, 1]);
  }
  return runs;
}

/** Throws a RangeError for an index that the dataset does not have. */
export function checkIndices(indices: readonly number[], { name, length }: { name: string; length: number }): void {
  const wrong = indices.find((i) => !Number.isInteger(i) || i < 0 || i >= length);
  if (wrong !== undefined) throw new RangeError(`Dataset '${name}': has no sample ${wrong}; there are ${length}.`);
}

/** The error for samples whose shape a model does not take. */
export const wrongShape = (name: string, shape: readonly number[], wanted: readonly number[]): LanError =>
  new LanError('data', `Dataset '${name}': expected samples of shape [${wanted.join(',')}], received [${shape.join(',')}].`);

/** How many samples have each label, by label; labels must not be negative. */
export function countLabels(labels: Int32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
