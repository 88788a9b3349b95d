// Reading and writing files so that a failure is one clear sentence, never leaves half a file behind, and never waits for a device.
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { LanError, messageOf, type ErrorCode } from '../core/errors.js';
import { isAlive } from './processes.js';

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a file of that name is in the way',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its symbolic links go round in a circle',
  EMFILE: 'too many files are open',
  ENXIO: 'it is no regular file',
};

/** The code of a Node error ('ENOENT'), or ''. Looks at the shape: an error of another realm (a vm, jest) is no `instanceof Error`. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Why a file operation failed, in a few words: the meaning of the error's code, else its message. Accepts anything thrown. */
export const reasonOf = (error: unknown): string => REASONS[codeOf(error)] ?? messageOf(error);

/** The error of a place that cannot be written: code `write`. */
export const refusal = (path: string, error: unknown): LanError =>
  new LanError('write', `Cannot write '${path}': ${reasonOf(error)}.`, 'Choose another place.');

/** What is at `path` (links followed), or undefined where there is nothing; other failures are thrown as they come. */
async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a folder and its parents. Not by mkdir's `recursive`: where a parent is there but lets nothing be made in it and says "no such file"
 * (/proc), Node tries for ever. Fails as mkdir does.
 */
export async function makeFolder(path: string): Promise<void> {
  const present = await lookAt(path);
  if (present?.isDirectory()) return;
  if (!present && dirname(path) !== path) await makeFolder(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // Another process may have been faster.
    if (codeOf(error) !== 'EEXIST' || !(await lookAt(path))?.isDirectory()) throw error;
  }
}

/** Temporary files of this process that are being written at this moment. */
const inFlight = new Set<string>();
/** Of this machine: process numbers of another one say nothing here. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 6);
/** A temporary file of another machine is taken for left over after a day. */
const DAY = 24 * 3600 * 1000;

/** What temporary files for a target start with. Short: the target's name may already be as long as the file system allows. */
const stemOf = (target: string): string => `.${Buffer.from(basename(target)).subarray(0, 40).toString('latin1').replace(/[^\w.-]/g, '_')}.`; // prettier-ignore

