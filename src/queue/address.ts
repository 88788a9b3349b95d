// Where a queue lies: redis://[user[:password]@]host[:port]/name, its password never shown.
import { LanError } from '../core/errors.js';

/** A queue's address, taken apart. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  /** The name of the queue on that server. */
  readonly name: string;
  /** With TLS, rediss://. */
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** The server's database, `?db=2`. Default 0. */
  readonly db: number;
  /** The address as it may be shown: without user and password. */
  readonly shown: string;
}

const PORT = 6379;
/** BullMQ parts its keys by colons, and a cluster takes what stands in braces for where a key lies. */
const NAME = /^[\w.-]{1,100}$/;

/**
 * Takes an address apart; REDIS_PASSWORD of `env` is the password where the address holds none. Throws LanError (`usage`) for what is none, with
 * the password left out of the message.
 *
 * @example
 * readAddress('rediss://me@queue.example:6380/nightly').shown; // 'rediss://queue.example:6380/nightly'
 */
export function readAddress(text: string, env: Readonly<Record<string, string | undefined>> = process.env): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    throw new LanError(
      'usage',
      `\`queue\`: expected redis://host/name, or rediss://host/name with TLS, received '${withoutSecrets(text)}'.`,
    );
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  const name = url.pathname.slice(1);
  if (!NAME.test(name))
    throw new LanError(
      'usage',
      // A password with a slash, as it is, ends up in the path.
      `\`queue\`: expected a name of letters, digits, '.', '_' and '-' behind the host, as in redis://host/nightly, received '${withoutSecrets(text)}'.`,
    );
  const db = url.searchParams.get('db') ?? '0';
  if (!/^\d{1,4}$/.test(db))
    throw new LanError('usage', `\`queue\`: expected a whole number as the database (db=0), received '${db}'.`);
  const username = decoded(url.username);
  const password = url.password === '' ? (env['REDIS_PASSWORD'] ?? '') : decoded(url.password);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORT : Number(url.port),
    name,
    tls: url.protocol === 'rediss:',
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    db: Number(db),
    shown,
  };
}

/** An address that may not be well formed, without what stands before its last @. */
const withoutSecrets = (text: string): string => text.replace(/^(\w+:\/\/)?.*@/s, '$1').slice(0, 100);

/** A part of an address with its %40 and the like written out; as it is where a % is only a %. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
