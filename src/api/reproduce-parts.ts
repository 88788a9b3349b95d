// Pieces of an experiment that do not need each other, done by several processes, each of which runs the experiment up to them by what is trained already.
import { availableParallelism } from 'node:os';
import { startCrew, type Crew } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import type { Subject } from '../experiment/imagenet.js';
import type { ExperimentConfig } from '../experiment/kinds.js';
import { Interrupted, type Parts, type RunOptions } from '../experiment/run.js';
import type { TrainProgress } from '../lan/train.js';
import { requireWorkers } from './ways.js';

/** What a worker is told first: the experiment, the part that it is to do pieces of, and what came of the parts before. */
export interface PartsSetup {
  readonly config: ExperimentConfig;
  readonly data: string | undefined;
  readonly subject: Subject;
  readonly run: Pick<RunOptions, 'folder' | 'seed' | 'threads'>;
  readonly part: string;
  readonly before: ReadonlyMap<string, readonly unknown[]>;
}

/** What a worker says while it works. */
export type PartsTold = { readonly phase: string } | { readonly step: TrainProgress };

/** Seconds that a process takes to come as far as the pieces, about. */
const START = 3;

/** Pieces by so many processes; `auto`: the first one here, and the rest by processes where what it took says that they are worth their start. */
export function partsBy(
  workers: number | 'auto',
  { config, data, subject }: Pick<PartsSetup, 'config' | 'data' | 'subject'>,
  onNote: (note: string) => void,
): Parts {
  requireWorkers(workers);
  const before = new Map<string, readonly unknown[]>();
  return {
    async all<T>(name: string, count: number, of: (i: number, run: RunOptions) => Promise<T>, run: RunOptions) {
      const all: T[] = [];
      const here = async (until: number): Promise<void> => {
        while (all.length < until) {
          if (run.signal?.aborted) throw new Interrupted();
          all.push(await of(all.length, run));
        }
      };
      let width = workers === 'auto' ? 1 : Math.min(workers, count);
      if (workers === 'auto' && count > 1) {
        const start = performance.now();
        await here(1);
        const seconds = (performance.now() - start) / 1000;
        const [left, many] = [seconds * (count - 1), Math.min(availableParallelism(), count - 1)];
        if (left / many + START < left) width = many;
        const told = (s: number): string => `${s.toPrecision(2)} s`;
        onNote(`workers: of '${name}' the first of ${count} took ${told(seconds)}, so that this process would take ${told(left)} for the rest and ${many} about ${told(left / many + START)}; taken: workers ${width}`); // prettier-ignore
      }
      if (width > 1) all.push(...(await others<T>(name, all.length, count, width, run)));
      else await here(count);
      before.set(name, all);
      return all;
    },
  };

  async function others<T>(part: string, from: number, count: number, width: number, run: RunOptions): Promise<T[]> {
    const { folder, seed, threads, signal } = run;
    const crew: Crew<number, T> = startCrew({
      beside: import.meta.url,
      program: 'reproduce-worker',
      setup: { config, data, subject, run: { folder, seed, threads }, part, before } satisfies PartsSetup,
      width,
      signal,
      onNote,
      onTold(told) {
        if ('phase' in (told as PartsTold)) run.onPhase?.((told as { phase: string }).phase);
        else run.onStep?.((told as { step: TrainProgress }).step);
      },
    });
    try {
      const pieces = Array.from({ length: count - from }, (_, i) => crew.run(from + i));
      // Whoever is interrupted writes a checkpoint before it ends.
      const found = await Promise.allSettled(pieces);
      return found.map((one) => {
        if (one.status === 'fulfilled') return one.value;
        const { reason } = one as { reason: unknown };
        throw reason instanceof LanError && reason.code === 'interrupted' ? new Interrupted() : reason;
      });
    } finally {
      await crew.close();
    }
  }
}
