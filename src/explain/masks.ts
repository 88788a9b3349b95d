// Where an audit's masks come from: learned for the input (Eq. 4), or given by a trained network (Eq. 3).
import type { Attribution } from '../attribution/method.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import type { Answer } from '../evidence/answer.js';
import type { LearnedMask, Learner, StepMetrics } from '../lan/learn.js';
import type { Noise } from '../lan/noise.js';
import type { LanSettings } from '../lan/settings.js';
import type { OpenedExplainer } from './explainer.js';
import { keptBy, targetOf } from './target.js';

/** Who is told of the learning, and who may end it. */
export interface MaskProgress {
  readonly onStep?: (beta: number, metrics: StepMetrics, iterations: number) => void;
  readonly onPhase?: (phase: string) => void;
  /** After an abort the mask learned so far is kept. */
  readonly signal?: AbortSignal;
}

/** Where an audit's masks come from. */
export interface Masks {
  of(question: {
    readonly x: Tensor;
    readonly p: Tensor;
    readonly answer: Answer;
    readonly noise: Noise;
    readonly beta: number;
    /** See Learner.learn. */
    readonly warm?: boolean;
  }): Promise<LearnedMask & { readonly attribution?: Attribution }>;
  dispose(): Promise<void>;
}

/** Each mask learned for its input (Eq. 4). */
export function learned(learner: Learner, settings: LanSettings, options: MaskProgress): Masks {
  return {
    of({ x, p, answer, noise, beta, warm = false }) {
      options.onPhase?.(`learning the mask, beta ${beta}`);
      return learner.learn({
        x,
        target: targetOf(answer, p, settings.sharpen, settings.find),
        tolerance: answer.task === 'value' ? answer.within : undefined,
        noise,
        warm,
        settings: {
          ...settings,
          beta,
          binary: settings.maskValues === 'binary',
          // A path is of betas as they are; how often the answer is kept chooses among them.
          keep: settings.betaPath ? undefined : settings.keep,
        },
        kept: keptBy(answer, p),
        onStep: (metrics) => options.onStep?.(beta, metrics, warm ? Math.ceil(settings.iterations / 2) : settings.iterations),
        signal: options.signal,
      });
    },
    dispose: () => learner.dispose(),
  };
}

/** Each mask given by a trained network (Eq. 3), which stays the caller's. */
export const explained = (explainer: OpenedExplainer): Masks => ({
  async of({ x }) {
    const start = performance.now();
    const soft = await explainer.explain(x);
    // Trained with rounded masks, it gives what was rounded.
    const binary = explainer.settings['maskValues'] === 'binary';
    const mask = binary ? float32(toFloat32(soft).map((v) => (v > 0.5 ? 1 : 0)), soft.dims) : soft; // prettier-ignore
    return {
      mask,
      ...(binary && { order: soft }),
      history: [],
      seconds: (performance.now() - start) / 1000,
      stopped: 'explainer',
    };
  },
  dispose: () => Promise.resolve(),
});
