// CIFAR-10 and CIFAR-100 in A. Krizhevsky's binary layout: label byte(s), then 3,072 bytes of red, green and blue planes, 32 x 32.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { openPlain, type ByteSource } from './byte-source.js';
import type { Dataset } from './dataset.js';
import { storedDataset } from './stored.js';

const PIXELS = 3072;
/** Its ten classes, by number. */
export const CIFAR10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** The .bin files of each split that a folder holds. */
export function findCifar(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of readdirSync(folder).sort()) {
    const split = /^(data_batch_\d+|train)\.bin$/.test(name)
      ? 'train'
      : /^(test_batch|test)\.bin$/.test(name)
        ? 'test'
        : undefined;
    if (split) found.set(split, [...(found.get(split) ?? []), join(folder, name)]);
  }
  return found;
}

/** Label bytes of a record: one in CIFAR-10; two in CIFAR-100, coarse and fine. Told by the length, or by the name where both fit. */
function labelBytes(path: string, length: number): 1 | 2 {
  const fits = ([1, 2] as const).filter((n) => length > 0 && length % (n + PIXELS) === 0);
  if (fits.length === 0)
    throw new LanError(
      'data',
      `Dataset '${path}': ${length} bytes are not whole CIFAR records (3073 bytes, or 3074 in CIFAR-100). Was it cut off?`,
    );
  return fits.length === 1 ? fits[0]! : /^(train|test)\.bin$/.test(basename(path)) ? 2 : 1;
}

/** One or several .bin files as one dataset. Throws LanError for files that are no whole records or hold impossible labels. */
export async function openCifarDataset(
  paths: readonly string[],
  about: { name?: string; split?: string; notes?: string[] } = {},
): Promise<Dataset> {
  const parts: { source: ByteSource; first: number; count: number }[] = [];
  const close = async (): Promise<void> => void (await Promise.all(parts.map((p) => p.source.close())));
  try {
    let length = 0;
    let prefix: 1 | 2 | undefined;
    for (const path of paths) {
      const source = await openPlain(path);
      parts.push({ source, first: length, count: 0 });
      const own = labelBytes(path, source.length);
      if (prefix !== undefined && own !== prefix)
        throw new LanError(
          'data',
          `Dataset '${path}': has CIFAR-${own === 1 ? 10 : 100} records, the files before it have others.`,
        );
      prefix = own;
      parts.at(-1)!.count = source.length / (own + PIXELS);
      length += parts.at(-1)!.count;
    }
    const bytes = prefix! + PIXELS;
    const labels = new Int32Array(length);
    for (const part of parts) await readLabels(part, bytes, prefix!, labels);
    return storedDataset({
      name: about.name ?? paths[0]!,
      format: 'CIFAR',
      split: about.split,
      notes: about.notes ?? [],
      length,
      shape: [3, 32, 32],
      labels,
      classes: prefix === 1 ? CIFAR10 : fineNames(paths[0]!),
      type: 'uint8',
      async load(first, count) {
        const loaded: Uint8Array[] = [];
        for (const part of parts) {
          const from = Math.max(first, part.first);
          const to = Math.min(first + count, part.first + part.count);
          if (from >= to) continue;
          const records = await part.source.read((from - part.first) * bytes, (to - from) * bytes);
          // Labels are closed up in place: a second array of this size costs more than the moves.
          for (let i = 0; i < to - from; i++) records.copyWithin(i * PIXELS, i * bytes + prefix!, (i + 1) * bytes);
          loaded.push(records.subarray(0, (to - from) * PIXELS));
        }
        return joined(loaded);
      },
      close,
    });
  } catch (error) {
    await close();
    throw error;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The last label byte of every record: CIFAR-100's fine class. */
async function readLabels(
  { source, first, count }: { source: ByteSource; first: number; count: number },
  bytes: number,
  prefix: 1 | 2,
  labels: Int32Array,
): Promise<void> {
  const classes = prefix === 1 ? 10 : 100;
  const STEP = 1000;
  for (let at = 0; at < count; at += STEP) {
    const n = Math.min(STEP, count - at);
    const records = await source.read(at * bytes, n * bytes);
    for (let i = 0; i < n; i++) {
      const label = records[i * bytes + prefix - 1]!;
      if (label >= classes)
        throw new LanError(
          'data',
          `Dataset '${source.name}': record ${at + i} has label ${label}. Expected 0 to ${classes - 1}; is it a CIFAR file?`,
        );
      labels[first + at + i] = label;
    }
  }
}

/** CIFAR-100's class names, from the file that is published with it. */
function fineNames(path: string): string[] | undefined {
  const names = join(dirname(path), 'fine_label_names.txt');
  if (!existsSync(names)) return undefined;
  const list = readFileSync(names, 'utf8').split(/\r?\n/).filter(Boolean);
  return list.length === 100 ? list : undefined;
}
