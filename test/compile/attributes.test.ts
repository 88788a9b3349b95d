// Attributes of a file that mean nothing to their op: another name, another kind, or a name that every object has. Each is refused by name.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { LanError, LanErrors } from '../../src/core/errors.js';
import { float32 } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder, type AttributeInput } from '../../src/onnx/builder.js';
import type { Graph, Model } from '../../src/onnx/graph.js';

const modelOf = (graph: Graph, opset: number): Model => ({
  irVersion: 8,
  producer: '',
  opsets: new Map([
    ['', opset],
    ['com.microsoft', 1],
    ['ai.onnx.ml', 3],
  ]),
  metadata: {},
  functions: [],
  graph,
});

/** One node over x [1, 1, 4, 4] and constants of these shapes. */
function oneNode(
  op: string,
  attributes: Record<string, AttributeInput>,
  others: number[][] = [],
  opset = 18,
  domain = '',
): Model {
  const g = new GraphBuilder('one');
  const x = g.input('x', 'float32', [1, 1, 4, 4]);
  const inputs = others.map((dims) => g.constant(float32(new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.5), dims)));
  g.output(g.op(op, [x, ...inputs], attributes, domain), 'y');
  return modelOf(g.build(), opset);
}

const refusal = (model: Model): string => {
  try {
    canonicalize(model, adapters);
  } catch (error) {
    if (error instanceof LanErrors) return error.problems.join('\n');
    throw error;
  }
  return 'not refused';
};

describe('another kind', () => {
  test.each<[string, Record<string, AttributeInput>, string]>([
    ['AveragePool', { kernel_shape: [2, 2], strides: 'two' }, "expected attribute 'strides' to be a list of whole numbers, received a string"],
    ['MaxPool', { kernel_shape: 2 }, "expected attribute 'kernel_shape' to be a list of whole numbers, received a whole number"],
    ['LeakyRelu', { alpha: 1 }, "expected attribute 'alpha' to be a float, received a whole number"],
    ['Softmax', { axis: 'last' }, "expected attribute 'axis' to be a whole number, received a string"],
    ['Softmax', { axis: { kind: 'reference', type: 2, value: 'axis' } }, 'received a reference to an attribute of a function, outside of one'],
    ['If', { then_branch: 1, else_branch: 0 }, "expected attribute 'then_branch' to be a graph, received a whole number"],
    ['ConcatFromSequence', { axis: 'first' }, "expected attribute 'axis' to be a whole number, received a string"],
  ])('%s %o', (op, attributes, reason) => expect(refusal(oneNode(op, attributes))).toContain(reason)); // prettier-ignore

  test('of an older definition as well', () => {
    expect(refusal(oneNode('Pad', { pads: 'all' }, [], 2))).toContain("'pads' to be a list of whole numbers, received a string");
    // Cast-1 names its type by a string, later ones by a number: the one as the other is told apart by what it says.
    expect(refusal(oneNode('Cast', { to: 'FLOAT' }, [], 1))).toBe('not refused');
    expect(refusal(oneNode('Cast', { to: [1] }))).toContain("expected attribute 'to' to be a whole number or a string, received");
  });
});

describe('of another length', () => {
  test.each<[Record<string, AttributeInput>, string]>([
    [{ kernel_shape: [3, 2, 5], strides: [2, 3], dilations: [2, 3, 1] }, 'strides has 2 numbers, and kernel_shape [3,2,5] asks for 3'],
    [{ kernel_shape: [3, 2], dilations: [2] }, 'dilations has 1 numbers, and kernel_shape [3,2] asks for 2'],
    [{ kernel_shape: [3, 2], pads: [1, 1], ceil_mode: 1, count_include_pad: 1 }, 'pads has 2 numbers, and kernel_shape [3,2] asks for 4'],
  ])('AveragePool %o', (attributes, reason) => expect(refusal(oneNode('AveragePool', attributes, [], 19))).toContain(reason)); // prettier-ignore
});

describe('names that every object has', () => {
  test('an attribute', () =>
    expect(refusal(oneNode('Relu', { constructor: 1 }))).toContain("attribute 'constructor' is not understood"));

  test('an activation, a dtype, a way to branch', () => {
    const step = [
      [1, 1, 4],
      [1, 1, 1],
    ];
    expect(refusal(oneNode('FusedConv', { activation: 'constructor' }, [[1, 1, 2, 2]], 18, 'com.microsoft'))).toContain("received 'constructor'"); // prettier-ignore
    expect(refusal(oneNode('Cast', { to: 'constructor' }, [], 1))).toContain("'constructor', which names no dtype");
    expect(refusal(oneNode('TreeEnsembleRegressor', { n_targets: 1, nodes_modes: ['constructor'] }, [], 18, 'ai.onnx.ml'))).toContain("received 'constructor'"); // prettier-ignore
    const rnn = canonicalize(oneNode('RNN', { activations: ['constructor'], hidden_size: 1 }, step), adapters);
    expect(rnn.nodes.map((n) => n.op)).toContain('RNN');
  });

  test('a mode', async () => {
    const graph = canonicalize(oneNode('GridSample', { mode: 'constructor' }, [[1, 2, 2, 2]], 20), adapters);
    await expect(specialize(graph, {}, probe, adapters)).rejects.toThrow(LanError);
  });

  test('a value', async () => {
    const g = new GraphBuilder('names');
    const x = g.input('toString', 'float32', [1, 2]);
    g.append('Relu', [x], ['constructor']);
    // What decides a shape is run before the rest.
    g.append('Shape', ['constructor'], ['hasOwnProperty']);
    g.append('Cast', ['hasOwnProperty'], ['valueOf'], { to: 1 });
    g.append('Cast', ['valueOf'], ['isPrototypeOf'], { to: 7 });
    g.append('Expand', ['constructor', 'isPrototypeOf'], ['toLocaleString']);
    g.output('toLocaleString');
    // onnxruntime's own binding takes such a name for what every object has: it is run under another one.
    const { types } = await specialize(canonicalize(modelOf(g.build(), 18), adapters), {}, probe, adapters);
    expect(types.get('toLocaleString')).toEqual({ type: 'float32', dims: [1, 2] });
  });
});
