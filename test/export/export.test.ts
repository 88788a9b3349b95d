// Exported files in bare onnxruntime: outputs, loss and gradient of `export-gradient`, whole steps of `export-step`, and their commands.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import { adapters } from '../../adapters/index.js';
import { none } from '../../adapters/op.js';
import { adamFactors } from '../../src/core/adam.js';
import { random } from '../../src/core/random.js';
import { numberToHalf } from '../../src/core/half.js';
import { float32, int64, scalar, sizeOf, toFloat32, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { sha256 } from '../../src/data/files.js';
import { dialectModel } from '../../src/engine/ort.js';
import { exportGradient } from '../../src/export/gradient.js';
import { publish } from '../../src/export/publish.js';
import { exportStep } from '../../src/export/step.js';
import { resolveSettings } from '../../src/lan/settings.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel, type OpenOptions } from '../../src/model/open.js';
import { preprocessTensor } from '../../src/model/preprocess.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { objectiveOf } from '../../src/explain/objective.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-export-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let draw = 0;
const normal = (deviation: number, ...dims: number[]): Tensor =>
  float32(random(3, 7).normal(new Float32Array(sizeOf(dims)), draw++, 0, deviation), dims);

/** image ['batch',3,8,9] -> Conv, Tanh, GlobalAveragePool, Gemm, Softmax -> [batch,5]; smooth, so that differences are to be trusted. */
function softmaxNet(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', 3, 8, 9]);
  const h = g.op('Tanh', [g.op('Conv', [x, g.constant(normal(0.4, 4, 3, 3, 3)), g.constant(normal(0.4, 4))], { pads: [1, 1, 1, 1] })]); // prettier-ignore
  const flat = g.op('Flatten', [g.op('GlobalAveragePool', [g.mul(h, h)])], { axis: 1 });
  g.append('Gemm', [flat, g.constant(normal(4, 5, 4)), g.constant(normal(0.4, 5))], ['scores'], { transB: 1 });
  g.append('Softmax', ['scores'], ['probabilities'], { axis: 1 });
  g.output('probabilities');
  return encodeModel(dialectModel(g.build()));
}

/** Names that get in the way: values inside called `loss` and `target`, an output `loss_2`, an input that is no identifier; an integer input. */
function logitsNet(): Uint8Array {
  const g = new GraphBuilder();
  g.input('in:0', 'float32', ['n', 6]);
  g.input('row', 'int64', ['n']);
  g.append('MatMul', ['in:0', g.constant(normal(0.6, 6, 7))], ['loss']);
  g.append('Tanh', ['loss'], ['target']);
  g.append('Gather', [g.constant(normal(1, 3, 7)), 'row'], ['shift'], { axis: 0 });
  g.append('MatMul', [g.add('target', 'shift'), g.constant(normal(0.9, 7, 4))], ['logits']);
  g.append('Exp', ['target'], ['loss_2']);
  g.output('logits');
  g.output('loss_2');
  return encodeModel(dialectModel(g.build()));
}

function sigmoidNet(): Uint8Array {
  const g = new GraphBuilder();
  g.input('x', 'float32', ['n', 6]);
  g.append('Sigmoid', [g.matMul('x', g.constant(normal(0.6, 6, 3)))], ['p']);
  g.output('p');
  return encodeModel(dialectModel(g.build()));
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
}

/** Nothing of this project in between. */
async function bare(bytes: Uint8Array): Promise<Session> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (feeds) =>
      await session.run(
        Object.fromEntries(Object.entries(feeds).map(([k, t]) => [k, new ort.Tensor(t.type as 'float32', t.data as Float32Array, t.dims as number[])])), // prettier-ignore
      ),
  };
}

async function using<T>(bytes: Uint8Array, options: OpenOptions, body: (classifier: Classifier) => Promise<T>): Promise<T> {
  const classifier = await openModel(bytes, { threads: 1, ...options });
  try {
    return await body(classifier);
  } finally {
    await classifier.dispose();
  }
}

