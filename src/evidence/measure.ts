// All metrics of one explanation, in one table.
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';
import type { Answer } from './answer.js';
import { concentration } from './concentration.js';
import { deletionAndInsertion } from './curves.js';
import type { Metric } from './metric.js';
import type { Predict } from './replaceability.js';
import { scoreOf, type Subject } from './subject.js';

export type { Metric };

/** What is measured. */
export interface Question {
  /** [1,...sample]. */
  readonly x: Tensor;
  /** Of mask shape, higher = needed more. */
  readonly need: Tensor;
  readonly answer: Answer;
  readonly noise: Noise;
  readonly seed: number;
}

/** The need that a mask says: 1 - A, in its shape. */
export const needOf = (mask: Tensor): Tensor =>
  float32(
    toFloat32(mask).map((v) => 1 - v),
    mask.dims,
  );

/** The table of metrics of one explanation, each as docs/evidence.md defines it. */
export async function measureAll(predict: Predict, { need, answer, ...asked }: Question): Promise<Metric[]> {
  const subject: Subject = { ...asked, predict, score: scoreOf(answer) };
  return [...(await deletionAndInsertion(subject, need)), ...concentration(need)];
}
