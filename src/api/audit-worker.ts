// The process of a worker (worker-pool.ts): opens the model, then explains the inputs that it is told, one at a time.
import { serve } from '../core/crew-member.js';
import { plainError } from '../core/plain-error.js';
import { createAuditor } from './audit.js';
import { openSource } from './many-source.js';
import { pacer } from './pace.js';
import { explain, sampleOf } from './performer.js';
import type { WorkerDone, WorkerSetup, WorkerTask } from './worker-pool.js';

serve<WorkerSetup, WorkerTask, WorkerDone>(async ({ model, options, source: spec, first }, { signal }) => {
  const source = await openSource(spec);
  const measuring = pacer();
  const auditor = await createAuditor(model, { ...options, ...measuring.hooks, signal });
  const samples = [];
  for (const at of first) samples.push(await sampleOf(auditor, source, at));
  if (samples.length > 0) await auditor.prepare(...samples);
  return async (task) => {
    if ('paceOf' in task) return { pace: await measuring.paceOf(auditor, await sampleOf(auditor, source, task.paceOf)) };
    const done = await explain(auditor, source, task);
    return done.error ? { failure: plainError(done.error) } : done;
  };
});
