// Closed forms for the mask and its evidence: linear softmax classifiers, whose needed inputs are known exactly.
import { expect, test } from '@jest/globals';
import { wilson } from '../../src/core/proportion.js';
import { random, STREAMS } from '../../src/core/random.js';
import { argmax } from '../../src/core/rows.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { gradientOf } from '../../src/engine/engine.js';
import { dialectModel } from '../../src/engine/ort.js';
import { audit } from '../../src/explain/audit.js';
import { sharpened } from '../../src/explain/target.js';
import { blend, spread } from '../../src/evidence/corrupt.js';
import { replaceability } from '../../src/evidence/replaceability.js';
import { createNoise } from '../../src/lan/noise.js';
import { buildObjective, interpolation } from '../../src/lan/objective.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const FEATURES = 12;
/** Features 0 to 3 decide; the columns of the others are zero. */
const USED = 4;

/** softmax(x W), x [N,12], two classes, as ONNX bytes. */
function linear(): Uint8Array {
  const w = new Float32Array(FEATURES * 2);
  for (let i = 0; i < USED; i++) {
    w[2 * i] = 1;
    w[2 * i + 1] = -1;
  }
  const g = new GraphBuilder('linear');
  const x = g.input('x', 'float32', ['N', FEATURES]);
  const logits = g.matMul(x, g.constant(float32(w, [FEATURES, 2]), 'W'));
  g.output(g.op('Softmax', [logits], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}

const ENGINES = ['onnxruntime', 'tfjs'] as const;
const ones = float32(new Float32Array(FEATURES).fill(1), [1, FEATURES]);
const SETTINGS = { noise: 'uniform:-1,1', iterations: 300, learningRate: 0.1, draws: 8, seed: 3 };

const learn = async (classifier: Classifier, beta: number, more: object = {}): Promise<Float32Array> => {
  const result = await audit(classifier, ones, { settings: { ...SETTINGS, betas: [beta], ...more }, evidenceDraws: 8 });
  return toFloat32(result.betas[0]!.learned.mask);
};

test.each(ENGINES)('the mask of a linear classifier is 1 on unused columns and low on used ones (%s)', async (engine) => {
  const classifier = await openModel(linear(), { engine, backend: engine === 'tfjs' ? 'cpu' : undefined });
  const mask = await learn(classifier, 0.05, { patience: 0 });
  expect(mask).toHaveLength(FEATURES);
  expect(Math.min(...mask.slice(USED))).toBeGreaterThan(0.97);
  expect(Math.max(...mask.slice(0, USED))).toBeLessThan(0.25);
  await classifier.dispose();
});

test('squared error does not lose the answer at its default beta', async () => {
  const classifier = await openModel(linear());
  // Sure of its answer, so that squared error has next to no gradient once the answer is lost.
  const x = float32(new Float32Array(FEATURES).fill(4), [1, FEATURES]);
  const settings = { ...SETTINGS, noise: 'uniform:-20,-12', outputLoss: 'squared-error' as const, patience: 0 };
  const { betas } = await audit(classifier, x, { settings, evidenceDraws: 64 });
  expect(betas[0]!.beta).toBe(1);
  expect(betas[0]!.evidence.soft.kept).toBeGreaterThan(60);
  const mask = toFloat32(betas[0]!.learned.mask);
  expect(Math.min(...mask.slice(USED))).toBeGreaterThan(0.9);
  await classifier.dispose();
});

test('beta raises the mask mean', async () => {
  const classifier = await openModel(linear());
  const means: number[] = [];
  for (const beta of [0.1, 1, 10]) {
    const mask = await learn(classifier, beta);
    means.push(mask.reduce((a, b) => a + b, 0) / FEATURES);
  }
  expect(means[1]! - means[0]!).toBeGreaterThan(0.02);
  expect(means[2]! - means[1]!).toBeGreaterThan(0.05);
  await classifier.dispose();
});

test('both engines learn the same mask from the same seed, and the same engine the very same', async () => {
  const masks: Float32Array[] = [];
  for (const engine of ['onnxruntime', 'tfjs', 'onnxruntime'] as const) {
    const classifier = await openModel(linear(), { engine, threads: 1, backend: engine === 'tfjs' ? 'wasm' : undefined });
    masks.push(await learn(classifier, 1, { iterations: 50 }));
    await classifier.dispose();
  }
  expect(masks[2]).toEqual(masks[0]);
  masks[0]!.forEach((v, i) => expect(Math.abs(v - masks[1]![i]!)).toBeLessThan(1e-3));
});

test.each(ENGINES)('where the noise equals the input, F gives no gradient: only beta pulls (%s)', async (engine) => {
  const classifier = await openModel(linear(), { engine, backend: engine === 'tfjs' ? 'cpu' : undefined });
  const objective = await buildObjective({
    classifier: (batch) => classifier.logProbabilities(batch),
    specialize: (graph) => classifier.specialize(graph),
    sampleShape: [FEATURES],
    draws: 1,
    maskShape: 'pixel',
    maskGrids: [],
    outputLoss: 'cross-entropy',
  });
  const program = await classifier.engine.gradient(objective.graph, 'loss', ['theta']);
  const target = await classifier.predict(ones);
  const theta = float32(
    Float32Array.from({ length: FEATURES }, (_, i) => 0.3 * i - 1),
    [1, FEATURES],
  );
  const at = async (beta: number): Promise<Float32Array> =>
    toFloat32(
      (await program.run({ theta, x: ones, eta: ones, target, beta: float32([beta], []), binary: float32([0], []) }))[
        gradientOf('theta')
      ]!,
    );
  for (const v of await at(0)) expect(v).toBe(0);
  const pulled = await at(6);
  toFloat32(theta).forEach((t, i) => {
    const s = 1 / (1 + Math.exp(-t));
    expect(pulled[i]).toBeCloseTo((-6 * s * (1 - s)) / FEATURES, 6);
  });
  await program.dispose();
  await classifier.dispose();
});

test('an input with NaN is refused before anything is learned', async () => {
  const classifier = await openModel(linear());
  const x = float32(
    Float32Array.from({ length: FEATURES }, (_, i) => (i === 5 ? NaN : 1)),
    [1, FEATURES],
  );
  await expect(audit(classifier, x, { settings: SETTINGS })).rejects.toThrow(
    'The input holds NaN at element 5; every value must be finite. Fill in missing values first.',
  );
  await classifier.dispose();
});

/** Answers class 1 exactly where element 0 is above one half: needs that element and nothing else. */
const indicator = (x: Tensor): Promise<Tensor> => {
  const [n, d] = x.dims as [number, number];
  const data = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) data[2 * i + (toFloat32(x)[i * d]! > 0.5 ? 1 : 0)] = 1;
  return Promise.resolve(float32(data, [n, 2]));
};

test('evidence on an indicator model: everything else can be replaced, and then the answer is certain', async () => {
  const x = float32(new Float32Array(10).fill(1), [1, 10]);
  const noise = createNoise('uniform', { x, low: 0, high: 0.4 });
  const good = float32(
    Float32Array.from({ length: 10 }, (_, i) => (i === 0 ? 0 : 1)),
    [1, 10],
  );
  const kept = await replaceability(indicator, x, good, noise);
  expect(kept.soft).toMatchObject({ kept: 256, draws: 256, kl: 0 });
  expect(kept.soft.fraction).toBeCloseTo(0.9, 6);
  expect(kept.hard).toMatchObject({ fraction: 0.9, kept: 256, draws: 256 });
  const bad = float32(
    Float32Array.from({ length: 10 }, (_, i) => (i === 0 ? 1 : 0)),
    [1, 10],
  );
  const lost = await replaceability(indicator, x, bad, noise);
  expect(lost.soft.kept).toBe(0);
  expect(lost.hard).toBeUndefined();
  // A share is given up with the batch in which it can no longer be chosen.
  expect(lost.hardTried.every((t) => t.kept === 0 && t.draws === 8)).toBe(true);
  // Without one loss in half of the draws the rest is not asked for.
  expect(kept.hardTried.find((t) => t.fraction === 0.9)).toEqual({ fraction: 0.9, kept: 32, draws: 32 });
  // KL of a certain answer against none at all, floored at 1e-30.
  expect(lost.soft.kl).toBeCloseTo(-Math.log(1e-30), 3);
});

test('noise that is always the same counts once, and noise alone is measured', async () => {
  const x = float32(new Float32Array(10).fill(1), [1, 10]);
  const half = float32(new Float32Array(10).fill(0.5), [1, 10]);
  const dark = await replaceability(indicator, x, half, createNoise('constant:0.2', { x, low: 0, high: 1 }));
  expect(dark.soft).toMatchObject({ kept: 1, draws: 1 });
  expect(dark.noiseAlone).toMatchObject({ kept: 0, draws: 1 });
  const bright = await replaceability(indicator, x, half, createNoise('uniform:0.8,1', { x, low: 0, high: 1 }));
  expect(bright.noiseAlone).toMatchObject({ kept: 256, draws: 256 });
});

test('a target is sharpened only as far as an unsure answer needs', () => {
  const sure = float32([0.05, 0.95], [1, 2]);
  expect(sharpened(sure, 0.9)).toBe(sure);
  const [a, b, c] = toFloat32(sharpened(float32([0.41, 0.35, 0.24], [1, 3]), 0.9)) as unknown as [number, number, number];
  expect(a).toBeCloseTo(0.9, 5);
  expect(a + b + c).toBeCloseTo(1, 6);
  // A power: the logarithms keep their proportions.
  expect(Math.log(a / b) / Math.log(0.41 / 0.35)).toBeCloseTo(Math.log(a / c) / Math.log(0.41 / 0.24), 4);
  const tied = float32([0.4, 0.4, 0.2], [1, 3]);
  expect(sharpened(tied, 0.9)).toBe(tied);
});

test('Wilson intervals', () => {
  // By hand for 251 of 256: centre (p + z^2/2n) / (1 + z^2/n), and so on.
  const [low, high] = wilson(251, 256);
  expect(low).toBeCloseTo(0.9551, 4);
  expect(high).toBeCloseTo(0.9916, 4);
  expect(wilson(0, 0)).toEqual([0, 1]);
  expect(wilson(10, 10)[1]).toBeCloseTo(1, 12);
  expect(wilson(0, 10)[0]).toBe(0);
});

test('evidence, threshold and training draw different noise; the same stream repeats itself', () => {
  const draw = (stream: number): Float32Array => random(7, stream).uniform(new Float32Array(64), 0);
  const all = [STREAMS.training, STREAMS.threshold, STREAMS.evidence].map(draw);
  expect(draw(STREAMS.evidence)).toEqual(all[2]);
  for (const [a, b] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    expect(all[a]!.filter((v, i) => v === all[b]![i]).length).toBeLessThan(2);
  }
});

test('uniform numbers are uniform, and neighbours independent', () => {
  const v = random(1, 9).uniform(new Float32Array(100_000), 3, -1, 1);
  const mean = v.reduce((a, b) => a + b, 0) / v.length;
  const lag = v.slice(1).reduce((s, b, i) => s + v[i]! * b, 0) / v.length;
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(v.reduce((s, b) => s + b * b, 0) / v.length).toBeCloseTo(1 / 3, 2);
  expect(Math.abs(lag)).toBeLessThan(0.01);
});

test('noise families', () => {
  const x = float32(
    Float32Array.from({ length: 64 }, (_, i) => (i === 27 ? 1 : 0)),
    [1, 1, 8, 8],
  );
  const fill = (spec: string, samples?: Tensor): Float32Array => {
    const out = new Float32Array(128);
    createNoise(spec, { x, low: 0, high: 1, samples }).fill(out, random(0, 1), 0);
    return out;
  };
  expect([...new Set(fill('constant:0.25'))]).toEqual([0.25]);
  const blurred = fill('blur:1');
  expect(blurred.slice(0, 64).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 1);
  expect(blurred.slice(64)).toEqual(blurred.slice(0, 64));
  expect(blurred[27]).toBeGreaterThan(blurred[28]!);
  expect(blurred[28]).toBeCloseTo(blurred[35]!, 6);
  const samples = float32(
    Float32Array.from({ length: 192 }, (_, i) => 1 + Math.floor(i / 64)),
    [3, 1, 8, 8],
  );
  for (const half of [fill('bootstrap:pictures', samples).slice(0, 64), fill('bootstrap:pictures', samples).slice(64)]) {
    expect(new Set(half).size).toBe(1);
    expect([1, 2, 3]).toContain(half[0]);
  }
  // The input itself is no noise: it is never drawn, once among the samples or alone.
  const own = float32([...x.data as Float32Array, ...(samples.data as Float32Array).subarray(0, 64)], [2, 1, 8, 8]); // prettier-ignore
  for (let draw = 0; draw < 16; draw++) {
    const out = new Float32Array(128);
    const noise = createNoise('bootstrap:pictures', { x, low: 0, high: 1, samples: own });
    noise.fill(out, random(0, 1), draw);
    expect([noise.random, ...new Set(out)]).toEqual([false, 1]);
  }
  expect(() => fill('bootstrap:own', x)).toThrow(
    "`noise` 'bootstrap:own': holds nothing but the input itself. Name data with other inputs.",
  );
  expect(() => fill('perlin')).toThrow("`noise` 'perlin': unknown family. Expected uniform[:low,high] |");
  expect(() => fill('constant')).toThrow("`noise` 'constant': expected constant:<c>, e.g. constant:0.");
});

test('a coarse grid grows bilinearly and keeps constants', () => {
  const w = interpolation(6, 3);
  const rows = Array.from({ length: 6 }, (_, i) => Array.from((w.data as Float32Array).slice(3 * i, 3 * i + 3)));
  for (const row of rows) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  expect(rows[0]).toEqual([1, 0, 0]);
  expect(rows[1]![0]).toBeCloseTo(0.75, 6);
  expect(rows[5]).toEqual([0, 0, 1]);
});

test('blend is Eq. 2, one mask value for all channels', () => {
  const eta = Float32Array.from([10, 20, 30, 40]);
  blend(eta, Float32Array.from([1, 2, 3, 4]), spread(Float32Array.from([0, 0.5]), [1, 1, 1, 2], [1, 2, 1, 2]));
  expect([...eta]).toEqual([1, 11, 3, 22]);
  expect(argmax(float32([0.1, 0.9, 0.8, 0.2], [2, 2]))).toEqual([1, 0]);
});
