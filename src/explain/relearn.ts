// A mask made again, with one thing changed and nothing measured: what the self-deception battery compares with.
import type { Tensor } from '../core/tensor.js';
import type { Answer } from '../evidence/answer.js';
import { createLearner, orderOf } from '../lan/learn.js';
import { createNoise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';
import { attributed, Scorers } from './attributed.js';
import type { AuditOptions } from './audit.js';
import { byForwardPasses } from './forward.js';
import { inquireAt, type Located } from './inquiry.js';
import { learned, type Masks } from './masks.js';
import { objectiveOf, settingsFor } from './objective.js';
import { rangeOf, tokenPool } from './plausible.js';

export type { Located };

/** What is changed: the seed of the noise, or its family, as createNoise takes it. */
interface Change {
  readonly seed?: number;
  readonly noise?: string;
}

/** One compilation for masks of any number of inputs, seeds and noises. */
export interface Relearner {
  /** `sample`: [1,...inputShape]. Gives the mask, of a binary one the order of its elements (see LearnedMask). */
  mask(sample: Tensor, change?: Change): Promise<{ readonly order: Tensor; readonly answer: Answer }>;
  /** The same of a value that the mask lies on. */
  maskAt(at: Located, change?: Change): Promise<{ readonly order: Tensor; readonly answer: Answer }>;
  dispose(): Promise<void>;
}

/** Prepares the masks of `options` at its first beta, as an audit learns them, or by the method that gave it. Throws as createAuditor. */
export async function createRelearner(classifier: Classifier, options: AuditOptions): Promise<Relearner> {
  const settings = settingsFor(classifier, options.preset, options.settings, options.question);
  const { method } = options;
  const told = { ...options, onPhase: undefined };
  const make = async (bound: Classifier): Promise<(seed: number) => Masks> => {
    if (method) {
      const scorers = new Scorers();
      // Who frees the masks frees what runs them.
      return (seed) => ({ ...attributed({ ...method, scorers }, bound, { ...settings, seed }, { signal: options.signal }), dispose: () => scorers.dispose() }); // prettier-ignore
    }
    if (classifier.forwardOnly) return (seed) => byForwardPasses(bound, { ...settings, seed }, told);
    const learner = await createLearner(bound.engine, await objectiveOf(bound, settings, options.question), bound.adapters);
    return (seed) => learned(learner, { ...settings, seed }, told);
  };
  const shared = classifier.hookPoint?.hasSkipPath ? undefined : await make(classifier);
  const tokens = classifier.hookPoint?.tokens ? await tokenPool(classifier, settings) : undefined;
  const relearner: Relearner = {
    async mask(sample, change) {
      return relearner.maskAt(await classifier.locate(sample), change);
    },
    async maskAt(at, { seed = settings.seed, noise = settings.noise } = {}) {
      const { x, classifier: bound, p, answer } = await inquireAt(at, options);
      const masks = (shared ?? (await make(bound)))(seed);
      try {
        const noiseNow = createNoise(noise, {
          x,
          ...rangeOf(bound, x, options.samples),
          samples: options.samples,
          tokens,
          plugins: bound.plugins,
        });
        const mask = await masks.of({ x, p, answer, noise: noiseNow, beta: settings.betas[0]! });
        return { order: orderOf(mask), answer };
      } finally {
        if (!shared) await masks.dispose();
      }
    },
    dispose: async () => shared?.(settings.seed).dispose(),
  };
  return relearner;
}
