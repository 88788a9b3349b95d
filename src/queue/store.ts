// Where models, inputs and results pass from machine to machine: contents by their SHA-256, in a shared folder or behind an HTTP(S) address.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';
import { makeFolder, readBytes, refusal, sha256, writeAtomically } from '../data/files.js';
import { decoded } from './address.js';

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
const MOST = 2 ** 31 - 1;
/** Milliseconds for one request. */
const PATIENCE = 120_000;
/** How often a request is made where the other side or the way to it fails. */
const TRIES = 3;

/** Two letters of the name as a folder: a million files are too many for one. */
const placeOf = (name: string): readonly [string, string] => [name.slice(0, 2), name];

/**
 * The store at a folder (made where it is not there) or an HTTP(S) address, below which a content is PLACE/ab/abcdef…; a question mark and what follows it,
 * by which some servers let in, goes behind each. Throws LanError (`usage`, `write`).
 */
export async function openStore(place: string): Promise<Store> {
  if (/^https?:\/\//i.test(place)) return remote(place);
  if (/^\w{2,}:\/\//.test(place))
    throw new LanError(
      'usage',
      `\`store\`: expected a folder, or an address that begins with http:// or https://, received '${place.replace(/\/\/.*@/s, '//')}'.`,
      'Objects of S3 are had by their HTTPS address.',
    );
  await makeFolder(place).catch((error: unknown) => {
    throw refusal(place, error);
  });
  return shared(place);
}

/** Throws LanError (`data`) where bytes are not what their name says. */
function checked(bytes: Uint8Array, name: string, shown: string): Uint8Array {
  if (sha256(bytes) === name) return bytes;
  throw new LanError('data', `Store '${shown}': the content of ${name.slice(0, 12)} is another one than its name says.`, 'Was it damaged, or changed?'); // prettier-ignore
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

function remote(address: string): Store {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url) throw new LanError('usage', `\`store\`: '${address.replace(/\/\/.*@/s, '//').slice(0, 100)}' is no address.`);
  const { username, password, search } = url;
  // fetch takes no address with a password in it.
  const headers: Record<string, string> = username === '' ? {} : { authorization: `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}` }; // prettier-ignore
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  const ask = async (method: string, name: string, body?: Uint8Array): Promise<Response> => {
    let reason = '';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await new Promise((done) => setTimeout(done, 250 * 4 ** attempt));
      try {
        const signal = AbortSignal.timeout(PATIENCE);
        const answer = await fetch(`${base}/${placeOf(name).join('/')}${search}`, { method, headers, body, signal });
        if (answer.status < 500 && answer.status !== 429) return answer;
        reason = `${answer.status} ${answer.statusText}`;
        await answer.body?.cancel();
      } catch (error) {
        const cause = (error as { readonly cause?: unknown }).cause;
        reason = messageOf(cause ?? error);
      }
    } // prettier-ignore
    throw new LanError('data', `Store '${base}': gives no answer (${reason}).`);
  };
  return {
    shown: base,
    async put(bytes) {
      const name = sha256(bytes);
      const there = await ask('HEAD', name);
      await there.body?.cancel();
      if (there.ok && (there.headers.get('content-length') ?? `${bytes.length}`) === `${bytes.length}`) return name;
      const answer = await ask('PUT', name, bytes);
      await answer.body?.cancel();
      if (!answer.ok)
        throw new LanError('write', `Store '${base}': takes no content (${answer.status} ${answer.statusText}).`, 'It has to take PUT requests below its address.'); // prettier-ignore
      return name;
    },
    async get(name) {
      const answer = await ask('GET', name);
      if (!answer.ok) {
        await answer.body?.cancel();
        throw new LanError(
          'data',
          `Store '${base}': has no content ${name.slice(0, 12)} (${answer.status} ${answer.statusText}).`,
        );
      }
      return checked(await within(answer, base), name, base);
    },
    forget: (name) => ask('DELETE', name).then((answer) => answer.body?.cancel(), () => undefined), // prettier-ignore
  };
}

/** The body of an answer. Throws LanError (`data`) where it is longer than what is read, before the memory is taken. */
async function within(answer: Response, base: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > MOST) throw new LanError('data', `Store '${base}': gives more than the ${MOST} bytes that are read.`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof LanError
      ? error
      : new LanError('data', `Store '${base}': the answer broke off (${messageOf(error)}).`);
  }
  return Buffer.concat(parts, length);
}
