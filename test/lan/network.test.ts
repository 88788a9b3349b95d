// Networks in the paper's notation: what is read, what is refused, shapes, initial values, and that both engines compute them.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, sizeOf, toFloat32 } from '../../src/core/tensor.js';
import { random } from '../../src/core/random.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { appendParameters, createNetwork, dropoutFeeds, LEAKY_SLOPE } from '../../src/lan/network.js';
import { parseLayers } from '../../src/lan/notation.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

test('the classifier of Appendix A', () => {
  const network = createNetwork('Conv(10, 2, (4 × 4), l-ReLU)', [1, 28, 28]);
  expect(network.outputShape).toEqual([10, 14, 14]);
  const whole = createNetwork('Conv(10, 2, 4x4, lrelu), Conv(20, 2, 4x4, lrelu), FC(10, softmax)', [1, 28, 28]);
  expect(whole.outputShape).toEqual([10]);
  expect(whole.parameters.map((p) => `${p.name} ${p.dims.join('x')}`)).toEqual([
    'conv1.weight 10x1x4x4',
    'conv1.bias 10',
    'conv2.weight 20x10x4x4',
    'conv2.bias 20',
    'fc3.weight 980x10',
    'fc3.bias 10',
  ]);
});

test('commas, arrows, semicolons and line ends part layers; names of activations as they are written', () => {
  const layers = parseLayers('Conv(4,1,3×3,ReLU) -> Dropout(0.5); LRN(5)\nFC(3, leaky-relu) FC(2, Linear)');
  expect(layers.map((l) => l.kind)).toEqual(['Conv', 'Dropout', 'LRN', 'FC', 'FC']);
  expect(layers[3]).toEqual({ kind: 'FC', units: 3, activation: 'lrelu' });
});

describe('refused', () => {
  const forms =
    'Conv(filters, stride, 4x4, activation), ConvTrans(filters, stride, 4x4, activation), FC(units, activation), Dropout(rate), LRN(size[, alpha, beta, bias]), Average(dimensions)';
  test.each([
    ['', "Network: no layer in ''. Expected e.g. FC(100, lrelu), FC(784, sigmoid)."],
    ['FC(10, relu) +', `Network: cannot read '+'. Expected ${forms}.`],
    ['Pool(2)', `Network: no layer is called 'Pool'. Expected ${forms}.`],
    ['Conv(3, 1, 4, relu)', "Network: 'Conv(3, 1, 4, relu)' does not have the form Conv(filters, stride, 4x4, activation)."],
    ['FC(0, relu)', "Network: 'FC(0, relu)' does not have the form FC(units, activation)."],
    ['FC(10, gelu)', "Network: 'FC(10, gelu)' does not have the form FC(units, activation)."],
    ['Dropout(1)', "Network: 'Dropout(1)' does not have the form Dropout(rate)."],
    ['FC(10, softmax), FC(2, linear)', "Network 'FC(10, softmax), FC(2, linear)': softmax is for the last layer only."],
    ['FC(10, relu), LRN(3)', 'Network: LRN needs a picture [C,H,W], but [10] comes in.'],
    ['FC(10, relu), Conv(1, 1, 1x1, relu)', 'Network: Conv needs a picture [C,H,W], but [10] comes in.'],
    ['FC(99999999, relu)', "Network 'FC(99999999, relu)': 4899999951 parameters; at most 268435456 can be trained."],
  ])('%s', (text, message) => expect(() => createNetwork(text, [1, 6, 8])).toThrow(message));
});

