// The process of a check (check-many.ts): checks the models that it is told, one at a time.
import { LanError } from '../core/errors.js';
import { check } from './check.js';
import type { FromCheck, ToCheck } from './check-many.js';

const say = (message: FromCheck): void => void process.send!(message);

// A terminal sends these to the whole group; what becomes of the run is the parent's to say.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', ({ model, options }: ToCheck) => {
  check(model, { ...options, onProgress: (doing) => say({ doing }) }).then(
    (result) => say({ result }),
    (error: unknown) => {
      if (!(error instanceof LanError)) return say({ unexpected: (error as Error).stack ?? String(error) });
      const { code, problem, advice, message } = error;
      say({ failure: { code, problem, message, ...(advice === undefined ? {} : { advice }) } });
    },
  );
});
