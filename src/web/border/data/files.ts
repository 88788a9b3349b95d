// Reading and writing files in memory.
import { sha256 as hash } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { LanError, messageOf, type ErrorCode } from '../../../core/errors.js';
import { bytesAt, put, takeAway } from '../../memory.js';

const REASONS: Readonly<Record<string, string>> = { ENOENT: 'no such file or folder', EISDIR: 'it is a directory' };

/** Why a file operation failed, in a few words. */
export const reasonOf = (error: unknown): string => REASONS[messageOf(error)] ?? messageOf(error);

/** The error of a place that cannot be written: code `write`. */
export const refusal = (path: string, error: unknown): LanError =>
  new LanError('write', `Cannot write '${path}': ${reasonOf(error)}.`, 'Choose another place.');

/** Writes a whole file. */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  put(path, typeof content === 'string' ? utf8ToBytes(content) : content);
  return Promise.resolve();
}

/** Removes a file; where there is none, nothing. */
export const removeFile = (path: string): Promise<void> => Promise.resolve(takeAway(path));

/** What a reader may say: `limit` in bytes, and the code of its errors (default `data`). */
interface ReadLimits {
  readonly limit?: number;
  readonly code?: ErrorCode;
}

function read(path: string, what: string, { limit = Infinity, code = 'data' }: ReadLimits): Uint8Array {
  try {
    const bytes = bytesAt(path);
    if (bytes.length > limit) throw new Error(`it has ${bytes.length} bytes, more than the ${limit} that are read`);
    return bytes;
  } catch (error) {
    throw new LanError(code, `${what} '${path}': cannot be read (${reasonOf(error)}).`);
  }
}

/** All bytes of a file, which are not to be written to. Throws LanError "Model 'x.onnx': cannot be read (no such file or folder)." and alike. */
export const readBytes = (path: string, what: string, limits: ReadLimits = {}): Promise<Uint8Array> =>
  Promise.resolve().then(() => read(path, what, limits));

/** readBytes, at once, as text in UTF-8 without a byte-order mark. */
export const readTextSync = (path: string, what: string, limits: ReadLimits = {}): string =>
  new TextDecoder().decode(read(path, what, limits));

/** A part of a file. Throws LanError (`model`) where it has become shorter. */
export function readPart(path: string, offset: number, bytes: number, what: string): Uint8Array {
  const part = read(path, what, { code: 'model' }).slice(offset, offset + bytes);
  if (part.length < bytes) throw new LanError('model', `${what} ended early.`);
  return part;
}

/** The SHA-256 of bytes, or of a string's UTF-8, as 64 lower-case hexadecimal digits. The browser's own is there on secure pages only, and not at once. */
export const sha256 = (content: Uint8Array | string): string =>
  bytesToHex(hash(typeof content === 'string' ? utf8ToBytes(content) : content));
