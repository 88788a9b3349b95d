// Models in other float types: what becomes float32, what stays, and the whole way from the file to gradients and an audit.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { check } from '../../src/check/check.js';
import { TOLERANCES } from '../../src/check/tolerances.js';
import { canonicalize, rewrite } from '../../src/compile/canonicalize.js';
import { computedIn, widen } from '../../src/compile/widen.js';
import { halfToNumber, numberToHalf } from '../../src/core/half.js';
import { float32, int64, toFloat32, toFloatType, toNumbers, type DType, type Tensor } from '../../src/core/tensor.js';
import { audit } from '../../src/explain/audit.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { subgraphs, type Graph, type Model } from '../../src/onnx/graph.js';
import { squeezeNet } from '../nets/classics.js';
import { converted, inType } from '../nets/half.js';
import { denseNet121 } from '../nets/large.js';
import { efficientNetB0, mobileNetV3 } from '../nets/mobile.js';
import { Net, pictureOf } from '../nets/net.js';
import { modelOf } from '../support/encoded.js';

const SMALL = { size: 48, classes: 12, depth: 1, channels: 1 / 4 };
const HALF = /^The model computes in float16\./;
const float16 = (values: number[], dims = [values.length]): Tensor => converted(float32(values, dims), 'float16');
const float64 = (values: number[], dims = [values.length]): Tensor => converted(float32(values, dims), 'float64');

/** Dense layers only: what onnxruntime runs in float64. */
function perceptron(): Model {
  const n = new Net('perceptron');
  const hidden = n.dense(n.flat(n.input(2, 3, 5)), 20, 'relu');
  return n.build(n.g.op('Softmax', [n.dense(hidden, 7).name], { axis: 1 }));
}

/** The perceptron with its weights stored in `type` and cast to float32 where they are read. */
function storedIn(type: 'float16' | 'bfloat16'): Model {
  const model = perceptron();
  const weights = [...model.graph.constants].filter(([, t]) => t.type === 'float32');
  const constants = new Map([
    ...model.graph.constants,
    ...weights.map(([name, t]) => [`${name}_stored`, converted(t, type)] as const),
  ]);
  for (const [name] of weights) constants.delete(name);
  const casts = weights.map(([name]) => ({
    op: 'Cast',
    domain: '',
    name,
    inputs: [`${name}_stored`],
    outputs: [name],
    attributes: { to: { kind: 'int' as const, value: 1 } },
  }));
  return { ...model, graph: { ...model.graph, constants, nodes: [...casts, ...model.graph.nodes] } };
}

const types = (graph: Graph): DType[] => [...graph.constants.values()].map((t) => t.type);

test.each([
  ['SqueezeNet', squeezeNet(SMALL), false],
  ['SqueezeNet with float32 inputs and outputs', squeezeNet(SMALL), true],
  ['DenseNet', denseNet121(SMALL), false],
  ['EfficientNet', efficientNetB0(SMALL), false],
  ['MobileNetV3 with float32 inputs and outputs', mobileNetV3(SMALL), true],
])('float16 %s agrees with onnxruntime on the file', async (_, model, keepIo) => {
  const report = await check(encodeModel(inType(model, 'float16', keepIo)), { samples: 1, nodes: true });
  expect(report.notes).toEqual([expect.stringMatching(HALF)]);
  expect(report.tolerance).toBe(TOLERANCES.half);
  const wrong = [...report.outputs, ...report.gradients].filter((row) => !row.ok);
  expect([wrong, report.agrees]).toEqual([[], true]);
  expect([report.outputs.length, report.gradients.length, report.nodes.length]).toEqual([2, 3, 2]);
  for (const row of report.outputs) {
    // The file really ran in float16: float32 would agree to six digits.
    expect(row.maxError).toBeGreaterThan(1e-5);
    expect(row.top1).toBe(1);
  }
});

