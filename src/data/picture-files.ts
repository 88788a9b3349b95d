// Datasets of picture files: a folder per class, a flat folder, or a list of paths and labels.
import { join } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';
import { checkIndices, type Dataset, type PictureSpec } from './dataset.js';
import { entriesOf, findImages, leftOutNotes, noPictures, type LeftOut } from './find-images.js';
import { readPlanes } from './images.js';

/** What a dataset of picture files is made of. */
export type Listed = Pick<Dataset, 'name' | 'format' | 'split' | 'labels' | 'classes' | 'numbered' | 'notes'> & {
  readonly paths: readonly string[];
};

/** Files that are read at the same time; how many are decoded together depends on their size (images.ts). */
const IN_FLIGHT = 8;

async function readOne(
  index: number,
  path: string,
  spec: PictureSpec,
): Promise<{ index: number; planes?: Uint8Array; reason?: string }> {
  try {
    return { index, planes: await readPlanes(path, spec) };
  } catch (error) {
    if (!(error instanceof LanError)) throw error;
    return { index, reason: messageOf(error) };
  }
}

/** A dataset of pictures of any size. Several of a batch are decoded at once, in sharp's own threads. */
export function listedDataset({ paths, ...about }: Listed): Dataset {
  const { name } = about;
  return {
    ...about,
    length: paths.length,
    nameOf: (index) => paths[index]!,
    async read(indices, spec) {
      checkIndices(indices, { name, length: paths.length });
      if (!spec) throw new LanError('data', `Dataset '${name}': its pictures may have any size; say which is wanted (a spec).`);
      const read = new Array<{ index: number; planes?: Uint8Array; reason?: string }>(indices.length);
      let next = 0;
      const work = async (): Promise<void> => {
        for (let i = next++; i < indices.length; i = next++) read[i] = await readOne(indices[i]!, paths[indices[i]!]!, spec);
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, work));
      const sound = read.flatMap(({ index, planes }) => (planes ? [{ index, planes }] : []));
      const per = spec.channels * spec.height * spec.width;
      const data = new Uint8Array(sound.length * per);
      sound.forEach((r, i) => data.set(r.planes, i * per));
      return {
        indices: sound.map((r) => r.index),
        x: { type: 'uint8', dims: [sound.length, spec.channels, spec.height, spec.width], data },
        unreadable: read.flatMap(({ index, reason }) => (reason === undefined ? [] : [{ index, reason }])),
      };
    },
    close: () => Promise.resolve(),
  };
}

/**
 * A folder of pictures: every sub-folder is a class (its own sub-folders belong to it), in sorted order; without sub-folders unlabelled. Links are
 * followed; hidden and system folders are no classes; what is left out is noted with the reason.
 * Empty class folders stay classes and are noted, so that the others keep their numbers. Throws LanError where there are no pictures at all.
 */
export async function openPictureFolder(
  folder: string,
  about: { name?: string; split?: string; notes?: readonly string[] } = {},
): Promise<Dataset> {
  const leftOut: LeftOut = new Map<string, number>();
  const { folders: classes, files } = await entriesOf(folder, leftOut);
  const common = { name: about.name ?? folder, split: about.split, format: 'pictures', numbered: false } as const;
  const loose = files.map((name) => join(folder, name));
  const paths: string[] = [];
  const labels: number[] = [];
  const notes = [...(about.notes ?? [])];
  const empty: string[] = [];
  for (const [label, name] of classes.entries()) {
    const found = await findImages(join(folder, name), leftOut, folder);
    if (found.length === 0) empty.push(name);
    paths.push(...found);
    for (const _ of found) labels.push(label);
  }
  const left = leftOutNotes(leftOut);
  if (paths.length === 0) {
    if (loose.length === 0) throw noPictures(folder, left);
    if (empty.length > 0) notes.push(`${empty.length} folder(s) without pictures: ${empty.join(', ')}`);
    return listedDataset({ ...common, paths: loose, notes: [...notes, ...left] });
  }
  if (empty.length > 0) notes.push(`${empty.length} class folder(s) without pictures: ${empty.join(', ')}`);
  if (loose.length > 0) notes.push(`${loose.length} picture(s) beside the class folders are left out`);
  return listedDataset({ ...common, paths, labels: Int32Array.from(labels), classes, notes: [...notes, ...left] });
}