const values = (t: Tensor | undefined): number[] => Array.from(toNumbers(t!));
const close = (received: Tensor | undefined, expected: ArrayLike<number>, digits: number): void =>
  expect(values(received)).toEqual(Array.from(expected, (v) => expect.closeTo(v, digits) as unknown as number));
const rows = (k: number): Tensor => {
  // Two targets, neither one-hot nor alike.
  const t = Array.from({ length: 2 * k }, (_, i) => 1 + ((i * 7) % 5));
  const total = (r: number): number => t.slice(r * k, (r + 1) * k).reduce((a, b) => a + b, 0);
  return float32(t.map((v, i) => v / total(Math.floor(i / k))), [2, k]); // prettier-ignore
};

/** The slope of the file's own loss along its gradient, and along a random direction, by central differences. */
async function checkSlope(
  session: Session,
  feeds: Record<string, Tensor>,
  name: string,
  gradient: Tensor,
  step: number,
): Promise<void> {
  const g = Float64Array.from(toNumbers(gradient));
  for (const direction of [g, Float64Array.from(toNumbers(normal(1, g.length)))]) {
    const length = Math.hypot(...direction);
    const loss = async (h: number): Promise<number> => {
      const x = feeds[name]!;
      const moved = float32(
        toFloat32(x).map((v, i) => v + (h * direction[i]!) / length),
        x.dims,
      );
      return values((await session.run({ ...feeds, [name]: moved })).loss)[0]!;
    };
    const expected = g.reduce((s, v, i) => s + (v * direction[i]!) / length, 0);
    const measured = ((await loss(step)) - (await loss(-step))) / (2 * step);
    expect(Math.abs(measured - expected)).toBeLessThan(0.01 * Math.hypot(...g));
  }
}

