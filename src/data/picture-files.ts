// Datasets of picture files: a folder per class, a flat folder, or a list of paths and labels.
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';
import { checkIndices, type Dataset, type PictureSpec } from './dataset.js';
import { entriesOf, findImages, LeftOut, leftOutNotes, noPictures } from './find-images.js';
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
 * Empty class folders stay classes and are noted, so that the others keep their numbers; two names of one folder are one class, and a picture that
 * links put into two is told. Throws LanError where there are no pictures at all.
 */
export async function openPictureFolder(
  folder: string,
  about: { name?: string; split?: string; notes?: readonly string[] } = {},
): Promise<Dataset> {
  const leftOut = new LeftOut();
  const { folders, files } = await entriesOf(folder, leftOut);
  const { classes, again } = leftOut.links ? await oneNameEach(folder, folders) : { classes: folders, again: [] };
  const common = { name: about.name ?? folder, split: about.split, format: 'pictures', numbered: false } as const;
  const loose = files.map((name) => join(folder, name));
  const notes = [...(about.notes ?? []), ...again];
  const all: string[] = [];
  const labelOf: number[] = [];
  const empty: string[] = [];
  for (const [label, name] of classes.entries()) {
    const found = await findImages(join(folder, name), leftOut, folder);
    if (found.length === 0) empty.push(name);
    all.push(...found);
    for (const _ of found) labelOf.push(label);
  }
  const left = leftOutNotes(leftOut);
  const labelled = all.length > 0;
  if (!labelled && loose.length === 0) throw noPictures(folder, left);
  if (empty.length > 0)
    notes.push(`${empty.length} ${labelled ? 'class folder(s)' : 'folder(s)'} without pictures: ${empty.join(', ')}`);
  if (labelled && loose.length > 0) notes.push(`${loose.length} picture(s) beside the class folders are left out`);
  const given = labelled ? all : loose;
  const once = leftOut.links ? await withoutRepeats(given, labelOf) : { kept: [...given.keys()], notes: [] };
  const paths = once.kept.map((i) => given[i]!);
  const labels = labelled ? { labels: Int32Array.from(once.kept, (i) => labelOf[i]!), classes } : {};
  return listedDataset({ ...common, paths, ...labels, notes: [...notes, ...once.notes, ...left] });
}

/** Class folders without those that are another name of one of them: a link to a sibling, or two links to one folder. The folder itself keeps its name. */
async function oneNameEach(folder: string, names: readonly string[]): Promise<{ classes: string[]; again: string[] }> {
  const kept = new Map<string, string>();
  const reals = new Map<string, string>();
  for (const name of names) {
    // What cannot be resolved is refused where it is read.
    const real = await realpath(join(folder, name)).catch(() => join(folder, name));
    reals.set(name, real);
    if (!kept.has(real) || basename(real) === name) kept.set(real, name);
  }
  const classes = names.filter((name) => kept.get(reals.get(name)!) === name);
  const links = names.filter((name) => !classes.includes(name));
  return { classes, again: links.map((name) => `'${name}' is the same folder as '${kept.get(reals.get(name)!)}': one class`) };
}

/** Pictures that links name again in the same class are taken once; those that lie in several classes are told, for either may be wrong. */
async function withoutRepeats(paths: readonly string[], labels: readonly number[]): Promise<{ kept: number[]; notes: string[] }> {
  const found = new Map<string, Set<number | undefined>>();
  const kept: number[] = [];
  for (const [i, path] of paths.entries()) {
    const real = await realpath(path).catch(() => path);
    const of = found.get(real) ?? new Set();
    if (!of.has(labels[i])) kept.push(i);
    found.set(real, of.add(labels[i]));
  }
  const again = paths.length - kept.length;
  const both = [...found.values()].filter((of) => of.size > 1).length;
  return {
    kept,
    notes: [
      ...(again > 0 ? [`${again} picture(s) that links name again are taken once`] : []),
      ...(both > 0 ? [`${both} picture(s) lie in more than one class, by links: each counts for both`] : []),
    ],
  };
}
