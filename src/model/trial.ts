// A model from a stranger is run once in a process of its own, which may die: onnxruntime's kernels crash on nodes that its checker lets through.
import type { ChildProcess } from 'node:child_process';
import { startBeside } from '../core/child.js';
import { LanError } from '../core/errors.js';
import { computedFor } from '../data/processes.js';
import type { ModelSource } from './source.js';
import { recurrentSteps, SECONDS, trialSeconds } from './trial-time.js';
import { remember, remembered, type TriedAs } from './trial-memory.js';

/** What the trial process is asked: to do what this process is about to do with the model. */
export interface TrialRequest {
  /** Path or bytes, as given. */
  readonly source: string | Uint8Array;
  readonly what: TriedAs;
  /** Options of openModel that can be handed to another process. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of the resident set, in bytes. */
  readonly memory: number;
}

/** Resident bytes that any model may come to in its trial, and how many more per byte of the file: weights are held several times meanwhile. */
const MEMORY = 1.25 * 2 ** 30;
const MEMORY_PER_BYTE = 8;
/** On a machine that has no time for the trial it may take so many times as long, until it has computed for this share of the seconds. */
const PATIENCE = 6;
const COMPUTED = 0.9;
/** Milliseconds between two looks at how far it is. */
const LOOK_MS = 500;

/**
 * Has a trial taken too long? Its seconds are over, and it has computed for nearly all of them: otherwise the machine was busy, which is no flaw
 * of the file. `computed`: seconds; undefined where the system does not tell.
 */
export const isLate = (elapsed: number, computed: number | undefined, seconds: number): boolean =>
  elapsed >= seconds && (computed === undefined || computed >= COMPUTED * seconds || elapsed >= PATIENCE * seconds);

/**
 * The signal by which the child ends itself where it takes too much memory: one that nobody else sends. Windows knows only signals that end a process
 * at once, and reports no name for them: there the exit code is 1, where a crash has one of its own (0xC0000005).
 */
export const OUT_OF_MEMORY: NodeJS.Signals = process.platform === 'win32' ? 'SIGKILL' : 'SIGUSR2';

const ADVICE =
  'Do not use this file unless you know who made it. If you do, `trust` runs it in this process without a trial, which it may then end.';

interface Running {
  readonly child: ChildProcess;
  /** Settled once the process can be asked. */
  readonly ready: Promise<void>;
}

let running: Running | undefined;
/** Trials of one process are made one after the other: each may take all cores, and a death has to be some model's. */
let last: Promise<unknown> = Promise.resolve();

/** Nobody asked for another trial so long: the process is given back. Decided here, not there: a child could end itself while it is asked, which would look like a crash. */
const IDLE_MS = 10_000;
let idle: NodeJS.Timeout | undefined;

/** Whether a file is tried in a process of its own first. */
export interface TrustOptions {
  /**
   * Runs the model in this process at once. Default false: a file from outside the package is first compiled and run once in a child process,
   * which costs a few milliseconds for small models and as long as opening for large ones, since onnxruntime's kernels crash on some files that
   * its checker lets through. LAN_ONNX_TRUST=1 in the environment makes it true.
   */
  readonly trust?: boolean;
}

/**
 * Tries the model unless it is trusted (see TrustOptions), or has been tried in this process with the same options: then it passes, or is refused, at
 * once. `from`: path or bytes as the user gave them. Throws as `trial` does.
 */
export async function tryUnlessTrusted(
  source: Pick<ModelSource, 'name' | 'packaged' | 'size' | 'bytes' | 'sha256' | 'model'>,
  from: string | Uint8Array,
  what: TrialRequest['what'],
  options: TrustOptions & Readonly<Record<string, unknown>>,
): Promise<void> {
  if (source.packaged || (options.trust ?? process.env['LAN_ONNX_TRUST'] === '1')) return;
  // What another process cannot be handed (adapters, signals, callbacks) does not decide whether a kernel survives.
  const plain = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined && isPlain(v)));
  const request = { source: from, what, options: { ...plain, trust: true } } as const;
  // Weights in files of their own may change while the file that names them stays.
  const tried =
    source.size > source.bytes.length ? undefined : { name: source.name, sha256: source.sha256, what, options: plain };
  const earlier = tried && remembered(tried);
  if (earlier === 'passed') return;
  if (earlier) throw new LanError(earlier.code, earlier.problem, earlier.advice);
  try {
    await trial(request, source.name, source.size, trialSeconds(source.model, source.size, options), recurrentSteps(source.model, options)); // prettier-ignore
    if (tried) remember(tried, 'passed');
  } catch (error) {
    if (tried && error instanceof LanError) remember(tried, error);
    throw error;
  }
}

