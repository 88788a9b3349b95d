// Tar archives, gzipped or not, read as a whole: what they hold by name. Archives are untrusted: sizes are bounded, names stay inside.
import { gunzipSync } from 'node:zlib';
import { LanError } from '../core/errors.js';
import { readBytes } from './files.js';

/** One regular file of an archive. */
export interface ArchiveFile {
  /** Its path, relative, with forward slashes, without `.` and `..`. */
  readonly name: string;
  /** A view of the unpacked archive, not a copy. */
  readonly data: Uint8Array;
}

const BLOCK = 512;
/** Bytes that an archive may unpack to. */
const MAX_UNPACKED = 2 ** 31 - 1;

/**
 * The regular files of a tar archive (POSIX ustar, pax and GNU long names; IEEE Std 1003.1-2017, pax), gzipped or plain. Folders, links and
 * devices are left out. `where` names the archive in messages.
 * Throws LanError when the bytes are no archive, end early, name a path outside, or unpack to more than `limit` bytes.
 */
export function readArchive(bytes: Uint8Array, where: string, limit = MAX_UNPACKED): ArchiveFile[] {
  const tar = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes, where, limit) : bytes;
  const files: ArchiveFile[] = [];
  let longName: string | undefined;
  let at = 0;
  while (at + BLOCK <= tar.length) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((b) => b === 0)) return files;
    checkSum(header, where, at);
    const size = octal(header, 124, 12, where);
    const data = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (data.length < size)
      throw new LanError(
        'data',
        `${where}: file '${nameOf(header)}' needs ${size} bytes, ${data.length} are left. Is the archive truncated?`,
      );
    const type = String.fromCharCode(header[156]!);
    if (type === 'x') longName = paxPath(data) ?? longName;
    else if (type === 'L') longName = text(data);
    else if (type !== 'g') {
      if (type === '0' || type === '\0') files.push({ name: safeName(longName ?? nameOf(header), where), data });
      longName = undefined;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new LanError(
    'data',
    `${where}: no end of the tar archive after ${tar.length} bytes. Is it truncated, or another format?`,
  );
}

function gunzip(bytes: Uint8Array, where: string, limit: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new LanError(
      'data',
      large
        ? `${where}: unpacks to more than ${limit} bytes.`
        : `${where}: not a readable gzip file. Is it truncated, or another format?`,
    );
  }
}

/** Up to the first zero byte. */
const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};

function octal(header: Uint8Array, from: number, length: number, where: string): number {
  const digits = text(header.subarray(from, from + length)).trim();
  // GNU writes sizes from 8 GiB in base 256, with the first bit set: beyond what is read here, as are nonsense digits.
  if (!/^[0-7]*$/.test(digits))
    throw new LanError('data', `${where}: '${nameOf(header)}' has an unreadable size in its tar header.`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** The header's bytes add up to what it says, its own field counted as blanks. */
function checkSum(header: Uint8Array, where: string, at: number): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  if (Number.parseInt(text(header.subarray(148, 156)).trim(), 8) !== sum)
    throw new LanError('data', `${where}: no tar header at byte ${at}. Is it truncated, or another format?`);
}

function nameOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  const prefix = text(header.subarray(257, 262)) === 'ustar' && header[263] === 0x30 ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The path of a pax header, a list of "length key=value\n". */
function paxPath(data: Uint8Array): string | undefined {
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(32, at);
    const length = Number(text(data.subarray(at, space)));
    if (space < 0 || !(length > 0)) return undefined;
    const [key, ...value] = new TextDecoder().decode(data.subarray(space + 1, at + length - 1)).split('=');
    if (key === 'path') return value.join('=');
    at += length;
  }
  return undefined;
}

function safeName(name: string, where: string): string {
  const parts = name.split('/').filter((p) => p !== '' && p !== '.');
  if (name.startsWith('/') || /[\\\0]/.test(name) || /^[A-Za-z]:/.test(name) || parts.includes('..') || parts.length === 0)
    throw new LanError('data', `${where}: the archive names the file '${name}', which is outside of it.`);
  return parts.join('/');
}

/** Whether a path ends as that of an archive which can be read. */
export const isArchive = (path: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(path);

/** The files of the archive at `path`, held in memory. Throws as readArchive, and LanError (`data`) where it cannot be read. */
export const openArchive = async (path: string): Promise<ArchiveFile[]> =>
  readArchive(await readBytes(path, 'Archive'), `Archive '${path}'`);
