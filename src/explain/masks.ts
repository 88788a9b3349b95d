// Where an audit's masks come from: learned for the input (Eq. 4), or given by a trained network (Eq. 3).
import type { Attribution } from '../attribution/method.js';
import { LanError } from '../core/errors.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import type { Answer } from '../evidence/answer.js';
import type { LearnedMask, Learner, StepMetrics } from '../lan/learn.js';
import type { Noise } from '../lan/noise.js';
import type { LanSettings } from '../lan/settings.js';
import type { OpenedExplainer } from './explainer.js';
import type { LiveChange, LiveMask, Preview } from './live.js';
import { keptBy, targetOf } from './target.js';

/** Who is told of the learning, and who may end it. */
export interface MaskProgress {
  /** Told after each step with the mask, and waited for: a promise that is not kept yet is a pause. */
  readonly watch?: (live: LiveMask) => void | Promise<LiveChange | void>;
  /** Told the largest difference between the converted graph and the reference, before anything is learned. */
  readonly onAgreement?: (difference: number) => void;
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
    /** Other noise for the same input. */
    readonly noiseOf?: (noise: string) => Promise<Noise>;
    /** See previewer: what whoever watches may look at. */
    readonly preview?: (mask: Tensor, share: number, noise: Noise) => Promise<Preview>;
    readonly beta: number;
    /** See Learner.learn. */
    readonly warm?: boolean;
    readonly from?: Tensor | undefined;
  }): Promise<LearnedMask & { readonly attribution?: Attribution }>;
  dispose(): Promise<void>;
}

/** Each mask learned for its input (Eq. 4). */
export function learned(learner: Learner, settings: LanSettings, options: MaskProgress): Masks {
  return {
    async of(question) {
      const first = await learn(question, settings.budget);
      // In half the steps, rounded from the first of them on, a mask that does not suit the input loses the answer and does not find it again.
      if (!question.from || first.stopped !== 'iterations') return first;
      const left = settings.budget === undefined ? undefined : Math.max(1, settings.budget - first.seconds);
      const mask = await learn({ ...question, from: undefined }, left);
      return { ...mask, seconds: first.seconds + mask.seconds, fromScratch: true };
    },
    dispose: () => learner.dispose(),
  };

  function learn(
    { x, p, answer, noise, noiseOf, preview, beta, warm = false, from }: Parameters<Masks['of']>[0],
    budget: number | undefined,
  ): Promise<LearnedMask> {
    const iterations = warm || from ? Math.ceil(settings.iterations / 2) : settings.iterations;
    options.onPhase?.(`learning the mask, beta ${beta}`);
    let now = noise;
    const changed = async (change: LiveChange | void) =>
      change && {
        beta: change.beta,
        noise: change.noise === undefined ? undefined : (now = (await noiseOf?.(change.noise)) ?? now),
      };
    return learner.learn({
      x,
      target: targetOf(answer, p, settings.sharpen, settings.find),
      tolerance: answer.task === 'value' ? answer.within : undefined,
      noise,
      warm,
      ...(from && { from }),
      settings: {
        ...settings,
        budget,
        beta,
        binary: settings.maskValues === 'binary',
        // A path is of betas as they are; how often the answer is kept chooses among them.
        fixed: settings.betaPath,
        keep: settings.betaPath ? undefined : settings.keep,
      },
      kept: keptBy(answer, p),
      onStep(metrics, mask) {
        options.onStep?.(beta, metrics, iterations);
        if (!mask || !preview) return undefined;
        const look: LiveMask['preview'] = async (share, other) =>
          preview(mask, share, (other !== undefined && (await noiseOf?.(other))) || now);
        return options.watch?.({ ...metrics, iterations, mask, preview: look })?.then(changed);
      },
      signal: options.signal,
    });
  }
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

/** Throws LanError (`usage`) where no binary mask is learned step by step that could go on from another one, or where each goes on from its neighbour. */
export function requireLearned(
  { betaPath, maskValues }: Pick<LanSettings, 'betaPath' | 'maskValues'>,
  { explainer, method }: { readonly explainer?: unknown; readonly method?: unknown },
  forwardOnly: boolean,
): void {
  const other = method ? '`method`' : explainer ? '`lan`' : betaPath ? "`beta: 'auto'`" : forwardOnly ? "`engine: 'forward'`" : maskValues === 'soft' ? "`maskValues: 'soft'`" : undefined; // prettier-ignore
  if (other !== undefined)
    throw new LanError('usage', `\`startFrom\` says where learning a mask starts, which ${other} does not do.`, 'Leave one of them out.'); // prettier-ignore
}
