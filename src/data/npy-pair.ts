// Arrays as a dataset: images.npy, or a sparse matrix of counts (.npz), with labels.npy beside it.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { toFloat32, toNumbers } from '../core/tensor.js';
import type { Dataset } from './dataset.js';
import { readBytes } from './files.js';
import { decodeNpy } from './npy.js';
import { decodeSparse } from './npz.js';
import { dense } from './sparse.js';
import { storedDataset } from './stored.js';

/** Whether the labels beside are read; default true. */
interface WithLabels {
  readonly labels?: boolean;
}

/**
 * Opens an array of samples, first axis the sample: uint8 [N,H,W], [N,C,H,W] or [N,H,W,C] are pictures; every other dtype and shape is taken as it
 * is. Labels: whole numbers [N] in the file called labels instead of images, or labels.npy. Throws LanError for unsound arrays.
 */
export async function openNpyDataset(path: string, { labels: wanted = true }: WithLabels = {}): Promise<Dataset> {
  const images = decodeNpy(await readBytes(path, 'Dataset'), path);
  const [length, ...rest] = images.dims;
  if (length === undefined || rest.length === 0 || rest.includes(0))
    throw new LanError('data', `Dataset '${path}': expected samples [N,...], received shape [${images.dims.join(',')}].`);
  const renamed = basename(path).replace('images', 'labels');
  const beside = join(dirname(path), renamed === basename(path) ? 'labels.npy' : renamed);
  const labels = wanted && existsSync(beside) ? await readLabels(beside, length) : undefined;
  const bytes = images.type === 'uint8';
  const few = (n: number | undefined): boolean => n === 1 || n === 3;
  const last = bytes && rest.length === 3 && !few(rest[0]) && few(rest[2]);
  const shape = bytes && rest.length === 2 ? [1, ...rest] : last ? [rest[2]!, rest[0]!, rest[1]!] : rest;
  const per = shape.reduce((a, b) => a * b, 1);
  const data = bytes ? (images.data as Uint8Array) : toFloat32(images);
  return storedDataset({
    name: path,
    format: 'npy',
    notes: [],
    length,
    shape,
    labels,
    type: bytes ? 'uint8' : 'float32',
    load(first, count) {
      const own = data.subarray(first * per, (first + count) * per);
      return Promise.resolve(last ? channelsFirst(own as Uint8Array, count, shape) : own);
    },
  });
}

/**
 * Opens a sparse matrix [N,width] (see decodeSparse): bags of words, mostly. Rows are written out when they are read, so that only what is not 0 takes memory.
 * Labels: whole numbers [N] in labels.npy beside it. Throws LanError for what is none.
 */
export async function openSparseDataset(path: string, { labels: wanted = true }: WithLabels = {}): Promise<Dataset> {
  const rows = decodeSparse(await readBytes(path, 'Dataset'), `Dataset '${path}'`);
  const { length, width } = rows;
  if (length === 0 || width === 0)
    throw new LanError('data', `Dataset '${path}': holds no values; its shape is [${length},${width}].`);
  const beside = join(dirname(path), 'labels.npy');
  const labels = wanted && existsSync(beside) ? await readLabels(beside, length) : undefined;
  const load = (first: number, count: number): Promise<Float32Array> => Promise.resolve(dense(rows, Uint32Array.from({ length: count }, (_, i) => first + i))); // prettier-ignore
  return { ...storedDataset({ name: path, format: 'npy', notes: [], length, shape: [width], labels, type: 'float32', load }), sparse: true }; // prettier-ignore
}

async function readLabels(path: string, length: number): Promise<Int32Array> {
  const labels = decodeNpy(await readBytes(path, 'Dataset'), path);
  if (labels.dims.length !== 1 || labels.dims[0] !== length)
    throw new LanError(
      'data',
      `Dataset '${path}': expected ${length} labels, one a sample, received shape [${labels.dims.join(',')}].`,
    );
  const numbers = Array.from(toNumbers(labels));
  const wrong = numbers.find((v) => !Number.isInteger(v) || Math.abs(v) > 2 ** 30);
  if (wrong !== undefined) throw new LanError('data', `Dataset '${path}': expected whole numbers, received ${wrong}.`);
  return Int32Array.from(numbers);
}

function channelsFirst(data: Uint8Array, count: number, [channels = 1, height = 1, width = 1]: readonly number[]): Uint8Array {
  const out = new Uint8Array(data.length);
  const area = height * width;
  for (let i = 0; i < count * area; i++) {
    const to = Math.floor(i / area) * channels * area + (i % area);
    for (let c = 0; c < channels; c++) out[to + c * area] = data[i * channels + c]!;
  }
  return out;
}
