// Archives (.tar, .tar.gz, .tgz) read in memory: the files that one holds, nothing written to disk.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { LanError } from '../core/errors.js';
import { codeOf, readBytes } from './files.js';

/** A file in an archive. */
export interface ArchiveEntry {
  /** Its path in the archive, parted by `/`. */
  readonly name: string;
  /** Shares memory with the archive. */
  readonly bytes: Uint8Array;
}

const inflate = promisify(gunzip);
const BLOCK = 512;
/** An archive is held in memory whole; a small file may unpack to any size. */
const MAX_UNPACKED = 2 ** 30;

/** Whether a path ends as that of an archive which can be read. */
export const isArchive = (path: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(path);

/**
 * The plain files of an archive (POSIX ustar and pax, GNU's long names), in its order; folders and links are left out. Throws LanError (`data`) for what cannot
 * be read, is cut short or damaged.
 */
export async function readArchive(path: string): Promise<ArchiveEntry[]> {
  const refuse = (what: string): LanError => new LanError('data', `Archive '${path}': ${what}.`);
  const packed = await readBytes(path, 'Archive');
  const zipped = packed[0] === 0x1f && packed[1] === 0x8b;
  const bytes = zipped
    ? await inflate(packed, { maxOutputLength: MAX_UNPACKED }).catch((error: unknown) => {
        throw codeOf(error) === 'ERR_BUFFER_TOO_LARGE'
          ? refuse(`unpacks to more than ${MAX_UNPACKED} bytes`)
          : refuse('is cut short or damaged: it is no sound gzip file');
      })
    : packed;
  const entries: ArchiveEntry[] = [];
  /** The next entry's name, where a record before it gives one. */
  let longName: string | undefined;
  for (let at = 0; ;) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.length < BLOCK) throw refuse(`is cut short after ${entries.length} files`);
    if (header.every((b) => b === 0)) return entries;
    if (octal(header, 148, 8) !== checksum(header))
      throw refuse(at === 0 ? 'is no tar archive' : `is damaged after ${entries.length} files`);
    const size = octal(header, 124, 12);
    const [from, to] = [at + BLOCK, at + BLOCK + size];
    const kind = String.fromCharCode(header[156]!);
    const prefix = text(header, 257, 5) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
    const name = longName ?? (prefix ? `${prefix}/` : '') + text(header, 0, 100);
    if (to > bytes.length) throw refuse(`is cut short: '${name}' has ${size} bytes, of which ${bytes.length - from} are there`);
    const data = bytes.subarray(from, to);
    at = from + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === 'L') longName = text(data, 0, data.length);
    else if (kind === 'x') longName = paxPath(data) ?? longName;
    else {
      if (kind === '0' || kind === '\0') entries.push({ name: name.replace(/^\.\//, ''), bytes: data });
      longName = undefined;
    }
  }
}

const decoder = new TextDecoder();

/** Up to the first NUL. */
function text(bytes: Uint8Array, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

const octal = (header: Uint8Array, from: number, length: number): number => parseInt(text(header, from, length).trim() || '0', 8);

/** Sum of a header's bytes, its own checksum taken as spaces. */
function checksum(header: Uint8Array): number {
  let sum = 8 * 32;
  header.forEach((b, i) => (sum += i >= 148 && i < 156 ? 0 : b));
  return sum;
}

/** The path in a pax record: lines of `<length> path=<value>`. */
const paxPath = (data: Uint8Array): string | undefined => /(?:^|\n)\d+ path=([^\n]*)\n/.exec(decoder.decode(data))?.[1];
