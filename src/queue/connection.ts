// The one door to bullmq and ioredis, which are loaded when a queue is first asked for: connections, and what is wrong with them in a sentence.
import { isIP } from 'node:net';
import type { Queue, QueueEvents, RedisOptions, Worker } from 'bullmq';
import { LanError, messageOf } from '../core/errors.js';
import { looseEnd } from '../core/loose-ends.js';
import { madeWith } from '../core/version.js';
import { codeOf } from '../data/files.js';
import type { QueueAddress } from './address.js';
import type { Job } from './job.js';
import { tellOfRefusals } from './refusals.js';

/** Seconds after which a server that does not answer is taken for absent, at the start. */
const PATIENCE = 5;
/** Milliseconds between two tries to reach a server that was there, at most. */
const PAUSE = 5000;
/** The oldest server with all that BullMQ asks for. */
const OLDEST = [6, 2] as const;

type Bullmq = typeof import('bullmq');
/** The queue as BullMQ has it. */
export type JobQueue = Queue<Job, unknown, 'audit'>;

/** What is loaded, and how it is loaded; tests give their own loaders. */
const load = async <T>(name: string, loader: () => Promise<T>): Promise<T> => {
  try {
    return await loader();
  } catch (error) {
    const absent = /MODULE_NOT_FOUND/.test(codeOf(error));
    throw new LanError(
      'install',
      absent ? `\`queue\`: needs the package ${name}, which is not installed.` : `\`queue\`: ${name} does not run on this machine (${messageOf(error).split('\n')[0]}).`,
      `Install what it needs: npm install bullmq@${madeWith('bullmq') ?? 'latest'} ioredis@${madeWith('ioredis') ?? 'latest'}.`,
    ); // prettier-ignore
  }
};

/** BullMQ. Throws LanError (`install`) with the command where it is not installed. */
export const loadBullmq = (loader: () => Promise<Bullmq> = () => import('bullmq')): Promise<Bullmq> => load('bullmq', loader);

const loadRedis = () => load('ioredis', () => import('ioredis'));

/** The options of a connection that waits for a server which goes away, until it is `over`. */
function lasting({ host, port, username, password, db, tls }: QueueAddress, over = (): boolean => false): RedisOptions {
  return {
    host,
    port,
    username,
    password,
    db,
    // A number is no name to be asked for; the certificate is held against it all the same.
    ...(tls ? { tls: isIP(host) ? {} : { servername: host } } : {}),
    maxRetriesPerRequest: null,
    // reach() has looked, and says it in words.
    skipVersionCheck: true,
    retryStrategy: (times) => (over() ? null : Math.min(100 * 2 ** Math.min(times, 10), PAUSE)),
  };
}

/**
 * Makes sure that the server is there, lets us in and is new enough. Throws LanError in one sentence: `install` without the packages, `runtime` for a
 * server that is absent, refuses the password, or is too old. A server that may throw jobs away is told.
 */
