// Reading and writing files so that a failure is one clear sentence and never leaves half a file behind.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';

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
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
};

/** The code of a Node error ('ENOENT'), or ''. Looks at the shape: an error of another realm (a vm, jest) is no `instanceof Error`. */
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Why a file operation failed, in a few words: the meaning of the error's code, else its message. Accepts anything thrown. */
export const reasonOf = (error: unknown): string => REASONS[codeOf(error)] ?? messageOf(error);

/** The error of a place that can not be written. */
export const refusal = (path: string, error: unknown): LanError =>
  new LanError('data', `Can not write '${path}': ${reasonOf(error)}. Choose another place.`);

/** What is at `path` (links followed), or undefined where there is nothing; other failures are thrown as they come. */
async function lookAt(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a folder and its parents. Not by mkdir's `recursive`: where a parent is there but lets nothing be made in it and says "no such file"
 * (/proc), Node tries for ever.
 */
async function makeFolder(path: string): Promise<void> {
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

/**
 * Writes a whole file: to a temporary file beside `path`, then renamed over it, so that a reader sees the old content or the new, never a part.
 * Parent folders are made. The temporary file is removed on failure. A symbolic link keeps pointing where it did; a device or pipe
 * (`/dev/stdout`) is written in place, because a rename would put a plain file where the device was.
 * Throws LanError "Can not write '…': …. Choose another place.".
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  let temporary: string | undefined;
  try {
    await makeFolder(dirname(path));
    const present = await lookAt(path);
    if (present?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    if (present && !present.isFile()) return await writeFile(path, content);
    const target = present ? await realpath(path) : path;
    // A short name of its own: the target's name may already be as long as the file system allows.
    temporary = join(dirname(target), `.${basename(target).slice(0, 40)}.${randomUUID().slice(0, 8)}.tmp`);
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
  }
}

/**
 * Makes `folder` (and its parents) and proves that a file can be written in it, so that a long run fails in its first second and not in its last.
 * Leaves nothing behind but the folder. Throws LanError "Can not write '…': …. Choose another place.".
 */
export async function ensureWritable(folder: string): Promise<void> {
  const probe = join(folder, `.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await makeFolder(folder);
    await writeFile(probe, 'x', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    await rm(probe, { force: true }).catch(() => undefined);
    throw refusal(folder, error);
  }
}

/**
 * All bytes of a file. `what` names its role at the start of the message, e.g. `Model`.
 * Throws LanError "Model 'x.onnx': can not be read (no such file or folder)." and alike for a directory or missing permission.
 */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new LanError('data', `${what} '${path}': can not be read (${reasonOf(error)}).`);
  }
}

/** The SHA-256 of bytes, or of a string's UTF-8, as 64 lower-case hexadecimal digits. */
export const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');
