// One file, whole and as the list says, or not at all: what has arrived is kept and gone on from.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open as openFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';
import { refusal } from '../data/files.js';
import { whileLocked } from '../data/lock.js';
import { open, type Ask } from './connect.js';

/** What is known of a file before it arrives. */
export interface Expected {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** How a download goes. */
export interface DownloadOptions extends Ask {
  /** Nothing is asked of the network. */
  readonly offline?: boolean | undefined;
  /** Bytes that are here, of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Times that a connection which breaks off is taken up again, where bytes arrived. */
const MOST_ATTEMPTS = 5;

/**
 * The path of the file in `folder`, in a folder called by its hash; downloaded where it is not there. What had arrived of a broken download is gone on from. Size and SHA-256 are
 * checked, also of a file that was there. Throws LanError (`download`) for a server that gives something else or nothing, (`write`) where it cannot be written
 * or another process is at it, and (`interrupted`).
 */
export async function download(file: Expected, folder: string, options: DownloadOptions = {}): Promise<string> {
  const own = join(folder, file.sha256);
  const path = join(own, basename(new URL(file.url).pathname));
  if (await isWhole(path, file)) return path;
  if (options.offline) throw new LanError('download', `${file.url}: has not been downloaded before, and the network is not to be used.`, 'Leave out `offline`.'); // prettier-ignore
  return whileLocked(own, async () => {
    // Another process may have brought it meanwhile.
    if (await isWhole(path, file)) return path;
    const part = `${path}.part`;
    for (let attempt = 1; ; attempt++) {
      const before = await sizeOf(part);
      try {
        await arrive(file, part, options);
        break;
      } catch (error) {
        const on = (await sizeOf(part)) > before && attempt < MOST_ATTEMPTS;
        if (!(error instanceof BrokenOff) || options.signal?.aborted || !on) throw spoken(error, file, options);
      }
    }
    const hash = await hashOf(part);
    if (hash !== file.sha256) {
      await rm(part, { force: true });
      throw new LanError('download', `${file.url}: is not the file that the list names: its SHA-256 is ${hash}, expected ${file.sha256}.`, 'It was removed.'); // prettier-ignore
    }
    await rename(part, path);
    return path;
  });
}

/** A connection that ended early. */
class BrokenOff extends Error {}

function spoken(error: unknown, file: Expected, { signal }: DownloadOptions): unknown {
  if (signal?.aborted) return new LanError('interrupted', `${file.url}: interrupted; what has arrived is kept.`, 'The same call goes on from there.'); // prettier-ignore
  if (!(error instanceof BrokenOff)) return error;
  return new LanError('download', `${file.url}: broke off (${error.message}); what has arrived is kept.`, 'The same call goes on from there.'); // prettier-ignore
}

/** Appends what is missing of the file to `part`. */
async function arrive(file: Expected, part: string, options: DownloadOptions): Promise<void> {
  let from = await sizeOf(part);
  if (from > file.bytes) from = 0;
  if (from === file.bytes) return;
  const response = await open(file.url, { ...options, from });
  const { statusCode, headers } = response;
  // A server that knows no ranges sends all of it again; one that says the range is none holds another file.
  const start = statusCode === 206 ? Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? NaN) : 0;
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (statusCode === 416 || (statusCode === 206 && start !== from) || (length !== undefined && start + length !== file.bytes)) {
    response.destroy();
    const holds = length === undefined ? 'another size' : `${start + length} bytes`;
    throw new LanError(
      'download',
      `${file.url}: the server has a file of ${statusCode === 416 ? 'another size' : holds}, expected ${file.bytes}.`,
    );
  }
  const out = await openFile(part, start === 0 ? 'w' : 'a').catch((error: unknown) => {
    response.destroy();
    throw refusal(part, error);
  });
  let done = start;
  try {
    for await (const chunk of bodyOf(response)) {
      done += chunk.length;
      if (done > file.bytes)
        throw new LanError('download', `${file.url}: the server sends more than the ${file.bytes} bytes that are expected.`);
      await out.writeFile(chunk).catch((error: unknown) => {
        throw refusal(part, error);
      });
      options.onProgress?.(done, file.bytes);
    }
    await out.sync().catch(() => undefined);
  } finally {
    response.destroy();
    await out.close();
  }
  if (done < file.bytes) throw new BrokenOff(`${done} of ${file.bytes} bytes`);
}

/** What arrives; a connection that fails within is BrokenOff. */
async function* bodyOf(response: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  const chunks = response[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw new BrokenOff(messageOf(error));
    });
    if (next.done) return;
    yield next.value as Uint8Array;
  }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

async function isWhole(path: string, { bytes, sha256 }: Expected): Promise<boolean> {
  if (!existsSync(path) || (await sizeOf(path)) !== bytes) return false;
  return (await hashOf(path)) === sha256;
}

/** The SHA-256 of a file of any size. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
