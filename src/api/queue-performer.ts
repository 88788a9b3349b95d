// Explains inputs by the workers of a queue: each becomes a job, and its result is fetched, checked and written here, once.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import { parsed } from '../core/json.js';
import { errorFrom } from '../core/plain-error.js';
import { version } from '../core/version.js';
import { makeFolder, readBytes, sha256, writeAtomically } from '../data/files.js';
import { budget } from '../data/memory.js';
import { readAddress } from '../queue/address.js';
import { end as endConnection, openEvents, openQueue } from '../queue/connection.js';
import { FORM, Outcome, type Job } from '../queue/job.js';
import { removeRun, showProgress } from '../queue/progress.js';
import { patiently } from '../queue/refusals.js';
import { openStore } from '../queue/store.js';
import { DOCUMENT, removeEarlier } from '../report/earlier.js';
import type { AuditOptions } from './audit-options.js';
import type { Auditor } from './auditor.js';
import { failureNaming } from './audit-all.js';
import type { Source } from './many-source.js';
import type { ModelLike } from './opened.js';
import { notBegun, sampleOf, type Done, type Performer, type Task } from './performer.js';
import { publishSetup } from './queue-setup.js';
import { unpackResult } from './result-parcel.js';
import { packSample } from './stored-sample.js';

/** Options of a run whose inputs go to the workers of a queue. */
export interface QueueOptions {
  /** redis://host/name, or rediss:// with TLS; the password in it or in REDIS_PASSWORD. */
  readonly queue: string;
  /** A folder that all machines share, an HTTP(S) address, or s3://bucket/prefix: where model, inputs and results pass. */
  readonly store: string;
  /** 1 goes first, 2,000,000 last; none goes before all that have one. */
  readonly priority?: number;
  /** How often an input is tried before it is given up. Default 3. */
  readonly attempts?: number;
  /** Seconds before the second try; each further one waits twice as long. Default 1. */
  readonly backoff?: number;
}

/** What a run on a queue is about. */
export interface QueueRun {
  readonly model: ModelLike;
  readonly auditor: Auditor;
  readonly source: Source;
  readonly options: AuditOptions;
  /** Numbers of the inputs by which it is chosen how pictures go in. */
  readonly first: readonly number[];
  /** Folder of all results. */
  readonly out: string;
  readonly total: number;
  readonly onNote: (note: string) => void;
  readonly signal?: AbortSignal;
}

/** Inputs that are in the queue ahead of the one whose turn it is; more than are worked on by a hundred machines. */
const AHEAD = 4096;
/** Bytes of inputs and results that are held at the same time. */
const HELD = 2 ** 27;
/** Milliseconds between two looks at jobs of which nothing was heard, and how many are looked at. */
const LOOK = { every: 1000, jobs: 256 } as const;

/** Names the run in its folder, so that one that was broken off finds its jobs again. */
const RUN = 'queue.json';
const Run = z.object({ run: z.string().regex(/^[\w-]{1,40}$/), setup: z.string() });

/** The run that this folder belongs to, where it was broken off with the same settings; else a new one. */
async function runIn(
  out: string,
  setup: string,
): Promise<{ readonly run: string; readonly continued: boolean; readonly other?: string }> {
  const path = join(out, RUN);
  const text = await readBytes(path, 'Run').catch(() => undefined);
  const earlier = text && Run.safeParse(parsed(text)).data;
  if (earlier?.setup === setup) return { run: earlier.run, continued: true };
  const run = randomUUID().replace(/-/g, '').slice(0, 16);
  await makeFolder(out);
  await writeAtomically(path, `${JSON.stringify({ run, setup })}\n`);
  return { run, continued: false, ...(earlier ? { other: earlier.run } : {}) };
}

/** A performer, and whether an earlier run in the same folder is gone on with. */
export interface QueuePerformer extends Performer {
  readonly continued: boolean;
  /** Writes how far the run is, for `status`. */
  entered(done: number, failed: number): void;
  /** The run is over: its name is not needed any more. */
  finished(): Promise<void>;
}

