// Several processes of this program's own that do the tasks of one work: each may die without taking the others or what is done along.
import type { ChildProcess } from 'node:child_process';
import { startBeside } from './child.js';
import { LanError } from './errors.js';
import { errorFrom, type PlainError } from './plain-error.js';

/** What is said to a member. */
export type ToMember<S, T> = { readonly setup: S } | { readonly task: T } | { readonly stop: true };

/** What a member says. */
export type FromMember<R> =
  | { readonly ready: true }
  | { readonly done: R }
  | { readonly told: unknown }
  /** About the whole work. `unexpected`: no LanError, its stack. */
  | { readonly fatal: (PlainError & { readonly message: string }) | { readonly unexpected: string } };

/** A process that died over a task. */
export class MemberEnded extends LanError {
  constructor(
    /** `SIGSEGV`, `exit code 9`. */
    readonly how: string,
    tries = 1,
    /** Whether it ended the whole work: it died before it could begin, or too many in a row did. */
    readonly whole = false,
  ) {
    super(
      'runtime',
      `A worker ended (${how}${how === 'SIGKILL' ? ', as the system does when memory runs out' : ''})${tries === 1 ? '' : `, as at each of ${tries} tries`}.`,
      'What is finished stays. Go on with `resume`, and with fewer `workers` where memory is short.',
    );
  }
}

/** Who does a work, and how. */
export interface CrewOptions<S> {
  /** The module beside which the program of a member lies (its import.meta.url), and its name. */
  readonly beside: string;
  readonly program: string;
  /** What each member is told first. */
  readonly setup: S;
  /** Members. */
  readonly width: number;
  /** After an abort what is worked on is finished, and nothing more is begun. */
  readonly signal?: AbortSignal | undefined;
  /** How often a task is begun whose process dies. Default 2. */
  readonly tries?: number;
  /** So many tasks in a row that ended all their processes end the work. Default: none do. */
  readonly most?: number;
  /** Told of a process that died and whose task is begun again. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Told what a member says while it works. */
  readonly onTold?: (told: unknown) => void;
}

/** Processes that do tasks. */
export interface Crew<T, R> {
  readonly width: number;
  /** Once all members are ready. Throws what kept one of them from it. */
  ready(): Promise<void>;
  /**
   * Does a task as soon as a member is free. Throws what the task threw, MemberEnded where its process died each time, and LanError (`interrupted`) where it
   * was not begun before the end.
   */
  run(task: T): Promise<R>;
  /** Ends all processes. */
  close(): Promise<void>;
}

interface Job<T, R> {
  readonly task: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
  /** Processes that died over it. */
  lost: number;
}

interface Place<T, R> {
  child?: ChildProcess;
  ready: boolean;
  job?: Job<T, R> | undefined;
  /** Processes in a row that ended before they could begin. */
  vain: number;
}

/** So many of these, and the place stays empty: the next would not begin either. */
const STARTS = 2;

const interrupted = (): LanError => new LanError('interrupted', 'Stopped before this was begun.');

