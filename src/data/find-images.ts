// Which pictures a folder holds, links followed, and what in it was left out and why.
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { LanError } from '../core/errors.js';
import { reasonOf } from './files.js';

const EXTENSIONS = [
  '.jpg',
  '.jpeg',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
  '.bmp',
  '.dib',
  '.pbm',
  '.pgm',
  '.ppm',
  '.pnm',
];
/** Pictures that are known but not read. */
const UNREAD = new Set(['.heic', '.heif', '.jp2', '.jxl', '.psd', '.ico', '.tga', '.exr', '.hdr', '.dng', '.cr2', '.nef', '.arw', '.svg']); // prettier-ignore
/** Folders that systems put beside pictures, in lower case. */
const SYSTEM = new Set(['__macosx', '@eadir', '$recycle.bin', '#recycle', '@recycle', 'system volume information', 'lost+found', '__pycache__', 'thumbs', 'thumbs.db']); // prettier-ignore

/** Whether a file's name ends as that of a picture which can be read. */
export const isImage = (name: string): boolean => EXTENSIONS.includes(extname(name).toLowerCase());

/** Whether a folder is no part of a data set: hidden, or put there by a system. */
export const isSystemFolder = (name: string): boolean => name.startsWith('.') || SYSTEM.has(name.toLowerCase());

/** The refusal of a folder without pictures; `notes` say what lies there instead. */
export const noPictures = (folder: string, notes: readonly string[] = []): LanError =>
  new LanError(
    'data',
    `Folder '${folder}': holds no pictures${notes.length > 0 ? ` (${notes.join('; ')})` : ''}.`,
    `Expected files ending in ${EXTENSIONS.join(', ')}.`,
  );

/** What was left out: how often, by reason. */
export class LeftOut extends Map<string, number> {
  /** Whether a link was met: only then may something have been found twice. */
  links = false;
}

const add = (leftOut: LeftOut, reason: string): void => void leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);

/** A sentence a reason: `2 file(s) left out: .ppm is not read`. */
export const leftOutNotes = (leftOut: LeftOut): string[] =>
  [...leftOut].sort().map(([reason, count]) => `${count} file(s) or folder(s) left out: ${reason}`);

/** A folder's visible entries in sorted order, links followed: what each is, or why it is left out. */
export async function entriesOf(folder: string, leftOut: LeftOut): Promise<{ folders: string[]; files: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new LanError('data', `Folder '${folder}': cannot be read (${reasonOf(error)}).`);
  });
  const folders: string[] = [];
  const files: string[] = [];
  for (const entry of entries) {
    const { name } = entry;
    if (entry.isSymbolicLink()) leftOut.links = true;
    const status =
      entry.isSymbolicLink() || name.includes('\ufffd') ? await stat(join(folder, name)).catch(() => undefined) : entry;
    if (!status) add(leftOut, name.includes('\ufffd') ? 'the name is not UTF-8' : 'the link leads nowhere');
    else if (status.isDirectory()) {
      if (!isSystemFolder(name)) folders.push(name);
      else add(leftOut, name.startsWith('.') ? 'hidden' : `'${name}' belongs to the system`);
    } else if (name.startsWith('.')) {
      if (isImage(name)) add(leftOut, 'hidden');
    } else if (!status.isFile()) add(leftOut, 'no regular file');
    else if (isImage(name)) files.push(name);
    else if (UNREAD.has(extname(name).toLowerCase()))
      add(leftOut, `pictures ending in ${extname(name).toLowerCase()} are not read`);
    else add(leftOut, 'no pictures by their endings');
  }
  return { folders: folders.sort(), files: files.sort() };
}

/**
 * Paths of all pictures in a folder and its subfolders, by their endings, sorted. Links are followed, each real folder is read once, and none that
 * holds `within`, the folder that the search began in (default: `folder`). Hidden and system folders are not entered. `leftOut` is told what was not
 * taken. None is no error. Throws LanError (`data`) when a folder cannot be read.
 */
export async function findImages(folder: string, leftOut = new LeftOut(), within?: string): Promise<string[]> {
  const found: string[] = [];
  const around = within === undefined ? undefined : await realpath(within);
  const seen = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const real = await realpath(path).catch((error: unknown) => {
      throw new LanError('data', `Folder '${path}': cannot be read (${reasonOf(error)}).`);
    });
    if (seen.has(real) || around?.startsWith(real.endsWith(sep) ? real : real + sep) || real === around)
      return add(leftOut, 'the link leads back to a folder that was read');
    seen.add(real);
    const { folders, files } = await entriesOf(path, leftOut);
    found.push(...files.map((name) => join(path, name)));
    for (const name of folders) await visit(join(path, name));
  };
  await visit(folder);
  return found.sort();
}
