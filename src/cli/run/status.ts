// lan-onnx status --queue Q: how far the runs of a queue are, in words or as JSON.
import { queueStatus, type QueueStatus } from '../../api/queue-status.js';
import { readable } from '../../core/readable.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import type { status as definition } from '../commands/status.js';
import type { Io } from '../io.js';

/** Dead letters that are named on a terminal. */
const NAMED = 10;

/** Prints what stands in a queue; exits with 1 where inputs were given up. */
export async function run({ queue, json, retry, clear, remove }: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const found = await queueStatus({ queue, retry, clear, remove });
  io.out(json ? toJson(found) : describe(found));
  if (found.dead > 0) io.exit(1);
}

function describe({ queue, waiting, active, delayed, completed, dead, workers, runs, deadLetters }: QueueStatus): string {
  const lines = [
    `${queue}: ${waiting} waiting, ${active} in work, ${delayed} to be tried again, ${completed} done and not fetched yet, ${dead} given up`,
    workers.length === 0 ? 'no worker is connected: start lan-onnx worker' : `${workers.length} worker(s): ${workers.join(', ')}`,
    ...runs.map(({ run, model, total, done, failed, rate, left, finished, updated }) => {
      const pace = rate === undefined ? '' : `, ${rate.toFixed(2)} a second`;
      const rest = finished ? ', finished' : Date.now() - updated > 10_000 ? ', its coordinator is not heard from' : left === undefined ? '' : `, ${inTime(left)} left`; // prettier-ignore
      return `run ${run} of ${model}: ${done} of ${total} inputs, ${failed} of them not explained${pace}${rest}`;
    }),
    ...deadLetters.slice(0, NAMED).map(({ input, reason, tries, at }) => `given up at ${at} after ${tries === 1 ? 'one try' : `${tries} tries`}: ${input}: ${reason}`),
    ...(deadLetters.length > NAMED ? [`and ${dead - NAMED} more`] : []),
  ]; // prettier-ignore
  return lines.map((line) => `${readable(line)}\n`).join('');
}

/** `40 s`, `12 min`, `3.5 h`. */
const inTime = (seconds: number): string =>
  seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
      ? `${Math.ceil(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;
