// What lies at a path: all that is asked of the file system besides the bytes of files.
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** Is anything there, links followed, that may be looked at? */
export const exists = (path: string): boolean => existsSync(path);

/** Is a folder there, links followed? */
export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Bytes of the file at `path`, links followed; undefined where there is nothing. */
export const fileSize = (path: string): number | undefined => (existsSync(path) ? statSync(path).size : undefined);

/** Is a file there that bytes can be read of, no device or pipe? Throws as the file system does where there is nothing. */
export const isPlainFile = (path: string): boolean => statSync(path).isFile();

/** The path without links. Throws as the file system does where there is nothing. */
export const realPath = (path: string): string => realpathSync(path);

/** Names of what a folder holds. Throws as the file system does. */
export const namesIn = (folder: string): string[] => readdirSync(folder);

/** What a folder holds; links are neither files nor folders. Throws as the file system does. */
export async function entriesIn(
  folder: string,
): Promise<{ readonly name: string; readonly kind: 'file' | 'folder' | 'other' }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.map((e) => ({ name: e.name, kind: e.isFile() ? 'file' : e.isDirectory() ? 'folder' : 'other' }));
}
