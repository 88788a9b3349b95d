// Files of a page: kept in memory, by the paths that they would have on disk. What is dropped into a page is read from here, and results are written to here.
import { resolve } from 'node:path';

const files = new Map<string, Uint8Array>();

/** Failures are those of a file system, so that they are told in the same words. */
const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Puts a file there, in place of one that is there. */
export const put = (path: string, bytes: Uint8Array): void => void files.set(resolve(path), bytes);

/** The bytes of a file. Throws ENOENT or EISDIR. */
export function bytesAt(path: string): Uint8Array {
  const bytes = files.get(resolve(path));
  if (bytes) return bytes;
  throw failure(isFolderAt(path) ? 'EISDIR' : 'ENOENT');
}

/** Is a file there? */
export const isFileAt = (path: string): boolean => files.has(resolve(path));

/** Does any file lie below? */
export const isFolderAt = (path: string): boolean => filesBelow(path).length > 0;

/** Paths of the files below a folder, relative to it, in the order in which they came. */
export function filesBelow(folder: string): string[] {
  const own = resolve(folder);
  const start = own === '/' ? own : `${own}/`;
  return [...files.keys()].flatMap((path) => (path.startsWith(start) ? [path.slice(start.length)] : []));
}

/** Takes away a file, or a folder with all that lies below it. */
export function takeAway(path: string): void {
  for (const name of filesBelow(path)) files.delete(resolve(path, name));
  files.delete(resolve(path));
}
