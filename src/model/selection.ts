// Which input of a model is explained, and which of its outputs is the classifier's.
import { LanError } from '../core/errors.js';
import { isFloat, type Tensor } from '../core/tensor.js';
import type { ValueInfo } from '../onnx/graph.js';
import type { Task } from './task.js';

/** A value for an input: a tensor, an .npy file by its path, or one number everywhere. */
export type Feed = Tensor | string | number;

/** Names for messages: `x, mask`. */
export const list = (values: readonly { readonly name: string }[]): string => values.map((v) => v.name).join(', ');

/** Types of inputs that hold integers or switches. */
export const INTEGER = /^(u?int(8|16|32|64)|bool)$/;

/** What is asked of a model: which input is explained, by which output, where inside, and what the other inputs are fed. */
export interface SelectionOptions {
  /** The input that is explained. Default: the first float input, else the first of integers. */
  readonly input?: string;
  /** The output that is the classifier's. Default: the first float output. */
  readonly output?: string;
  /** What the output is explained as. `regression`: one number a sample, taken as it is; for `audit` only. Default: what the card or the folder says, else classification. */
  readonly task?: Task;
  /**
   * The float value at which the mask lies, by its name in the file: the output of any node between input and output. Default: the input itself;
   * for integers the first float value that depends on them (an embedding).
   */
  readonly at?: string;
  /** Shape of the samples to come, with or without the batch axis: binds what the file leaves open of the input that is explained. */
  readonly sample?: readonly number[];
  /** Height and width of the first picture to come: binds the sides that a file leaves open which takes pictures in whole numbers. */
  readonly pictureSize?: readonly [height: number, width: number];
  /**
   * Names of the axes of a sample, those of one element left out: `['frame', 'coefficient']` of [1,49,10]. It says as well that the input is no picture, whatever
   * its shape.
   */
  readonly axes?: readonly string[];
  /** What the other inputs are fed, by name. A tensor has the input's shape, or that of one sample without the batch axis. */
  readonly feeds?: Readonly<Record<string, Feed>>;
  /** What inputs of these names are fed where the model has them and `feeds` says nothing of them; of texts the attention mask, say. */
  readonly conventional?: Readonly<Record<string, Feed>>;
}

/** Inputs that models of text have beside the ids of tokens. */
const BESIDE_IDS = /mask|token_type|segment|position/i;

/** The input that is explained, of a graph whose shapes may be open. Throws LanError for a name that is none. */
export function explainedInput(inputs: readonly ValueInfo[], name: string | undefined, model: string): ValueInfo | undefined {
  if (name === undefined) {
    const integers = inputs.filter((i) => INTEGER.test(i.type ?? ''));
    return inputs.find((i) => isFloat(i.type)) ?? integers.find((i) => !BESIDE_IDS.test(i.name)) ?? integers[0];
  }
  const found = inputs.find((i) => i.name === name);
  if (!found) throw new LanError('input', `\`input\`: ${model} has no input '${name}'.`, `Its inputs are: ${list(inputs)}.`);
  return found;
}

/** The classifier's output. Throws LanError for a name that is none, or not of floats. */
export function chosenOutput(outputs: readonly ValueInfo[], name: string | undefined, model: string): ValueInfo | undefined {
  if (name === undefined) return outputs.find((o) => isFloat(o.type));
  const found = outputs.find((o) => o.name === name);
  if (!found) throw new LanError('input', `\`output\`: ${model} has no output '${name}'.`, `Its outputs are: ${list(outputs)}.`);
  if (!isFloat(found.type))
    throw new LanError('input', `\`output\`: '${name}' is ${found.type}; a classifier's output holds floats.`);
  return found;
}

/** Throws LanError (`usage`) where `axes` are not as many as a sample of this shape has, those of one element left out. */
export function requireAxes(axes: readonly string[] | undefined, sample: readonly number[], model: string): void {
  const count = sample.filter((n) => n !== 1).length;
  if (!axes || axes.length === count) return;
  throw new LanError(
    'usage',
    `\`axes\` names ${axes.length} axes, and a sample of ${model} [${sample.join(',')}] has ${count} of more than one element.`,
  );
}
