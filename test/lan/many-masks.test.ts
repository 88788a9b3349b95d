// Masks of many samples learned together: each is what it would be alone, and keeps what the classifier needs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { classifyOnce } from '../../src/explain/objective.js';
import { dialectModel } from '../../src/engine/ort.js';
import { classifierGraph } from '../../src/lan/fit.js';
import { trainMasks } from '../../src/lan/many-masks.js';
import { createNetwork } from '../../src/lan/network.js';
import { samplesOf } from '../../src/lan/samples.js';
import type { TrainFiles } from '../../src/lan/train.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel } from '../../src/model/open.js';
import { encodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-many-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let classifier: Classifier;
/** Class 0 where element 1 is above 0: its logit is 4 times that element, the other elements say nothing. */
const WEIGHTS = Float32Array.of(0, 0, 4, 0, 0, 0);
beforeAll(async () => {
  const network = createNetwork('FC(2, softmax)', [3]);
  const graph = classifierGraph(network, { 'fc1.weight': WEIGHTS, 'fc1.bias': new Float32Array(2) });
  writeFileSync(join(folder, 'net.onnx'), encodeModel(dialectModel(graph)));
  classifier = await openModel(join(folder, 'net.onnx'), { engine: 'onnxruntime' });
});
afterAll(() => classifier.dispose());

const learn = (x: number[][], betas: number[], noise: number[][], change: object = {}, files?: TrainFiles) =>
  trainMasks({
    engine: classifier.engine,
    classifier: classifyOnce(classifier),
    specialize: (g) => classifier.specialize(g),
    x: float32(Float32Array.from(x.flat()), [x.length, 3]),
    maskShape: [3],
    betas,
    noise: samplesOf(Float32Array.from(noise.flat()), [3]),
    settings: { iterations: 60, learningRate: 0.2, schedule: 'constant', draws: 1, seed: 0, ...change },
    identity: {},
    ...(files && { files }),
  });

test('the element that the answer needs stays, the others go', async () => {
  const { masks, means, divergences, finished } = await learn([[1, 1, 1], [1, -1, 1]], [1, 1], [[0, 0, 0]], { draws: 2 }); // prettier-ignore
  expect(finished).toBe(true);
  for (const sample of [0, 1]) {
    const [a, b, c] = masks.subarray(3 * sample, 3 * sample + 3) as unknown as [number, number, number];
    expect([a > 0.9, b < 0.5, c > 0.9]).toEqual([true, true, true]);
    expect(means[sample]).toBeCloseTo((a + b + c) / 3, 6);
    // KL of the two Bernoulli distributions, by hand: logits 4 and 4 (1 - b).
    const p = 1 / (1 + Math.exp(-4));
    const q = 1 / (1 + Math.exp(-4 * (1 - b)));
    expect(divergences[sample]).toBeCloseTo(p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)), 5);
  }
});

test('learned together as alone; a larger beta replaces more', async () => {
  const noise = [[0.3, -0.4, 0.1]];
  const both = await learn([[1, 1, 1], [1, 1, 1]], [0.5, 8], noise); // prettier-ignore
  for (const [i, beta] of [0.5, 8].entries()) {
    const { masks } = await learn([[1, 1, 1]], [beta], noise);
    Array.from(masks).forEach((v, k) => expect(both.masks[3 * i + k]).toBeCloseTo(v, 5));
  }
  expect(both.means[1]).toBeGreaterThan(both.means[0]! + 0.1);
  expect(both.divergences[1]).toBeGreaterThan(both.divergences[0]!);
});

test('noise that is the sample itself costs nothing', async () => {
  const { masks, divergences } = await learn([[1, 2, 3]], [1], [[1, 2, 3]]);
  expect(Math.min(...masks)).toBeGreaterThan(0.9);
  expect(divergences[0]).toBeCloseTo(0, 6);
});

test('masks that lie there are taken up for the same samples alone', async () => {
  const files = { checkpoint: join(folder, 'masks.checkpoint'), metrics: join(folder, 'masks.jsonl'), resume: true };
  const into = (x: number[][]) => learn(x, [1], [[0, 0, 0]], {}, files);
  const { masks } = await into([[1, 1, 1]]);
  expect((await into([[1, 1, 1]])).masks).toEqual(masks);
  await expect(into([[1, 1, 2]])).rejects.toThrow(/Checkpoint '.*masks\.checkpoint': is of another run: inputs/);
});

test('an input that is not finite is refused', async () => {
  await expect(learn([[1, NaN, 1]], [1], [[0, 0, 0]])).rejects.toThrow('The input holds NaN at element 1; every value must be finite.'); // prettier-ignore
  expect(toFloat32(await classifier.predict(float32([1, 1, 1], [1, 3])))[0]).toBeCloseTo(1 / (1 + Math.exp(-4)), 5);
});
