// lan-onnx worker --queue Q --store S: explains inputs of a queue until it is told to stop.
import { workOn } from '../../api/queue-worker.js';
import { readable } from '../../core/readable.js';
import type { ArgumentsOf } from '../command.js';
import { worker as definition } from '../commands/worker.js';
import type { Io } from '../io.js';
import { interruptibly, noteTo } from '../model.js';

/** Works until a signal; then finishes what is at hand, and exits with 0. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const session = { interrupted: 'finishing the inputs at hand', bar: { stop: () => undefined } };
  await interruptibly(io, session, async (signal) => {
    const { done, failed } = await workOn({
      queue: argv.queue,
      store: argv.store,
      cache: argv.cache,
      cacheLimit: argv.cacheSize * 1e9,
      workers: argv.workers,
      rate: argv.rate,
      lostAfter: argv.lostAfter,
      timeout: argv.timeout,
      trust: argv.trust,
      onStart: (workers, queue) => io.err(`working on ${queue}, ${workers} input(s) at the same time\n`),
      onNote: noteTo(io, definition),
      onJob({ label, tries, seconds, error, ...more }) {
        const again = tries > 1 ? `, try ${tries}` : '';
        const text = `${readable(label)}: ${error === undefined ? 'done' : readable(error)} (${seconds.toFixed(1)} s${again})\n`;
        io.event?.('job', { input: label, tries, seconds, error, ...more }, text);
      },
      signal,
    });
    io.out(`${done} input(s) done, ${failed} tries failed\n`);
  });
}