test('a float16 model that is converted wrongly disagrees', async () => {
  const bytes = encodeModel(inType(squeezeNet(SMALL), 'float16'));
  // A plug-in that gets Relu wrong stands for any mistake in the conversion.
  const wrong = adapters.map((a) =>
    a.op === 'Relu' ? { ...a, canonicalize: (n: { x: readonly string[] }, g: GraphBuilder) => g.op('LeakyRelu', [n.x[0]!]) } : a,
  );
  const report = await check(bytes, { samples: 1, gradients: false, adapters: wrong });
  expect(report.outputs.map((row) => row.ok)).toEqual([false, false]);
});

test('a float16 model is run and differentiated in float32', async () => {
  const model = squeezeNet(SMALL);
  const half = await openModel(encodeModel(inType(model, 'float16')));
  // The same weights in a float32 file: exactly what the float16 file is to become.
  const rounded = (t: Tensor): Tensor => (t.type === 'float32' ? toFloatType(converted(t, 'float16'), 'float32') : t);
  const constants = new Map([...model.graph.constants].map(([name, t]) => [name, rounded(t)]));
  const full = await openModel(encodeModel({ ...model, graph: { ...model.graph, constants } }));
  expect([half.inputs[0]!.type, half.outputs[0]!.type, half.precision, full.precision]).toEqual([
    'float32',
    'float32',
    'float16',
    'float32',
  ]);
  expect(half.notes).toEqual(['the model computes in float16; converted it computes in float32, gradients included']);
  const x = rounded(pictureOf([1, 3, 48, 48]));
  const cotangents = { logits: pictureOf([1, 12], 3) };
  const [a, b] = [await half.vjp({ x }, cotangents), await full.vjp({ x }, cotangents)];
  expect(a.outputs['logits']!.data).toEqual(b.outputs['logits']!.data);
  expect(a.gradients['x']!.data).toEqual(b.gradients['x']!.data);
  // Values in the file's own type are taken too.
  const own = await half.run({ x: toFloatType(x, 'float16') });
  expect(own['logits']!.data).toEqual((await half.run({ x }))['logits']!.data);
  await expect(half.run({ x: toFloatType(x, 'float64') })).rejects.toThrow(
    "Input 'x': expected float32[1,3,48,48], received float64[1,3,48,48].",
  );
  await half.dispose();
  await full.dispose();
});

test('a float16 model is audited', async () => {
  const classifier = await openModel(encodeModel(inType(squeezeNet(SMALL), 'float16')), { card: { input: { range: 1 } } });
  const x = { ...pictureOf([1, 3, 48, 48]), data: toFloat32(pictureOf([1, 3, 48, 48])).map((v) => 0.5 + 0.1 * v) };
  const result = await audit(classifier, x, { settings: { betas: [3], iterations: 3 }, evidenceDraws: 8 });
  expect(result.agreement).toBeGreaterThan(1e-7);
  expect(result.agreement).toBeLessThan(2e-2);
  expect(result.betas[0]!.evidence.soft.draws).toBe(8);
  await classifier.dispose();
});

test('inspect tells the types of the file', async () => {
  const report = await inspect(encodeModel(inType(squeezeNet(SMALL), 'float16', true)));
  expect([report.problems, report.notes]).toEqual([[], []]);
  expect(report.inputs.map((i) => i.type)).toEqual(['float32']);
  expect(report.ops.find((o) => o.op === 'Conv')).toMatchObject({ onnxruntimeGradient: 'yes', tfjsGradient: 'yes' });
  const plain = await inspect(encodeModel(inType(squeezeNet(SMALL), 'float16')));
  expect(plain.inputs.map((i) => i.type)).toEqual(['float16']);
});

test.each([false, true])('a float64 model is compared in float64 (float32 ends: %s)', async (keepIo) => {
  const report = await check(encodeModel(inType(perceptron(), 'float64', keepIo)), { samples: 2 });
  expect([report.notes, report.tolerance, report.agrees]).toEqual([[], TOLERANCES.forward, true]);
  expect([report.outputs.length, report.gradients.length]).toEqual([2, 3]);
});

