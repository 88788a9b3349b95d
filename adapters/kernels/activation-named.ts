// Activations that a fused node of onnxruntime names in an attribute, with their numbers in a list.
import { own } from '../../src/core/own.js';
import { float, type AttributeInput, type GraphBuilder } from '../../src/onnx/builder.js';
import type { OldNode } from '../op.js';

/** Names of their numbers, in order. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Tanh: [],
  Sigmoid: [],
  LeakyRelu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
  Elu: ['alpha'],
  Softplus: [],
  Softsign: [],
  ThresholdedRelu: ['alpha'],
};
/** All of them, Clip included. */
export const ACTIVATIONS = [...Object.keys(NUMBERS), 'Clip'];

/** The activation of this name behind x; x itself where `name` is ''. Refuses other names, and numbers that are missing. */
export function activate(n: OldNode, g: GraphBuilder, x: string, name: string, numbers: readonly number[]): string {
  if (name === '') return x;
  const names = name === 'Clip' ? ['min', 'max'] : own(NUMBERS, name);
  if (!names) return n.refuse(`expected an activation of ${ACTIVATIONS.join(', ')}, received '${name}'.`);
  if (numbers.length < names.length) n.refuse(`its activation ${name} has no ${names.slice(numbers.length).join(' and ')}.`);
  if (name === 'Clip') return g.op('Clip', [x, g.scalar(numbers[0]!), g.scalar(numbers[1]!)]);
  const attributes = names.map((key, i): [string, AttributeInput] => [key, float(numbers[i]!)]);
  return g.op(name, [x], Object.fromEntries(attributes));
}