/** Starts a crew. */
export function startCrew<S, T, R>(options: CrewOptions<S>): Crew<T, R> {
  const { beside, program, setup, width, signal, tries = 2, most = Infinity, onNote, onTold } = options;
  const waiting: Job<T, R>[] = [];
  const places = Array.from({ length: width }, (): Place<T, R> => ({ ready: false, vain: 0 }));
  let broken: Error | undefined;
  let closing = false;
  let inARow = 0;
  const onReady: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  const tellReady = (): void => {
    if (places.every((p) => p.ready)) for (const { resolve } of onReady.splice(0)) resolve();
  };
  const breakDown = (error: Error): void => {
    broken ??= error;
    for (const { reject } of [...waiting.splice(0), ...onReady.splice(0)]) reject(broken);
  };
  const next = (place: Place<T, R>): void => {
    if (place.job || closing || waiting.length === 0 || place.vain === STARTS) return;
    // One that died is begun anew when it is needed.
    if (!place.child) return start(place);
    if (!place.ready) return;
    place.job = waiting.shift()!;
    place.child.send({ task: place.job.task } satisfies ToMember<S, T>);
  };
  const lost = (job: Job<T, R>, how: string): void => {
    job.lost++;
    if (job.lost < tries && !signal?.aborted) {
      onNote?.(`a worker ended (${how}); what it worked on is begun again`);
      waiting.unshift(job);
      return;
    }
    const error = new MemberEnded(how, job.lost);
    job.reject(error);
    if (++inARow >= most) breakDown(new MemberEnded(how, job.lost, true));
  };
  /** A process that ended before it was ready, as one does where memory is short: others go on in its place, and only where none can the work ends. */
  const notBegun = (place: Place<T, R>, how: string): void => {
    place.vain++;
    const error = new MemberEnded(how, place.vain, true);
    if (places.every(({ vain }) => vain === STARTS)) return breakDown(error);
    if (place.vain < STARTS && !signal?.aborted) {
      onNote?.(`a worker ended (${how}) before it could begin; it is started again`);
      if (onReady.length > 0) start(place);
      return;
    }
    if (!signal?.aborted) onNote?.(`a worker ended (${how}) before it could begin; the others go on without it`);
    for (const { reject } of onReady.splice(0)) reject(error);
  };
  const start = (place: Place<T, R>): void => {
    const child = startBeside(beside, program);
    place.child = child;
    place.ready = false;
    child.on('message', (message: FromMember<R>) => {
      if ('told' in message) return onTold?.(message.told);
      const { job } = place;
      place.job = undefined;
      if ('fatal' in message) {
        const { fatal } = message;
        // Of several problems the message says more than the first.
        const error = 'unexpected' in fatal ? new Error(fatal.unexpected) : Object.assign(errorFrom(fatal), { message: fatal.message });
        job?.reject(error);
        return breakDown(error);
      }
      if ('done' in message) {
        inARow = 0;
        job?.resolve(message.done);
      } else [place.ready, place.vain] = [true, 0];
      tellReady();
      next(place);
    });
    const ended = (how: string): void => {
      if (place.child !== child) return;
      const { job, ready } = place;
      delete place.child;
      place.job = undefined;
      if (job) lost(job, how);
      // One that cannot be spoken to is of no use, and would live on.
      child.kill('SIGKILL');
      if (!ready && !closing) notBegun(place, how);
      if (!broken) places.forEach(next);
    };
    child.on('exit', (code, by) => ended(by ?? `exit code ${code}`));
    // It could not be started, or not be spoken to.
    child.on('error', ({ message }) => ended(message));
    child.send({ setup } satisfies ToMember<S, T>);
  }; // prettier-ignore
  places.forEach(start);
  const stop = (): void => {
    for (const { reject } of waiting.splice(0)) reject(interrupted());
    for (const { child } of places) if (child?.connected) child.send({ stop: true } satisfies ToMember<S, T>);
  };
  const end = (): void => places.forEach(({ child }) => child?.kill('SIGKILL'));
  signal?.addEventListener('abort', stop);
  process.once('exit', end);
  return {
    width,
    ready: () =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken);
        if (places.some(({ vain }) => vain === STARTS)) return reject(new MemberEnded('before it could begin', STARTS));
        onReady.push({ resolve, reject });
        tellReady();
      }),
    run: (task) =>
      new Promise<R>((resolve, reject) => {
        if (broken) return reject(broken);
        if (signal?.aborted) return reject(interrupted());
        waiting.push({ task, resolve, reject, lost: 0 });
        places.forEach(next);
      }),
    async close() {
      closing = true;
      signal?.removeEventListener('abort', stop);
      process.off('exit', end);
      const ended = places.flatMap(({ child }) =>
        child?.pid !== undefined && child.exitCode === null && child.signalCode === null
          ? [new Promise<void>((resolve) => void child.once('exit', () => resolve()))]
          : [],
      );
      end();
      await Promise.all(ended);
    },
  };
}
