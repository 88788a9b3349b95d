// A file's bytes read by position, plain or gzipped; what a header claims is checked before anything of that size is allocated.
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { LanError } from '../core/errors.js';
import { readBytes, reasonOf } from './files.js';

/** A file of which parts are read where they are needed; gzipped ones are unpacked on opening. */
export interface ByteSource {
  readonly name: string;
  /** Bytes in the file, unpacked. */
  readonly length: number;
  /** `count` bytes from `position` on; may share memory with the source. Throws LanError where the file ends before. */
  read(position: number, count: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

const inflate = promisify(gunzip);
/** Packed bytes that are looked at for the header: they unpack to 4 MB at most. */
const HEAD = 4096;
/** A gzipped file is held unpacked in memory. */
const MAX_UNPACKED = 2 ** 31 - 1;

const refusal = (path: string, reason: string): LanError => new LanError('data', `Dataset '${path}': ${reason}`);

/**
 * Opens a file; `sizeOfHeader` says from its first bytes (4 KB at most) how long it has to be, unpacked.
 * Throws LanError where it cannot be read, where `sizeOfHeader` throws, and where the length is another one.
 */
export async function openByteSource(path: string, sizeOfHeader: (head: Uint8Array) => number): Promise<ByteSource> {
  if (/\.gz$/i.test(path)) return openPacked(path, sizeOfHeader);
  const file = await openPlain(path);
  try {
    checkLength(path, file.length, sizeOfHeader(await file.read(0, Math.min(HEAD, file.length))));
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

function checkLength(path: string, received: number, expected: number): void {
  if (received < expected) throw refusal(path, `is cut short: its header asks for ${expected} bytes, it has ${received}.`);
  if (received > expected) throw refusal(path, `has ${received - expected} bytes more than its header asks for.`);
}

/** A plain file, read where it lies. Throws LanError where it cannot be opened or is no file. */
export async function openPlain(path: string): Promise<ByteSource> {
  const unreadable = (error: unknown): LanError => refusal(path, `cannot be read (${reasonOf(error)}).`);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(error);
  });
  const status = await file.stat();
  if (!status.isFile()) {
    await file.close();
    throw refusal(path, `cannot be read (it is ${status.isDirectory() ? 'a directory' : 'no plain file'}).`);
  }
  return {
    name: path,
    length: status.size,
    async read(position, count) {
      const bytes = new Uint8Array(count);
      for (let done = 0; done < count;) {
        const { bytesRead } = await file.read(bytes, done, count - done, position + done).catch((error: unknown) => {
          throw unreadable(error);
        });
        if (bytesRead === 0) throw refusal(path, `has become shorter while it was read.`);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}

async function openPacked(path: string, sizeOfHeader: (head: Uint8Array) => number): Promise<ByteSource> {
  const packed = await readBytes(path, 'Dataset');
  const broken = refusal(path, 'is not a sound gzip file. Was its download cut off?');
  const head = await inflate(packed.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH }).catch(() => {
    throw broken;
  });
  const expected = sizeOfHeader(head);
  if (expected > MAX_UNPACKED)
    throw refusal(path, `unpacks to ${expected} bytes. Unpack it first (gunzip): it is then read piece by piece.`);
  // One byte more than expected is enough to see that there is too much: a bomb is never unpacked.
  const bytes = await inflate(packed, { maxOutputLength: expected + 1 }).catch((error: { code?: string }) => {
    throw error.code === 'ERR_BUFFER_TOO_LARGE' ? refusal(path, 'has more bytes than its header asks for.') : broken;
  });
  checkLength(path, bytes.length, expected);
  return {
    name: path,
    length: bytes.length,
    read: (position, count) => Promise.resolve(bytes.subarray(position, position + count)),
    close: () => Promise.resolve(),
  };
}
