// tfjs is not in the bundle: onnxruntime computes gradients wherever every op has a rule.
import type { OpAdapter } from '../../../../adapters/op.js';
import { LanError } from '../../../core/errors.js';
import type { Engine } from '../../../engine/engine.js';

/** Rejects with LanError (`unsupported`). */
export const createTfEngine = (_: readonly OpAdapter[], __: { readonly backend?: string } = {}): Promise<Engine> =>
  Promise.reject(
    new LanError(
      'unsupported',
      'The model has ops whose gradient only tfjs computes, and tfjs is not part of the page.',
      "Explain it with the command line, or by its answers alone with `engine: 'forward'`.",
    ),
  );
