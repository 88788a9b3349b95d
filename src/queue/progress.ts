// How far runs are, kept beside the queue so that anyone can ask: written by the process that coordinates one, read by `status`.
import { parsed } from '../core/json.js';
import type { JobQueue } from './connection.js';
import { Entry, type RunProgress } from './run.js';

/** Milliseconds between two writes. */
const EVERY = 1000;
/** Days that the progress of a run is kept after it was last heard of. */
const DAYS = 30;

/** The hash that runs are kept in. */
const keyOf = (queue: JobQueue): string => queue.toKey('lan-onnx-runs');

/** Writes how far a run is, at most every second; `finish` writes the last word. That the server is away stops nothing. */
export function showProgress(
  queue: JobQueue,
  { run, model, total }: { readonly run: string; readonly model: string; readonly total: number },
) {
  let entry = { model, total, done: 0, failed: 0, started: Date.now(), updated: Date.now(), before: 0, finished: false };
  let begun = false;
  const write = async (): Promise<void> => {
    const client = await queue.backend.client;
    await client.hset(keyOf(queue), { [run]: JSON.stringify({ ...entry, updated: Date.now() }) });
  };
  const timer = setInterval(() => void write().catch(() => undefined), EVERY);
  timer.unref();
  void write().catch(() => undefined);
  return {
    /** `done` inputs are entered; the first call of a run that goes on counts those of before. */
    entered(done: number, failed: number): void {
      if (!begun && done > 1) entry = { ...entry, before: done - 1 };
      begun = true;
      entry = { ...entry, done, failed };
    },
    async finish(): Promise<void> {
      entry = { ...entry, finished: true };
      await write().catch(() => undefined);
    },
    stop: async (): Promise<void> => {
      clearInterval(timer);
      await write().catch(() => undefined);
    },
  };
}

/** Jobs that are looked at together. */
const PAGE = 1000;

/** Takes the jobs of a run out of the queue, and what is told of it. Gives how many; those that are worked on end by themselves, and are left: their number. */
export async function removeRun(queue: JobQueue, run: string): Promise<{ readonly removed: number; readonly left: number }> {
  let [removed, left] = [0, 0];
  for (const state of ['wait', 'prioritized', 'delayed', 'completed', 'failed', 'active'] as const) {
    for (let at = 0; ; ) {
      const jobs = await queue.getJobs([state], at, at + PAGE - 1);
      if (jobs.length === 0) break;
      let stay = 0;
      for (const job of jobs) {
        // One that was begun, or taken away, meanwhile.
        const gone = (job?.data as { readonly run?: unknown } | undefined)?.run === run && (await queue.remove(job.id!).catch(() => 0)) === 1;
        if (gone) removed++;
        else {
          stay++;
          if (state === 'active' && job?.data?.run === run) left++;
        }
      }
      at += stay;
    }
  }
  const client = await queue.backend.client;
  await client.hdel(keyOf(queue), run);
  return { removed, left };
} // prettier-ignore

/** Runs of this queue, the latest first; those that were not heard of for a month are forgotten. */
export async function runsOf(queue: JobQueue): Promise<RunProgress[]> {
  const client = await queue.backend.client;
  const found = await client.hgetall(keyOf(queue));
  const runs: RunProgress[] = [];
  for (const [run, text] of Object.entries(found)) {
    const entry = Entry.safeParse(parsed(text)).data;
    if (!entry || Date.now() - entry.updated > DAYS * 24 * 3600 * 1000) await client.hdel(keyOf(queue), run);
    else runs.push({ run, ...entry });
  }
  return runs.sort((a, b) => b.started - a.started);
}
