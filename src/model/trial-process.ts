// The process in which models are tried (trial.ts): opens what it is told, runs it once, and says that it is still there.
import { Worker } from 'node:worker_threads';
import { IDLE_MS, OUT_OF_MEMORY, OUT_OF_TIME, type TrialRequest } from './trial.js';
// Not when it is first needed: the time that a model is given is the model's alone.
import { tryModel } from './tried.js';

/** Milliseconds between two looks: what fills gigabytes takes longer. */
const LOOK = 25;
/** Share of the time that has to have been spent on a processor: one that has to wait for others is no fault of the file. */
const BUSY = 0.8;
/** On Windows no process can be told apart by the signal that ended it: there the parent's clock ends a trial. */
const timed = process.platform !== 'win32';

/**
 * A thread of its own, since native code blocks the main one. A signal without a handler ends the process at once, whatever it is doing; this one is
 * sent by nobody else, so that the parent knows why.
 * Its code is a text so that no loader has to find a file for it.
 */
const WATCH = `
const { workerData } = require('node:worker_threads');
const [memory, seconds, began, used] = [0, 1, 2, 3];
const limit = new Float64Array(workerData);
const busy = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
setInterval(() => {
  if (limit[memory] === 0) return;
  if (process.memoryUsage.rss() > limit[memory]) process.kill(process.pid, '${OUT_OF_MEMORY}');
  if (${timed} && Date.now() / 1000 - limit[began] > limit[seconds] && busy() - limit[used] > ${BUSY} * limit[seconds])
    process.kill(process.pid, '${OUT_OF_TIME}');
}, ${LOOK});
`;

/** Bytes and seconds that are allowed, when it began, and the processor's seconds until then. No bytes: nothing is being tried. */
const limit = new Float64Array(new SharedArrayBuffer(32));
new Worker(WATCH, { eval: true, workerData: limit.buffer }).unref();

/** Ends the process when nobody has asked for a while. */
let idle: NodeJS.Timeout | undefined;

// A terminal sends these to the whole group; what becomes of the run is the parent's to say.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (request: TrialRequest) => {
  clearTimeout(idle);
  void attempt(request).finally(() => {
    limit[0] = 0;
    idle = setTimeout(() => process.exit(0), IDLE_MS);
    process.send!('alive');
  });
});
process.send!('ready');

async function attempt({ source, what, options, memory, seconds }: TrialRequest): Promise<void> {
  const { user, system } = process.cpuUsage();
  limit.set([seconds, Date.now() / 1000, (user + system) / 1e6], 1);
  limit[0] = memory;
  try {
    await tryModel(source, what, options);
  } catch {
    // An error that can be caught will be met again by whoever asked, and told by them.
  }
}