describe('export-gradient', () => {
  test('a softmax model, batch 2: outputs, loss and gradient of the file alone', () =>
    using(softmaxNet(), { batch: 2 }, async (classifier) => {
      const exported = await exportGradient(classifier);
      const session = await bare(exported.bytes);
      expect([session.inputNames, session.outputNames]).toEqual([
        ['image', 'target'],
        ['probabilities', 'loss', 'image_grad'],
      ]);
      const image = normal(1, 2, 3, 8, 9);
      const target = rows(5);
      const results = await session.run({ image, target });
      const p = values(results.probabilities);
      const t = values(target);
      // d(-sum t log p / 2) / dp.
      const cotangent = float32(p.map((v, i) => -t[i]! / v / 2), [2, 5]); // prettier-ignore
      const expected = await classifier.vjp({ image }, { probabilities: cotangent });
      close(results.probabilities, toFloat32(expected.outputs.probabilities!), 6);
      close(results.probabilities, toFloat32(await classifier.predict(preprocessInverse(classifier, image))), 5);
      close(results.loss, [p.reduce((s, v, i) => s - t[i]! * Math.log(v), 0) / 2], 5);
      expect(results.image_grad!.dims).toEqual([2, 3, 8, 9]);
      expect(Math.hypot(...values(results.image_grad))).toBeGreaterThan(0.01);
      close(results.image_grad, toFloat32(expected.gradients.image!), 6);
      await checkSlope(session, { image, target }, 'image', results.image_grad!, 0.05);
    }));

  test('a logits model whose names get in the way, with an integer input and a second output', () =>
    using(logitsNet(), { batch: 2 }, async (classifier) => {
      const exported = await exportGradient(classifier);
      const session = await bare(exported.bytes);
      expect([session.inputNames, session.outputNames]).toEqual([
        ['in:0', 'row', 'target'],
        ['logits', 'loss_2', 'loss', 'in_0_grad'],
      ]);
      const own = { 'in:0': normal(1, 2, 6), row: int64([2, 0], [2]) };
      const target = rows(4);
      const results = await session.run({ ...own, target });
      const z = values(results.logits);
      const t = values(target);
      const sums = [0, 4].map((r) => Math.log(z.slice(r, r + 4).reduce((s, v) => s + Math.exp(v), 0)));
      const logP = z.map((v, i) => v - sums[Math.floor(i / 4)]!);
      close(results.loss, [logP.reduce((s, v, i) => s - t[i]! * v, 0) / 2], 5);
      const cotangent = float32(logP.map((v, i) => (Math.exp(v) - t[i]!) / 2), [2, 4]); // prettier-ignore
      const expected = await classifier.vjp(own, { logits: cotangent });
      for (const name of ['logits', 'loss_2']) close(results[name], toFloat32(expected.outputs[name]!), 6);
      close(results.in_0_grad, toFloat32(expected.gradients['in:0']!), 6);
      await checkSlope(session, { ...own, target }, 'in:0', results.in_0_grad!, 0.05);
    }));

  test('a sigmoid model: the sum of the binary cross-entropies, target as wide as the output', () =>
    using(sigmoidNet(), { batch: 2 }, async (classifier) => {
      const session = await bare((await exportGradient(classifier)).bytes);
      const x = normal(1, 2, 6);
      const target = float32([1, 0, 0.25, 0.5, 1, 0.75], [2, 3]);
      const results = await session.run({ x, target });
      const [p, t] = [values(results.p), values(target)];
      const loss = p.reduce((s, v, i) => s - t[i]! * Math.log(v) - (1 - t[i]!) * Math.log(1 - v), 0) / 2;
      close(results.loss, [loss], 5);
      const cotangent = float32(p.map((v, i) => (-t[i]! / v + (1 - t[i]!) / (1 - v)) / 2), [2, 3]); // prettier-ignore
      const { gradients } = await classifier.vjp({ x }, { p: cotangent });
      close(results.x_grad, toFloat32(gradients.x!), 6);
    }));

  test('a sure softmax: the loss stays finite and the gradient alive where the probability is 0', async () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', [1, 2]);
    g.output(g.op('Softmax', ['x'], { axis: 1 }), 'p');
    await using(encodeModel(dialectModel(g.build())), {}, async (classifier) => {
      const session = await bare((await exportGradient(classifier)).bytes);
      const results = await session.run({ x: float32([500, 0], [1, 2]), target: float32([0, 1], [1, 2]) });
      expect([values(results.p), values(results.loss), values(results.x_grad)]).toEqual([[1, 0], [500], [1, -1]]);
    });
  });

  test('pixels: the preprocessing is inside, and the chain rule with it', () =>
    using(
      softmaxNet(),
      { batch: 2, card: { input: { channels: 'BGR', range: 255, mean: [104, 117, 123], std: [50, 60, 70] } } },
      async (classifier) => {
        const exported = await exportGradient(classifier, { pixels: true });
        const session = await bare(exported.bytes);
        expect([session.inputNames, session.outputNames]).toEqual([
          ['x', 'target'],
          ['probabilities', 'loss', 'x_grad'],
        ]);
        const x = float32(random(3, 7).uniform(new Float32Array(2 * 216), draw++).map((v) => 255 * v), [2, 3, 8, 9]); // prettier-ignore
        const target = rows(5);
        const results = await session.run({ x, target });
        close(results.probabilities, toFloat32(await classifier.predict(x)), 5);
        const own = await (
          await bare((await exportGradient(classifier)).bytes)
        ).run({ image: preprocessTensor(x, classifier.card), target });
        close(results.loss, values(own.loss), 5);
        // Channel c of x is channel 2 - c of the model's input, divided by that one's std.
        const expected = values(results.x_grad).map((_, i) => {
          const [n, c, p] = [Math.floor(i / 216), Math.floor(i / 72) % 3, i % 72];
          return values(own.image_grad)[n * 216 + (2 - c) * 72 + p]! / [50, 60, 70][2 - c]!;
        });
        close(results.x_grad, expected, 7);
        await checkSlope(session, { x, target }, 'x', results.x_grad!, 3);
      },
    ));

  test('a float16 model keeps its types at the border; loss and gradient are float32', async () => {
    const g = new GraphBuilder();
    g.input('x', 'float16', [1, 2]);
    const half = (...v: number[]): Tensor => ({
      type: 'float16',
      dims: [2, v.length / 2],
      data: Uint16Array.from(v, numberToHalf),
    });
    g.append('MatMul', ['x', g.constant(half(1, -0.5, 0.25, 2))], ['y']);
    g.types.set('y', { type: 'float16', dims: [1, 2] });
    g.output('y');
    await using(encodeModel(dialectModel(g.build())), {}, async (classifier) => {
      const exported = await exportGradient(classifier);
      expect([...exported.inputs, ...exported.outputs].map((v) => `${v.name} ${v.type}`)).toEqual([
        'x float16',
        'target float32',
        'y float16',
        'loss float32',
        'x_grad float32',
      ]);
      const x: Tensor = { type: 'float16', dims: [1, 2], data: Uint16Array.from([2, 4], numberToHalf) };
      const results = await (await bare(exported.bytes)).run({ x, target: float32([1, 0], [1, 2]) });
      // y = [3, 7]; p = softmax(y); dy = p - [1, 0]; dx = W dy.
      const q = 1 / (1 + Math.exp(-4));
      expect([results.y!.type, values(results.y)]).toEqual(['float16', [3, 7]]);
      close(results.loss, [4 - Math.log(q)], 5);
      close(results.x_grad, [-1.5 * q, 1.75 * q], 5);
    });
  });

  test('metadata: version, model, settings, and a meaning for every input and output', () =>
    using(softmaxNet(), { batch: 3 }, async (classifier) => {
      const { bytes } = await exportGradient(classifier, { pixels: true });
      const { metadata, graph, opsets } = decodeModel(bytes);
      expect([...opsets]).toEqual([['', 18]]);
      const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
      expect(metadata).toMatchObject({
        'lan-onnx.version': version,
        'lan-onnx.kind': 'gradient',
        'lan-onnx.model': 'model',
        'lan-onnx.sha256': classifier.source.sha256,
      });
      expect(JSON.parse(metadata['lan-onnx.settings']!)).toMatchObject({
        batch: 3,
        pixels: true,
        card: { layout: 'NCHW', size: [8, 9] },
        outputKind: 'probabilities',
      });
      for (const side of ['inputs', 'outputs'] as const)
        expect(Object.keys(JSON.parse(metadata[`lan-onnx.${side}`]!) as object)).toEqual(graph[side].map((v) => v.name));
    }));

  test('what can not be: a batch that the model does not take, pixels of no picture, an op without a rule', async () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', [1, 4]);
    g.output(g.reshape(g.op('Relu', ['x']), [1, -1]), 'y');
    await using(encodeModel(dialectModel(g.build())), { batch: 2 }, (classifier) =>
      expect(exportGradient(classifier)).rejects.toThrow(
        "model: does not take a batch of 2: its input 'x' is [2,4], its output 'y' [1,8].",
      ),
    );
    await using(sigmoidNet(), {}, (classifier) =>
      expect(exportGradient(classifier, { pixels: true })).rejects.toThrow(
        "model: its input 'x' is not a picture, so there are no pixels to begin with. Leave `pixels` out.",
      ),
    );
    const withoutTanh = adapters.map((a) => (a.op === 'Tanh' ? { ...a, vjp: { todo: 'for this test' } } : a));
    await using(logitsNet(), { adapters: withoutTanh }, (classifier) =>
      expect(exportGradient(classifier)).rejects.toThrow(
        /^model cannot be exported: no gradient can be derived in ONNX:\n {2}- Tanh 'target': no gradient rule: for this test\nWrite the rules that are missing \(docs\/adding-an-op\.md\)\.$/,
      ),
    );
    // Said to have no derivative: zeros, not a refusal.
    const flat = adapters.map((a) => (a.op === 'Sigmoid' ? { ...a, vjp: none('a step') } : a));
    await using(softmaxNet(), { adapters: flat }, async (classifier) => void (await exportGradient(classifier)));
  });

  test('more weights than one file holds', () => {
    const shared = new Float32Array(2 ** 24);
    const constants = new Map(Array.from({ length: 33 }, (_, i) => [`w${i}`, float32(shared, [shared.length])]));
    const graph = { name: 'big', inputs: [], outputs: [], nodes: [], constants, types: new Map() };
    const classifier = { source: { name: 'big.onnx', sha256: '' } } as unknown as Classifier;
    expect(() => publish(classifier, graph, { kind: 'gradient', inputs: [], outputs: [], settings: {}, notes: [] })).toThrow(
      'big.onnx cannot be exported. The model holds 2.1 GiB of weights; one ONNX file holds at most 2. The backward pass may keep weights a second time, transposed.',
    );
  });
});

