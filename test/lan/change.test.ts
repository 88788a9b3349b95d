// The smallest part whose loss changes the answer: what is lowered for it, and what is found and measured, on models whose answer is known for every mask.
import { afterAll, expect, test } from '@jest/globals';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { audit } from '../../src/explain/audit.js';
import { settingsFor } from '../../src/explain/objective.js';
import { changeLoss, type Answers } from '../../src/lan/change.js';
import { openModel } from '../../src/model/open.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { claims } from '../../src/report/claims.js';

const N = 12;
const WEIGHTS = Float32Array.from({ length: N }, (_, i) => (i < 4 ? 3 - 0.5 * i : i < 8 ? 0.05 : 0));

/** Three classes, logits -z, z and -20 with z = w . x: 9.2 for ones. */
function linear(): Uint8Array {
  const g = new GraphBuilder('linear');
  const x = g.input('x', 'float32', ['N', N]);
  const w = new Float32Array(3 * N);
  WEIGHTS.forEach((v, i) => w.set([-v, v, 0], 3 * i));
  const logits = g.add(g.matMul(x, g.constant(float32(w, [N, 3]), 'W')), g.constant(float32([0, 0, -20], [3])));
  g.output(g.op('Softmax', [logits], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
const ones = float32(new Float32Array(N).fill(1), [1, N]);
const classifier = await openModel(linear(), { engine: 'onnxruntime', threads: 1 });
const tfjs = await openModel(linear(), { engine: 'tfjs', backend: 'cpu' });
afterAll(async () => {
  await classifier.dispose();
  await tfjs.dispose();
});

async function lossOf(answers: Answers, outputs: Tensor, target: Tensor, feeds: Record<string, Tensor> = {}): Promise<number> {
  const g = new GraphBuilder('loss');
  const logs = g.input('logs', 'float32', [...outputs.dims]);
  const wanted = g.input('target', 'float32', [...target.dims]);
  g.output(changeLoss(g, answers, logs, wanted, outputs.dims[0]!), 'loss');
  const program = await classifier.engine.compile(await classifier.specialize(g.build()));
  const { loss } = await program.run({ logs: outputs, target, ...feeds });
  await program.dispose();
  return toFloat32(loss!)[0]!;
}
const softplus = (v: number): number => Math.log1p(Math.exp(v));

test('of classes the loss is that of the answer against the nearest other class', async () => {
  // The first draw has lost it by 2, the second keeps it by 1.
  const logs = float32([-4, -9, -2, -1, -3, -2], [2, 3]);
  const loss = await lossOf('classes', logs, float32([1, 0, 0], [1, 3]));
  expect(loss).toBeCloseTo((softplus(-2) + softplus(1)) / 2, 5);
  // On the edge it is log 2, and however well it is kept it grows without end.
  expect(await lossOf('classes', float32([-1, -1, -5], [1, 3]), float32([0, 1, 0], [1, 3]))).toBeCloseTo(Math.log(2), 6);
  expect(await lossOf('classes', float32([0, -50, -60], [1, 3]), float32([1, 0, 0], [1, 3]))).toBeCloseTo(50, 4);
});

test('of labels one that turns is enough, and of values what lies outside the tolerance', async () => {
  const logs = (p: readonly number[]): Tensor =>
    float32([...p.map(Math.log), ...p.map((v) => Math.log(1 - v))], [1, 2 * p.length]);
  // Given were the first and not the second: the second turns to 0.8.
  const target = float32([1, 0, 0, 1], [1, 4]);
  expect(await lossOf('labels', logs([0.9, 0.8]), target)).toBeCloseTo(softplus(-Math.log(4)), 5);
  expect(await lossOf('labels', logs([0.9, 0.2]), target)).toBeCloseTo(softplus(Math.log(4)), 5);
  const tolerance = float32([2], []);
  expect(await lossOf('values', float32([13], [1, 1]), float32([10], [1, 1]), { tolerance })).toBeCloseTo(softplus(1 - 2.25), 5);
  expect(await lossOf('values', float32([12], [1, 1]), float32([10], [1, 1]), { tolerance })).toBeCloseTo(Math.log(2), 6);
});

// Replacing S by about -1 takes 2 sum of w over S from 9.2: 4.6 have to go, which the first with the second or third does, and no one by itself.
const SETTINGS = { noise: 'uniform:-1.05,-0.95', draws: 8, iterations: 150, learningRate: 0.1, seed: 3, find: 'delete' as const };

test.each([
  ['onnxruntime', classifier],
  ['tfjs', tfjs],
])('the smallest part whose loss changes the answer is found, certified, and tried by itself (%s)', async (_, model) => {
  const result = await audit(model, ones, { settings: SETTINGS, evidenceDraws: 64 });
  const [beta] = result.betas as [(typeof result.betas)[0]];
  const { deletion, hard } = beta.evidence;
  expect(deletion!.found!.fraction).toBeCloseTo(2 / N, 6);
  expect([deletion!.found!.changed, deletion!.found!.draws]).toEqual([64, 64]);
  // The part is what the mask says is needed.
  const needed = Array.from(toFloat32(beta.learned.mask)).flatMap((v, i) => (v === 0 ? [i] : []));
  expect(needed).toHaveLength(2);
  expect(needed[0]).toBe(0);
  expect([1, 2]).toContain(needed[1]);
  // It is enough as well: 5 or 5.5 against at most 4.2.
  expect([deletion!.found!.alone.kept, deletion!.found!.alone.draws]).toEqual([64, 64]);
  expect(hard!.fraction).toBeGreaterThanOrEqual(1 - 2 / N - 1e-6);
  // What is shown has lost it.
  expect(beta.example.prediction[0]!.index).toBe(0);
  expect(claims(beta, result.answer).slice(0, 2)).toEqual([
    "replacing 17 % of the input changes the answer 'class 1' in 64 of 64 tries (95 % interval 0.94 to 1.00); it is the smallest part found whose loss does",
    "the other way round, everything but that part replaced: the answer 'class 1' was kept on 64 of 64 fresh draws (95 % interval 0.94 to 1.00)",
  ]);
  // Other places of the same area change nothing.
  expect(beta.sanity.tests.find((t) => t.name === 'random')!.verdict).toBe('pass');
});

test('the loss of what a question asks about is measured the same way', async () => {
  const { betas } = await audit(classifier, ones, { settings: SETTINGS, question: { target: 1 }, evidenceDraws: 32 });
  expect(betas[0]!.evidence.deletion!.found!.fraction).toBeCloseTo(2 / N, 6);
  await expect(audit(classifier, ones, { settings: SETTINGS, question: { target: 0, against: 1 } })).rejects.toThrow(
    "'class 0' is not ahead of 'class 1' in the input, so no part of it is needed for that.",
  );
});

test('what is lost is not compared by an output loss', () => {
  expect(() => settingsFor(classifier, 'default', { find: 'delete', outputLoss: 'kl' })).toThrow(
    "`outputLoss` says how an answer that is kept is compared, and `find: 'delete'` looks for what changes it.",
  );
});
