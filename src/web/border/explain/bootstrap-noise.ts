// A page has no data sets.
import { LanError } from '../../../core/errors.js';
import type { Tensor } from '../../../core/tensor.js';

/** Rejects with LanError (`usage`). */
export const bootstrapSamples = (path: string, ..._: readonly unknown[]): Promise<{ readonly samples: Tensor; readonly notes: readonly string[] }> =>
  Promise.reject(
    new LanError('usage', `\`noise\` 'bootstrap:${path}': there is no data set in a browser.`, 'Give `noiseSamples`, or other noise.'),
  ); // prettier-ignore