/** Pixels whose preprocessing is `input`. */
function preprocessInverse({ card }: Classifier, input: Tensor): Tensor {
  const area = input.dims[2]! * input.dims[3]!;
  return float32(toFloat32(input).map((v, i) => v * card!.std[Math.floor(i / area) % 3]! + card!.mean[Math.floor(i / area) % 3]!), input.dims); // prettier-ignore
}

describe('export-step', () => {
  test('20 steps by hand are 20 steps of the engine', () =>
    using(softmaxNet(), { card: { input: { range: 1, mean: [0.5], std: [0.25] } } }, async (classifier) => {
      const given = { draws: 3, maskGrids: [[2, 3], [8, 9]] as [number, number][], betas: [0.7] }; // prettier-ignore
      const session = await bare((await exportStep(classifier, { settings: given })).bytes);
      const objective = await objectiveOf(classifier, resolveSettings('default', classifier.sampleShape, 5, given));
      const wanted = ['loss', 'output_loss', 'mask_mean'];
      const descent = await classifier.engine.descend(objective.graph, 'loss', objective.parameters, wanted);
      const uniform = (...dims: number[]): Tensor => float32(random(3, 7).uniform(new Float32Array(sizeOf(dims)), draw++), dims);
      const x = uniform(1, 3, 8, 9);
      const target = await classifier.predict(x);
      descent.reset();
      const names = session.inputNames.filter((n) => n.startsWith('theta'));
      expect(names).toEqual(['theta_0', 'theta_0_m', 'theta_0_v', 'theta_1', 'theta_1_m', 'theta_1_v']);
      const zeros = (n: string): Tensor => (n.startsWith('theta_0') ? float32(new Float32Array(6), [1, 1, 2, 3]) : float32(new Float32Array(72), [1, 1, 8, 9])); // prettier-ignore
      let state: Record<string, Tensor> = Object.fromEntries(names.map((n) => [n, zeros(n)]));
      let mean = 0;
      for (let t = 1; t <= 20; t++) {
        const feeds = { x, target, eta: uniform(3, 3, 8, 9), beta: scalar(0.7), binary: scalar(1) };
        const expected = await descent.step(feeds, 0.1);
        // As the file's own description of its inputs says.
        const root = Math.sqrt(1 - 0.999 ** t);
        const factors = { adam_scale: scalar((0.1 * root) / (1 - 0.9 ** t)), adam_floor: scalar(1e-8 * root) };
        expect(adamFactors(t, 0.1).scale).toBeCloseTo(values(factors.adam_scale)[0]!, 7);
        const results = await session.run({ ...feeds, ...factors, ...state });
        for (const name of wanted) close(results[name], values(expected[name]), 6);
        mean = values(results.mask).reduce((a, b) => a + b, 0) / 72;
        close(results.mask_mean, [mean], 6);
        close(results.loss, [values(results.output_loss)[0]! - 0.7 * mean], 5);
        state = Object.fromEntries(names.map((n) => [n, results[`${n}_next`]!]));
        for (const name of ['theta_0', 'theta_1']) close(state[name], descent.get(name), 6);
      }
      // It went somewhere: from a mask of a half, towards more noise.
      expect(mean).toBeGreaterThan(0.6);
      await descent.dispose();
    }));

  test('what shapes the objective shapes the file', () =>
    using(softmaxNet(), {}, async (classifier) => {
      const settings = { draws: 2, maskShape: 'full', maskGrids: [], outputLoss: 'squared-error', betas: [3, 5] } as const;
      const { inputs, outputs, bytes, notes } = await exportStep(classifier, { settings });
      const shapes = Object.fromEntries([...inputs, ...outputs].map((v) => [v.name, v.shape]));
      expect(shapes).toEqual({
        ...{ x: [1, 3, 8, 9], eta: [2, 3, 8, 9], target: [1, 5], beta: [], binary: [], adam_scale: [], adam_floor: [] },
        ...{ theta: [1, 3, 8, 9], theta_m: [1, 3, 8, 9], theta_v: [1, 3, 8, 9] },
        ...{ loss: [], output_loss: [], mask_mean: [], mask: [1, 3, 8, 9], soft_mask: [1, 3, 8, 9], outputs: [2, 5] },
        ...{ theta_next: [1, 3, 8, 9], theta_m_next: [1, 3, 8, 9], theta_v_next: [1, 3, 8, 9] },
      });
      const { metadata } = decodeModel(bytes);
      expect(metadata['lan-onnx.kind']).toBe('step');
      expect(JSON.parse(metadata['lan-onnx.settings']!)).toMatchObject({
        draws: 2,
        maskShape: 'full',
        outputLoss: 'squared-error',
        defaults: { betas: [3, 5], learningRate: 0.2, start: 0.1 },
      });
      expect(notes).toEqual([expect.stringMatching(/^no model card: assumed \{"channels":"RGB".*say what it is with `card`/)]);
      const session = await bare(bytes);
      const of = (name: string, value: number): Tensor =>
        float32(new Float32Array(sizeOf(shapes[name]!)).fill(value), shapes[name]);
      const fed = Object.fromEntries(inputs.map(({ name }) => [name, of(name, name.startsWith('theta') ? 0 : 0.2)]));
      const p = toFloat32(await classifier.predict(of('x', 0.2)));
      // Noise equal to x changes nothing: the squared distance of F(x) to the target.
      close((await session.run(fed)).output_loss, [p.reduce((s, v) => s + (v - Math.fround(0.2)) ** 2, 0)], 5);
    }));
});

describe('a model whose own values are called as the objective calls its own', () => {
  const named = (inner: string): Uint8Array => {
    const g = new GraphBuilder();
    g.input('image', 'float32', ['n', 3, 8, 9]);
    g.append('ReduceMean', ['image', g.constant(int64([2, 3]))], [inner], { keepdims: 0 });
    g.append('Softmax', [inner], ['p'], { axis: 1 });
    g.output('p');
    return encodeModel(dialectModel(g.build()));
  };
  test.each(['x', 'eta', 'target', 'beta', 'theta', 'theta_0', 'loss', 'output_loss', 'mask_mean', 'mask'])(
    '%s',
    async (inner) => {
      const settings = { draws: 1, maskGrids: [] };
      const plain = await using(named('inner'), {}, (classifier) => exportStep(classifier, { settings }));
      const other = await using(named(inner), {}, (classifier) => exportStep(classifier, { settings }));
      const feeds = Object.fromEntries(plain.inputs.map(({ name, shape }) => [name, float32(new Float32Array(sizeOf(shape)).fill(0.3), shape)])); // prettier-ignore
      const [expected, received] = [await (await bare(plain.bytes)).run(feeds), await (await bare(other.bytes)).run(feeds)];
      for (const [name, tensor] of Object.entries(expected))
        expect([name, received[name]!.dims, values(received[name])]).toEqual([name, tensor.dims, values(tensor)]);
    },
  );

  test('a model whose further inputs have no value is refused', () =>
    using(logitsNet(), {}, (classifier) =>
      expect(exportStep(classifier)).rejects.toThrow(
        "model: 'in:0' is explained, but its other input(s) have no value:\n  - 'row' ",
      ),
    ));
});

describe('the commands', () => {
  beforeAll(() => {
    writeFileSync(at('net.onnx'), softmaxNet());
    const g = new GraphBuilder();
    g.input('x', 'float32', [1, 4]);
    g.append('Frobnicate', ['x'], ['a']);
    g.append('Gizmo', ['a'], ['y']);
    g.output('y');
    writeFileSync(at('odd.onnx'), encodeModel(dialectModel(g.build())));
  });

  test('export-gradient says what it wrote', async () => {
    const { code, out, err } = await cli('export-gradient', at('net.onnx'), '--out', at('deep/grad.onnx'), '--batch', '2');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /grad\.onnx: outputs, loss and input gradient of net\.onnx; 0\.0 MB, opset 18, shapes as below and fixed\n/,
    );
    expect(out).toMatch(/^ {2}input {3}image +float32\[2,3,8,9\] {2}the model's own input$/m);
    expect(out).toMatch(/^ {2}output {2}image_grad +float32\[2,3,8,9\] {2}d loss \/ d image$/m);
    expect((await bare(readFileSync(at('deep/grad.onnx')))).outputNames).toEqual(['probabilities', 'loss', 'image_grad']);
  });

  test('export-gradient --json --pixels, with a card by flags', async () => {
    const flags = ['--pixels', '--range', '255', '--mean', '1', '2', '3', '--channels', 'BGR', '--shape', 'image=2,3,8,9'];
    const { code, out, err } = await cli('export-gradient', at('net.onnx'), '--out', at('pixels.onnx'), '--json', ...flags);
    expect([code, err]).toEqual([0, 'note: the card leaves std open: taken std 1\n']);
    const written = readFileSync(at('pixels.onnx'));
    expect(JSON.parse(out)).toMatchObject({
      schema: 'lan-onnx/export@1',
      kind: 'gradient',
      file: at('pixels.onnx'),
      bytes: written.length,
      sha256: sha256(written),
      model: { name: 'net.onnx', sha256: sha256(readFileSync(at('net.onnx'))) },
      settings: { batch: 2, pixels: true, card: { channels: 'BGR', mean: [1, 2, 3] } },
      inputs: [
        { name: 'x', type: 'float32', shape: [2, 3, 8, 9], meaning: expect.stringMatching(/values from 0 to 255/) as unknown },
        { name: 'target', shape: [2, 5] },
      ],
    });
  });

  test('export-gradient without pixels: a field of the card is refused, a whole card is said not to be inside', async () => {
    const argv = ['export-gradient', at('net.onnx'), '--out', at('own.onnx'), '--shape', 'image=1,3,8,9'];
    expect(await cli(...argv, '--mean', '1', '2', '3', '--channels', 'BGR')).toEqual({
      code: 2,
      out: '',
      err: "lan-onnx: The exported file begins with the model's own input, where --channels, --mean would be without effect. Leave it out, or put the preprocessing inside with --pixels.\n",
    });
    writeFileSync(at('given.json'), JSON.stringify({ input: { channels: 'BGR', mean: [1, 2, 3] }, output: 'probabilities' }));
    const { code, err } = await cli(...argv, '--card', at('given.json'));
    expect([code, err]).toEqual([
      0,
      expect.stringContaining(
        "note: the card's preprocessing is not in the file, whose input is the model's own; --pixels puts it inside\n",
      ),
    ]);
    // What binds axes, or says what the output is, has its effect.
    expect(await cli(...argv, '--size', '8x9', '--output-kind', 'probabilities')).toMatchObject({ code: 0, err: '' });
  });

  test('export-step says what it wrote, and what it assumed', async () => {
    const { code, out, err } = await cli(
      'export-step',
      at('net.onnx'),
      '--out',
      at('step.onnx'),
      '--mask-grid',
      'none',
      '--beta',
      '2',
    );
    expect(code).toBe(0);
    expect(err).toMatch(/^note: no model card: assumed /);
    expect(out).toMatch(/^ {2}input {3}theta_m +float32\[1,1,8,9\] +Adam's first moment of theta$/m);
    expect(out).toMatch(
      /^ {2}input {3}beta +float32\[\] +how much noise is worth: weight of mask_mean; by default 2, and up to twice that while /m,
    );
    expect((await bare(readFileSync(at('step.onnx')))).outputNames).toContain('theta_next');
  });

  test.each(['export-gradient', 'export-step'])('%s: refusals are one message, exit 2, and no file', async (command) => {
    const before = readdirSync(folder);
    const run = (...argv: string[]) => cli(command, ...argv);
    const refused = (err: string) => ({ code: 2, out: '', err: `lan-onnx: ${err}\n` });
    expect(await run(at('net.onnx'))).toEqual(refused(`Missing required argument: out\nSee: lan-onnx ${command} --help`));
    const advice = 'no adapter knows this op. Write one (docs/adding-an-op.md) or export the model without it.';
    const odd = await run(at('odd.onnx'), '--out', at('odd-out.onnx'));
    expect([odd.code, odd.out]).toEqual([2, '']);
    for (const op of ["Frobnicate 'a'", "Gizmo 'y'"]) expect(odd.err).toContain(`  - ${op}: ${advice}\n`);
    expect(await run(at('net.onnx'), '--out', folder)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(`lan-onnx: Cannot write '${folder}': it is a directory.`) as unknown,
    });
    expect(await run(at('net.onnx'), '--out', join(at('net.onnx'), 'g.onnx'))).toMatchObject({
      code: 2,
      err: expect.stringContaining(`lan-onnx: Cannot write '${at('net.onnx')}': a file of that name is in the way.`) as unknown,
    });
    const original = readFileSync(at('net.onnx'));
    expect((await run(at('net.onnx'), '--out', at('net.onnx'))).err).toContain(
      `lan-onnx: Cannot write '${at('net.onnx')}': it is an input of the same run. Choose another place.\n`,
    );
    expect(readFileSync(at('net.onnx'))).toEqual(original);
    expect(existsSync(at('odd-out.onnx'))).toBe(false);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('a batch that contradicts a shape, or is no number', async () => {
    const argv = ['export-gradient', at('net.onnx'), '--out', at('never.onnx')];
    expect((await cli(...argv, '--batch', '4', '--shape', 'image=2,3,8,9')).err).toBe(
      "lan-onnx: Input 'image': a batch of 4 and a shape [2,3,8,9] contradict each other. Give one of --batch and --shape.\n",
    );
    expect((await cli(...argv, '--batch', '0')).err).toBe(
      "lan-onnx: --batch: expected a whole number of at least 1, received '0'.\n",
    );
    expect(existsSync(at('never.onnx'))).toBe(false);
  });
});

test('a meaning speaks of other values by the names that they have in the file', async () => {
  const g = new GraphBuilder();
  g.input('target', 'float32', [1, 6]);
  g.append('MatMul', ['target', g.constant(normal(0.6, 6, 3))], ['loss']);
  g.output('loss');
  await using(encodeModel(dialectModel(g.build())), { trust: true }, async (classifier) => {
    const { inputs, outputs } = await exportGradient(classifier);
    expect(inputs.map((v) => v.name)).toEqual(['target', 'target_2']);
    expect(Object.fromEntries(outputs.map((v) => [v.name, v.meaning]))).toMatchObject({
      loss_2: 'mean over the batch of the cross-entropy with target_2',
      target_grad: 'd loss_2 / d target',
    });
  });
});
