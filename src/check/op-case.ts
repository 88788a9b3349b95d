// One op test as data, the model it stands for, and seeded inputs for it.
import { adapters as builtIn } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { random } from '../core/random.js';
import { float32, sizeOf, type Tensor } from '../core/tensor.js';
import { GraphBuilder, type AttributeInput } from '../onnx/builder.js';
import type { Model } from '../onnx/graph.js';

/** What an op is tried on: one node, with its inputs. */
export interface OpCase {
  /** Unique within the family; starts with the op. */
  readonly name: string;
  readonly op: string;
  /** '' by default. */
  readonly domain?: string;
  readonly opset: number;
  /** undefined is an omitted input. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  /** How many outputs are in use; 1 by default. */
  readonly outputs?: number;
  /** Indices of inputs given as initialisers; default: the adapter's `constants`. */
  readonly initializers?: readonly number[];
  /** Indices of inputs to differentiate by; default: every float32 input that is no initialiser. */
  readonly wrt?: readonly number[];
  /** Indices of outputs to compare; default: all. */
  readonly compare?: readonly number[];
  /**
   * The outputs by another way, where onnxruntime cannot run the op: as they are, or as a function of all inputs by index, which central differences are then
   * taken of as well.
   */
  readonly expected?: readonly Tensor[] | ((inputs: readonly (Tensor | undefined)[]) => readonly Tensor[]);
  /**
   * Quantised: outputs may differ from onnxruntime's by this many steps of their type (default: the tolerance of floats), since it adds up in
   * integers, in another order or by a table, and a number next to a half is then rounded the other way.
   */
  readonly steps?: number;
  /** A float output that is a staircase: central differences are taken of the form without its rounding. */
  readonly staircase?: true;
  /** Inputs lie where the op has no derivative: those to which its gradient gives 0 are left where they are by central differences. */
  readonly atKink?: true;
  /** Engines that refuse the case on purpose: an adapter's `forward` or `vjp` is a todo. */
  readonly skip?: readonly ('tfjs' | 'onnx gradient')[];
}

/**
 * A case whose name starts with its op.
 *
 * @example
 * caseOf('of alpha 2', 'Bent', 1, [uniform([2, 3, 5], 0)], { alpha: float(2) }, { domain: 'com.example' });
 */
export const caseOf = (
  name: string,
  op: string,
  opset: number,
  inputs: OpCase['inputs'],
  attributes: OpCase['attributes'] = {},
  more: Partial<OpCase> = {},
): OpCase => ({ name: `${op} ${name}`, op, opset, inputs, attributes, ...more });

/** Seeded floats, uniform in [low, high), of this shape; another `draw`, other numbers. */
export const uniform = (dims: readonly number[], draw: number, low = -2, high = 2): Tensor =>
  float32(random(20260728, 9).uniform(new Float32Array(sizeOf(dims)), draw, low, high), dims);

/**
 * The same with everything within `margin` of one of `kinks` moved out to it, for functions that bend there.
 *
 * @example
 * uniformAway([2, 3], 0, [0]); // for Relu
 */
export function uniformAway(
  dims: readonly number[],
  draw: number,
  kinks: readonly number[],
  low = -2,
  high = 2,
  margin = 0.05,
): Tensor {
  const data = (uniform(dims, draw, low, high).data as Float32Array).map((v) => {
    const kink = kinks.find((k) => Math.abs(v - k) < margin);
    return kink === undefined ? v : kink + (v < kink ? -margin : margin);
  });
  return float32(data, dims);
}

/**
 * All different values, at least `gap` apart, in seeded order: for max, sort and pooling.
 *
 * @example
 * distinct([2, 3, 7, 5], 0);
 */
export function distinct(dims: readonly number[], draw: number, gap = 0.05): Tensor {
  const keys = random(20260728, 10).uniform(new Float32Array(sizeOf(dims)), draw);
  const order = Array.from(keys, (_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
  const data = new Float32Array(keys.length);
  order.forEach((at, rank) => (data[at] = (rank - (keys.length - 1) / 2) * gap));
  return float32(data, dims);
}

/** The case's inputs that are fed at run time, by name. */
export const feedsOf = (test: OpCase, adapters = builtIn): Record<string, Tensor> => {
  const constant = initializersOf(test, adapters);
  return Object.fromEntries(test.inputs.flatMap((t, i) => (t && !constant.has(i) ? [[inputName(i), t]] : [])));
};

/** Name of input `i` in the model. */
export const inputName = (i: number): string => `x${i}`;
/** Name of output `i` in the model. */
export const outputName = (i: number): string => `y${i}`;

/** Indices of the outputs to compare. */
export const comparedOf = (test: OpCase): readonly number[] =>
  test.compare ?? Array.from({ length: test.outputs ?? 1 }, (_, i) => i);

/** Indices of the inputs to differentiate by. */
export const wrtOf = (test: OpCase, adapters = builtIn): readonly number[] => {
  const constant = initializersOf(test, adapters);
  return test.wrt ?? test.inputs.flatMap((t, i) => (t?.type === 'float32' && !constant.has(i) ? [i] : []));
};

function initializersOf(test: OpCase, adapters: readonly OpAdapter[]): ReadonlySet<number> {
  const adapter = adapters.findLast((a) => a.op === test.op && (a.domain ?? '') === (test.domain ?? ''));
  return new Set(test.initializers ?? adapter?.constants ?? []);
}

/** A model of one node, at the case's opset. */
export function modelOf(test: OpCase, adapters = builtIn): Model {
  const g = new GraphBuilder(test.name);
  const constant = initializersOf(test, adapters);
  const inputs = test.inputs.map((t, i) => {
    if (!t) return '';
    if (!constant.has(i)) return g.input(inputName(i), t.type, t.dims);
    g.reserve([inputName(i)]);
    g.constants.set(inputName(i), t);
    return inputName(i);
  });
  const compared = comparedOf(test);
  const used = Math.max(test.outputs ?? 1, ...compared.map((i) => i + 1));
  const outputs = Array.from({ length: used }, (_, i) =>
    test.outputs !== undefined || compared.includes(i) ? outputName(i) : '',
  );
  g.append(test.op, inputs, outputs, { ...test.attributes }, test.domain);
  for (const i of compared) g.output(outputName(i));
  const opsets = new Map([['', test.domain ? 18 : test.opset]]);
  if (test.domain) opsets.set(test.domain, test.opset);
  // IR 8 is old enough for every reader; onnxruntime checks only that it is not too new.
  return { irVersion: 8, producer: 'test', opsets, metadata: {}, functions: [], graph: g.build() };
}
