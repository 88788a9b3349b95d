// One process on all cores, or several of one thread each: which is faster is measured, not guessed.
import { availableParallelism } from 'node:os';
import { MemberEnded } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import { journalHeader } from '../data/journal.js';

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

/** Processes that may be asked for, for each core: more of them are no faster, and a slip of the finger (1000) takes all of the machine's memory. */
const A_CORE = 8;

/** Checks a number of workers. Throws LanError (`usage`). */
export function requireWorkers(workers: number | 'auto', cores = availableParallelism()): void {
  if (workers === 'auto') return;
  if (!Number.isInteger(workers) || workers < 1)
    throw new LanError('usage', `\`workers\`: expected a whole number of at least 1 or auto, received ${workers}.`);
  if (workers > A_CORE * cores)
    throw new LanError(
      'usage',
      `\`workers\`: expected at most ${A_CORE * cores}, ${A_CORE} for each core that there is, received ${workers}.`,
      'Each process has the model in its own memory, and more of them than cores are hardly faster.',
    );
}

/** The other way that `auto` tries for so many pieces of work: a process a core. Undefined where there is no other. */
export function manyProcesses(pieces: number, threads: number | undefined): Way | undefined {
  const workers = Math.min(availableParallelism(), pieces);
  return workers > 1 ? { workers, threads: threads ?? 1 } : undefined;
}

/** Seconds of work below which no other process is worth its start. */
const WORTH = 5;

/** Why no other process is tried, where what is left takes this one only moments. */
export function notWorth(left: number, { rate, unit }: Pace): string | undefined {
  if (left / rate > WORTH) return undefined;
  return `workers: this process does ${rate.toPrecision(3)} ${unit} a second, and the ${left} take it less than ${WORTH} s; taken: workers 1`;
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

/** Why this process is taken: one of the others died as they were measured, which it would do again. */
export function notMeasured(other: Way, { how }: MemberEnded, threads = availableParallelism()): string {
  return `workers: ${shown(other)} could not be measured, since one ended (${how}); taken: workers 1, threads ${threads}`;
}

/** The threads of the run that a journal keeps; undefined for a new one. */
export async function earlierThreads(journal: string | undefined): Promise<number | undefined> {
  const threads = journal === undefined ? undefined : (await journalHeader(journal))?.['threads'];
  return typeof threads === 'number' ? threads : undefined;
}

/** What decides whether, and how, a work is spread over processes. */
export interface Asked {
  /** Whether other processes can be handed what is needed: paths, and nothing of the caller's own. */
  readonly may: boolean;
  readonly threads: number | undefined;
  /** Threads of the run that is gone on with. */
  readonly earlier?: number | undefined;
}

/**
 * The threads of this process (undefined: all cores), and how many workers there will be: `auto` where that is measured. Throws LanError (`usage`) for a number
 * that is none, and where other processes cannot be handed what is needed.
 */
export function threadsHere(
  workers: number | 'auto' | undefined,
  { may, threads, earlier }: Asked,
): { readonly threads?: number; readonly workers: number | 'auto' } {
  if (workers === undefined) return { workers: 1, ...(threads === undefined ? {} : { threads }) };
  requireWorkers(workers);
  if (!may && workers !== 'auto' && workers > 1)
    throw new LanError(
      'usage',
      `\`workers: ${workers}\`: other processes open model and data for themselves, which takes their paths, no \`adapters\` and no \`plugins\`.`,
      'Leave `workers` out, or give the paths.',
    );
  if (!may) return { workers: 1, ...(threads === undefined ? {} : { threads }) };
  if (workers !== 'auto') return { workers, threads: threads ?? 1 };
  const cores = availableParallelism();
  // What was begun one way goes on that way.
  if (earlier !== undefined && threads === undefined) return { workers: earlier === 1 ? cores : 1, threads: earlier };
  return { workers: 'auto', ...(threads === undefined ? {} : { threads }) };
}

/** What is measured to choose a way. */
export interface Choice<Others> {
  /** Units of work that are left, and pieces of which each is done by one process. */
  readonly left: number;
  readonly pieces: number;
  /** As asked for, and of this process. */
  readonly threads: number | undefined;
  readonly threadsHere: number | undefined;
  /** The pace of this process, measured for so many seconds. */
  readonly here: (seconds: number) => Promise<Pace>;
  readonly start: (way: Way) => Others;
  /** The pace of each of the others while all work. */
  readonly paces: (others: Others) => Promise<readonly Pace[]>;
  readonly onNote: (note: string) => void;
}

/** Measures both ways for a moment, tells both figures, and gives the others where they are faster; undefined where this process is, or is done in no time. */
export async function chooseWay<Others extends { close(): Promise<void> }>(choice: Choice<Others>): Promise<Others | undefined> {
  const other = manyProcesses(choice.pieces, choice.threads);
  if (!other) return undefined;
  const short = notWorth(choice.left, await choice.here(0));
  if (short !== undefined) {
    choice.onNote(short);
    return undefined;
  }
  const pace = await choice.here(MOMENT);
  const others = choice.start(other);
  let way: Way;
  try {
    const found = fasterWay({ way: { workers: 1, threads: choice.threadsHere ?? 1 }, pace }, { way: other, paces: await choice.paces(others) }); // prettier-ignore
    choice.onNote(found.note);
    ({ way } = found);
  } catch (error) {
    await others.close();
    if (!(error instanceof MemberEnded)) throw error;
    choice.onNote(notMeasured(other, error, choice.threadsHere));
    return undefined;
  }
  if (way === other) return others;
  await others.close();
  return undefined;
}