test('what onnxruntime does not run in its own type is compared in its canonical form', async () => {
  for (const [type, reason] of [
    ['float64', /^onnxruntime refuses the model: .*Could not find an implementation for Conv/],
    ['bfloat16', /^'x' is bfloat16, which onnxruntime neither takes from JavaScript nor gives to it\./],
  ] as const) {
    const report = await check(encodeModel(inType(squeezeNet(SMALL), type)), { samples: 1 });
    expect(report.notes).toEqual([expect.stringMatching(reason)]);
    expect(report.notes[0]).toMatch(/The reference is its canonical form in onnxruntime/);
    expect([report.agrees, report.tolerance]).toEqual([true, TOLERANCES.forward]);
  }
});

test.each(['float16', 'bfloat16'] as const)('weights only stored in %s lose nothing', async (type) => {
  const report = await check(encodeModel(storedIn(type)), { samples: 1 });
  expect([report.notes, report.tolerance, report.agrees]).toEqual([[], TOLERANCES.forward, true]);
});

test('float64 stays in arithmetic on shapes', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [2, 49]);
  // 49 * (1 / 49) is below 1 in float64, and 1 in float32.
  const size = g.cast(g.op('Mul', [g.cast(g.op('Shape', [x]), 11), g.constant(float64([1 / 2, 1 / 49]))]), 7);
  g.output(g.op('Expand', [g.reduceSum(x, [0, 1], true), size]), 'y');
  const graph = rewrite(modelOf(g), adapters);
  expect([...computedIn(graph)]).toEqual([]);
  expect(types(widen(graph))).toContain('float64');
});

test('every place that names a type is widened', () => {
  const inner = new GraphBuilder('then');
  inner.output(inner.add('h', inner.constant(float16([3, 4]))), 'inner');
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [2]);
  g.append('Cast', [x], ['h'], { to: 10 });
  const filled = g.op('ConstantOfShape', [g.constant(int64([2]))], { value: { kind: 'tensor', value: float16([1.5]) } });
  const branch = { ...inner.build(), inputs: [] };
  g.append('If', [g.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) })], ['i'], {
    then_branch: { kind: 'graph', value: branch },
    else_branch: { kind: 'graph', value: branch },
  });
  g.output(g.add('i', filled), 'y');
  const graph = canonicalize(modelOf(g), adapters);
  const [cast, fill, choice] = ['Cast', 'ConstantOfShape', 'If'].map((op) => graph.nodes.find((n) => n.op === op)!);
  expect(cast!.attributes['to']).toEqual({ kind: 'int', value: 1 });
  expect(fill!.attributes['value']).toEqual({ kind: 'tensor', value: float32([1.5]) });
  for (const body of subgraphs(choice!)) expect([...body.constants.values()]).toEqual([float32([3, 4])]);
  expect([...computedIn(rewrite(modelOf(g), adapters))]).toEqual(['float16']);
});

test('float types convert both ways, half to even', () => {
  const values = [0, -0, 1 / 3, 65504, 65520, -2049, 2 ** -25, Infinity];
  const half = toFloatType(float32(values), 'float16');
  expect(Array.from(toNumbers(half))).toEqual([0, -0, 0.333251953125, 65504, Infinity, -2048, 0, Infinity]);
  // Float32Arrays take a way of their own, on bits: every half, its neighbours in float32, and the ties between halves.
  const bits = Uint32Array.from({ length: 1 << 16 }, (_, i) => (i << 16) | [0, 0x0fff, 0x1000, 0x1001, 0x3000][i % 5]!);
  const floats = new Float32Array(bits.buffer);
  const all = Array.from({ length: 1 << 11 }, (_, i) => ((i % 2 ? -1 : 1) * (i + 0.5)) / 2 ** 24);
  for (const some of [floats, Float32Array.from(all)])
    expect(toFloatType(float32(some), 'float16').data).toEqual(Uint16Array.from(some, numberToHalf));
  // Many halves are looked up, few are worked out.
  const every = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
  expect(toNumbers({ type: 'float16', dims: [1 << 16], data: every })).toEqual(Float32Array.from(every, halfToNumber));
  expect(toFloatType(half, 'float16')).toBe(half);
  expect(toFloatType(half, 'float64').data).toBeInstanceOf(Float64Array);
});
