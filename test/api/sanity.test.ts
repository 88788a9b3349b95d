// The whole self-deception battery: explainers that cheat are found, each by the test that is made for it, and an honest mask is not.
import { expect, test } from '@jest/globals';
import { createAuditor } from '../../src/api/audit.js';
import { random } from '../../src/core/random.js';
import { float32, int64 } from '../../src/core/tensor.js';
import { sha256 } from '../../src/data/files.js';
import { dialectModel } from '../../src/engine/ort.js';
import type { Sanity } from '../../src/evidence/sanity.js';
import { trainLan } from '../../src/explain/train-lan.js';
import { exportLan } from '../../src/export/explainer.js';
import { samplesOf } from '../../src/lan/samples.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const SIDE = 8;
const PIXELS = SIDE * SIDE;
/** +1 in the upper left quarter, -1 in the upper right one: which is brighter? The lower half is not looked at. */
const sides = Array.from({ length: PIXELS }, (_, i) => (i >= PIXELS / 2 ? 0 : i % SIDE < SIDE / 2 ? 1 : -1));

function model(batch: number | string): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [batch, 1, SIDE, SIDE]);
  const weights = float32(sides.flatMap((s) => [-s, s]), [PIXELS, 2]); // prettier-ignore
  g.output(g.op('Softmax', [g.op('MatMul', [g.reshape(x, [-1, PIXELS]), g.constant(weights)])], { axis: 1 }), 'p', { type: 'float32', dims: [batch, 2] }); // prettier-ignore
  return encodeModel(dialectModel(g.build()));
}
const bytes = model(1);

/** An explainer's file that gives this mask. */
function explainer(noise: string, mask: (g: GraphBuilder, x: string) => string): Uint8Array {
  const g = new GraphBuilder('lan');
  const x = g.input('x', 'float32', ['batch', 1, SIDE, SIDE]);
  g.output(mask(g, x), 'mask', { type: 'float32', dims: ['batch', 1, SIDE, SIDE] });
  const settings = JSON.stringify({ beta: 1, noise });
  const metadata = { 'lan-onnx.kind': 'explainer', 'lan-onnx.sha256': sha256(bytes), 'lan-onnx.settings': settings };
  return encodeModel({ ...dialectModel(g.build()), metadata });
}

/** Bright on the left with some texture, dark on the right. */
const picture = float32(
  random(3, 1).uniform(new Float32Array(PIXELS), 0, 0, 0.2).map((v, i) => v + (i % SIDE < SIDE / 2 ? 0.8 : 0)), // prettier-ignore
  [1, 1, SIDE, SIDE],
);

const card = { input: { channels: 'GREY' as const, range: 1 as const, mean: [0], std: [1] } };

async function batteryOf(lan: Uint8Array | undefined, noise: string, of = bytes): Promise<Sanity> {
  const quick = { iterations: 60, evidenceDraws: 8, maskGrids: [], draws: 8, patience: 0 };
  await using auditor = await createAuditor(of, { card, lan, noise, ...quick, sanity: true, ...(lan ? {} : { beta: 1 }) });
  return (await auditor.audit(picture)).betas[0]!.sanity;
}
const verdictOf = ({ tests }: Sanity, name: string): string | undefined => tests.find((t) => t.name === name)?.verdict;

test('one mask for all inputs', async () => {
  const kept = float32(Array.from({ length: PIXELS }, (_, i) => (i % 5) / 5), [1, 1, SIDE, SIDE]); // prettier-ignore
  const same = explainer('uniform:0,1', (g, x) => g.add(g.mul(x, g.scalar(0)), g.constant(kept)));
  const battery = await batteryOf(same, 'uniform');
  expect([battery.verdict, verdictOf(battery, 'input')]).toEqual(['fail', 'fail']);
});

test('an edge detector', async () => {
  const sobel = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
  const turned = [-1, -2, -1, 0, 0, 0, 1, 2, 1];
  const detector = explainer('uniform:0,1', (g, x) => {
    const padded = g.op('Pad', [x, g.ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'edge' });
    const both = g.op('Conv', [padded, g.constant(float32([...sobel, ...turned], [2, 1, 3, 3]))]);
    const strength = g.op('ReduceSum', [g.op('Abs', [both]), g.ints([1])], { keepdims: 1 });
    return g.sub(g.scalar(1), g.op('Min', [g.mul(strength, g.scalar(0.1)), g.scalar(1)]));
  });
  const battery = await batteryOf(detector, 'uniform');
  expect([battery.verdict, verdictOf(battery, 'edge detector')]).toEqual(['fail', 'fail']);
});

