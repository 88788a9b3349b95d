// Several processes that explain inputs, each with a model of its own and one thread: more inputs a second than one process on all cores.
import type { ChildProcess } from 'node:child_process';
import { startBeside } from '../core/child.js';
import { LanError, LanErrors, type ErrorCode } from '../core/errors.js';
import type { AuditDocument } from '../report/audit-files.js';
import type { AuditOptions } from './audit-options.js';
import type { SourceSpec } from './many-source.js';
import { notBegun, type Done, type Performer, type Task, type Which } from './performer.js';

/** What a worker is told first. */
export interface WorkerSetup {
  /** Path or bytes of the model. */
  readonly model: string | Uint8Array;
  /** Those of `audit` that are plain data. */
  readonly options: AuditOptions;
  readonly source: SourceSpec;
  /** The inputs by which it is chosen how pictures go in, the same for every worker. */
  readonly first: readonly Which[];
}

/** What is said to a worker. */
export type ToWorker = { readonly setup: WorkerSetup } | { readonly task: Task<Which> } | { readonly stop: true };

/** A LanError as it passes between processes. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly problem: string;
  readonly advice?: string;
  readonly problems?: readonly string[];
}

/** What a worker says. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly document: AuditDocument; readonly removed: readonly string[]; readonly resumed: boolean }
  /** About one input. */
  | { readonly failure: PlainError }
  /** About everything. `unexpected`: no LanError, its stack. */
  | { readonly fatal: PlainError | { readonly unexpected: string } };

/** An error as plain data. */
export const plainError = (e: LanError): PlainError => ({
  code: e.code,
  problem: e.problem,
  ...(e.advice === undefined ? {} : { advice: e.advice }),
  ...(e instanceof LanErrors ? { problems: e.problems } : {}),
});

/** The error that it was; the problems of several are in its heading already. */
export const errorFrom = ({ code, problem, advice }: PlainError): LanError => new LanError(code, problem, advice);

interface Worker {
  readonly child: ChildProcess;
  busy: boolean;
}

/**
 * Starts `width` workers; each compiles the model for itself. After `signal` is aborted, what they work on is finished with what is learned so far.
 * Throws LanError (`runtime`) where a worker ends, which memory running out does.
 */
export function startWorkers(width: number, setup: WorkerSetup, signal: AbortSignal | undefined): Performer<Which> {
  const waiting: {
    readonly task: Task<Which>;
    readonly resolve: (done: Done) => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  const workers = Array.from({ length: width }, (): Worker => ({
    child: startBeside(import.meta.url, 'audit-worker'),
    busy: true,
  }));
  let broken: Error | undefined;
  let closing = false;
  const breakDown = (error: Error): void => {
    broken ??= error;
    for (const w of waiting.splice(0)) w.reject(broken);
  };
  const current = new Map<Worker, (typeof waiting)[number]>();
  const next = (worker: Worker): void => {
    worker.busy = false;
    const job = waiting.shift();
    if (!job) return;
    worker.busy = true;
    current.set(worker, job);
    const { at, folder, resume } = job.task;
    worker.child.send({ task: { at, folder, resume } } satisfies ToWorker);
  };
  for (const worker of workers) {
    worker.child.on('message', (message: FromWorker) => {
      const job = current.get(worker);
      current.delete(worker);
      if ('fatal' in message) {
        const { fatal } = message;
        const error = 'unexpected' in fatal ? new Error(fatal.unexpected) : errorFrom(fatal);
        job?.reject(error);
        return breakDown(error);
      }
      if ('failure' in message) job?.resolve({ error: errorFrom(message.failure) });
      else if ('document' in message) job?.resolve(message);
      next(worker);
    });
    const ended = (how: string): void => {
      const error = new LanError(
        'runtime',
        `A worker ended (${how}).`,
        'What is finished stays. Go on with `resume`, and with fewer `workers` where memory is short.',
      );
      current.get(worker)?.reject(error);
      current.delete(worker);
      if (!closing) breakDown(error);
    };
    worker.child.on('exit', (code, by) =>
      ended(`${by ?? `exit code ${code}`}${by === 'SIGKILL' ? ', as the system does when memory runs out' : ''}`),
    );
    // It could not be started, or not be spoken to.
    worker.child.on('error', ({ message }) => ended(message));
    worker.child.send({ setup } satisfies ToWorker);
  }
  const stop = (): void => {
    for (const { resolve } of waiting.splice(0)) resolve(notBegun());
    for (const { child } of workers) if (child.connected) child.send({ stop: true } satisfies ToWorker);
  };
  const end = (): void => {
    for (const { child } of workers) child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', stop);
  process.once('exit', end);
  return {
    width,
    explain: (task) =>
      new Promise<Done>((resolve, reject) => {
        if (broken) return reject(broken);
        if (signal?.aborted) return resolve(notBegun());
        waiting.push({ task, resolve, reject });
        const free = workers.find((w) => !w.busy);
        if (free) next(free);
      }),
    async close() {
      closing = true;
      signal?.removeEventListener('abort', stop);
      process.off('exit', end);
      const ended = workers.map(({ child }) =>
        child.pid !== undefined && child.exitCode === null && child.signalCode === null
          ? new Promise<void>((resolve) => void child.once('exit', () => resolve()))
          : Promise.resolve(),
      );
      end();
      await Promise.all(ended);
    },
  };
}
