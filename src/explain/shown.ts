// The input replaced step by step, as a report shows it: at each step what the classifier answers, in names.
import { float32, type Tensor } from '../core/tensor.js';
import { judgeOf, type Answer, type Named } from '../evidence/answer.js';
import { replacedSteps, shownDraws } from '../evidence/replaced.js';
import type { Replaceability } from '../evidence/replaceability.js';
import type { EvidenceDraws } from '../evidence/trials.js';
import type { Noise } from '../lan/noise.js';
import { orderOf, type LearnedMask } from '../lan/learn.js';
import type { Classifier } from '../model/open.js';
import { drawsOf } from './time-left.js';

/** What the classifier answered to one input: classes with their probabilities, or a value. */
export interface ShownAnswer {
  readonly kept: boolean;
  /** Most probable first; of a regression none. */
  readonly prediction: readonly (Named & { readonly probability: number })[];
  readonly value?: number;
}

/** Answers while more and more is replaced. */
export interface ShownSteps {
  /** Fractions of the mask's elements, ascending from 0 to 1. */
  readonly fractions: readonly number[];
  /** By draw of the noise, then by fraction. */
  readonly draws: readonly (readonly ShownAnswer[])[];
}

/** What is shown: an audited input, the draws of noise [n,...sample], and the claim whose fraction is one of the steps. */
export interface Shown {
  /** Probabilities [1,K] of the input. */
  readonly p: Tensor;
  readonly answer: Answer;
  readonly mask: LearnedMask;
  readonly shown: Tensor;
  readonly claim: Replaceability;
}

/** The draws [n,...sample] on which they are measured: one for each 64 of the evidence, four at its default of 256; none where only curves are wanted. */
export const drawsToShow = (
  x: Tensor,
  noise: Noise,
  seed: number,
  { curvesOnly, evidenceDraws }: { readonly curvesOnly?: boolean; readonly evidenceDraws?: EvidenceDraws },
): Tensor | undefined => (curvesOnly ? undefined : shownDraws(x, noise, seed, Math.ceil(drawsOf({ evidenceDraws }) / 64)));

/** The steps for x [1,...sample]. `top`: the most probable classes of a row [1,K]. */
export async function stepsOf(
  classifier: Classifier,
  x: Tensor,
  { p, answer, mask, shown, claim }: Shown,
  top: (row: Tensor) => ShownAnswer['prediction'],
): Promise<ShownSteps> {
  const judge = judgeOf(answer, p, classifier.severalLabels);
  const predict = (samples: Tensor): Promise<Tensor> => classifier.predict(samples);
  const { fractions, draws } = await replacedSteps(predict, x, orderOf(mask), shown, judge, claim.hard?.fraction);
  return {
    fractions,
    draws: draws.map((steps) =>
      steps.map(({ kept, row }) => ({
        kept,
        prediction: top(float32(row, [1, row.length])),
        ...(answer.task === 'value' ? { value: row[0]! } : {}),
      })),
    ),
  };
}
