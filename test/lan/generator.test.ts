// Learned noise: its distance from the data by hand, what it learns of two numbers that go together, and noise that is trained against masks.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { createAuditor } from '../../src/api/audit.js';
import { specialize } from '../../src/compile/specialize.js';
import { pearson } from '../../src/core/correlation.js';
import { LanError } from '../../src/core/errors.js';
import { random } from '../../src/core/random.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { createOrtEngine, dialectModel, probe } from '../../src/engine/ort.js';
import { trainLan } from '../../src/explain/train-lan.js';
import { createGenerator, drawsOf, fitGenerator } from '../../src/lan/generator.js';
import { samplesOf, type Samples } from '../../src/lan/samples.js';
import { openModel, type Classifier } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Graph } from '../../src/onnx/graph.js';
import { encodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-generator-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const engine = createOrtEngine(adapters, { threads: 1 });
const compiling = { engine, specialize: (graph: Graph) => specialize(graph, {}, probe, adapters) };

/** Pairs (a, b) with b = 3a + 10, a being -1 or 1 but for a little, and c, which knows nothing of them. */
function pairs(count: number): Samples {
  const u = random(5, 1).uniform(new Float32Array(3 * count), 0, -0.1, 0.1);
  const data = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const a = (i % 2 === 0 ? -1 : 1) + u[3 * i]!;
    data.set([a, 3 * a + 10 + u[3 * i + 1]!, 5 * u[3 * i + 2]!], 3 * i);
  }
  return samplesOf(data, [3]);
}

test('the distance is the energy distance, in units of the mean distance of two samples', async () => {
  // Two samples, 5 apart: that is the unit.
  const generator = await createGenerator(samplesOf(Float32Array.of(0, 0, 3, 4), [2, 1]), 0);
  const g = new GraphBuilder('distance');
  const [draws, near] = [g.input('draws', 'float32', [2, 2]), g.input('near', 'float32', [3, 2])];
  g.output(generator.appendDistance(g, draws, 2, near, 3), 'distance');
  const program = await engine.compile(await compiling.specialize(g.build()));
  const run = async (a: number[], b: number[]): Promise<number> =>
    toFloat32((await program.run({ draws: float32(Float32Array.from(a), [2, 2]), near: float32(Float32Array.from(b), [3, 2]) }))['distance']!)[0]!; // prettier-ignore
  const [a, b] = [[0, 0, 6, 8], [3, 4, 3, 0, 0, 4]]; // prettier-ignore
  const across = (5 + 3 + 4 + 5 + Math.hypot(3, 8) + Math.hypot(6, 4)) / 6;
  expect(await run(a, b)).toBeCloseTo((2 * across - 10) / 5 - 1, 4);
  await program.dispose();
});

test('features of a vector count in units of their own: metres or millimetres, the draws are as near to the data', async () => {
  const data = pairs(200);
  const values = await data.read(Array.from({ length: 200 }, (_, i) => i), 0); // prettier-ignore
  const factors = [1000, 1, 1e-3];
  const other = samplesOf(values.map((v, i) => v * factors[i % 3]!), [3]); // prettier-ignore
  const draws: Float32Array[] = [];
  const distances: number[] = [];
  for (const samples of [data, other]) {
    const generator = await createGenerator(samples, 1);
    const fitted = await fitGenerator(generator, samples, 1, { ...compiling, steps: 60 });
    distances.push(fitted.distance);
    draws.push(toFloat32(await drawsOf(generator, fitted.parameters, 50, 1, compiling)));
  }
  expect(distances[1]).toBeCloseTo(distances[0]!, 3);
  const [own, scaled] = draws as [Float32Array, Float32Array];
  const apart = own.map((v, i) => Math.abs(scaled[i]! / factors[i % 3]! - v));
  expect(Math.max(...apart)).toBeLessThan(0.01);
  // A feature that is always the same stays so.
  const constant = await createGenerator(samplesOf(Float32Array.of(1, 7, 2, 7, 4, 7), [2]), 0);
  const still = toFloat32(await drawsOf(constant, constant.initial(0), 5, 0, compiling));
  expect(still.filter((_, i) => i % 2 === 1)).toEqual(new Float32Array(5).fill(7));
});

