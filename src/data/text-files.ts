// Texts as files: one document each, a folder of them, or a file of one a line.
import { extname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { readBytes, reasonOf } from './files.js';
import { inNaturalOrder } from './natural-order.js';
import { entriesIn, isFolder } from './places.js';

/** A document. */
export interface Text {
  readonly path: string;
  readonly text: string;
}

/** A file as UTF-8, without a byte order mark. Throws LanError (`data`) where it cannot be read, or holds NUL characters, which no text does. */
export async function readText(path: string, what: string): Promise<string> {
  const text = new TextDecoder().decode(await readBytes(path, what));
  if (text.includes('\0')) throw new LanError('data', `${what} '${path}': is no text; it holds NUL characters.`);
  return text;
}

/** Files of texts below a folder, sub-folders included, hidden ones left out, in natural order. Throws LanError (`data`) for a folder without any. */
export async function textPaths(folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (at: string): Promise<void> => {
    const entries = await entriesIn(at).catch((error: unknown) => {
      throw new LanError('data', `Folder '${at}': cannot be read (${reasonOf(error)}).`);
    });
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      // Links are left out: they may lead round in circles.
      if (entry.kind === 'folder') await walk(join(at, entry.name));
      else if (entry.kind === 'file') found.push(join(at, entry.name));
    }
  };
  await walk(folder);
  if (found.length === 0) throw new LanError('data', `Texts '${folder}': the folder holds no files.`);
  return found.sort(inNaturalOrder);
}

/**
 * The documents at `path`: every file of a folder, or of a file each line that is not blank (of .jsonl the `text` of each). Throws LanError (`data`) for what
 * cannot be read, or holds none.
 */
export async function readTexts(path: string): Promise<Text[]> {
  if (isFolder(path)) {
    const texts: Text[] = [];
    for (const file of await textPaths(path)) texts.push({ path: file, text: await readText(file, 'Text') });
    return texts;
  }
  const lines = (await readText(path, 'Texts')).split(/\r\n|\n|\r/).map((line, i) => ({ line, i }));
  const full = lines.filter(({ line }) => line.trim() !== '');
  if (full.length === 0) throw new LanError('data', `Texts '${path}': holds none; expected one a line.`);
  return full.map(({ line, i }) => ({ path: `${path}:${i + 1}`, text: isJsonl(path) ? textIn(line, path, i + 1) : line }));
}

const isJsonl = (path: string): boolean => extname(path).toLowerCase() === '.jsonl';

function textIn(line: string, path: string, number: number): string {
  try {
    const { text } = JSON.parse(line) as { readonly text?: unknown };
    if (typeof text === 'string') return text;
  } catch {
    // Told below, as what has no text is.
  }
  throw new LanError('data', `Texts '${path}', line ${number}: expected a JSON object with a 'text'.`);
}
