// Binary masks: what is rounded, what its gradient is, when learning ends, and how often the answer is to be kept.
import { afterAll, expect, test } from '@jest/globals';
import { float32, scalar, toFloat32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { gradientOf } from '../../src/engine/engine.js';
import { audit } from '../../src/explain/audit.js';
import { settingsFor } from '../../src/explain/objective.js';
import { buildObjective } from '../../src/lan/objective.js';
import { openModel } from '../../src/model/open.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

const N = 12;
const WEIGHTS = Float32Array.from({ length: N }, (_, i) => (i < 4 ? 3 - 0.5 * i : i < 8 ? 0.05 : 0));

/** Two classes, logits -z and z with z = w . x. */
function linear(): Uint8Array {
  const g = new GraphBuilder('linear');
  const x = g.input('x', 'float32', ['N', N]);
  const w = new Float32Array(2 * N);
  WEIGHTS.forEach((v, i) => w.set([-v, v], 2 * i));
  g.output(g.op('Softmax', [g.matMul(x, g.constant(float32(w, [N, 2]), 'W'))], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
const ones = float32(new Float32Array(N).fill(1), [1, N]);
const classifier = await openModel(linear(), { engine: 'onnxruntime', threads: 1 });
const tfjs = await openModel(linear(), { engine: 'tfjs', backend: 'cpu' });
afterAll(async () => {
  await classifier.dispose();
  await tfjs.dispose();
});

test.each([
  ['onnxruntime', classifier],
  ['tfjs', tfjs],
])('a rounded mask is 0 or 1, and its gradient is straight-through (%s)', async (_, model) => {
  const objective = await buildObjective({
    classifier: (batch) => model.logProbabilities(batch),
    specialize: (graph) => model.specialize(graph),
    sampleShape: [N],
    draws: 1,
    maskShape: 'pixel',
    maskGrids: [],
    outputLoss: 'cross-entropy',
  });
  const program = await model.engine.gradient(objective.graph, 'loss', ['theta']);
  const logits = Float32Array.from({ length: N }, (_, i) => 0.7 * (i % 2 ? 1 : -1) + 0.05 * i);
  const eta = float32(Float32Array.from({ length: N }, (_, i) => -0.3 + 0.1 * i), [1, N]); // prettier-ignore
  const target = float32([0, 1], [1, 2]);
  const out = await program.run({ theta: float32(logits, [1, N]), x: ones, eta, target, beta: scalar(0.6), binary: scalar(1) });
  const soft = Float64Array.from(logits, (t) => 1 / (1 + Math.exp(-t)));
  const mask = soft.map((s) => (s > 0.5 ? 1 : 0));
  expect(Array.from(toFloat32(out['mask']!))).toEqual(Array.from(mask));
  toFloat32(out['soft_mask']!).forEach((v, i) => expect(v).toBeCloseTo(soft[i]!, 6));
  // L = log(1 + e^(-2z)) - beta mean(m), z = sum w (1 + m (eta - 1)): dL/dm = -2 w (eta - 1) / (1 + e^(2z)) - beta / N, and dm/dtheta that of the sigmoid.
  const etas = toFloat32(eta);
  const z = mask.reduce((sum, m, i) => sum + WEIGHTS[i]! * (1 + m * (etas[i]! - 1)), 0);
  toFloat32(out[gradientOf('theta')]!).forEach((v, i) => {
    const byMask = (-2 * WEIGHTS[i]! * (etas[i]! - 1)) / (1 + Math.exp(2 * z)) - 0.6 / N;
    expect(v).toBeCloseTo(byMask * soft[i]! * (1 - soft[i]!), 5);
  });
  await program.dispose();
});

const SETTINGS = { noise: 'uniform:-1,1', draws: 16, iterations: 200, learningRate: 0.1, seed: 3 };

test('the mask that comes out is 0 or 1, its order ranks by need, and the hard claim is about just that mask', async () => {
  const { betas, settings } = await audit(classifier, ones, { settings: { ...SETTINGS, betas: [0.5] }, evidenceDraws: 64 });
  expect(settings.maskValues).toBe('binary');
  const { mask, order, history } = betas[0]!.learned;
  const values = toFloat32(mask);
  expect(new Set(values)).toEqual(new Set([0, 1]));
  // The two largest weights keep the answer against what the others do in noise; what has no weight is replaced.
  expect(Array.from(values.slice(8))).toEqual([1, 1, 1, 1]);
  expect(values[0]).toBe(0);
  toFloat32(order!).forEach((v, i) => expect(v > 0.5).toBe(values[i] === 1));
  const { hard } = betas[0]!.evidence;
  expect(hard!.fraction).toBeGreaterThanOrEqual(values.reduce((a, b) => a + b, 0) / N);
  // Soft for a third of the steps, then rounded: the mean is a whole number of elements.
  const whole = history.map((h) => Math.abs(h.maskMean * N - Math.round(h.maskMean * N)) < 1e-4);
  const from = Math.ceil(SETTINGS.iterations / 3);
  expect(whole.slice(from).every(Boolean)).toBe(true);
  expect(whole.slice(0, from).filter(Boolean).length).toBeLessThan(from / 4);
});

test('keep: the less often the answer has to be kept, the more is replaced', async () => {
  const fractions: number[] = [];
  for (const keep of [0.98, 0.7]) {
    const settings = { ...SETTINGS, noise: 'uniform:-3,3', iterations: 400, patience: 0, keep };
    const { betas } = await audit(classifier, ones, { settings, evidenceDraws: 512 });
    const { history } = betas[0]!.learned;
    const late = history.slice(-100);
    fractions.push(late.reduce((s, h) => s + h.maskMean, 0) / late.length);
    // The weight of the mask mean has moved: down where too much was lost, up where more could be.
    expect(history.at(-1)!.beta).not.toBe(history[0]!.beta);
    const kept = late.reduce((s, h) => s + h.kept!, 0) / late.length;
    expect(Math.abs(kept - keep)).toBeLessThan(0.12);
  }
  expect(fractions[1]! - fractions[0]!).toBeGreaterThan(0.05);
});

test('keep is for binary masks', () => {
  expect(() => settingsFor(classifier, 'paper', { keep: 0.9 })).toThrow(
    '`keep` is for binary masks: how much of an input a soft mask replaces is not a number of its elements.',
  );
  expect(settingsFor(classifier, 'default', { outputLoss: 'squared-error' }).maskValues).toBe('soft');
  expect(settingsFor(classifier, 'paper').maskValues).toBe('soft');
});
