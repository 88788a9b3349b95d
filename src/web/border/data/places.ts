// What lies at a path of the files in memory.
import { resolve } from 'node:path';
import { bytesAt, filesBelow, isFileAt, isFolderAt } from '../../memory.js';

/** Is anything there? */
export const exists = (path: string): boolean => isFileAt(path) || isFolderAt(path);

/** Is a folder there? */
export const isFolder = (path: string): boolean => isFolderAt(path);

/** Bytes of the file at `path`; undefined where there is none. */
export const fileSize = (path: string): number | undefined => (isFileAt(path) ? bytesAt(path).length : undefined);

/** Is a file there? */
export const isPlainFile = (path: string): boolean => isFileAt(path);

/** There are no links. Throws ENOENT where there is nothing. */
export function realPath(path: string): string {
  // The folder of a file that was given by its bytes alone is there all the same.
  if (resolve(path) !== '/' && !exists(path)) bytesAt(path);
  return resolve(path);
}

/** Names of what a folder holds. */
export const namesIn = (folder: string): string[] => [...new Set(filesBelow(folder).map((path) => path.split('/')[0]!))];

/** What a folder holds. */
export const entriesIn = (folder: string): Promise<{ readonly name: string; readonly kind: 'file' | 'folder' | 'other' }[]> =>
  Promise.resolve(namesIn(folder).map((name) => ({ name, kind: isFileAt(resolve(folder, name)) ? 'file' : 'folder' })));
