// What a model answered, and when noise has kept it: its class, or its set of labels.
import type { Tensor } from '../core/tensor.js';
import { argmax, klDivergence, klOfLabels } from '../core/rows.js';
import { float32, toFloat32 } from '../core/tensor.js';

/** Of several labels, each with a probability of its own, those from here on are given. */
export const LABEL_HOLDS = 0.5;

/** A class or label by its index, with its name. */
export interface Named {
  readonly index: number;
  readonly label: string;
}

/** What is to be kept. `labels` may be empty: the model gave none. */
export type Answer = ({ readonly task: 'class' } & Named) | { readonly task: 'labels'; readonly labels: readonly Named[] };

/** How the rows of a model's answers to noise are held against its answer to the input. */
export interface Judge {
  /**
   * Is the answer still there? A class: it is still the most probable one. Labels: each of them is still at LABEL_HOLDS or above, and no other one is.
   */
  kept(row: Float32Array): boolean;
  /** KL(F(x) || row) in nats, at least 0; of several labels the sum of the binary ones. */
  divergence(row: Float32Array): number;
  /** The labels that were given, each of which is looked at by itself as well; absent for a class. */
  readonly labels?: readonly number[];
}

/** What a probability is taken for at least where a divergence is measured. */
const FLOOR = 1e-30;
/** Rounding in float32 can leave a sum of terms below 0, which KL cannot be. */
const atLeastZero = (sum: number): number => Math.max(0, sum);

/** Judges by the most probable class of `p`, probabilities [1,K] of the input. */
export function judgeClass(p: Tensor): Judge {
  const values = toFloat32(p);
  const [answer] = argmax(float32(values, [1, values.length]));
  return {
    kept: (row) => argmax(float32(row, [1, row.length]))[0] === answer,
    divergence: (row) => atLeastZero(klDivergence(values, row, FLOOR)),
  };
}

/** Judges by all labels of `p`, probabilities [1,K] of the input, of which each is one of its own. */
export function judgeLabels(p: Tensor): Judge {
  const values = toFloat32(p);
  return {
    kept: (row) => values.every((v, i) => v >= LABEL_HOLDS === row[i]! >= LABEL_HOLDS),
    divergence: (row) => atLeastZero(klOfLabels(values, row, FLOOR)),
    labels: Array.from(values.keys()).filter((i) => values[i]! >= LABEL_HOLDS),
  };
}

/** The name of a class. */
export const labelOf = (labels: readonly string[], index: number): string => labels[index] ?? `class ${index}`;

/** What the probabilities `p` [1,K] answer; most probable first. */
export function answerOf(p: Tensor, labels: readonly string[], severalLabels: boolean): Answer {
  const values = toFloat32(p);
  const named = (index: number): Named => ({ index, label: labelOf(labels, index) });
  if (!severalLabels) return { task: 'class', ...named(argmax(p)[0]!) };
  const given = judgeLabels(p).labels!.toSorted((a, b) => values[b]! - values[a]! || a - b);
  return { task: 'labels', labels: given.map(named) };
}
