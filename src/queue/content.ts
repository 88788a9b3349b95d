// Contents by their SHA-256: what every store is, and how what comes out is checked.
import { LanError } from '../core/errors.js';
import { sha256 } from '../data/files.js';

/** Contents by their SHA-256. What comes out was checked: it is what was put in, or an error. */
export interface Store {
  /** As messages have it; without what an address holds of passwords. */
  readonly shown: string;
  /** Puts a content there where it is not yet, and gives its name. Throws LanError (`write`). */
  put(bytes: Uint8Array): Promise<string>;
  /** Throws LanError (`data`) where it is not there, cannot be had, or is not what its name says. */
  get(name: string): Promise<Uint8Array>;
  /** Takes a content away that nobody will ask for; that it cannot be is no error. */
  forget(name: string): Promise<void>;
}

/** Bytes of one content at most. */
export const MOST = 2 ** 31 - 1;

/** Two letters of the name as a folder: a million files are too many for one. */
export const placeOf = (name: string): readonly [string, string] => [name.slice(0, 2), name];

/** Throws LanError (`data`) where bytes are not what their name says. */
export function checked(bytes: Uint8Array, name: string, shown: string): Uint8Array {
  if (sha256(bytes) === name) return bytes;
  throw new LanError('data', `Store '${shown}': the content of ${name.slice(0, 12)} is another one than its name says.`, 'Was it damaged, or changed?'); // prettier-ignore
}