/** Can the value be copied to another process: no function inside, no object of a class but arrays? */
function isPlain(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false;
  return Object.values(value).every(isPlain);
}

/**
 * Does with the model what this process is about to do, in a child process that is watched. `bytes`: of the file with its external data, by which
 * memory is allowed. `seconds`, `steps`: see trialSeconds and recurrentSteps. An expected failure there (an unsupported op, say) is no finding: it will come again here, with its message.
 * Throws LanError `model` where the process dies, by name of the signal, or takes longer than the size of the file explains, `memory` where it
 * asks for more than that.
 */
export function trial(
  request: Omit<TrialRequest, 'memory'>,
  name: string,
  bytes: number,
  seconds: number = SECONDS,
  steps = 0,
): Promise<void> {
  const next = last.then(() => ask({ ...request, memory: MEMORY + MEMORY_PER_BYTE * bytes }, name, seconds, steps));
  last = next.catch(() => undefined);
  return next;
}

async function ask(request: TrialRequest, name: string, seconds: number, steps: number): Promise<void> {
  clearTimeout(idle);
  const { child, ready } = (running ??= start());
  await ready;
  // While it is asked it keeps this process alive, and only then.
  child.ref();
  child.channel?.ref();
  let late = false;
  const began = performance.now();
  const before = computedFor(child.pid!) ?? 0;
  const look = (): void => {
    const now = computedFor(child.pid!);
    late = isLate((performance.now() - began) / 1000, now === undefined ? undefined : now - before, seconds);
    if (late) child.kill('SIGKILL');
    else timer = setTimeout(look, LOOK_MS);
  };
  let timer = setTimeout(look, 1000 * seconds);
  try {
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => (): void => {
        child.off('message', done).off('exit', died);
        act();
      };
      const done = settle(resolve);
      const died = (code: number | null, signal: NodeJS.Signals | null): void =>
        settle(() => reject(deathOf(name, code, signal, late && { steps }, seconds, request.memory)))();
      child.on('message', done).on('exit', died);
      child.send(request);
    });
  } catch (error) {
    if (running?.child === child) running = undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    child.unref();
    child.channel?.unref();
    idle = setTimeout(giveBack, IDLE_MS).unref();
  }
}

/** Gives the process with its memory back, which ends itself where nobody is left to talk to. Not while it is asked. */
export function giveBack(): void {
  const child = running?.child;
  running = undefined;
  if (child?.connected) child.disconnect();
}

function start(): Running {
  const child = startBeside(import.meta.url, 'trial-process');
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('exit', stop);
      if (running?.child === child) running = undefined;
      reject(
        new LanError('runtime', `The process that tries models could not be started (${signal ?? `exit ${code}`}).`, ADVICE),
      );
    });
  });
  // Whoever asks sees a failure; without one asking it is none.
  ready.catch(() => undefined);
  return { child, ready };
}

/** SIGKILL that nobody here sent is the system's, where memory runs out; SIGTERM is somebody else's. */
export function deathOf(
  name: string,
  code: number | null,
  signal: NodeJS.Signals | null,
  late: false | { readonly steps: number },
  seconds: number,
  memory: number,
  platform: NodeJS.Platform = process.platform,
): LanError {
  if (late && late.steps > 0)
    return new LanError(
      'model',
      `${name}: its recurrent layers, unrolled to ${late.steps} steps, took more than ${Math.round(seconds)} s to compile and run once.`,
      'Give it shorter inputs (`shapes`), or, if you know who made the file, `trust`: then it is compiled without a trial, however long that takes.',
    );
  if (late)
    return new LanError(
      'model',
      `${name}: compiling it and running it once took more than ${Math.round(10 * seconds) / 10} s, far too long for a file of its size.`,
      ADVICE,
    );
  if (signal === 'SIGTERM' || signal === 'SIGKILL')
    return new LanError(
      'runtime',
      `${name}: the process in which it was tried was ended from outside (${signal}${signal === 'SIGKILL' ? ', as the system does when memory runs out' : ''}).`,
      'This says nothing about the file. Try again, with more memory free.',
    );
  // The child's own watch over its memory: see OUT_OF_MEMORY.
  if (signal === 'SIGUSR2' || (platform === 'win32' && signal === null && code === 1))
    return new LanError(
      'memory',
      `${name}: compiling it and running it once took more than ${(memory / 2 ** 30).toFixed(1)} GiB of memory, far too much for a file of its size.`,
      ADVICE,
    );
  return new LanError('model', `${name}: onnxruntime crashes on this file (${signal ?? `exit code ${code}`}).`, ADVICE);
}
