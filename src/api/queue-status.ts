// queueStatus(queue): how far the runs of a queue are, who works on it, and which inputs were given up and why.
import { LanError } from '../core/errors.js';
import { readAddress } from '../queue/address.js';
import { end, openQueue } from '../queue/connection.js';
import { removeRun, runsOf } from '../queue/progress.js';
import { refusedBy } from '../queue/refusals.js';
import type { RunProgress } from '../queue/run.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** An input that was tried as often as it may be. */
export interface DeadLetter {
  readonly input: string;
  readonly run: string;
  readonly reason: string;
  readonly tries: number;
  /** When it was given up, ISO 8601. */
  readonly at: string;
}

/** What stands in a queue. */
export interface QueueStatus {
  readonly queue: string;
  /** Inputs that wait for a worker, are worked on, wait for their next try, are done and not fetched yet, and were given up. */
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly completed: number;
  readonly dead: number;
  /** Workers that are connected, by name. */
  readonly workers: readonly string[];
  readonly runs: readonly (RunProgress & {
    /** Inputs a second since its process began; absent where none are done yet. */
    readonly rate?: number;
    /** Seconds that are left at that pace. */
    readonly left?: number;
  })[];
  /** The latest of them. */
  readonly deadLetters: readonly DeadLetter[];
}

/** Dead letters that are listed. */
const LISTED = 100;

/** Options of `queueStatus`. */
export interface StatusOptions {
  readonly queue: string;
  /** Put inputs that were given up back, to be tried as often again. */
  readonly retry?: boolean;
  /** Forget inputs that were given up. */
  readonly clear?: boolean;
  /** Take all jobs of this run out of the queue: of one that nobody will go on with. */
  readonly remove?: string;
}

/**
 * What stands in a queue. Throws LanError for an address that is none, and a server that is out of reach.
 *
 * @example
 * const { runs, deadLetters } = await queueStatus({ queue: 'redis://host/nightly' });
 */
export async function queueStatus(options: StatusOptions): Promise<QueueStatus> {
  refuseUnknown('queueStatus', options, NAMES.queueStatus);
  const { queue: at, retry = false, clear = false, remove } = options;
  if (retry && clear) throw new LanError('usage', '`retry` and `clear` contradict each other.', 'Give one of them.');
  const address = readAddress(at);
  const queue = await openQueue(address);
  try {
    if (retry) await queue.retryJobs({ state: 'failed' });
    if (clear) await queue.clean(0, 0, 'failed');
    if (remove !== undefined && !(await runsOf(queue)).some(({ run }) => run === remove))
      throw new LanError('usage', `\`remove\`: no run of ${address.shown} is called '${remove}'.`);
    if (remove !== undefined) await removeRun(queue, remove);
    const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'completed', 'failed');
    const now = Date.now();
    const runs = (await runsOf(queue)).map((run) => {
      const seconds = ((run.finished ? run.updated : now) - run.started) / 1000;
      const rate = (run.done - run.before) / seconds;
      return { ...run, ...(rate > 0 ? { rate, ...(run.finished ? {} : { left: (run.total - run.done) / rate }) } : {}) };
    });
    const failed = await queue.getFailed(0, LISTED - 1);
    const workers = (await queue.getWorkers()).map((w) => /:w:(.*)$/.exec(w['rawname'] ?? w['name'] ?? '')?.[1] ?? w['addr'] ?? '?'); // prettier-ignore
    return {
      queue: address.shown,
      waiting: (counts['wait'] ?? 0) + (counts['prioritized'] ?? 0),
      active: counts['active'] ?? 0,
      delayed: counts['delayed'] ?? 0,
      completed: counts['completed'] ?? 0,
      dead: counts['failed'] ?? 0,
      workers: workers.sort(),
      runs,
      deadLetters: failed.map((job) => {
        const data = job.data as { readonly label?: unknown; readonly run?: unknown };
        return {
          input: typeof data.label === 'string' ? data.label : `job ${job.id ?? '?'}`,
          run: typeof data.run === 'string' ? data.run : '?',
          reason: job.failedReason ?? '',
          tries: job.attemptsMade,
          at: new Date(job.finishedOn ?? job.timestamp).toISOString(),
        };
      }),
    };
  } catch (error) {
    throw refusedBy(address, error);
  } finally {
    await end(queue);
  }
}
