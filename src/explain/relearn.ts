// A mask learned again, with one thing changed and nothing measured: what the self-deception battery compares with.
import type { Tensor } from '../core/tensor.js';
import { answerOf, valueAnswer, type Answer } from '../evidence/answer.js';
import { createLearner, orderOf } from '../lan/learn.js';
import { createNoise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';
import type { AuditOptions } from './audit.js';
import { byForwardPasses } from './forward.js';
import { learned } from './masks.js';
import { rangeOf, tokenPool } from './plausible.js';
import { objectiveOf, settingsFor } from './objective.js';

/** What the mask lies on, x [1,...sample], and the classifier of it (see Classifier.locate). */
export interface Located {
  readonly x: Tensor;
  readonly classifier: Classifier;
}

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

/** Prepares the masks of `options` at its first beta, as an audit learns them. Throws as createAuditor. */
export async function createRelearner(classifier: Classifier, options: AuditOptions): Promise<Relearner> {
  const settings = settingsFor(classifier, options.preset, options.settings, options.question);
  const make = async (bound: Classifier) =>
    createLearner(bound.engine, await objectiveOf(bound, settings, options.question), bound.adapters);
  const forward = classifier.forwardOnly;
  const shared = classifier.hookPoint?.hasSkipPath || forward ? undefined : await make(classifier);
  const tokens = classifier.hookPoint?.tokens ? await tokenPool(classifier, settings) : undefined;
  const relearner: Relearner = {
    async mask(sample, change) {
      return relearner.maskAt(await classifier.locate(sample), change);
    },
    async maskAt({ x, classifier: bound }, { seed = settings.seed, noise = settings.noise } = {}) {
      const learner = forward ? undefined : (shared ?? (await make(bound)));
      try {
        const p = await bound.predict(x);
        const answer =
          bound.task === 'regression'
            ? valueAnswer(p, options.within)
            : answerOf(p, bound.labels, bound.severalLabels, options.question);
        const noiseNow = createNoise(noise, { x, ...rangeOf(bound, x, options.samples), samples: options.samples, tokens });
        const told = { ...options, onPhase: undefined };
        const own = { ...settings, seed };
        const masks = learner ? learned(learner, own, told) : byForwardPasses(bound, own, told);
        const mask = await masks.of({ x, p, answer, noise: noiseNow, beta: settings.betas[0]! });
        return { order: orderOf(mask), answer };
      } finally {
        if (!shared) await learner?.dispose();
      }
    },
    dispose: async () => shared?.dispose(),
  };
  return relearner;
}
