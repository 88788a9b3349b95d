// A store behind an HTTP(S) address that takes GET, HEAD, PUT and DELETE.
import { LanError, messageOf } from '../core/errors.js';
import { sha256 } from '../data/files.js';
import { decoded } from './address.js';
import { checked, MOST, placeOf, type Store } from './content.js';

/** Milliseconds for one request. */
const PATIENCE = 120_000;
/** How often a request is made where the other side or the way to it fails. */
const TRIES = 3;
/** Milliseconds before the second try; four times as long before the third. */
const PAUSE = 1000;

/** Makes a request, signed where the other side asks for it. */
export type Fetch = (address: string, request: RequestInit & { readonly method: string }) => Promise<Response>;

/** What is behind an address; `shown`: as messages have it. */
export function remote(address: string, fetched: Fetch = fetch, shown?: string, pause = PAUSE): Store {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url) throw new LanError('usage', `\`store\`: '${address.replace(/\/\/.*@/s, '//').slice(0, 100)}' is no address.`);
  const { username, password, search } = url;
  // fetch takes no address with a password in it.
  const headers: Record<string, string> = username === '' ? {} : { authorization: `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}` }; // prettier-ignore
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  const named = shown ?? base;
  /** Asks until there is an answer that is not the other side's failure, and takes of it what is wanted: one that broke off is thrown away, and asked for again. */
  const ask = async <T>(method: string, name: string, take: (answer: Response) => Promise<T>, body?: Uint8Array): Promise<T> => {
    let reason = '';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await new Promise((done) => setTimeout(done, pause * 4 ** (attempt - 1)));
      try {
        const signal = AbortSignal.timeout(PATIENCE);
        const answer = await fetched(`${base}/${placeOf(name).join('/')}${search}`, { method, headers, ...(body ? { body } : {}), signal });
        if (answer.status < 500 && answer.status !== 429) return await take(answer);
        reason = `${answer.status} ${answer.statusText}`;
        await answer.body?.cancel();
      } catch (error) {
        if (error instanceof LanError) throw error;
        const cause = (error as { readonly cause?: unknown }).cause;
        reason = messageOf(cause ?? error);
      }
    }
    throw new LanError('data', `Store '${named}': gives no answer (${reason}).`);
  }; // prettier-ignore
  const heads = async (answer: Response): Promise<Response> => {
    await answer.body?.cancel();
    return answer;
  };
  return {
    shown: named,
    async put(bytes) {
      const name = sha256(bytes);
      const there = await ask('HEAD', name, heads);
      if (there.ok && (there.headers.get('content-length') ?? `${bytes.length}`) === `${bytes.length}`) return name;
      const answer = await ask('PUT', name, heads, bytes);
      if (!answer.ok)
        throw new LanError('write', `Store '${named}': takes no content (${answer.status} ${answer.statusText}).`, 'It has to take PUT requests below its address.'); // prettier-ignore
      return name;
    },
    get: (name) =>
      ask('GET', name, async (answer) => {
        if (answer.ok) return checked(await within(answer, named), name, named);
        await answer.body?.cancel();
        const why = `${answer.status} ${answer.statusText}`;
        throw new LanError('data', `Store '${named}': has no content ${name.slice(0, 12)} (${why}).`);
      }),
    forget: (name) => ask('DELETE', name, heads).then(() => undefined, () => undefined), // prettier-ignore
  };
}

/** The body of an answer. Throws LanError (`data`) where it is longer than what is read, before the memory is taken; and where it is shorter than it says. */
async function within(answer: Response, shown: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MOST) throw new LanError('data', `Store '${shown}': gives more than the ${MOST} bytes that are read.`);
    parts.push(part);
  }
  const said = answer.headers.get('content-length');
  if (said !== null && answer.headers.get('content-encoding') === null && Number(said) !== length)
    throw new Error(`${length} of ${said} bytes came`);
  return Buffer.concat(parts, length);
}