test('initial values: He before rectifiers, Glorot elsewhere, zeros for biases, the same by seed', () => {
  const network = createNetwork('FC(400, lrelu), FC(300, sigmoid)', [500]);
  const values = network.initial(3);
  const deviation = (name: string): number => Math.sqrt(values[name]!.reduce((s, v) => s + v * v, 0) / values[name]!.length);
  expect(deviation('fc1.weight')).toBeCloseTo(Math.sqrt(2 / ((1 + LEAKY_SLOPE ** 2) * 500)), 3);
  expect(deviation('fc2.weight')).toBeCloseTo(Math.sqrt(2 / (400 + 300)), 3);
  expect(deviation('fc1.bias')).toBe(0);
  expect(network.initial(3)).toEqual(values);
  expect(network.initial(4)['fc1.weight']).not.toEqual(values['fc1.weight']);
});

test('an average of embeddings, by hand', async () => {
  const network = createNetwork('Average(2)', [3]);
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [2, 3]);
  appendParameters(g, network);
  g.output(network.append(g, x), 'y');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const program = await createOrtEngine(adapters, { threads: 1 }).compile(graph);
  const weight = float32([1, 2, 10, 20, 100, 200], [3, 2]);
  const { y } = await program.run({ x: float32([1, 0, 3, 0, 0, 0], [2, 3]), 'average1.weight': weight });
  await program.dispose();
  expect(Array.from(toFloat32(y!))).toEqual([(1 + 300) / 4, (2 + 600) / 4, 0, 0]);
});

// Odd sizes, strides beyond the kernel and below it, every kind of layer.
test.each([
  ['Conv(3, 2, 4x3, lrelu), LRN(3), ConvTrans(2, 2, 4x3, tanh), Dropout(0.4), FC(5, softmax)', [2, 7, 9], [5]],
  ['Conv(4, 3, 2x2, relu), ConvTrans(3, 3, 2x4, sigmoid)', [1, 8, 10], [3, 9, 12]],
  ['Average(4), Dropout(0.2), FC(3, relu), FC(2, linear)', [6], [2]],
] as const)('%s: engines agree, gradients included', async (text, input, output) => {
  const network = createNetwork(text, input, 'n.');
  expect(network.outputShape).toEqual(output);
  const batch = 2;
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [batch, ...input]);
  appendParameters(g, network);
  const y = network.append(g, x, { training: { batch } });
  const weights = random(1, 1).normal(new Float32Array(batch * sizeOf(output)), 0);
  g.output(g.op('ReduceSum', [g.mul(y, g.constant(float32(weights, [batch, ...output])))], { keepdims: 0 }), 'loss');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const wrt = network.parameters.map((p) => p.name);
  const feeds = {
    x: float32(random(2, 1).uniform(new Float32Array(batch * sizeOf(input)), 0), [batch, ...input]),
    ...Object.fromEntries(network.parameters.map((p) => [p.name, float32(network.initial(5)[p.name]!, p.dims)])),
    ...dropoutFeeds(network, batch, 1, 0),
  };
  const results = [];
  for (const engine of [createOrtEngine(adapters, { threads: 1 }), await createTfEngine(adapters, { backend: 'cpu' })]) {
    const program = await engine.gradient(graph, 'loss', wrt);
    results.push(await program.run(feeds));
    await program.dispose();
  }
  for (const name of Object.keys(results[0]!)) {
    const [a, b] = results.map((r) => toFloat32(r[name]!)) as [Float32Array, Float32Array];
    const scale = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6);
    a.forEach((v, i) => expect(Math.abs(v - b[i]!) / scale).toBeLessThan(1e-3));
  }
});

test('dropout keeps the mean and drops its share, pure in seed and step', () => {
  const network = createNetwork('Dropout(0.25), FC(1, linear)', [4000]);
  const { dropout1 } = dropoutFeeds(network, 3, 7, 11);
  const data = toFloat32(dropout1!);
  expect(new Set(data)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  expect(data.reduce((a, b) => a + b, 0) / data.length).toBeCloseTo(1, 1);
  expect(dropoutFeeds(network, 3, 7, 11)['dropout1']).toEqual(dropout1);
  expect(dropoutFeeds(network, 3, 7, 12)['dropout1']).not.toEqual(dropout1);
});
