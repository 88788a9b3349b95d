// CIFAR-10 as an experiment reads it: a part of each split in memory, from the official files, a folder of pictures, or an archive of one.
import { LanError } from '../../core/errors.js';
import { CIFAR10 } from '../../data/cifar.js';
import type { Dataset } from '../../data/dataset.js';
import { isImage } from '../../data/find-images.js';
import { decodePixels } from '../../data/images.js';
import { openDataset } from '../../data/open-dataset.js';
import { toPlanes } from '../../data/planes.js';
import { isArchive, openArchive, type ArchiveFile } from '../../data/tar.js';

/** Side of a picture. */
export const SIDE = 32;
/** Bytes of a picture: red, green and blue planes. */
export const BYTES = 3 * SIDE * SIDE;

/** Pictures and what they show. */
export interface Pictures {
  /** [count,3,32,32], 0 to 255. */
  readonly pixels: Uint8Array;
  /** By CIFAR10. */
  readonly labels: Uint8Array;
}

/** Pictures to train on, and others. */
export interface CifarData {
  readonly train: Pictures;
  readonly test: Pictures;
  /** What was read, for reports; without paths, so that a run can be gone on with elsewhere. */
  readonly source: string;
}

/** At most so many pictures of each part; of more, every so-manyth, so that all classes are there. */
export interface CifarLimits {
  readonly train: number;
  readonly test: number;
}

const EXPECTED =
  'Give `data`: the folder of the official binary files (data_batch_1.bin to test_batch.bin), or a folder or a .tar with train/CLASS/*.jpg and test/CLASS/*.jpg.';

/** Of a single file, which has no test half: every fifth picture is for the test. */
const PART = 5;

/** Throws LanError (`data`) where there is no path, or not what was expected at it. */
export async function readCifar(path: string | undefined, limits: CifarLimits): Promise<CifarData> {
  if (path === undefined) throw new LanError('data', 'CIFAR-10 does not come with the package, so there are no pictures to train on.', EXPECTED); // prettier-ignore
  if (isArchive(path)) {
    const entries = await openArchive(path);
    const [train, test] = await Promise.all((['train', 'test'] as const).map((split) => packed(path, entries, split, limits[split]))); // prettier-ignore
    return told(train!, test!, 'as picture files');
  }
  if (/\.bin$/i.test(path)) {
    const dataset = await openDataset(path);
    try {
      requireClasses(path, dataset.classes);
      const all = Array.from({ length: dataset.length }, (_, i) => i);
      const [train, test] = [all.filter((i) => i % PART !== PART - 1), all.filter((i) => i % PART === PART - 1)];
      return told(await chosen(dataset, some(train, limits.train)), await chosen(dataset, some(test, limits.test)), 'in one binary file, every fifth picture for the test'); // prettier-ignore
    } finally {
      await dataset.close();
    }
  }
  let format = '';
  const [train, test] = await Promise.all(
    (['train', 'test'] as const).map(async (split) => {
      const dataset = await openDataset(path, { split });
      try {
        requireClasses(path, dataset.classes);
        format = dataset.format === 'CIFAR' ? 'in its binary files' : 'as picture files';
        return await chosen(dataset, some(Array.from({ length: dataset.length }, (_, i) => i), limits[split])); // prettier-ignore
      } finally {
        await dataset.close();
      }
    }),
  );
  return told(train!, test!, format);
}

const told = (train: Pictures, test: Pictures, format: string): CifarData => ({
  train,
  test,
  source: `CIFAR-10 ${format}, ${train.labels.length} pictures to train on and ${test.labels.length} for the test`,
});

/** At most `limit` of the items, evenly spread. */
const some = <T>(items: readonly T[], limit: number): T[] =>
  Array.from({ length: Math.min(limit, items.length) }, (_, i) => items[Math.floor((i * items.length) / Math.min(limit, items.length))]!); // prettier-ignore

function requireClasses(path: string, classes: readonly string[] | undefined): void {
  if (classes?.join() !== CIFAR10.join())
    throw new LanError(
      'data',
      `Dataset '${path}': expected the ten classes ${CIFAR10.join(', ')}; received ${classes ? `${classes.length}: ${classes.slice(0, 12).join(', ')}` : 'no classes'}.`,
      EXPECTED,
    );
}

async function chosen(dataset: Dataset, indices: readonly number[]): Promise<Pictures> {
  const { labels, name } = dataset;
  if (!labels) throw new LanError('data', `Dataset '${name}': its pictures have no classes.`, EXPECTED);
  const batch = await dataset.read(indices, { width: SIDE, height: SIDE, channels: 3 });
  if (batch.unreadable.length > 0) throw new LanError('data', batch.unreadable[0]!.reason);
  return { pixels: batch.x.data as Uint8Array, labels: Uint8Array.from(indices, (i) => labels[i]!) };
}

/** Pictures that are decoded at once. */
const TOGETHER = 16;

async function packed(path: string, entries: readonly ArchiveFile[], split: string, limit: number): Promise<Pictures> {
  const all = entries.flatMap(({ name, data: bytes }) => {
    const [, part, label] = /(?:^|\/)(train|test)\/([^/]+)\/[^/]+$/.exec(name) ?? [];
    return part === split && isImage(name) ? [{ name, bytes, label: label! }] : [];
  });
  const classes = [...new Set(all.map(({ label }) => label))].sort();
  requireClasses(`${path}, ${split}/`, classes);
  all.sort((a, b) => CIFAR10.indexOf(a.label) - CIFAR10.indexOf(b.label));
  const wanted = some(all, limit);
  const pixels = new Uint8Array(wanted.length * BYTES);
  for (let at = 0; at < wanted.length; at += TOGETHER)
    await Promise.all(
      wanted.slice(at, at + TOGETHER).map(async ({ name, bytes }, k) => {
        const picture = await decodePixels(bytes, `${path}, ${name}`);
        if (picture.width !== SIDE || picture.height !== SIDE)
          throw new LanError('data', `Image '${path}, ${name}': is ${picture.width} x ${picture.height} pixels; expected ${SIDE} x ${SIDE}.`); // prettier-ignore
        pixels.set(toPlanes(picture, 3), (at + k) * BYTES);
      }),
    );
  return { pixels, labels: Uint8Array.from(wanted, ({ label }) => CIFAR10.indexOf(label)) };
}
