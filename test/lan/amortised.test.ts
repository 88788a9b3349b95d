// The objective of Eq. 3 against what can be computed by hand, LANs of every kind, and datasets in which something can not be read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { random } from '../../src/core/random.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { createOrtEngine, dialectModel, probe } from '../../src/engine/ort.js';
import { amortisedGraph, appendMask, createExplainer, LANS } from '../../src/lan/amortised.js';
import { classifierGraph } from '../../src/lan/fit.js';
import { appendParameters, createNetwork } from '../../src/lan/network.js';
import { samplesOf } from '../../src/lan/samples.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-amortised-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const engine = createOrtEngine(adapters, { threads: 1 });
const noScaling = { offset: 0, factor: 1 };
const noise = (dims: readonly number[], draw: number): Tensor =>
  float32(random(3, 1).uniform(new Float32Array(sizeOf(dims)), draw), dims);

const SHAPE = [3, 8, 10];
let classifier: Classifier;
beforeAll(async () => {
  const network = createNetwork('Conv(4, 2, 3x3, lrelu), FC(3, softmax)', SHAPE);
  writeFileSync(at('net.onnx'), encodeModel(dialectModel(classifierGraph(network, network.initial(1)))));
  classifier = await openModel(at('net.onnx'), { card: { input: { range: 1, mean: [0], std: [1] } } });
});
afterAll(() => classifier.dispose());

/** loss, output_loss and mask_mean of the objective at the LAN's first weights. */
async function figures(draws: number, outputLoss: 'cross-entropy' | 'kl' | 'squared-error', x: Tensor, eta: Tensor, binary = 0) {
  const explainer = createExplainer('FC(5, tanh), FC(mask, sigmoid)', SHAPE, 'pixel', noScaling);
  const graph = await amortisedGraph({
    classifier: (batch) => classifier.logProbabilities(batch),
    specialize: (g) => classifier.specialize(g),
    explainer,
    samples: samplesOf(new Float32Array(sizeOf(SHAPE)), SHAPE),
    settings: { batch: 2, draws, outputLoss },
  });
  const weights = explainer.network.initial(4);
  const program = await engine.compile(graph);
  const parameters = explainer.network.parameters.map((p): [string, Tensor] => [p.name, float32(weights[p.name]!, p.dims)]);
  const out = await program.run({ x, eta, beta: scalar(2), binary: scalar(binary), ...Object.fromEntries(parameters) });
  await program.dispose();
  return Object.fromEntries(Object.entries(out).map(([k, t]) => [k, toFloat32(t)[0]!])) as Record<string, number>;
}

test.each(['cross-entropy', 'kl', 'squared-error'] as const)(
  '%s: two draws are the mean of each; Eq. 3 adds up',
  async (loss) => {
    const x = noise([2, ...SHAPE], 0);
    const [a, b] = [noise([2, ...SHAPE], 1), noise([2, ...SHAPE], 2)];
    const both = float32([...toFloat32(a), ...toFloat32(b)], [4, ...SHAPE]);
    const [one, other, two] = [await figures(1, loss, x, a), await figures(1, loss, x, b), await figures(2, loss, x, both)];
    expect(two['output_loss']).toBeCloseTo((one['output_loss']! + other['output_loss']!) / 2, 5);
    expect(two['mask_mean']).toBeCloseTo(one['mask_mean']!, 6);
    expect(two['loss']).toBeCloseTo(two['output_loss']! - 2 * two['mask_mean']!, 5);
    // Noise that is the input itself changes nothing: kl and squared error are 0, cross-entropy is the entropy of F(x).
    const same = await figures(1, loss, x, x);
    const p = toFloat32(await classifier.predict(x));
    const entropy = p.reduce((sum, v) => sum - v * Math.log(v), 0) / 2;
    expect(same['output_loss']).toBeCloseTo(loss === 'cross-entropy' ? entropy : 0, 5);
  },
);

test('rounded masks are whole elements, and noise that is the input still changes nothing', async () => {
  const x = noise([2, ...SHAPE], 0);
  const { mask_mean: mean, output_loss: loss } = await figures(1, 'kl', x, x, 1);
  // Two masks of 8x10 elements each.
  expect(Math.abs(mean! * 160 - Math.round(mean! * 160))).toBeLessThan(1e-3);
  expect(mean).not.toBeCloseTo((await figures(1, 'kl', x, x))['mask_mean']!, 4);
  expect(loss).toBeCloseTo(0, 5);
});

// Sides that two strides of two do not divide: the decoder's output is cut.
test.each([
  ['conv', [3, 30, 26], 'pixel', [1, 30, 26]],
  ['conv', [1, 7, 9], 'pixel', [1, 7, 9]],
  ['paper', [3, 6, 5], 'full', [3, 6, 5]],
  ['paper', [17], 'pixel', [17]],
] as const)('LAN %s of samples [%j], mask %s', async (name, shape, maskShape, mask) => {
  const explainer = createExplainer(name, shape, maskShape, { offset: 0.5, factor: 2 });
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [2, ...shape]);
  appendParameters(g, explainer.network);
  g.output(appendMask(g, explainer, x), 'mask');
  const program = await engine.compile(await specialize(g.build(), {}, probe, adapters));
  const weights = explainer.network.initial(0);
  const parameters = explainer.network.parameters.map((p): [string, Tensor] => [p.name, float32(weights[p.name]!, p.dims)]);
  const out = await program.run({ x: noise([2, ...shape], 5), ...Object.fromEntries(parameters) });
  await program.dispose();
  expect(out['mask']!.dims).toEqual([2, ...mask]);
  for (const v of toFloat32(out['mask']!)) expect(v > 0 && v < 1).toBe(true);
});

test('named LANs end in one value a mask element', () => expect(LANS.map((n) => n.name)).toEqual(['paper', 'conv']));

test('one unreadable picture among many: its neighbour is taken and it is reported; with --strict it ends the run', async () => {
  mkdirSync(at('photos'));
  for (let i = 0; i < 12; i++) {
    const pixels = Uint8Array.from(toFloat32(noise([8 * 10 * 3], 10 + i)), (v) => v * 255);
    writeFileSync(at('photos', `${String(i).padStart(2, '0')}.png`), await encodePng(pixels, 10, 8));
  }
  writeFileSync(at('photos', '05.png'), 'no picture');
  const train = ['train', at('net.onnx'), '--data', at('photos'), '--out', at('lan.onnx')];
  const card = ['--range', '1', '--mean', '0', '--std', '1'];
  const settings = ['--iterations', '12', '--batch', '4', '--lan', 'conv', '--threads', '1', '--validation', '0'];
  const run = (...more: string[]) => cli(...train, ...card, ...settings, ...more);
  const { code, err } = await run();
  expect(code).toBe(0);
  expect(err).toContain(`skipped: Image '${at('photos', '05.png')}': cannot be read (it is a text).`);
  expect(err).toContain('note: 1 sample(s) could not be read; their neighbours were taken instead');
  // A checkpoint of another run is not written over.
  const train2 = ['train', at('net.onnx'), '--data', at('photos'), '--out', at('strict.onnx')];
  const strict = await cli(...train2, ...card, ...settings, '--strict');
  expect([strict.code, strict.err]).toEqual([
    2,
    expect.stringContaining(`lan-onnx: Image '${at('photos', '05.png')}': cannot be read`),
  ]);
});
