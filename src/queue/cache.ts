// What a worker has of a store on its own disk: fetched once, checked at each use, the least used taken away where it grows too large.
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, readBytes, sha256, writeAtomically } from '../data/files.js';
import type { Store } from './store.js';

/** A folder of contents by their SHA-256. */
export interface Cache {
  /** A content, from the disk where it lies there, else from the store. Throws LanError as the store does, and (`write`). */
  get(name: string): Promise<Uint8Array>;
}

/** Contents that are fetched between two looks at how much there is. */
const LOOK = 500;

/** A cache of `store` in a folder, of at most about `limit` bytes. Throws LanError (`write`). */
export async function openCache(folder: string, store: Store, limit: number): Promise<Cache> {
  await makeFolder(folder);
  let since = LOOK;
  const prune = async (): Promise<void> => {
    const files: { readonly path: string; readonly size: number; readonly used: number }[] = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const status = await stat(path).catch(() => undefined);
      if (status?.isFile()) files.push({ path, size: status.size, used: status.mtimeMs });
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files.sort((a, b) => a.used - b.used)) {
      if (total <= limit) break;
      await rm(path, { force: true });
      total -= size;
    }
  };
  return {
    async get(name) {
      const path = join(folder, name);
      const own = await readBytes(path, 'Cache').catch(() => undefined);
      if (own && sha256(own) === name) {
        const now = new Date();
        // Another worker may have taken it away meanwhile.
        await utimes(path, now, now).catch(() => undefined);
        return own;
      }
      const bytes = await store.get(name);
      if (++since >= LOOK) {
        since = 0;
        await prune();
      }
      await writeAtomically(path, bytes);
      return bytes;
    },
  };
}