export async function reach(address: QueueAddress, onNote?: (note: string) => void): Promise<void> {
  const { Redis } = await loadRedis();
  const client = new Redis({
    ...lasting(address),
    lazyConnect: true,
    connectTimeout: 1000 * PATIENCE,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let last: Error | undefined;
  client.on('error', (error) => (last = error));
  try {
    await client.connect();
    await client.ping();
    const info = await client.info();
    const [, major, minor] = /redis_version:(\d+)\.(\d+)/.exec(info) ?? [];
    if (major !== undefined && (Number(major) - OLDEST[0] || Number(minor) - OLDEST[1]) < 0)
      throw new LanError('runtime', `Queue ${address.shown}: the server is Redis ${major}.${minor}; a queue needs ${OLDEST.join('.')} or newer.`); // prettier-ignore
    const policy = /maxmemory_policy:([\w-]+)/.exec(info)?.[1] ?? 'noeviction';
    if (policy !== 'noeviction')
      onNote?.(
        `the server of the queue ${address.shown} throws keys away where its memory runs out (maxmemory-policy ${policy}), jobs among them: they are put there again, but set it to noeviction`,
      );
  } catch (error) {
    throw error instanceof LanError ? error : unreachable(address, last ?? error, error);
  } finally {
    client.disconnect();
  }
}

/** A failed connection in a sentence; messages of Redis hold no password. */
function unreachable({ shown, host, port }: QueueAddress, ...errors: readonly unknown[]): LanError {
  const text = errors.map(messageOf).find((t) => /WRONGPASS|NOAUTH|NOPERM|invalid (username|password)/i.test(t));
  if (text !== undefined)
    return new LanError(
      'runtime',
      `Queue ${shown}: the server does not let this user in (${/NOAUTH/.test(text) ? 'it asks for a password' : /NOPERM/.test(text) ? 'the user may not use it' : 'wrong user or password'}).`,
      'Give the password in REDIS_PASSWORD, or in the address as redis://user:password@host/name.',
    );
  const certificate = errors.map(codeOf).find((code) => /CERT|SIGNATURE|ERR_TLS/.test(code));
  if (certificate !== undefined)
    return new LanError(
      'runtime',
      `Queue ${shown}: the certificate of the server is not trusted (${messageOf(errors[0]).split('\n')[0]}).`,
      'Give the file of the authority that has signed it in NODE_EXTRA_CA_CERTS, and the host by a name that stands in it.',
    );
  const reason = { ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'the host is not known', ETIMEDOUT: 'no answer' }[codeOf(errors[0])]; // prettier-ignore
  return new LanError(
    'runtime',
    `Queue ${shown}: no Redis server can be reached at ${host}:${port} (${reason ?? messageOf(errors[0]).split('\n')[0]}).`,
    'Is the address right, and does the server run?',
  );
}

/** Tells of a connection that is lost and found again, once each, until `over` says that it is closed on purpose. */
async function tellOf(
  { shown }: QueueAddress,
  of: Queue | Worker,
  over: () => boolean,
  onNote: ((note: string) => void) | undefined,
): Promise<void> {
  let lost = false;
  const client = await of.backend.client;
  client.on('close', () => {
    if (lost || over()) return;
    lost = true;
    onNote?.(`the queue ${shown} is out of reach; trying again until it is back`);
  });
  client.on('ready', () => {
    if (lost) onNote?.(`the queue ${shown} is back`);
    lost = false;
  });
}

/** A queue to which jobs are added, and in which they are looked at. */
export async function openQueue(address: QueueAddress, onNote?: (note: string) => void): Promise<JobQueue> {
  const bullmq = await loadBullmq();
  await reach(address, onNote);
  const queue = new bullmq.Queue(address.name, { connection: lasting(address) });
  // What fails while the server is away is tried again; an event without a listener would end the process.
  queue.on('error', () => undefined);
  await queue.waitUntilReady();
  await tellOf(address, queue, () => queue.closing !== undefined, onNote);
  return queue as unknown as JobQueue;
}

/** What is told of finished jobs by the server; what is missed while it is away is not told again. */
export async function openEvents(address: QueueAddress): Promise<QueueEvents> {
  const { QueueEvents } = await loadBullmq();
  const events = new QueueEvents(address.name, { connection: lasting(address) });
  // Of a server that is away the queue's own connection tells.
  events.on('error', () => undefined);
  await events.waitUntilReady();
  return events;
}

/**
 * Ends a connection, at once where the server is away. What is closed while it is away waits for it, and tries to reach it for as long: nothing would end the
 * process.
 */
export async function end(of: Queue | QueueEvents): Promise<void> {
  const client = await of.backend.client;
  const gone = new Promise<void>((done) => setTimeout(done, 2000).unref());
  if (client.status === 'ready') await Promise.race([of.close().catch(() => undefined), gone]);
  client.disconnect();
}

/** How jobs are taken. */
export interface TakeOptions {
  /** What the server and `status` call this worker. */
  readonly name: string;
  /** Jobs at the same time. */
  readonly concurrency: number;
  /** Jobs a second at most, by all workers of the queue together. */
  readonly rate?: number;
  /** Seconds after which a worker that was not heard from is taken for dead, and its job is given to another. */
  readonly lostAfter: number;
  /** How often a job may be lost with its worker. */
  readonly losses: number;
  readonly onNote?: (note: string) => void;
}

/** A rate as BullMQ has it, whole jobs in whole milliseconds: never more than `rate` a second. */
export function limitOf(rate: number): { readonly max: number; readonly duration: number } {
  const max = Math.max(1, Math.floor(rate));
  return { max, duration: Math.ceil((1000 * max) / rate) };
}

/** A job that was taken. */
export interface TakenJob {
  readonly id: string;
  readonly data: unknown;
  readonly tries: number;
  /** Whether it is still this worker's: one that was not heard from for too long has lost its job to another. */
  readonly held: () => Promise<boolean>;
}

/** Milliseconds without a server after which nobody is told what became of the jobs at hand, which go to other workers; and between two looks. */
const LEAVE = 3000;
const LOOK = 50;

/** A worker of the queue. */
export interface Taking {
  /** Takes no more jobs, and ends once those at hand are finished and told of; `busy`: whether there are any. */
  finish(busy: () => boolean): Promise<void>;
}

/** Takes jobs until it is to finish; what `perform` throws is the error of a try. */
export async function takeJobs(
  address: QueueAddress,
  perform: (job: TakenJob) => Promise<unknown>,
  { name, concurrency, rate, lostAfter, losses, onNote }: TakeOptions,
): Promise<Taking> {
  const bullmq = await loadBullmq();
  await reach(address, onNote);
  let over = false;
  const worker = new bullmq.Worker(
    address.name,
    (job, token) => {
      // A server that refuses to answer has not said that another has it.
      const held = async (): Promise<boolean> => (await job.extendLock(token!, 1000 * lostAfter).catch(() => 1)) === 1;
      return perform({ id: job.id ?? '', data: job.data as unknown, tries: job.attemptsMade + 1, held });
    },
    {
      connection: lasting(address, () => over),
      name,
      concurrency,
      lockDuration: 1000 * lostAfter,
      stalledInterval: 1000 * lostAfter,
      maxStalledCount: losses,
      ...(rate === undefined ? {} : { limiter: limitOf(rate) }),
    },
  );
  const refusals = tellOfRefusals(address, onNote);
  worker.on('error', (error) => void refusals.refused(error));
  worker.on('completed', () => refusals.taken());
  await worker.waitUntilReady();
  await tellOf(address, worker, () => worker.closing !== undefined, onNote);
  return {
    async finish(busy) {
      let closed = false;
      void worker.close().then(() => (closed = true), () => (closed = true)); // prettier-ignore
      const client = await worker.backend.client;
      for (let away = 0; !closed && away < LEAVE; away = busy() || client.status === 'ready' ? 0 : away + LOOK)
        await new Promise((done) => setTimeout(done, LOOK));
      over = true;
      // It goes on waiting for the server, and looks for lost jobs from time to time: what it has of timers ends with the process.
      if (!closed) looseEnd();
      client.disconnect();
    },
  };
}
