// The process in which models are tried (trial.ts): opens what it is told, runs it once, and says that it is still there.
import { Worker } from 'node:worker_threads';
import { sleepWhileWaiting } from '../engine/ort.js';
import { OUT_OF_MEMORY, type TrialRequest } from './trial.js';
// Not when it is first needed: the time that a model is given is the model's alone.
import { tryModel } from './tried.js';

/** Milliseconds between two looks at the memory: what fills gigabytes takes longer. */
const LOOK = 25;

/**
 * A thread of its own, since native code blocks the main one. A signal without a handler ends the process at once, whatever it is doing; this one is
 * sent by nobody else, so that the parent knows why.
 * Its code is a text so that no loader has to find a file for it.
 */
const WATCH = `
const { workerData } = require('node:worker_threads');
const limit = new Float64Array(workerData);
setInterval(() => {
  if (limit[0] > 0 && process.memoryUsage.rss() > limit[0]) process.kill(process.pid, '${OUT_OF_MEMORY}');
}, ${LOOK});
`;

// It is watched by what it computes for, and a thread that spins while others are at work would count as computing.
sleepWhileWaiting();
const limit = new Float64Array(new SharedArrayBuffer(8));
new Worker(WATCH, { eval: true, workerData: limit.buffer }).unref();

// A terminal sends these to the whole group; what becomes of the run is the parent's to say.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (request: TrialRequest) => {
  void attempt(request).finally(() => {
    limit[0] = 0;
    process.send!('alive');
  });
});
process.send!('ready');

async function attempt({ source, what, options, memory }: TrialRequest): Promise<void> {
  limit[0] = memory;
  try {
    await tryModel(source, what, options);
  } catch {
    // An error that can be caught will be met again by whoever asked, and told by them.
  }
}
