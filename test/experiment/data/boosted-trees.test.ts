// Boosted trees: one split by hand, an exclusive or, and the same answers from onnxruntime.
import { expect, test } from '@jest/globals';
import { dialectModel } from '../../../src/engine/ort.js';
import { random } from '../../../src/core/random.js';
import { float32, toFloat32 } from '../../../src/core/tensor.js';
import { boost, logOdds, treesGraph } from '../../../src/experiment/data/boosted-trees.js';
import { openModel } from '../../../src/model/open.js';
import { encodeModel } from '../../../src/onnx/codec.js';

test('one tree of one question: Newton steps of both sides, shrunk', () => {
  // Six below 0 of class 0, four above of class 1; p = 1/2 everywhere, so that gradients are -1/2 and 1/2 and weights 1/4.
  const x = Float32Array.of(-6, -5, -4, -3, -2, -1, 1, 2, 3, 4);
  const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
  const { trees } = boost(x, labels, 1, { trees: 1, depth: 1, learningRate: 0.5, leastWeight: 0.5 });
  expect(trees).toEqual([
    [{ feature: 0, threshold: -1, below: 1, above: 2 }, { value: Math.fround((0.5 * -3) / (1.5 + 1)) }, { value: Math.fround((0.5 * 2) / (1 + 1)) }], // prettier-ignore
  ]);
  // Leaves of less weight than that are not made.
  expect(boost(x, labels, 1, { trees: 1, depth: 1, learningRate: 1, leastWeight: 2 }).trees[0]).toHaveLength(1);
});

test('an exclusive or of two of four numbers is learned, and onnxruntime says the same of it', async () => {
  const n = 600;
  const x = random(1, 1).normal(new Float32Array(4 * n), 0);
  const labels = Uint8Array.from({ length: n }, (_, i) => Number(x[4 * i + 1]! * x[4 * i + 3]! > 0));
  const ensemble = boost(x, labels, 4, { trees: 40, depth: 3, learningRate: 0.3, leastWeight: 2 });
  const odds = Array.from({ length: n }, (_, i) => logOdds(ensemble, x.subarray(4 * i, 4 * i + 4)));
  expect(odds.filter((o, i) => o > 0 === (labels[i] === 1)).length / n).toBeGreaterThan(0.95);
  const classifier = await openModel(encodeModel(dialectModel(treesGraph(ensemble))), { engine: 'forward', threads: 1 });
  const p = toFloat32(await classifier.predict(float32(x.slice(0, 200), [50, 4])));
  for (let i = 0; i < 50; i++) {
    expect(p[2 * i + 1]).toBeCloseTo(1 / (1 + Math.exp(-odds[i]!)), 5);
    expect(p[2 * i]! + p[2 * i + 1]!).toBeCloseTo(1, 5);
  }
  await classifier.dispose();
});
