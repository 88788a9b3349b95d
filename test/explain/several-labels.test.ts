// Several labels at once, each with a probability of its own: what is kept, each label by itself, and a KL that has the complement's terms.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { judgeLabels } from '../../src/evidence/answer.js';
import { replaceability } from '../../src/evidence/replaceability.js';
import { createNoise } from '../../src/lan/noise.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { openModel } from '../../src/model/open.js';
import { score } from '../../src/score/score.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-labels-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const row = (...values: number[]): Tensor => float32(values, [1, values.length]);

test('KL is the sum over the labels of p log(p/q) + (1-p) log((1-p)/(1-q)), and not below 0', () => {
  const judge = judgeLabels(row(0.75, 0.25));
  const binary = (p: number, q: number): number => p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
  expect(judge.divergence(Float32Array.of(0.5, 0.5))).toBeCloseTo(binary(0.75, 0.5) + binary(0.25, 0.5), 12);
  // Without the complement's terms this would be below 0: .75 log(.75/.99) + .25 log(.25/.99).
  expect(judge.divergence(Float32Array.of(0.99, 0.99))).toBeCloseTo(binary(0.75, 0.99) + binary(0.25, 0.99), 4);
  expect(judge.divergence(Float32Array.of(0.75, 0.25))).toBe(0);
});

test('labels are kept as a set, and counted one by one', async () => {
  // Label i is given where element i is above one half.
  const predict = (x: Tensor): Promise<Tensor> =>
    Promise.resolve(
      float32(
        toFloat32(x).map((v) => (v > 0.5 ? 0.9 : 0.1)),
        x.dims,
      ),
    );
  const x = row(1, 1, 0);
  const noise = createNoise('uniform', { x, low: 0, high: 1 });
  // Only element 1 is replaced, so that label 1 is lost on about half of the draws, and with it the set.
  const second = await replaceability(predict, x, row(0, 1, 0), noise, { judge: judgeLabels });
  const [first, lost] = second.soft.labels!;
  expect(second.soft.labels!.map((l) => l.index)).toEqual([0, 1]);
  expect([first!.kept, lost!.kept]).toEqual([256, second.soft.kept]);
  expect(lost!.kept).toBeGreaterThan(90);
  expect(lost!.kept).toBeLessThan(166);
  // A label that noise adds is no loss of those that were given, and the set is another one.
  const added = await replaceability(predict, x, row(0, 0, 1), noise, { judge: judgeLabels });
  expect(added.soft.labels!.map((l) => l.kept)).toEqual([256, 256]);
  expect(added.soft.kept).toBeLessThan(166);
  expect(added.soft.kl).toBeCloseTo((1 - added.soft.kept / 256) * 0.8 * Math.log(9), 4);
});

test('audit of three sigmoids: both labels that were given are named, in audit.json too', async () => {
  const g = new GraphBuilder();
  const weights = new Float32Array(18);
  // Label 0 is made of features 0 and 1, label 1 of 2 and 3, label 2 of 4; feature 5 counts for nothing.
  for (const [feature, label] of [[0, 0], [1, 0], [2, 1], [3, 1], [4, 2]] as const) weights[feature * 3 + label] = 3; // prettier-ignore
  const z = g.add(g.matMul(g.input('x', 'float32', ['N', 6]), g.constant(float32(weights, [6, 3]))), g.constant(float32([-3, -3, -1.5], [3]))); // prettier-ignore
  g.output(g.op('Sigmoid', [z]), 'p', { type: 'float32', dims: ['N', 3] });
  const model = join(folder, 'labels.onnx');
  writeFileSync(model, encodeModel(dialectModel(g.build())));
  writeFileSync(join(folder, 'labels.txt'), 'cat\ndog\nhat\n');
  writeFileSync(join(folder, 'x.npy'), encodeNpy(float32([1, 1, 1, 0.8, 0, 1])));
  const { code, out } = await cli(
    'audit',
    model,
    '--tensor',
    join(folder, 'x.npy'),
    '--labels',
    join(folder, 'labels.txt'),
    '--iterations',
    '150',
    '--out',
    join(folder, 'out'), // prettier-ignore
  );
  expect(code).toBe(0);
  expect(out).toContain('x.npy: cat 0.953, dog 0.917\n');
  expect(out).toMatch(/the 2 labels 'cat' and 'dog' were kept on \d+ of 256 fresh draws/);
  expect(out).toMatch(/kept means: each of these labels .*; label by label: 'cat' on \d+ and 'dog' on \d+ of 256 fresh draws\n/);
  const document = JSON.parse(readFileSync(join(folder, 'out/x/audit.json'), 'utf8')) as {
    answer: object;
    betas: { evidence: { noiseAlone: object; soft: { kept: number; kl: number; labels: { index: number; kept: number }[] } } }[];
  };
  expect(document.answer).toEqual({ task: 'labels', labels: [{ index: 0, label: 'cat' }, { index: 1, label: 'dog' }] }); // prettier-ignore
  const { soft, noiseAlone } = document.betas[0]!.evidence;
  expect(soft.kl).toBeGreaterThanOrEqual(0);
  expect(soft.labels.map((l) => l.index)).toEqual([0, 1]);
  for (const label of soft.labels) expect(label.kept).toBeGreaterThanOrEqual(soft.kept);
  expect(noiseAlone).toHaveProperty('labels');
});

test('score: cross-entropy has the complement of every other label', async () => {
  const g = new GraphBuilder();
  g.output(g.op('Sigmoid', [g.input('x', 'float32', ['N', 2])]), 'p', { type: 'float32', dims: ['N', 2] });
  writeFileSync(join(folder, 'two.onnx'), encodeModel(dialectModel(g.build())));
  writeFileSync(join(folder, 'images.npy'), encodeNpy(float32([2, 1, 0, 3], [2, 2])));
  writeFileSync(join(folder, 'labels.npy'), encodeNpy({ type: 'uint8', dims: [2], data: Uint8Array.of(0, 1) }));
  const model = await openModel(join(folder, 'two.onnx'));
  const data = await openDataset(join(folder, 'images.npy'));
  const { crossEntropy, top1 } = await score(model, data);
  const p = (z: number): number => 1 / (1 + Math.exp(-z));
  const expected = -(Math.log(p(2)) + Math.log(1 - p(1)) + Math.log(1 - p(0)) + Math.log(p(3))) / 2;
  expect([crossEntropy, top1.correct]).toEqual([expect.closeTo(expected, 5), 2]);
  await Promise.all([model.dispose(), data.close()]);
});
