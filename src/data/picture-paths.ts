// Pictures as people name them: paths of files and folders, and patterns in quotes.
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LanError } from '../core/errors.js';
import { findImages, isImage, LeftOut, leftOutNotes, noPictures } from './find-images.js';
import { glob, isPattern } from './glob.js';
import { inNaturalOrder } from './natural-order.js';

/** What was named. */
export interface PicturePaths {
  /** In the order in which they were named, those of a folder or a pattern in natural order (2 before 10); each file once. */
  readonly paths: readonly string[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/**
 * Finds the pictures behind `named`: files as they are, also where they do not exist (whoever reads them says so); folders with all pictures in them
 * and in their sub-folders; patterns (`photos/*.jpg`, `**` for folders at any depth) where there is no file of that name. Links are followed without
 * loops; hidden and system folders are left out. A file that is named twice, under whatever path, counts once.
 * Throws LanError (`data`) for a folder without pictures and a pattern that nothing matches.
 *
 * @example
 * const { paths } = await picturePaths(['photos/', 'more/*.png']);
 */
export async function picturePaths(named: string | readonly string[]): Promise<PicturePaths> {
  const leftOut = new LeftOut();
  const all: string[] = [];
  for (const name of typeof named === 'string' ? [named] : named) all.push(...(await pathsOf(name, leftOut)));
  const seen = new Set<string>();
  const paths: string[] = [];
  for (const path of all) {
    const real = await realpath(path).catch(() => resolve(path));
    if (seen.has(real)) continue;
    seen.add(real);
    paths.push(path);
  }
  const twice = all.length - paths.length;
  const notes = leftOutNotes(leftOut);
  return { paths, notes: twice > 0 ? [...notes, `${twice} picture(s) named more than once are taken once`] : notes };
}

async function pathsOf(name: string, leftOut: LeftOut): Promise<string[]> {
  const status = await stat(name).catch(() => undefined);
  if (status?.isDirectory()) return inFolder(name, leftOut);
  if (status || !isPattern(name)) return [name];
  const found = await glob(name);
  if (found.length === 0)
    throw new LanError('data', `'${name}': no file matches this pattern, and none is called so.`, 'Is the path right?');
  const paths: string[] = [];
  for (const { path, folder } of found) {
    if (folder) paths.push(...(await findImages(path, leftOut)));
    else if (isImage(path)) paths.push(path);
    else leftOut.set(OTHER, (leftOut.get(OTHER) ?? 0) + 1);
  }
  if (paths.length === 0) throw noPictures(name, leftOutNotes(leftOut));
  return paths.sort(inNaturalOrder);
}

const OTHER = 'no pictures by their endings';

async function inFolder(folder: string, leftOut: LeftOut): Promise<string[]> {
  const found = await findImages(folder, leftOut);
  if (found.length === 0) throw noPictures(folder, leftOutNotes(leftOut));
  return found.sort(inNaturalOrder);
}
