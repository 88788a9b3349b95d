// A journal: what a long run has done so far, a line of JSON a piece, so that a run that was killed goes on where it stood.
import { open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LanError } from '../core/errors.js';
import { ensureWritable, reasonOf, refusal } from './files.js';

export type Header = Readonly<Record<string, string | number | boolean | null>>;

export interface Journal<T> {
  /** What an earlier run has done, in its order. */
  readonly records: readonly T[];
  /** Adds a piece. Throws LanError "Can not write '…': …" where the disk is full. */
  append(record: T): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal, or begins it with `header`, the settings that its records belong to. A last line that was cut off (a kill in mid-write) is
 * dropped. Throws LanError where the file belongs to other settings, naming those that differ, is no journal, or can not be written.
 */
export async function openJournal<T>(path: string, header: Header): Promise<Journal<T>> {
  await ensureWritable(dirname(path));
  const text = await textOf(path);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').filter(Boolean);
  const parsed = lines.map((line): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      throw new LanError('data', `Journal '${path}': is damaged. Delete it to begin again.`);
    }
  });
  if (parsed.length > 0) compare(path, parsed[0] as Header, header);
  const file = await open(path, 'a').catch((error: unknown) => {
    throw refusal(path, error);
  });
  const write = async (value: unknown): Promise<void> => {
    await file.appendFile(`${JSON.stringify(value)}\n`).catch((error: unknown) => {
      throw refusal(path, error);
    });
  };
  try {
    // A last line that was cut off goes, so that the next one does not continue it.
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    if (parsed.length === 0) await write(header);
  } catch (error) {
    await file.close();
    throw error instanceof LanError ? error : refusal(path, error);
  }
  return { records: parsed.slice(1) as T[], append: write, close: () => file.close() };
}

/** The file's text; '' where there is none yet, or a device or pipe, from which nothing can be read back. */
async function textOf(path: string): Promise<string> {
  try {
    return (await stat(path)).isFile() ? await readFile(path, 'utf8') : '';
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return '';
    throw new LanError('data', `Journal '${path}': can not be read (${reasonOf(error)}).`);
  }
}

function compare(path: string, was: Header, is: Header): void {
  const differences = [...new Set([...Object.keys(is), ...Object.keys(was)])]
    .filter((key) => was[key] !== is[key])
    .map((key) => `${key} was ${JSON.stringify(was[key])}, is ${JSON.stringify(is[key])}`);
  if (differences.length > 0)
    throw new LanError(
      'data',
      `Journal '${path}': belongs to a run of other settings: ${differences.join('; ')}. Choose another --out, or delete the journal.`,
    );
}
