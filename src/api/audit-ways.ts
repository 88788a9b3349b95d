// Who explains many inputs: this process, several of one thread each, or the workers of a queue.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MemberEnded } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import { readBytes } from '../data/files.js';
import { DOCUMENT } from '../report/earlier.js';
import type { Auditor } from './auditor.js';
import type { AuditOptions } from './audit-options.js';
import type { Source } from './many-source.js';
import { isFile, type ModelLike } from './opened.js';
import type { pacer } from './pace.js';
import { fasterWay, manyProcesses, notMeasured, requireWorkers, type Way } from './ways.js';
import type { WorkerPool } from './worker-pool.js';

/** From so many inputs on, workers are worth their start. */
export const MANY = 8;

/** How many processes, and the threads of each where that is settled by it. `other`: what is tried beside this process before the way is chosen. */
export interface Width {
  readonly workers: number;
  readonly threads?: number;
  readonly other?: Way;
}

/** As a single process counts; its threads are those of each worker, so that results are the same. Throws LanError for what cannot be given away. */
export function onQueue(workers: number | 'auto', model: ModelLike, { adapters, method }: AuditOptions): Width {
  if (workers !== 'auto')
    throw new LanError('usage', '`workers` and `queue` contradict each other: the workers of a queue are started for themselves.', 'Leave one of them out.'); // prettier-ignore
  if (!isFile(model) || adapters || typeof method === 'object')
    throw new LanError('usage', '`queue`: other machines open the model for themselves, which takes its file, no `adapters` and no `method` of your own.'); // prettier-ignore
  return { workers: 1, threads: 1 };
}

/** Throws LanError (`usage`) for a number that is none, and where other processes cannot be handed what is needed. */
export function widthFor(
  workers: number | 'auto',
  inputs: number,
  model: ModelLike,
  { adapters, plugins, method, threads }: AuditOptions,
): Width {
  requireWorkers(workers);
  const may = isFile(model) && !adapters && !plugins && typeof method !== 'object';
  if (workers === 'auto') {
    const other = may && inputs >= MANY ? manyProcesses(inputs, threads) : undefined;
    return { workers: 1, ...(other && { other }) };
  }
  if (workers > 1 && !may)
    throw new LanError(
      'usage',
      `\`workers: ${workers}\`: other processes open the model for themselves, which takes its path, no \`adapters\`, no \`plugins\` and no \`method\` of your own.`,
      'Leave `workers` out, or give the path.',
    );
  return { workers: Math.min(workers, inputs), threads: 1 };
}

/** The way that the run which is gone on with has taken: what it has finished would be of no use to the other. */
export async function earlierWay(out: string, width: Width): Promise<Width> {
  const { other } = width;
  if (!other) return width;
  for (const entry of await readdir(out, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const bytes = await readBytes(join(out, entry.name, DOCUMENT), 'Result').catch(() => undefined);
    const threads = bytes && threadsOf(bytes);
    if (threads !== undefined) return threads === other.threads ? { ...other } : { workers: 1 };
  }
  return width;
}

function threadsOf(document: Uint8Array): number | undefined {
  try {
    const { engine } = JSON.parse(new TextDecoder().decode(document)) as { engine?: { threads?: unknown } };
    return typeof engine?.threads === 'number' ? engine.threads : undefined;
  } catch {
    return undefined;
  }
}

/** What is measured. */
export interface Trial {
  readonly auditor: Auditor;
  readonly measuring: ReturnType<typeof pacer>;
  readonly source: Source;
  /** Numbers of inputs that can be explained. */
  readonly inputs: readonly number[];
  readonly other: Way;
  readonly start: (way: Way) => WorkerPool;
  readonly onNote: (note: string) => void;
}

/**
 * Measures both ways for a moment, tells both figures, and gives the workers where they are faster; undefined where this process is. An input that cannot be
 * explained, by which nothing can be measured, leaves the choice to the number of cores.
 */
export async function fasterOf({ auditor, measuring, source, inputs, other, start, onNote }: Trial): Promise<WorkerPool | undefined> {
  const [first] = inputs as [number];
  let pool: WorkerPool | undefined;
  try {
    const pace = await measuring.paceOf(auditor, await source.read(auditor, first));
    const threads = auditor.model.engine.info.threads ?? availableParallelism();
    pool = start(other);
    const paces = await pool.pace(Array.from({ length: other.workers }, (_, i) => inputs[i % inputs.length]!));
    const { way, note } = fasterWay({ way: { workers: 1, threads }, pace }, { way: other, paces });
    onNote(note);
    if (way === other) return pool;
    await pool.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof LanError)) throw error;
    await pool?.close();
    if (error instanceof MemberEnded) {
      onNote(notMeasured(other, error, auditor.model.engine.info.threads));
      return undefined;
    }
    onNote(`workers: neither way could be measured (${error.problem.replace(/\.$/, '')}); taken: ${other.workers} processes`);
    return start(other);
  }
} // prettier-ignore
