// The process of a check (check-many.ts): checks the models that it is told, one at a time.
import { serve } from '../core/crew-member.js';
import { LanError } from '../core/errors.js';
import { plainError } from '../core/plain-error.js';
import { check } from './check.js';
import type { FoundByWorker, ToCheck } from './check-many.js';

serve<undefined, ToCheck, FoundByWorker>((_, { tell }) =>
  Promise.resolve(async ({ model, options }) => {
    try {
      return { result: await check(model, { ...options, onProgress: (doing) => tell([model, doing]) }) };
    } catch (error) {
      if (!(error instanceof LanError)) throw error;
      return { failure: { ...plainError(error), message: error.message } };
    }
  }),
);
