// workOn(queue): takes jobs of a queue, explains their inputs in processes that may die, and puts the results into the store.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { LanError } from '../core/errors.js';
import { plainError } from '../core/plain-error.js';
import { version } from '../core/version.js';
import { ensureWritable, makeFolder } from '../data/files.js';
import { isAlive } from '../data/processes.js';
import { readAddress } from '../queue/address.js';
import { openCache } from '../queue/cache.js';
import { takeJobs, type TakenJob } from '../queue/connection.js';
import { FORM, Job, type Outcome } from '../queue/job.js';
import { openStore } from '../queue/store.js';
import type { AuditDocument } from '../report/audit-files.js';
import { NAMES, refuseUnknown } from './option-names.js';
import type { Performer, Which } from './performer.js';
import { takeSetup, type TakenSetup } from './queue-setup.js';
import { packResult } from './result-parcel.js';
import { requireWorkers } from './ways.js';
import { startWorkers } from './worker-pool.js';

/** Options of `workOn`. */
export interface WorkerOptions {
  /** redis://host/name, or rediss:// with TLS; the password in it or in REDIS_PASSWORD. */
  readonly queue: string;
  /** The store of the runs: the same contents under another path or address where this machine has it so. */
  readonly store: string;
  /** Folder for what is fetched, kept from run to run. */
  readonly cache: string;
  /** Bytes that are kept there, about. Default 10 GB. */
  readonly cacheLimit?: number;
  /** Inputs at the same time, each in a process of its own on one thread. Default: as many as there are cores. */
  readonly workers?: number | 'auto';
  /** Jobs a second at most, of all workers of the queue together. Default: no limit. */
  readonly rate?: number;
  /** Seconds after which a worker that is not heard from is taken for dead. Default 30. */
  readonly lostAfter?: number;
  /** Seconds after which an input counts as failed, its process is ended, and it is tried again. Default: an hour. */
  readonly timeout?: number;
  /** Runs models without the trial in a child process first: they are explained in one anyway, but a crash is then told by its signal alone. */
  readonly trust?: boolean;
  /** Told once jobs are taken. */
  readonly onStart?: (workers: number, queue: string) => void;
  readonly onNote?: (note: string) => void;
  /** Told of each job that was tried. */
  readonly onJob?: (job: TriedJob) => void;
  /** After an abort the jobs at hand are finished, and no more are taken. */
  readonly signal?: AbortSignal;
} // prettier-ignore

/** A job that was tried. */
export interface TriedJob {
  /** What its input is called. */
  readonly label: string;
  /** Which try it was, from 1. */
  readonly tries: number;
  readonly seconds: number;
  /** Why the input cannot be explained, or the try failed. */
  readonly error?: string;
  /** Steps of learning the first mask, and how many a second. */
  readonly steps?: number;
  readonly stepsPerSecond?: number;
}

/** What was done. */
export interface WorkerResult {
  readonly done: number;
  /** Tries that failed. */
  readonly failed: number;
}

/** How often a job may be lost with its worker before it is given up. */
const LOSSES = 2;
const GIGABYTE = 2 ** 30;
/** Seconds that a timer can wait, 24 days; one that is to wait longer does not wait at all. */
const LONGEST = 2_147_483;

/** What became of a job, and its document where there is one. */
interface Explained {
  readonly outcome: Outcome;
  readonly document?: AuditDocument;
}

/** A place for one input at a time, with the process that explains it. */
interface Slot {
  busy: boolean;
  setup?: string;
  performer?: Performer<Which>;
}

/**
 * Works on a queue until `signal` is aborted. Each input is explained in a process of its own, which may die: the job is tried again by whoever is free, as often
 * as its run says. Of a job only what is checked is believed: numbers, names and SHA-256s, no path and no program.
 * Throws LanError for options that are none, a server or a store that is out of reach, a folder or a store that cannot be written any more (jobs at hand are finished
 * first), and packages that are missing.
 *
 * @example
 * const stop = new AbortController();
 * process.once('SIGTERM', () => stop.abort());
 * await workOn({ queue: 'redis://host/nightly', store: '/shared/store', cache: '/var/cache/lan-onnx', signal: stop.signal });
 */
