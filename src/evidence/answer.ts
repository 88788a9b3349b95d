// What a model answered, and when noise has kept it: its class, its set of labels, or its value within a tolerance.
import { LanError } from '../core/errors.js';
import { argmax, klDivergence, klOfLabels } from '../core/rows.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import type { Question } from '../model/question.js';

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

/**
 * A class, or label, that was asked about. It leads where it is what the model answers: the most probable class, a label that is given, with `against` the
 * more probable one of the two. It counts as kept where it leads, whether or not it does so in the input: what is claimed is that the part that is
 * left makes the model answer it (docs/adr/0015-a-question.md).
 */
export interface TargetAnswer extends Named {
  readonly task: 'target';
  /** Absent: against everything else. */
  readonly against?: Named;
  /** In the input: the probability p in [0,1]; with `against` its fraction of the two, p / (p + p_against). */
  readonly probability: number;
  /** In the input. */
  readonly leads: boolean;
}

/** What is to be kept. `labels` may be empty: the model gave none. */
export type Answer =
  | ({ readonly task: 'class' } & Named)
  | TargetAnswer
  | { readonly task: 'labels'; readonly labels: readonly Named[] }
  | ValueAnswer;

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

/** The probability of the class that is asked about, in [0,1]: of all classes, or of the two. NaN where both of the two are 0. */
export const probabilityOf = (row: Float32Array, { target, against }: Question): number =>
  against === undefined ? row[target]! : row[target]! / (row[target]! + row[against]!);

const leads = (row: Float32Array, { target, against }: Question, severalLabels: boolean): boolean =>
  against !== undefined
    ? row[target]! > row[against]!
    : severalLabels
      ? row[target]! >= LABEL_HOLDS
      : argmax(float32(row, [1, row.length]))[0] === target;

/**
 * Judges a class that was asked about by the probabilities `p` [1,K] of the input (see TargetAnswer for what is kept). The divergence is that of two
 * answers, yes and no: p log(p/q) + (1-p) log((1-p)/(1-q)).
 */
export function judgeTarget(question: Question, p: Tensor, severalLabels: boolean): Judge {
  const values = toFloat32(p);
  const before = probabilityOf(values, question);
  const { target, against } = question;
  const neither = (row: Float32Array): boolean => against !== undefined && row[target] === 0 && row[against] === 0;
  return {
    kept: (row) => leads(row, question, severalLabels),
    // Of two classes that have no probability left neither is ahead.
    divergence: (row) => atLeastZero(klOfLabels([before], [neither(row) ? 0.5 : probabilityOf(row, question)], FLOOR)),
    measure: 'kl',
  };
}

/** Judges by an answer that is known. `p`: what it was read from, [1,K]. */
export function judgeOf(answer: Answer, p: Tensor, severalLabels = false): Judge {
  if (answer.task === 'value') return judgeValue(answer);
  if (answer.task === 'target') return judgeTarget(questionOf(answer), p, severalLabels);
  return answer.task === 'labels' ? judgeLabels(p) : judgeClass(p);
}

/** What was asked, of an answer to it. */
export const questionOf = ({ index, against }: TargetAnswer): Question => ({
  target: index,
  ...(against ? { against: against.index } : {}),
});

/** The name of a class. */
export const labelOf = (labels: readonly string[], index: number): string => labels[index] ?? `class ${index}`;

/**
 * What the probabilities `p` [1,K] answer, most probable first; or what they say to the question, where one was asked. Throws LanError (`numbers`) where
 * neither of two classes that are held against each other has any probability.
 */
export function answerOf(p: Tensor, labels: readonly string[], severalLabels: boolean, question?: Question): Answer {
  const values = toFloat32(p);
  const named = (index: number): Named => ({ index, label: labelOf(labels, index) });
  if (question) {
    const probability = probabilityOf(values, question);
    if (Number.isNaN(probability))
      throw new LanError(
        'numbers',
        `The model gives neither '${named(question.target).label}' nor '${named(question.against!).label}' any probability for this input, so there is nothing to hold against each other.`,
      );
    return {
      task: 'target',
      ...named(question.target),
      ...(question.against === undefined ? {} : { against: named(question.against) }),
      probability,
      leads: leads(values, question, severalLabels),
    };
  }
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
