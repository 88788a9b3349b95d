// A journal: what a long run has done so far, a line of JSON a piece, so that a run that was killed goes on where it stood.
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { codeOf, ensureWritable, readBytes, reasonOf, refusal } from './files.js';
import { lockFolder, type Lock } from './lock.js';

/** What a journal's records belong to: the settings that decide them. */
const Header = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** The settings that the records of a journal belong to: a run with others does not go on from it. */
export type Header = Readonly<z.infer<typeof Header>>;

/** An open journal, of which this process is the only writer. */
export interface Journal<T> {
  /** What an earlier run has done, in its order. */
  readonly records: readonly T[];
  /** Adds a piece. Throws LanError (`write`) "Cannot write '…': …" where the disk is full. */
  append(record: T): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal, or begins it with `header`, the settings that its records belong to; `record` is the form of a record. A last line that was cut
 * off (a kill in mid-write) is dropped. Its folder is locked until `close`.
 * Throws LanError where the file belongs to other settings, naming those that differ, where it is no journal (`data`), where another process works
 * in its folder, or it cannot be written (`write`).
 */
export async function openJournal<T>(path: string, header: Header, record: z.ZodType<T>): Promise<Journal<T>> {
  await ensureWritable(dirname(path));
  const lock = await lockOf(path);
  try {
    const journal = await openLocked(path, header, record);
    const close = async (): Promise<void> => {
      await journal.close().finally(() => lock?.release());
    };
    return { ...journal, close };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** The settings that a journal's records belong to, where there is one; whoever has a choice makes the one that it can go on from. */
export async function journalHeader(path: string): Promise<Header | undefined> {
  const [first] = (await textOf(path).catch(() => '')).split('\n', 1);
  try {
    return Header.safeParse(JSON.parse(first!)).data;
  } catch {
    return undefined;
  }
}

/** A device or pipe is nobody's: nothing is read back from it. */
async function lockOf(path: string): Promise<Lock | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status && !status.isFile() ? undefined : lockFolder(dirname(path));
}

async function openLocked<T>(path: string, header: Header, record: z.ZodType<T>): Promise<Journal<T>> {
  const text = await textOf(path);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').filter(Boolean);
  const [first, ...records] = lines.map((line, i) => parsed(path, line, i === 0 ? Header : record));
  if (first !== undefined) compare(path, first as Header, header);
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
    if (first === undefined) await write(header);
  } catch (error) {
    await file.close();
    throw error instanceof LanError ? error : refusal(path, error);
  }
  return { records: records as T[], append: write, close: () => file.close() };
}

function parsed(path: string, line: string, form: z.ZodType): unknown {
  try {
    return form.parse(JSON.parse(line));
  } catch {
    throw new LanError('data', `Journal '${path}': is damaged.`, 'Delete it to begin again.');
  }
}

/** The file's text; '' where there is none yet, or a device or pipe, from which nothing can be read back. */
async function textOf(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isFile()) return '';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw new LanError('data', `Journal '${path}': cannot be read (${reasonOf(error)}).`);
  }
  return new TextDecoder().decode(await readBytes(path, 'Journal'));
}

function compare(path: string, was: Header, is: Header): void {
  const value = (of: Header, key: string): string => (Object.hasOwn(of, key) ? JSON.stringify(of[key]) : 'not said');
  const differences = [...new Set([...Object.keys(is), ...Object.keys(was)])]
    .filter((key) => value(was, key) !== value(is, key))
    .map((key) => `${key} was ${value(was, key)}, is ${value(is, key)}`);
  if (differences.length > 0)
    throw new LanError(
      'data',
      `Journal '${path}': belongs to a run of other settings: ${differences.join('; ')}.`,
      'Choose another place, or delete the journal.',
    );
}
