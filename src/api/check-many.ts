// checkMany(models): several models checked at the same time, each in a process that may die; what is found does not depend on how many there are.
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { CheckOptions, CheckResult } from '../check/check.js';
import { startBeside } from '../core/child.js';
import { LanError } from '../core/errors.js';
import { check } from './check.js';
import type { PlainError } from './worker-pool.js';

/** Options of `checkMany`: those of `check` that are plain data, and who does it. */
export interface CheckManyOptions extends Omit<CheckOptions, 'onProgress' | 'adapters' | 'signal'> {
  /**
   * Processes of one thread each (`threads` says otherwise). `'auto'`: the first model is checked by this process, and where what it took says that processes are
   * worth their start, the rest by as many as there are cores. Default 1, this process.
   */
  readonly workers?: number | 'auto';
  /** Told what is being done with a model. */
  readonly onProgress?: (model: string, doing: string) => void;
}

/** What became of a model: what was found, or why it cannot be checked. */
export type Checked =
  | { readonly model: string; readonly result: CheckResult; readonly error?: undefined }
  | { readonly model: string; readonly error: LanError; readonly result?: undefined };

/** What is said to the process of a check. */
export interface ToCheck {
  readonly model: string;
  readonly options: CheckOptions;
}

/** What it says. */
export type FromCheck =
  | { readonly doing: string }
  | { readonly result: CheckResult }
  | { readonly failure: PlainError & { readonly message: string } }
  | { readonly unexpected: string };

/** Seconds that the start of a process and its first graph take, about. */
const START = 1.5;

/**
 * Checks models, and gives what was found in their order, as soon as it is there. One that cannot be read or run comes with its error, and the others go
 * on; so does one whose process dies. Throws LanError (`usage`) for a number of workers that is none.
 *
 * @example
 * for await (const { model, result, error } of checkMany(['a.onnx', 'b.onnx'], { workers: 2 })) console.log(model, error ?? result.agrees);
 */
export async function* checkMany(models: readonly string[], options: CheckManyOptions = {}): AsyncGenerator<Checked> {
  const { workers = 1, onProgress, ...own } = options;
  if (workers !== 'auto' && (!Number.isInteger(workers) || workers < 1))
    throw new LanError('usage', `\`workers\`: expected a whole number of at least 1 or auto, received ${workers}.`);
  if (workers !== 1 && ((own.plugins?.length ?? 0) > 0 || 'adapters' in own))
    throw new LanError(
      'usage',
      '`workers`: other processes take no plug-ins and no `adapters` of your own.',
      'Leave `workers` out.',
    );
  const plain: CheckOptions = options.workers === undefined ? own : { ...own, threads: own.threads ?? 1 };
  let width = workers === 'auto' ? 1 : workers;
  let at = 0;
  if (workers === 'auto' && models.length > 1) {
    const begin = performance.now();
    yield await here(models[at++]!, plain, onProgress);
    const seconds = (performance.now() - begin) / 1000;
    const cores = Math.min(availableParallelism(), models.length - 1);
    if (seconds * (models.length - 1) * (1 - 1 / cores) > START) width = cores;
  }
  if (width === 1) {
    for (; at < models.length; at++) yield await here(models[at]!, plain, onProgress);
    return;
  }
  yield* beside(models.slice(at), plain, Math.min(width, models.length - at), onProgress);
}

async function here(model: string, options: CheckOptions, onProgress: CheckManyOptions['onProgress']): Promise<Checked> {
  try {
    return { model, result: await check(model, { ...options, onProgress: (doing) => onProgress?.(model, doing) }) };
  } catch (error) {
    if (!(error instanceof LanError)) throw error;
    return { model, error };
  }
}

async function* beside(
  models: readonly string[],
  options: CheckOptions,
  width: number,
  onProgress: CheckManyOptions['onProgress'],
): AsyncGenerator<Checked> {
  const children = new Set<ChildProcess>();
  let over = false;
  const end = (): void => {
    // Who has seen enough starts no process in the place of those that are ended.
    over = true;
    children.forEach((child) => child.kill('SIGKILL'));
  };
  process.once('exit', end);
  try {
    let next = 0;
    const settle: ((checked: Promise<Checked>) => void)[] = [];
    const done = models.map((_, i) => new Promise<Checked>((resolve) => (settle[i] = resolve)));
    // Whoever awaits it sees a failure, in its turn.
    for (const one of done) one.catch(() => undefined);
    // Each keeps a process until it dies, and takes the next model when it is free.
    const work = async (): Promise<void> => {
      let child: ChildProcess | undefined;
      while (!over && next < models.length) {
        const i = next++;
        if (!child?.connected) children.add((child = startBeside(import.meta.url, 'check-worker')));
        const checked = ask(child, models[i]!, options, onProgress);
        settle[i]!(checked);
        await checked.catch(() => undefined);
      }
    };
    for (let k = 0; k < width; k++) void work();
    for (const one of done) yield await one;
  } finally {
    process.off('exit', end);
    end();
  }
}

/** What the process finds of a model. Rejects with what is no expected failure. */
const ask = (
  child: ChildProcess,
  model: string,
  options: CheckOptions,
  onProgress: CheckManyOptions['onProgress'],
): Promise<Checked> =>
  new Promise((resolve, reject) => {
    const settled = (act: () => void): void => {
      child.off('message', heard).off('exit', died);
      act();
    };
    const heard = (message: FromCheck): void => {
      if ('doing' in message) return onProgress?.(model, message.doing);
      if ('result' in message) return settled(() => resolve({ model, result: message.result }));
      if ('unexpected' in message) return settled(() => reject(new Error(message.unexpected)));
      const { code, problem, advice, message: text } = message.failure;
      // Of several problems the message says more than the first.
      const error = Object.assign(new LanError(code, problem, advice), { message: text });
      settled(() => resolve({ model, error }));
    };
    const died = (code: number | null, by: NodeJS.Signals | null): void =>
      settled(() => resolve({ model, error: new LanError('runtime', `Its process ended (${by ?? `exit code ${code}`}).`) }));
    child.on('message', heard).on('exit', died);
    child.send({ model, options } satisfies ToCheck);
  });