/** A fresh name beside `target` that tells whose it is: `.NAME.MACHINE-PROCESS-RANDOM.tmp`. */
function temporaryFor(target: string): string {
  const path = join(dirname(target), `${stemOf(target)}${HOST}-${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
  inFlight.add(path);
  return path;
}

/** Removes what killed processes have left of earlier writes to the same target. */
async function sweep(target: string): Promise<void> {
  const folder = dirname(target);
  const stem = stemOf(target);
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (!name.startsWith(stem)) continue;
    const [, host, pid] = /^([0-9a-f]{6})-(\d{1,10})-[0-9a-f]{8}\.tmp$/.exec(name.slice(stem.length)) ?? [];
    const path = join(folder, name);
    if (host === undefined || inFlight.has(path)) continue;
    const ours = host === HOST && (Number(pid) === process.pid || !isAlive(Number(pid)));
    if (!ours && Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Infinity) < DAY) continue;
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/**
 * Writes a whole file: to a temporary file beside `path`, then renamed over it, so that a reader sees the old content or the new, never a part.
 * Parent folders are made. The temporary file is removed on failure; what a killed process left of one is removed by the next write to the same
 * path. A symbolic link keeps pointing where it did; a device or pipe (`/dev/stdout`) is written in place, because a rename would put a plain file
 * where the device was. Throws LanError (`write`) "Cannot write '…': …. Choose another place.".
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  let temporary: string | undefined;
  try {
    await makeFolder(dirname(path));
    const present = await lookAt(path);
    if (present?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (present && !present.isFile()) return await writeFile(path, content);
    const target = present ? await realpath(path) : path;
    await sweep(target);
    temporary = temporaryFor(target);
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      // Without this a power cut after the rename could leave an empty file under the final name.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    if (temporary) await rm(temporary, { force: true }).catch(() => undefined);
    throw refusal(path, error);
  } finally {
    if (temporary) inFlight.delete(temporary);
  }
}

/**
 * Makes `folder` (and its parents) and proves that a file can be written in it, so that a long run fails in its first second and not in its last.
 * Leaves nothing behind but the folder. Throws LanError (`write`) "Cannot write '…': …. Choose another place.".
 */
export async function ensureWritable(folder: string): Promise<void> {
  const target = join(folder, 'write-test');
  const probe = temporaryFor(target);
  try {
    await makeFolder(folder);
    await sweep(target);
    await writeFile(probe, 'x', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    await rm(probe, { force: true }).catch(() => undefined);
    throw refusal(folder, error);
  } finally {
    inFlight.delete(probe);
  }
}

/**
 * Refuses to write a result over what it is made from. `outputs` are files that are about to be written, `inputs` files (or folders, which are only
 * compared themselves) that are read; links, hard ones too, and other spellings of a path are seen through. `undefined` entries are passed over.
 * Throws LanError (`usage`) naming the file.
 *
 * @example
 * await refuseOverwriting([out, `${out}.json`], [model, ...pictures]);
 */
export async function refuseOverwriting(
  outputs: string | readonly (string | undefined)[],
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const here = (list: readonly (string | undefined)[]): string[] => list.filter((p) => p !== undefined);
  const read = new Set<string>();
  for (const path of here(inputs)) for (const key of await identities(path)) read.add(key);
  for (const path of here(typeof outputs === 'string' ? [outputs] : outputs)) {
    const own = await identities(path);
    if (own.some((key) => read.has(key)))
      throw new LanError('usage', `Cannot write '${path}': it is an input of the same run.`, 'Choose another place.');
  }
}

/** What tells a place apart: its path, and where something is there that can be replaced, the file behind it. Devices have none. */
async function identities(path: string): Promise<string[]> {
  const status = await stat(path, { bigint: true }).catch(() => undefined);
  if (!status) return [resolve(path)];
  if (!status.isFile() && !status.isDirectory()) return [];
  return [resolve(path), `${status.dev}:${status.ino}`];
}

/** Bytes that are read of one file where a caller does not say less: what fits one array of bytes. */
const MAX_BYTES = 2 ** 31 - 1;

/** What a reader may say: `limit` in bytes, and the code of its errors (default `data`). */
export interface ReadLimits {
  readonly limit?: number;
  readonly code?: ErrorCode;
}

/**
 * All bytes of a regular file. `what` names its role at the start of the message, e.g. `Model`. A device or pipe is refused: it may never end.
 * Throws LanError "Model 'x.onnx': cannot be read (no such file or folder)." and alike for a directory, missing permission, and more than `limit`
 * bytes.
 */
export async function readBytes(path: string, what: string, limits: ReadLimits = {}): Promise<Uint8Array> {
  try {
    const file = await open(path, FLAGS);
    try {
      const bytes = new Uint8Array(sizeWithin(await file.stat(), limits));
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done, done);
        if (bytesRead === 0) return bytes.slice(0, done);
        done += bytesRead;
      }
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, what, error, limits);
  }
}

/** readBytes, at once, as text in UTF-8 without a byte-order mark: for the small files that describe a model. */
export function readTextSync(path: string, what: string, limits: ReadLimits = {}): string {
  try {
    const file = openSync(path, FLAGS);
    try {
      const bytes = new Uint8Array(sizeWithin(fstatSync(file), limits));
      let done = 0;
      for (let got = -1; done < bytes.length && got !== 0; done += got)
        got = readSync(file, bytes, done, bytes.length - done, done);
      return new TextDecoder().decode(bytes.subarray(0, done));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(path, what, error, limits);
  }
}

/**
 * A part of a file that was looked at before: a link put in its place since is not followed. `what` begins messages. Throws LanError (`model`) where it can
 * no longer be read, or has become shorter.
 */
export function readPart(path: string, offset: number, bytes: number, what: string): Uint8Array {
  let handle: number;
  try {
    // The place was checked when the model was opened: a link put there since is not followed.
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    throw new LanError('model', `${what} can no longer be read. It must stay beside the model while that is in use.`);
  }
  try {
    const out = new Uint8Array(bytes);
    let done = 0;
    while (done < bytes) {
      const got = readSync(handle, out, done, Math.min(bytes - done, 2 ** 30), offset + done);
      if (got === 0) throw new LanError('model', `${what} ended early.`);
      done += got;
    }
    return out;
  } finally {
    closeSync(handle);
  }
}

/** Without waiting: to open a pipe that nobody writes to would take for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

function sizeWithin(status: Stats, { limit = MAX_BYTES }: ReadLimits): number {
  if (status.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
  if (!status.isFile()) throw new Error('it is no regular file');
  if (status.size > limit) throw new Error(`it has ${status.size} bytes, more than the ${limit} that are read`);
  return status.size;
}

const unreadable = (path: string, what: string, error: unknown, { code = 'data' }: ReadLimits): LanError =>
  new LanError(code, `${what} '${path}': cannot be read (${reasonOf(error)}).`);

/** The SHA-256 of bytes, or of a string's UTF-8, as 64 lower-case hexadecimal digits. */
export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

/** Removes a file; where there is none, nothing. Fails as the file system does. */
export const removeFile = (path: string): Promise<void> => rm(path, { force: true });
