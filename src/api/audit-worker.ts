// The process of a worker (worker-pool.ts): opens the model, then explains the inputs that it is told, one at a time.
import { LanError } from '../core/errors.js';
import { createAuditor, type Auditor } from './audit.js';
import { openSource, type Source } from './many-source.js';
import { explain, sampleOf } from './performer.js';
import { plainError, type FromWorker, type ToWorker, type WorkerSetup } from './worker-pool.js';

const abort = new AbortController();
let ready: Promise<{ readonly auditor: Auditor; readonly source: Source }> | undefined;

const say = (message: FromWorker): void => void process.send!(message);

async function open({ model, options, source: spec, first }: WorkerSetup): Promise<{ auditor: Auditor; source: Source }> {
  const source = await openSource(spec);
  const auditor = await createAuditor(model, { ...options, signal: abort.signal });
  const samples = [];
  for (const at of first) samples.push(await sampleOf(auditor, source, at));
  if (samples.length > 0) await auditor.prepare(...samples);
  return { auditor, source };
}

/** Says what went wrong for all inputs. */
function fail(error: unknown): void {
  say({
    fatal: error instanceof LanError ? plainError(error) : { unexpected: (error as Error).stack ?? String(error) },
  });
}

// A terminal sends these to the whole group; what becomes of the run is the parent's to say.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToWorker) => {
  if ('stop' in message) abort.abort();
  else if ('setup' in message) {
    ready = open(message.setup);
    ready.then(() => say({ ready: true }), fail);
  } else
    void ready!
      .then(({ auditor, source }) => explain(auditor, source, message.task))
      .then((done) => say(done.error ? { failure: plainError(done.error) } : done), fail);
});
