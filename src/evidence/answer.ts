// What a model answered, and when noise has kept it: its class, its set of labels, or its value within a tolerance.
import { LanError } from '../core/errors.js';
import { argmax, klDivergence, klOfLabels } from '../core/rows.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';

/** Of several labels, each with a probability of its own, those from here on are given. */
export const LABEL_HOLDS = 0.5;

/** A class or label by its index, with its name. */
export interface Named {
  readonly index: number;
  readonly label: string;
}

/** A number that counts as kept between `value - within` and `value + within`. */
export interface ValueAnswer {
  readonly task: 'value';
  readonly value: number;
  readonly within: number;
  /** Where the tolerance was given as a part of the value: that part, 0.1 for 10 %. */
  readonly relative?: number;
  /** True where nobody named a tolerance. */
  readonly byDefault?: boolean;
}

/** What is to be kept. `labels` may be empty: the model gave none. */
export type Answer =
  ({ readonly task: 'class' } & Named) | { readonly task: 'labels'; readonly labels: readonly Named[] } | ValueAnswer;

/** How the rows of a model's answers to noise are held against its answer to the input. */
export interface Judge {
  /**
   * Is the answer still there? A class: it is still the most probable one. Labels: each of them is still at LABEL_HOLDS or above, and no other one
   * is. A value: it lies within the tolerance.
   */
  kept(row: Float32Array): boolean;
  /** KL(F(x) || row) in nats, at least 0; of several labels the sum of the binary ones. Of a value the squared difference. */
  divergence(row: Float32Array): number;
  /** The labels that were given, each of which is looked at by itself as well. */
  readonly labels?: readonly number[];
  /** What `divergence` gives. */
  readonly measure: 'kl' | 'squared difference';
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
    measure: 'kl',
  };
}

/** Judges by all labels of `p`, probabilities [1,K] of the input, of which each is one of its own. */
export function judgeLabels(p: Tensor): Judge {
  const values = toFloat32(p);
  return {
    kept: (row) => values.every((v, i) => v >= LABEL_HOLDS === row[i]! >= LABEL_HOLDS),
    divergence: (row) => atLeastZero(klOfLabels(values, row, FLOOR)),
    labels: Array.from(values.keys()).filter((i) => values[i]! >= LABEL_HOLDS),
    measure: 'kl',
  };
}

/** Judges by a value and its tolerance. */
export const judgeValue = ({ value, within }: ValueAnswer): Judge => ({
  kept: ([v]) => Math.abs(v! - value) <= within,
  divergence: ([v]) => (v! - value) ** 2,
  measure: 'squared difference',
});

/** Judges by an answer that is known. `p`: what it was read from. */
export const judgeOf = (answer: Answer, p: Tensor): Judge =>
  answer.task === 'value' ? judgeValue(answer) : answer.task === 'labels' ? judgeLabels(p) : judgeClass(p);

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

/** A tolerance: absolute, or a part of the value. */
export type Within = number | `${number}%`;

/** A tenth of the value: what people call about the same. */
const DEFAULT_WITHIN = '10%';

/**
 * `within` as a part of the value (`'10%'`: 0.1) or as it is (0.5). Throws LanError (`usage`) for what is neither, or not above 0.
 */
export function readWithin(within: Within | undefined): { readonly relative: number } | { readonly absolute: number } {
  const text = String(within ?? DEFAULT_WITHIN).trim();
  const relative = text.endsWith('%');
  const given = relative ? text.slice(0, -1).trim() : text;
  const number = given === '' ? NaN : Number(given);
  if (!(Number.isFinite(number) && number > 0))
    throw new LanError('usage', `\`within\`: expected a number above 0 or a percentage such as 10%, received '${text}'.`);
  return relative ? { relative: number / 100 } : { absolute: number };
}

/**
 * A regression's value with its tolerance. Throws LanError (`numbers`) for a value that is not finite, or 0 where the tolerance is a part of it.
 */
export function valueAnswer(values: Tensor, within: Within | undefined): ValueAnswer {
  const value = toFloat32(values)[0]!;
  const read = readWithin(within);
  if (!Number.isFinite(value)) throw new LanError('numbers', `The model's value for this input is ${value}.`);
  const tolerance = 'absolute' in read ? read.absolute : read.relative * Math.abs(value);
  if (tolerance === 0)
    throw new LanError(
      'numbers',
      `The model's value for this input is 0, of which ${100 * (read as { relative: number }).relative} % is 0.`,
      'Say as a number how far it may move: `within: 0.5`.',
    );
  return {
    task: 'value',
    value,
    within: tolerance,
    ...('relative' in read ? { relative: read.relative } : {}),
    ...(within === undefined ? { byDefault: true } : {}),
  };
}
