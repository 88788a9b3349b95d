// The activation functions of RNN, GRU and LSTM: which ones a node names, with their numbers, and each as ops of the dialect.
import { own } from '../../src/core/own.js';
import { float, type GraphBuilder } from '../../src/onnx/builder.js';
import type { StaticNode } from '../op.js';

/** One element-wise function, applied to a value of any shape. */
export type Activation = (x: string) => string;

type Emit = (g: GraphBuilder, x: string, alpha: number, beta: number) => string;
interface Known {
  /** Defaults; undefined: the function has no such number, and takes none of the node's lists. */
  readonly alpha?: number;
  readonly beta?: number;
  readonly emit: Emit;
}

const plain = (op: string): Known => ({ emit: (g, x) => g.op(op, [x]) });
const scaled = (g: GraphBuilder, x: string, by: number): string => (by === 1 ? x : g.mul(x, g.scalar(by)));

/** ONNX LSTM-14, "Activation functions"; the defaults are those of the ops of the same name. */
const KNOWN: Readonly<Record<string, Known>> = {
  relu: plain('Relu'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softsign: plain('Softsign'),
  softplus: plain('Softplus'),
  affine: { alpha: 1, beta: 0, emit: (g, x, a, b) => g.add(scaled(g, x, a), g.scalar(b)) },
  leakyrelu: { alpha: 0.01, emit: (g, x, a) => g.op('LeakyRelu', [x], { alpha: float(a) }) },
  thresholdedrelu: { alpha: 1, emit: (g, x, a) => g.op('ThresholdedRelu', [x], { alpha: float(a) }) },
  scaledtanh: { alpha: 1, beta: 1, emit: (g, x, a, b) => scaled(g, g.op('Tanh', [scaled(g, x, b)]), a) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, emit: (g, x, a, b) => g.op('HardSigmoid', [x], { alpha: float(a), beta: float(b) }) },
  elu: { alpha: 1, emit: (g, x, a) => g.op('Elu', [x], { alpha: float(a) }) },
};

/** Attributes of RNN, GRU and LSTM that choose their functions, under their ONNX names; undefined where the node lacks them. */
export interface ActivationAttributes {
  readonly activations: readonly string[] | undefined;
  readonly activation_alpha: readonly number[] | undefined;
  readonly activation_beta: readonly number[] | undefined;
  /** What goes into f and g is clipped to [-clip, clip]; 0 or undefined: not at all. */
  readonly clip: number | undefined;
}

/**
 * The functions of a node, one per gate function f, g, h of `defaults`, for values whose first axis is the direction where there are two.
 * alpha and beta are handed out in order to those functions that have them. What goes into f and g is clipped to [-clip, clip].
 * DIFFERS: ONNX says so of h too; onnxruntime does not clip it.
 */
export function activationsOf(
  n: StaticNode,
  { activations, activation_alpha, activation_beta, clip }: ActivationAttributes,
  defaults: readonly string[],
  directions: number,
  g: GraphBuilder,
): Activation[] {
  const count = defaults.length;
  // Functions given once hold for both directions, as onnxruntime has it.
  const given = activations?.length ? activations : defaults;
  const names = given.length === count && directions === 2 ? [...given, ...given] : given;
  if (names.length !== count * directions)
    return n.refuse(`expected ${count * directions} activations, received ${given.length}: ${given.join(', ')}.`);
  const [alphas, betas] = [[...(activation_alpha ?? [])], [...(activation_beta ?? [])]];
  const made = names.map((name): { key: string; apply: Activation } => {
    const known = own(KNOWN, name.toLowerCase());
    if (!known) return n.refuse(`activation '${name}' is not known. Known: ${Object.keys(KNOWN).join(', ')}.`);
    const alpha = known.alpha === undefined ? 0 : (alphas.shift() ?? known.alpha);
    const beta = known.beta === undefined ? 0 : (betas.shift() ?? known.beta);
    return { key: `${name.toLowerCase()} ${alpha} ${beta}`, apply: (x) => known.emit(g, x, alpha, beta) };
  });
  return made.slice(0, count).map((first, i): Activation => {
    const clipped = (x: string): string => (clip && i < 2 ? g.op('Clip', [x, g.scalar(-clip), g.scalar(clip)]) : x);
    const second = made[count + i];
    if (!second || second.key === first.key) return (x) => first.apply(clipped(x));
    return (x) => {
      const [a, b] = g.ops('Split', [clipped(x), g.ints([1, 1])], 2, { axis: 0 }) as [string, string];
      return g.op('Concat', [first.apply(a), second.apply(b)], { axis: 0 });
    };
  });
}