export async function workOn(options: WorkerOptions): Promise<WorkerResult> {
  refuseUnknown('workOn', options, NAMES.workOn);
  const { store: place, cache: folder, cacheLimit = 10 * GIGABYTE, workers = 'auto', rate, lostAfter = 30, timeout = 3600, trust, onNote, onJob, signal } = options; // prettier-ignore
  const width = workers === 'auto' ? availableParallelism() : workers;
  requireWorkers(workers);
  for (const [name, value] of Object.entries({ rate, lostAfter, timeout }))
    // More is no time that a server or a timer takes; of 0 neither would ever begin.
    if (value !== undefined && !(value >= 0.001 && value <= LONGEST))
      throw new LanError('usage', `\`${name}\`: expected a number from 0.001 to ${LONGEST}, received ${value}.`);
  const address = readAddress(options.queue);
  const store = await openStore(place);
  await ensureWritable(folder);
  const cache = await openCache(join(folder, 'contents'), store, cacheLimit);
  await removeLeft(folder);
  const home = await mkdtemp(join(folder, `${OWN}${process.pid}-`));
  // Models are laid out anew by each worker: a hundred nights leave no hundred copies.
  const models = join(home, 'models');
  await makeFolder(models);
  const slots = Array.from({ length: width }, (): Slot => ({ busy: false }));
  const setups = new Map<string, Promise<TakenSetup>>();
  const name = `lan-onnx-${version()}@${hostname()}-${process.pid}`;

  const setupOf = (id: string): Promise<TakenSetup> => {
    const known = setups.get(id);
    if (known) return known;
    const taken = takeSetup(id, cache, models);
    setups.set(id, taken);
    // It may be had later.
    taken.catch(() => setups.delete(id));
    return taken;
  };

  const close = async (slot: Slot): Promise<void> => {
    const { performer } = slot;
    slot.performer = undefined;
    await performer?.close();
  };

  /** Explains an input in a slot's own process, which is begun anew where it holds another model or has died. */
  const explained = async (slot: Slot, job: Job, target: string, held: () => Promise<boolean>): Promise<Explained> => {
    const start = performance.now();
    const packed = await cache.get(job.input);
    const taken = await setupOf(job.setup);
    if (slot.setup !== job.setup) await close(slot);
    slot.setup = job.setup;
    const threads = taken.options.threads ?? 1;
    const { model, first } = taken;
    const setup = {
      model,
      options: { ...taken.options, threads, trust },
      source: { kind: 'files', inputs: [] } as const,
      first: first.map((bytes) => ({ packed: bytes, label: job.label })),
    };
    slot.performer ??= startWorkers(1, setup);
    const at = { packed, label: job.label };
    const done = await within(timeout, slot.performer.explain({ at, folder: target, resume: false }));
    const seconds = (performance.now() - start) / 1000;
    if (done.error) {
      const { problems, ...error } = plainError(done.error);
      const plain = { ...error, ...(problems ? { problems: [...problems] } : {}) };
      return { outcome: { error: plain, worker: name, seconds } };
    }
    const { packed: result, bytes } = await packResult(target);
    // What nobody asks for would stay in the store for ever.
    if (!(await held()))
      throw new LanError('runtime', 'It was given to another worker meanwhile: this one was not heard from for too long.');
    return { outcome: { result: await store.put(result), bytes, worker: name, seconds }, document: done.document };
  };

  let done = 0;
  let failed = 0;
  let broken: LanError | undefined;
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal?.addEventListener('abort', stop, { once: true });
  const perform = async ({ id, data, tries, held }: TakenJob): Promise<Outcome> => {
    const start = performance.now();
    const slot = slots.find((s) => !s.busy)!;
    slot.busy = true;
    const target = join(home, `${done + failed}-${tries}-${slots.indexOf(slot)}`);
    let label = `job ${id.slice(0, 60)}`;
    try {
      const job = checkedJob(data, label);
      ({ label } = job);
      const { outcome, document } = await explained(slot, job, target, held);
      done++;
      const { steps, timings } = document?.betas[0] ?? {};
      const pace = timings ? { steps, stepsPerSecond: 1 / timings.secondsPerStep } : {};
      const why = 'error' in outcome ? { error: outcome.error.problem } : {};
      onJob?.({ label, tries, seconds: (performance.now() - start) / 1000, ...pace, ...why });
      return outcome;
    } catch (error) {
      failed++;
      // What it was started with, or itself, may be what failed.
      await close(slot);
      // A full disk or store would take the tries of all jobs within seconds; others may have room.
      if (error instanceof LanError && error.code === 'write') {
        broken ??= error;
        stop();
      }
      const text = error instanceof LanError ? error.problem : `unexpected error: ${(error as Error).message.split('\n')[0]}`;
      onJob?.({ label, tries, seconds: (performance.now() - start) / 1000, error: text });
      // Its message is all that reaches the run.
      throw new Error(text, { cause: error });
    } finally {
      slot.busy = false;
      await rm(target, { recursive: true, force: true });
    }
  };

  try {
    const taking = await takeJobs(address, perform, { name, concurrency: width, rate, lostAfter, losses: LOSSES, onNote });
    options.onStart?.(width, address.shown);
    await new Promise<void>((resolve) => {
      if (signal?.aborted || over.signal.aborted) resolve();
      over.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // Finishes what is at hand.
    await taking.finish(() => slots.some(({ busy }) => busy));
    if (broken) throw broken;
    return { done, failed };
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all(slots.map(close));
    await rm(home, { recursive: true, force: true });
  }
}

/** Begins the name of a worker's folder, which ends with its process; its number follows. */
const OWN = `work-${hostname()}-`;

/** Removes the folders of workers of this machine that were killed. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(OWN) ? Number(/^(\d+)-/.exec(name.slice(OWN.length))?.[1] ?? NaN) : NaN;
    if (pid > 0 && !isAlive(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** What `work` gives. Throws LanError (`runtime`) where it takes longer than so many seconds; whoever asked ends it. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new LanError('runtime', `It took longer than ${seconds} s.`, 'Raise `timeout` where that is what it takes.');
    timer = setTimeout(() => reject(error), 1000 * seconds);
  });
  // The one that is ended fails a second time, which nobody waits for.
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** A job as it may be done. Throws LanError (`data`) in one sentence for any other. */
function checkedJob(data: unknown, label: string): Job {
  const other = data as { readonly form?: unknown; readonly version?: unknown } | null;
  const whose = typeof other?.version === 'string' ? other.version.slice(0, 40) : 'an unknown version';
  if (other?.form !== FORM || other.version !== version())
    throw new LanError('data', `${label}: is a job of lan-onnx ${whose}, and this worker is ${version()}; other versions give other numbers.`); // prettier-ignore
  const { success, data: job, error } = Job.safeParse(data);
  if (success) return job;
  const { path, message, code } = error.issues[0]!;
  const what = code === 'unrecognized_keys' ? 'it holds a field that no job has' : `${path.join('.')} ${message}`;
  throw new LanError('data', `${label}: is refused: ${what}.`);
}
