// The most probable classes of an answer, by name.
import { topK } from '../core/rows.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import { labelOf, type Named } from '../evidence/answer.js';
import type { Question } from '../model/question.js';
import type { Inquiry } from './inquiry.js';

/** A class, and the probability in [0,1] that the model gives it. */
export interface Prediction extends Named {
  readonly probability: number;
}

/** The `count` most probable classes of the first row, and those that were asked about. */
export function topPredictions(p: Tensor, labels: readonly string[], count = 5, question?: Question): Prediction[] {
  const row = toFloat32(p).subarray(0, p.dims[1]);
  const asked = question ? [question.target, question.against].filter((i) => i !== undefined) : [];
  return [...new Set([...topK(row, count), ...asked])].map((index) => ({
    index,
    label: labelOf(labels, index),
    probability: row[index]!,
  }));
}

/** What an audit shows of the answer to x: the most probable classes, and those that were asked about; of several labels all that were given; of a regression none. */
export const predictionOf = ({ answer, classifier, p }: Inquiry, question: Question | undefined): Prediction[] =>
  answer.task === 'value'
    ? []
    : topPredictions(p, classifier.labels, answer.task === 'labels' ? Math.max(5, answer.labels.length) : 5, question);