test('an explainer that writes the label into which side it keeps', async () => {
  const encoder = explainer('constant:0', (g, x) => {
    const weighted = g.mul(x, g.constant(float32(sides, [1, 1, SIDE, SIDE])));
    const balance = g.op('ReduceSum', [weighted, g.ints([1, 2, 3])], { keepdims: 1 });
    // 1 where the left is brighter: then the right is replaced, else the left.
    const left = g.op('Sigmoid', [g.mul(balance, g.scalar(1e4))]);
    const right = g.constant(float32(sides.map((_, i) => Number(i % SIDE >= SIDE / 2)), [1, 1, SIDE, SIDE])); // prettier-ignore
    const flipped = g.sub(g.scalar(1), right);
    return g.add(g.mul(left, right), g.mul(g.sub(g.scalar(1), left), flipped));
  });
  const battery = await batteryOf(encoder, 'constant:0');
  expect([battery.verdict, verdictOf(battery, 'label in the mask')]).toEqual(['fail', 'fail']);
});

test('a LAN that is trained to encode the label: with black for noise a few pixels of the right side are enough, whatever is in them', async () => {
  const batched = model('batch');
  const classifier = await openModel(batched, { engine: 'onnxruntime', threads: 1, card });
  const stream = random(5, 1);
  // One side bright, the other dark, in turns.
  const pictures = stream.uniform(new Float32Array(128 * PIXELS), 0, 0, 0.2).map((v, i) => v + (i % SIDE < SIDE / 2 === Math.floor(i / PIXELS) % 2 > 0 ? 0.8 : 0)); // prettier-ignore
  const settings = { beta: 1, batch: 16, iterations: 300, learningRate: 0.01, seed: 0 };
  const options = { data: 'sides', noise: 'constant:0', lan: 'FC(8, relu), FC(mask, sigmoid)', settings };
  const lan = exportLan(classifier, await trainLan(classifier, samplesOf(pictures, [1, SIDE, SIDE]), options));
  await classifier.dispose();
  const battery = await batteryOf(lan, 'constant:0', batched);
  expect([battery.verdict, verdictOf(battery, 'label in the mask')]).toEqual(['fail', 'fail']);
});

test('tokens: another input is of other tokens, and their vectors are what is moved', async () => {
  const g = new GraphBuilder();
  const ids = g.input('ids', 'int64', ['batch', 6]);
  const table = random(2, 1).normal(new Float32Array(12 * 4), 0, 0, 0.1);
  // One word decides.
  table.set([4, 0, 0, 0], 7 * 4);
  g.append('Gather', [g.constant(float32(table, [12, 4])), ids], ['emb']);
  const sum = g.op('ReduceSum', ['emb', g.ints([1])], { keepdims: 0 });
  const logits = g.op('Gemm', [sum, g.constant(float32([-1, 1, 0, 0, 0, 0, 0, 0], [4, 2])), g.constant(float32([2, -2], [2]))]);
  g.output(g.op('Softmax', [logits], { axis: 1 }), 'p', { type: 'float32', dims: ['batch', 2] });
  const quick = { iterations: 40, evidenceDraws: 8, draws: 8, patience: 0, sanity: true, beta: 0.5, seed: 1 };
  await using auditor = await createAuditor(encodeModel(dialectModel(g.build())), { ...quick, shapes: { ids: [1, 6] } }); // prettier-ignore
  const { betas } = await auditor.audit(int64([3, 4, 7, 5, 6, 2], [1, 6]));
  const { sanity, metrics } = betas[0]!;
  expect(sanity.tests.map((t) => t.name)).toEqual(expect.arrayContaining(['label in the mask', 'seed', 'input', 'noise']));
  const sensitivity = metrics.find((m) => m.name === 'maxSensitivity')!;
  // A vector that is moved by 2 % of the range is still that of the word which decides.
  expect([sensitivity.value >= 0, sensitivity.value < 1]).toEqual([true, true]);
});

test('a mask that is learned honestly: no cheat of the three, another seed agrees, other weights do not', async () => {
  const battery = await batteryOf(undefined, 'uniform');
  const found = Object.fromEntries(battery.tests.map((t) => [t.name, t.verdict]));
  expect(found).toMatchObject({ seed: 'pass', noise: 'pass', 'edge detector': 'pass', 'weights 1/1': 'pass' });
  expect(found['label in the mask']).not.toBe('fail');
  expect(Object.keys(found)).toEqual(['random', 'centre', 'edges', 'edge detector', 'label in the mask', 'seed', 'input', 'noise', 'weights 1/1']); // prettier-ignore
});