test('draws have the mean, the range and the correlation of the data, come nearer by learning, and depend on the seed alone', async () => {
  const data = pairs(200);
  const generator = await createGenerator(data, 1);
  const before = await fitGenerator(generator, data, 1, { ...compiling, steps: 1 });
  const fitted = await fitGenerator(generator, data, 1, compiling);
  expect(fitted.distance).toBeLessThan(0.7 * before.distance);
  const draws = await drawsOf(generator, fitted.parameters, 400, 1, compiling);
  const column = (i: number): Float32Array => Float32Array.from({ length: 400 }, (_, n) => toFloat32(draws)[3 * n + i]!);
  const [a, b, c] = [column(0), column(1), column(2)];
  expect(pearson(a, b)).toBeGreaterThan(0.98);
  expect(Math.abs(pearson(a, c))).toBeLessThan(0.25);
  expect(Math.abs(b.reduce((s, v) => s + v / 400, 0) - 10)).toBeLessThan(0.5);
  expect(Math.max(...a)).toBeLessThanOrEqual(1.1);
  // Two clusters: few draws lie between them, where normal noise of the same covariance has a third.
  expect(a.filter((v) => Math.abs(v) < 0.4).length / 400).toBeLessThan(0.25);
  expect((await fitGenerator(generator, data, 1, compiling)).parameters).toEqual(fitted.parameters);
});

test('data that is all the same has nothing to learn from', async () => {
  await expect(createGenerator(samplesOf(new Float32Array(6).fill(2), [3]), 0)).rejects.toEqual(
    new LanError('data', "`noise` 'learned': its 2 samples are all the same, so that there is nothing to learn.", 'Give more samples, or choose constant:<c>.'), // prettier-ignore
  );
});

/** log-odds 4 x0 of two classes. */
async function classifier(): Promise<Classifier> {
  const g = new GraphBuilder('first number');
  const weights = g.constant(float32(Float32Array.of(-2, 2, 0, 0, 0, 0), [3, 2]));
  g.output(g.op('Softmax', [g.matMul(g.input('x', 'float32', ['batch', 3]), weights)], { axis: 1 }), 'probabilities', { type: 'float32', dims: ['batch', 2] }); // prettier-ignore
  const path = join(folder, 'first.onnx');
  writeFileSync(path, encodeModel(dialectModel(g.build())));
  return openModel(path, { engine: 'onnxruntime', threads: 1, card: { output: 'probabilities' } });
}

test('a LAN and its noise train in one step: the noise stays near, the mask spares what decides, checkpoints hold both', async () => {
  const model = await classifier();
  const options = { noise: 'learned', lan: 'FC(8, tanh), FC(mask, sigmoid)', maskShape: 'full' as const, data: 'pairs' };
  const settings = { iterations: 300, batch: 16, draws: 2, beta: 0.5, learningRate: 0.01, seed: 2 };
  const trained = await trainLan(model, pairs(200), { ...options, settings, validation: pairs(50) });
  expect(trained.settings.noise).toBe('learned');
  expect(trained.last['noise_distance']!).toBeLessThan(0.3);
  expect(trained.validation!['validation_noise_distance']!).toBeLessThan(0.3);
  expect(trained.generator!.parameters.every(({ name }) => name in trained.parameters)).toBe(true);
  // Of three numbers two can be anything.
  expect(trained.validation!['validation_mask_mean']!).toBeCloseTo(2 / 3, 1);
  const files = (resume: boolean) => ({ checkpoint: join(folder, 'a', 'lan.checkpoint'), every: 600, resume });
  const half = new AbortController();
  await trainLan(model, pairs(200), { ...options, settings, files: files(false), signal: half.signal, onStep: ({ step }) => step >= 150 && half.abort() }); // prettier-ignore
  const whole = await trainLan(model, pairs(200), { ...options, settings, files: files(true) });
  expect([whole.resumedAt, whole.parameters]).toEqual([150, trained.parameters]);
  await expect(trainLan(model, pairs(9), { ...options, settings: { ...settings, batch: 1, draws: 1 } })).rejects.toThrow(
    "`noise` 'learned': its draws are held against each other, which takes two a step.",
  );
  await model.dispose();
});

test('an audit with learned noise names it and says how near it is; without data it is refused', async () => {
  const model = await openModel(join(folder, 'first.onnx'), { card: { output: 'probabilities' } });
  await model.dispose();
  const data = pairs(60);
  const noiseSamples = float32(await data.read(Array.from({ length: 60 }, (_, i) => i), 0), [60, 3]); // prettier-ignore
  const options = { card: { output: 'probabilities' as const }, evidenceDraws: 16, iterations: 20, seed: 0 };
  const path = join(folder, 'first.onnx');
  const auditor = await createAuditor(path, { ...options, noise: 'learned:pairs', noiseSamples });
  const result = await auditor.audit(float32(Float32Array.of(1, 13, 0), [1, 3]));
  expect(result.noise).toBe('learned:pairs');
  expect(result.notes.join()).toMatch(/the generator's draws are 0\.\d+ away from the data/);
  await auditor.dispose();
  const without = await createAuditor(path, { ...options, noise: 'learned' });
  await expect(without.audit(float32(Float32Array.of(1, 13, 0), [1, 3]))).rejects.toThrow(
    "`noise` 'learned': there is no data to learn it from.",
  );
  await without.dispose();
});
