// checkMany(models): several models checked at the same time, each in a process that may die; what is found does not depend on how many there are.
import { availableParallelism } from 'node:os';
import type { CheckOptions, CheckResult } from '../check/check.js';
import { MemberEnded, startCrew, type Crew } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import { errorFrom, type PlainError } from '../core/plain-error.js';
import { check } from './check.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { requireWorkers } from './ways.js';

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

/** What it finds. */
export type FoundByWorker = { readonly result: CheckResult } | { readonly failure: PlainError & { readonly message: string } };

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
  refuseUnknown('checkMany', options, NAMES.checkMany);
  const { workers = 1, onProgress, ...own } = options;
  requireWorkers(workers);
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
  const crew: Crew<ToCheck, FoundByWorker> = startCrew({
    beside: import.meta.url,
    program: 'check-worker',
    setup: undefined,
    width,
    tries: 1,
    onTold: (told) => onProgress?.(...(told as [string, string])),
  });
  try {
    const all = models.map((model) => crew.run({ model, options }).then((found) => checkedBy(model, found), (error: unknown) => died(model, error))); // prettier-ignore
    // Whoever awaits it sees a failure, in its turn.
    for (const one of all) one.catch(() => undefined);
    for (const one of all) yield await one;
  } finally {
    // Who has seen enough starts no process in the place of those that are ended.
    await crew.close();
  }
}

/** What the process found of a model. */
function checkedBy(model: string, found: FoundByWorker): Checked {
  if ('result' in found) return { model, result: found.result };
  // Of several problems the message says more than the first.
  return { model, error: Object.assign(errorFrom(found.failure), { message: found.failure.message }) };
}

/** What its process died of; throws what is no expected failure. */
function died(model: string, error: unknown): Checked {
  if (!(error instanceof MemberEnded)) throw error;
  return { model, error: new LanError('runtime', `Its process ended (${error.how}).`) };
}
