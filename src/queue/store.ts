// Where models, inputs and results pass from machine to machine: contents by their SHA-256, in a shared folder or behind an HTTP(S) address.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LanError } from '../core/errors.js';
import { ensureWritable, makeFolder, readBytes, refusal, sha256, writeAtomically } from '../data/files.js';
import { checked, MOST, placeOf, type Store } from './content.js';
import { remote } from './remote-store.js';
import { signedForS3 } from './s3.js';

export type { Store };

/**
 * The store at a folder (made where it is not there), an HTTP(S) address or s3://bucket/prefix, below which a content is PLACE/ab/abcdef…; a question mark and what follows it,
 * by which some servers let in, goes behind each. Throws LanError (`usage`, `write`).
 */
export async function openStore(place: string): Promise<Store> {
  if (/^https?:\/\//i.test(place)) return remote(place);
  if (/^s3:\/\//i.test(place)) return remote(...(await signedForS3(place)));
  if (/^\w{2,}:\/\//.test(place))
    throw new LanError(
      'usage',
      `\`store\`: expected a folder, or an address that begins with http://, https:// or s3://, received '${place.replace(/\/\/.*@/s, '//')}'.`,
    );
  // Whoever cannot put anything there would fail each job that others could do.
  await ensureWritable(place);
  return shared(place);
}

function shared(folder: string): Store {
  const pathOf = (name: string): string => join(folder, ...placeOf(name));
  return {
    shown: folder,
    async put(bytes) {
      const name = sha256(bytes);
      const path = pathOf(name);
      if ((await stat(path).catch(() => undefined))?.size === bytes.length) return name;
      try {
        await makeFolder(join(folder, placeOf(name)[0]));
      } catch (error) {
        throw refusal(folder, error);
      }
      await writeAtomically(path, bytes);
      return name;
    },
    get: async (name) => checked(await readBytes(pathOf(name), 'Store', { limit: MOST }), name, folder),
    forget: (name) => rm(pathOf(name), { force: true }).catch(() => undefined),
  };
}