/** Throws LanError for an address that is none, a server or a store that is out of reach, and options that cannot be sent. */
export async function queuePerformer(
  { queue: at, store: place, priority, attempts = 3, backoff = 1 }: QueueOptions,
  { model, auditor, source, options, first, out, total, onNote, signal }: QueueRun,
): Promise<QueuePerformer> {
  requireWhole('priority', priority ?? 1, 2_000_000);
  requireWhole('attempts', attempts, 1000);
  const address = readAddress(at);
  const queue = await openQueue(address, onNote);
  const closing: (() => Promise<unknown>)[] = [() => endConnection(queue)];
  const taken = patiently(address, onNote, signal);
  const close = async (): Promise<void> => {
    // A server that is away does not keep the run from its end.
    for (const end of closing.splice(0).reverse())
      await Promise.race([end().catch(() => undefined), new Promise((done) => setTimeout(done, 2000).unref())]);
  };
  try {
    const store = await openStore(place);
    const samples = [];
    for (const n of first) samples.push(await source.read(auditor, n));
    const setup = await publishSetup(store, { model: model as string, options, first: samples, noise: auditor.noise });
    const { run, continued, other } = await runIn(out, setup);
    if (other !== undefined) {
      // Nobody would ask for what comes of them.
      const { removed, left } = await taken(() => removeRun(queue, other));
      const still = left > 0 ? `; ${left} that are worked on end by themselves` : '';
      onNote(`the settings, the model or the first inputs are others than when the run in '${out}' was broken off: its ${removed} jobs are taken out of the queue${still}`);
    } // prettier-ignore
    const progress = showProgress(queue, { run, model: auditor.model.source.name, total });
    closing.push(() => progress.stop());
    const events = await openEvents(address);
    closing.push(() => endConnection(events));
    const pending = new Map<string, (outcome: Outcome | Error) => void>();
    const held = budget(HELD);
    const waiting = new Set<() => void>();
    const abort = (): void => waiting.forEach((end) => end());
    signal?.addEventListener('abort', abort);
    closing.push(() => Promise.resolve(signal?.removeEventListener('abort', abort)));

    /** Whether a job is done, and what became of it; a job that is not there any more is put there again by `again`. */
    const look = async (id: string): Promise<void> => {
      const settle = pending.get(id);
      if (!settle) return;
      const job = await queue.getJob(id);
      if (!job) return settle(new Lost());
      if (job.finishedOn === undefined) return;
      const state = await job.getState();
      if (state === 'completed') {
        const { success, data } = Outcome.safeParse(job.returnvalue);
        settle(success ? data : new LanError('data', 'The worker gave what is no result of this version.'));
      } else if (state === 'failed') settle(new GivenUp(job.failedReason, job.attemptsMade));
    };
    const heard = (id: string): void => void look(id).catch(() => undefined);
    events.on('completed', ({ jobId }) => heard(jobId));
    events.on('failed', ({ jobId }) => heard(jobId));
    // What was told while the server or the way to it was gone is not told again.
    let turn = 0;
    const timer = setInterval(() => {
      const ids = [...pending.keys()];
      for (let i = 0; i < Math.min(LOOK.jobs, ids.length); i++) heard(ids[turn++ % ids.length]!);
    }, LOOK.every);
    closing.push(() => Promise.resolve(clearInterval(timer)));

    /** The outcome of a job, put there where it is not. */
    const outcomeOf = async (id: string, data: Job): Promise<Outcome> => {
      for (;;) {
        const outcome = new Promise<Outcome | Error>((resolve) => pending.set(id, resolve));
        // The same name again changes nothing: a run that goes on finds its jobs where they are.
        await taken(() => queue.add('audit', data, {
          jobId: id,
          attempts,
          backoff: { type: 'exponential', delay: 1000 * backoff },
          ...(priority === undefined ? {} : { priority }),
          stackTraceLimit: 1,
        })); // prettier-ignore
        heard(id);
        const found = await outcome;
        pending.delete(id);
        if (found instanceof Lost) continue;
        if (found instanceof Error) throw found;
        return found;
      }
    };

    /** Puts the input into the store and gives its name, and what is there of its result already. */
    const begun = ({ at, folder, resume, take }: Task): Promise<{ readonly input: string; readonly there?: Done }> =>
      held(HELD / 8, async () => {
        const sample = take?.() ?? (await sampleOf(auditor, source, at));
        const document = resume || continued ? await auditor.finished(sample, folder) : undefined;
        const packed = packSample(sample);
        if (document) return { input: sha256(packed), there: { document, removed: [], resumed: true } };
        return { input: await store.put(packed).catch((error: unknown) => Promise.reject(new NotStored(error))) };
      });

    /** Writes the files of a result, the document last. */
    const written = (result: string, bytes: number, folder: string): Promise<Done> =>
      held(Math.min(HELD, 4 * bytes), async () => {
        const { files, document } = await unpackResult(await store.get(result));
        const removed = await removeEarlier(folder, [...files.keys()]);
        await makeFolder(folder);
        for (const [name, content] of files) if (name !== DOCUMENT) await writeAtomically(join(folder, name), content);
        await writeAtomically(join(folder, DOCUMENT), files.get(DOCUMENT)!);
        return { document, removed, resumed: false };
      });

    const explain = async (task: Task): Promise<Done> => {
      const label = source.inputs[task.at]!.path;
      let input: string;
      let there: Done | undefined;
      try {
        ({ input, there } = await begun(task));
      } catch (error) {
        // The next input would fare no better.
        if (error instanceof NotStored) throw error.reason;
        return { error: failureNaming(label, error) };
      }
      // With its content: where pictures came or went since the run broke off, another one has this number now, and its job is another one.
      const id = `${run}-${task.at}-${input.slice(0, 16)}`;
      if (there) {
        // Its job, where the run ended between its last file and the end of the job.
        await taken(() => queue.remove(id));
        return there;
      }
      try {
        const outcome = await outcomeOf(id, { form: FORM, version: version(), run, label, setup, input });
        if ('error' in outcome) {
          await taken(() => queue.remove(id));
          return { error: errorFrom(outcome.error) };
        }
        const done = await written(outcome.result, outcome.bytes, task.folder);
        await taken(() => queue.remove(id));
        await store.forget(outcome.result);
        return done;
      } catch (error) {
        // A result that cannot be had is none: the same command finds no job that is done, and has it done again.
        if (error instanceof LanError) await taken(() => queue.remove(id));
        if (!(error instanceof GivenUp)) throw error;
        return { error: new LanError('runtime', `${label}: given up after ${error.tries === 1 ? 'one try' : `${error.tries} tries`}: ${error.message}`) }; // prettier-ignore
      }
    };

    return {
      width: Math.ceil(AHEAD / 3),
      continued,
      explain: (task) => {
        if (signal?.aborted) return Promise.resolve(notBegun());
        // A run that is told to end does not wait for other machines: their jobs stay in the queue.
        return new Promise<Done>((resolve, reject) => {
          const end = (): void => resolve(notBegun());
          waiting.add(end);
          void explain(task).then(resolve, reject).finally(() => waiting.delete(end)); // prettier-ignore
        });
      },
      entered: (done, failed) => progress.entered(done, failed),
      finished: async () => {
        await progress.finish();
        const { rm } = await import('node:fs/promises');
        await rm(join(out, RUN), { force: true });
      },
      close,
    }; // prettier-ignore
  } catch (error) {
    await close();
    throw error;
  }
}

/** Throws LanError (`usage`) for what a queue takes no job with. */
function requireWhole(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new LanError('usage', `\`${name}\`: expected a whole number from 1 to ${most}, received ${value}.`);
}

/** A job that is not in the queue any more: the server has lost it, or somebody took it away. */
class Lost extends Error {}

/** An input that the store did not take. */
class NotStored extends Error {
  constructor(readonly reason: unknown) {
    super('not stored');
  }
}

/** A job that was tried as often as it may be. */
class GivenUp extends Error {
  constructor(
    reason: string | undefined,
    readonly tries: number,
  ) {
    super((reason ?? 'no reason is known').replace(/\.?$/, '.'));
  }
}
