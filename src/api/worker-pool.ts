// Several processes that explain inputs, each with a model of its own and one thread: more inputs a second than one process on all cores.
import { MemberEnded, startCrew, type Crew } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import { errorFrom, type PlainError } from '../core/plain-error.js';
import type { AuditOptions } from './audit-options.js';
import type { SourceSpec } from './many-source.js';
import type { Pace } from './pace.js';
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

/** What a worker does: it explains an input, or measures for a moment how fast it would. */
export type WorkerTask = Omit<Task<Which>, 'take'> | { readonly paceOf: Which };

/** What comes of it; an error is plain data on its way. */
export type WorkerDone = Exclude<Done, { readonly error: LanError }> | { readonly failure: PlainError } | { readonly pace: Pace };

/** Inputs in a row that may end all processes that try them, before the run is given up. */
const MOST_LOST = 5;

/** Who is told of workers, and what becomes of one that dies. */
export interface PoolOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * What an input is called. With it an input whose worker dies is begun again by another, and is given up with an error of its own the second time; without it that
   * throws MemberEnded, and whoever asked tries again.
   */
  readonly nameOf?: (at: Which) => string;
  readonly onNote?: (note: string) => void;
}

/** Explains by workers, and tells how fast they do it. */
export interface WorkerPool extends Performer<Which> {
  /** How fast all workers together are with these inputs, one each. Throws as explain does. */
  pace(inputs: readonly Which[]): Promise<readonly Pace[]>;
}

/**
 * Starts `width` workers; each compiles the model for itself. After `signal` is aborted, what they work on is finished with what is learned so far.
 * Throws LanError (`runtime`) where a worker ends before it has begun, which memory running out does, or too many end in a row.
 */
export function startWorkers(width: number, setup: WorkerSetup, { signal, nameOf, onNote }: PoolOptions = {}): WorkerPool {
  const again = nameOf ? { tries: 2, most: MOST_LOST } : { tries: 1 };
  const crew: Crew<WorkerTask, WorkerDone> = startCrew({ beside: import.meta.url, program: 'audit-worker', setup, width, signal, onNote, ...again }); // prettier-ignore
  return {
    width,
    async explain({ at, folder, resume }) {
      try {
        const done = (await crew.run({ at, folder, resume })) as Exclude<WorkerDone, { readonly pace: Pace }>;
        return 'failure' in done ? { error: errorFrom(done.failure) } : done;
      } catch (error) {
        if (error instanceof LanError && error.code === 'interrupted') return notBegun();
        if (!nameOf || !(error instanceof MemberEnded) || error.whole) throw error;
        return { error: new LanError('runtime', `${nameOf(at)}: ${error.problem}`) };
      }
    },
    async pace(inputs) {
      await crew.ready();
      const all = await Promise.all(inputs.map((paceOf) => crew.run({ paceOf })));
      return all.flatMap((done) => ('pace' in done ? [done.pace] : []));
    },
    close: () => crew.close(),
  };
}
