// IDX files (Y. LeCun's MNIST format), plain or gzipped: images and labels, in a folder with MNIST's names or as a pair.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { openByteSource, type ByteSource } from './byte-source.js';
import type { Dataset } from './dataset.js';
import { storedDataset } from './stored.js';

const PREFIX: Record<string, string> = { train: 'train', test: 't10k' };
const NAMES = ['-images-idx3-ubyte', '-images.idx3-ubyte', '-images-idx4-ubyte'];

/** The images file of each split that a folder holds. */
export function findIdx(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [split, prefix] of Object.entries(PREFIX)) {
    const path = NAMES.flatMap((n) => [`${prefix}${n}`, `${prefix}${n}.gz`]).find((n) => existsSync(join(folder, n)));
    if (path) found.set(split, join(folder, path));
  }
  return found;
}

/** Whether a file's name is that of IDX images. */
export const isIdx = (path: string): boolean => /(\.idx|[.-]idx[1-4]-ubyte)(\.gz)?$/i.test(path);

/** The labels file that belongs to an images file, by name; undefined where there is none. */
function labelsBeside(images: string): string | undefined {
  const name = basename(images)
    .replace('images', 'labels')
    .replace(/idx[34]/, 'idx1');
  if (name === basename(images)) return undefined;
  const plain = name.replace(/\.gz$/i, '');
  return [name, plain, `${plain}.gz`].map((n) => join(dirname(images), n)).find((p) => existsSync(p));
}

/** What an IDX header says: two zero bytes, the type (8: unsigned byte), the number of axes, then every axis as a big-endian 32-bit number. */
function dimsOf(path: string, head: Uint8Array): number[] {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const fail = (problem: string): LanError => new LanError('data', `Dataset '${path}': ${problem}`);
  if (head.length < 4 || head[0] !== 0 || head[1] !== 0) throw fail('is not an IDX file.');
  if (head[2] !== 8) throw fail(`has IDX type 0x${head[2]!.toString(16)}. Expected 0x8, unsigned bytes.`);
  const rank = head[3]!;
  if (rank < 1 || rank > 4) throw fail(`has ${rank} axes. Expected 1 (labels), 3 or 4 (images).`);
  if (head.length < 4 + 4 * rank) throw fail('is cut short in its header.');
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

async function openIdx(path: string): Promise<{ dims: number[]; source: ByteSource; start: number }> {
  let dims: number[] = [];
  const source = await openByteSource(path, (head) => {
    dims = dimsOf(path, head);
    const size = dims.reduce((a, b) => a * b, 1);
    if (!Number.isSafeInteger(size))
      throw new LanError('data', `Dataset '${path}': has the impossible shape [${dims.join(',')}].`);
    return 4 + 4 * dims.length + size;
  });
  return { dims, source, start: 4 + 4 * dims.length };
}

/** An IDX file of images [N,H,W] or [N,C,H,W], with the labels file beside it, where there is one. Throws LanError for unsound files. */
export async function openIdxDataset(
  path: string,
  about: { name?: string; split?: string; notes?: string[]; labels?: boolean } = {},
): Promise<Dataset> {
  const { dims, source, start } = await openIdx(path);
  try {
    const [length = 0, ...rest] = dims;
    const shape = rest.length === 2 ? [1, ...rest] : rest;
    if (shape.length !== 3 || (shape[0] !== 1 && shape[0] !== 3) || shape.includes(0))
      throw new LanError('data', `Dataset '${path}': expected images [N,H,W] or [N,C,H,W], received shape [${dims.join(',')}].`);
    const labelsPath = about.labels === false ? undefined : labelsBeside(path);
    const labels = labelsPath === undefined ? undefined : await readLabels(labelsPath, path, length);
    const per = shape[0] * shape[1]! * shape[2]!;
    return storedDataset({
      name: about.name ?? path,
      format: 'IDX',
      split: about.split,
      notes: about.notes ?? [],
      length,
      shape,
      labels,
      type: 'uint8',
      load: (first, count) => source.read(start + first * per, count * per),
      close: () => source.close(),
    });
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readLabels(path: string, images: string, length: number): Promise<Int32Array> {
  const { dims, source, start } = await openIdx(path);
  try {
    if (dims.length !== 1)
      throw new LanError('data', `Dataset '${path}': expected labels [N], received shape [${dims.join(',')}].`);
    if (dims[0] !== length)
      throw new LanError(
        'data',
        `Dataset '${path}': expected ${length} labels, one an image of '${images}', received ${dims[0]}.`,
      );
    return Int32Array.from(await source.read(start, length));
  } finally {
    await source.close();
  }
}
