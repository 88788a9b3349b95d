// One process on all cores, or several of one thread each: which is faster is measured, not guessed.
import { availableParallelism } from 'node:os';
import { LanError } from '../core/errors.js';

/** How fast something goes: `rate` of `unit` a second. */
export interface Pace {
  readonly rate: number;
  readonly unit: string;
}

/** Who does a work: so many processes, each with so many threads. */
export interface Way {
  readonly workers: number;
  readonly threads: number;
}

/** Seconds that either way is measured for. */
export const MOMENT = 1;

/** Checks a number of workers. Throws LanError (`usage`). */
export function requireWorkers(workers: number | 'auto'): void {
  if (workers !== 'auto' && (!Number.isInteger(workers) || workers < 1))
    throw new LanError('usage', `\`workers\`: expected a whole number of at least 1 or auto, received ${workers}.`);
}

/** The other way that `auto` tries for so many pieces of work: a process a core. Undefined where there is no other. */
export function manyProcesses(pieces: number, threads: number | undefined): Way | undefined {
  const workers = Math.min(availableParallelism(), pieces);
  return workers > 1 ? { workers, threads: threads ?? 1 } : undefined;
}

const shown = ({ workers, threads }: Way): string =>
  `${workers === 1 ? 'this process' : `${workers} processes`} of ${threads} thread${threads === 1 ? '' : 's'}${workers === 1 ? '' : ' each'}`;

/** The faster way, and both figures in a sentence. What all workers of a way do at the same time counts together. */
export function fasterWay(
  here: { readonly way: Way; readonly pace: Pace },
  others: { readonly way: Way; readonly paces: readonly Pace[] },
): { readonly way: Way; readonly note: string } {
  const together = others.paces.reduce((sum, { rate }) => sum + rate, 0);
  const way = together > here.pace.rate ? others.way : here.way;
  const told = (rate: number): string => `${rate.toPrecision(3)} ${here.pace.unit} a second`;
  const again = way === here.way ? `workers 1, threads ${way.threads}` : `workers ${way.workers}, threads ${way.threads}`;
  return {
    way,
    note: `workers: measured for a moment, ${shown(here.way)} does ${told(here.pace.rate)}, ${shown(others.way)} ${told(together)}; taken: ${again}`,
  };
}
