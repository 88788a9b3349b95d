// Training: runs that are broken off and go on are the unbroken run, files, refusals; and what a trained LAN's files compute.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { random } from '../../src/core/random.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
import { decodeSafetensors } from '../../src/data/safetensors.js';
import { createOrtEngine, dialectModel, openSession, probe } from '../../src/engine/ort.js';
import { openExplainer } from '../../src/explain/explainer.js';
import { classifierGraph, fit, type FitOptions } from '../../src/lan/fit.js';
import { createNetwork } from '../../src/lan/network.js';
import { batchOrder, samplesOf } from '../../src/lan/samples.js';
import { openModel } from '../../src/model/open.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { PROGRAM } from '../support/built.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-train-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIDE = 8;
const AREA = SIDE * SIDE;
const COUNT = 200;
/** Grey pictures of noise with a bright square at the left (class 0) or the right (class 1). */
const pictures = random(1, 1).uniform(new Float32Array(COUNT * AREA), 0, 0, 80);
const labels = Array.from({ length: COUNT }, (_, i) => i % 2);
for (let n = 0; n < COUNT; n++)
  for (let r = 2; r < 6; r++) for (let c = 0; c < 3; c++) pictures[n * AREA + r * SIDE + c + 5 * labels[n]!] = 220;
const scaled = (data: Float32Array): Float32Array => data.map((v) => v / 255);
const engine = createOrtEngine(adapters, { threads: 1 });
const network = createNetwork('Conv(4, 2, 3x3, lrelu), Dropout(0.1), FC(2, softmax)', [1, SIDE, SIDE]);

const fitting = (more: Partial<FitOptions> = {}): FitOptions => ({
  engine,
  specialize: (graph) => specialize(graph, {}, probe, adapters),
  network,
  samples: samplesOf(scaled(pictures.subarray(0, 160 * AREA)), [1, SIDE, SIDE], labels.slice(0, 160)),
  validation: samplesOf(scaled(pictures.subarray(160 * AREA)), [1, SIDE, SIDE], labels.slice(160)),
  settings: { iterations: 40, learningRate: 0.02, schedule: 'cosine', batch: 16, seed: 2 },
  data: 'squares',
  ...more,
});
const bytesOf = (values: Record<string, Float32Array>): string =>
  JSON.stringify(Object.entries(values).map(([k, v]) => [k, ...v]));

beforeAll(async () => {
  const { parameters, validation } = await fit(fitting());
  expect(validation!['accuracy']).toBe(1);
  writeFileSync(at('net.onnx'), encodeModel(dialectModel(classifierGraph(network, parameters))));
  const card = { input: { range: 255, mean: [0], std: [255], size: [SIDE, SIDE], channels: 'GREY' }, output: 'probabilities' };
  writeFileSync(at('net.card.json'), JSON.stringify(card));
  mkdirSync(at('data'));
  const bytes = { type: 'uint8' as const, dims: [COUNT, 1, SIDE, SIDE], data: Uint8Array.from(pictures) };
  writeFileSync(at('data', 'images.npy'), encodeNpy(bytes));
});

/** `more` in place of the settings here where it names the same. */
function train(out: string, ...more: string[]): string[] {
  const given = { '--iterations': '60', '--batch': '8', '--lan': 'FC(12, lrelu), Dropout(0.2), FC(mask, sigmoid)' };
  const rest = Object.entries(given).filter(([flag]) => !more.includes(flag));
  return ['train', at('net.onnx'), '--data', at('data'), '--out', at(out), '--threads', '1', ...rest.flat(), ...more];
}

test('a classifier: same seed, same weights; broken off at any step and resumed, the same', async () => {
  const whole = await fit(fitting());
  for (const stop of [1, 17, 39]) {
    const abort = new AbortController();
    const files = { checkpoint: at(`c${stop}`), metrics: at(`m${stop}`), every: 0, resume: true };
    const first = await fit(fitting({ files, signal: abort.signal, onStep: ({ step }) => step >= stop && abort.abort() }));
    expect([first.finished, first.steps]).toEqual([false, stop]);
    const second = await fit(fitting({ files }));
    expect([second.finished, second.resumedAt]).toEqual([true, stop]);
    expect(bytesOf(second.parameters)).toBe(bytesOf(whole.parameters));
    expect(second.validation).toEqual(whole.validation);
  }
  // Once more: nothing is left to do.
  const third = await fit(fitting({ files: { checkpoint: at('c1'), metrics: at('m1'), resume: true } }));
  expect([third.resumedAt, third.validation, third.last]).toEqual([40, whole.validation, whole.last]);
  expect(Object.keys(third.last)).not.toEqual([]);
  const metrics = readFileSync(at('m17'), 'utf8');
  expect(metrics).toBe(readFileSync(at('m39'), 'utf8'));
  expect(metrics.trim().split('\n')).toHaveLength(40);
});

test('a full disk leaves the last good checkpoint and its metrics, from which the run goes on', async () => {
  await fit(fitting({ files: { checkpoint: at('unbroken'), metrics: at('unbroken.jsonl'), every: 0, resume: false } }));
  const files = { checkpoint: at('full'), metrics: at('full.jsonl'), every: 0, resume: true };
  // The disk is full from step 17 on.
  const fill = ({ step }: { step: number }): void => {
    if (step !== 17) return;
    renameSync(files.metrics, at('full.kept'));
    symlinkSync('/dev/full', files.metrics);
  };
  await expect(fit(fitting({ files, onStep: fill }))).rejects.toThrow(`Cannot write '${files.metrics}': `);
  const { metadata } = decodeSafetensors(readFileSync(files.checkpoint), 'full');
  expect(metadata['steps']).toBe('16');
  renameSync(at('full.kept'), files.metrics);
  expect((await fit(fitting({ files }))).resumedAt).toBe(16);
  expect(readFileSync(files.metrics, 'utf8')).toBe(readFileSync(at('unbroken.jsonl'), 'utf8'));
});

test('killed in the middle of training and resumed, the LAN is that of an unbroken run, byte for byte', async () => {
  expect((await cli(...train('whole.onnx'))).code).toBe(0);
  // Long enough to be caught in the middle of: every step writes a checkpoint.
  const [node, entry] = PROGRAM;
  const child = spawn(node, [entry, ...train('killed.onnx', '--checkpoint-every', '0')], { stdio: 'ignore' });
  const ended = new Promise((done) => child.on('exit', done));
  while (!existsSync(at('killed.checkpoint'))) {
    await new Promise((done) => setTimeout(done, 5));
    expect(child.exitCode).toBe(null);
  }
  child.kill('SIGKILL');
  await ended;
  expect(existsSync(at('killed.onnx'))).toBe(false);
  const { code, out } = await cli(...train('killed.onnx', '--resume'));
  expect(code).toBe(0);
  expect(out).toMatch(/60 steps \(\d+ from the checkpoint\)/);
  for (const ending of ['onnx', 'fused.onnx', 'metrics.jsonl'])
    expect([ending, readFileSync(at(`killed.${ending}`)).equals(readFileSync(at(`whole.${ending}`)))]).toEqual([ending, true]);
});

test('the exported LAN gives the same mask in bare onnxruntime, alone and fused, for any batch', async () => {
  const classifier = await openModel(at('net.onnx'));
  const explainer = await openExplainer(at('whole.onnx'), classifier);
  const x = float32(pictures.slice(0, 3 * AREA), [3, 1, SIDE, SIDE]);
  const masks = toFloat32(await explainer.explain(x));
  const alone = await openSession(at('whole.onnx'));
  const fused = await openSession(at('whole.fused.onnx'));
  expect(fused.outputNames).toEqual(['probabilities', 'mask']);
  for (let n = 0; n < 3; n++) {
    const one = float32(pictures.slice(n * AREA, (n + 1) * AREA), [1, 1, SIDE, SIDE]);
    const own = toFloat32((await alone.run({ x: one }))['mask']!);
    const both = await fused.run({ x: one });
    own.forEach((v, i) => expect(Math.abs(v - masks[n * AREA + i]!)).toBeLessThan(1e-5));
    toFloat32(both['mask']!).forEach((v, i) => expect(Math.abs(v - own[i]!)).toBeLessThan(1e-5));
    const p = toFloat32(await classifier.predict(one));
    toFloat32(both['probabilities']!).forEach((v, i) => expect(v).toBeCloseTo(p[i]!, 5));
  }
  const { metadata } = decodeModel(readFileSync(at('whole.onnx')));
  expect(metadata['lan-onnx.sha256']).toBe(classifier.source.sha256);
  expect(JSON.parse(metadata['lan-onnx.settings']!)).toMatchObject({ beta: 1, noise: 'bootstrap', steps: 60, seed: 0, batch: 8 });
  await Promise.all([alone, fused, explainer, classifier].map((s) => s.dispose()));
});

test('a LAN learns where the square is; audit explains with it', async () => {
  const { code, out } = await cli(...train('lan.onnx', '--iterations', '300', '--learning-rate', '0.01', '--beta', '0.3'));
  expect([code, out]).toEqual([0, expect.stringContaining('  validation ')]);
  const grey = Uint8Array.from({ length: AREA * 3 }, (_, i) => pictures[Math.floor(i / 3)]!);
  writeFileSync(at('square.png'), await encodePng(grey, SIDE, SIDE));
  const audited = await cli('audit', at('net.onnx'), '--image', at('square.png'), '--lan', at('lan.onnx'), '--out', at('audit'));
  expect([audited.code, audited.out]).toEqual([0, expect.stringMatching(/beta 0.3: [\s\S]*given by the explainer in [\d.]+ ms/)]);
  const document = JSON.parse(readFileSync(at('audit', 'square', 'audit.json'), 'utf8')) as { betas: { stopped: string }[] };
  expect(document.betas[0]!.stopped).toBe('explainer');
});

test('order of samples: every one once an epoch, another order in each, drawn with replacement where they are too few', () => {
  const order = batchOrder(10, 3, 5);
  const epochs = [0, 1].map((e) => [0, 1, 2].flatMap((b) => [...order(3 * e + b)]));
  for (const epoch of epochs) expect(new Set(epoch).size).toBe(9);
  expect(epochs[0]).not.toEqual(epochs[1]);
  expect([...batchOrder(10, 3, 5)(4)]).toEqual([...order(4)]);
  expect(batchOrder(2, 5, 0)(0)).toHaveLength(5);
});

test('what does not fit is refused with the difference named', async () => {
  const refused = async (...argv: string[]): Promise<string> => {
    const { code, err } = await cli(...argv);
    expect(code).toBe(2);
    return err.trim().split('\n').at(-1)!;
  };
  expect(await refused(...train('whole.onnx', '--resume', '--beta', '3', '--seed', '4'))).toBe(
    `lan-onnx: Checkpoint '${at('whole.checkpoint')}': is of another run: beta 1 there, 3 here; seed 0 there, 4 here. Use the same settings, choose another --out, or remove it to begin anew.`,
  );
  expect(await refused(...train('other.onnx', '--lan', 'FC(10, sigmoid)'))).toBe(
    "lan-onnx: LAN 'FC(10, sigmoid)': it ends in sigmoid of shape [10]; expected a sigmoid that gives a mask of [1,8,8].",
  );
  expect(await refused('train', at('net.onnx'), '--data', at('data'), '--out', '/dev/full/x.onnx')).toBe(
    "lan-onnx: Cannot write '/dev/full': a file of that name is in the way. Choose another place.",
  );
  const other = createNetwork('FC(2, softmax)', [1, SIDE, SIDE]);
  writeFileSync(at('other.onnx'), encodeModel(dialectModel(classifierGraph(other, other.initial(0)))));
  const sha = async (path: string): Promise<string> => (await openModel(path)).source.sha256.slice(0, 12);
  expect(await refused('audit', at('other.onnx'), '--image', at('square.png'), '--lan', at('whole.onnx'), '--out', at('x'))).toBe(
    `lan-onnx: Explainer '${at('whole.onnx')}': was trained for another model, 'net.onnx' (sha256 ${await sha(at('net.onnx'))}, here ${await sha(at('other.onnx'))}). Train one for this model.`,
  );
  expect(await refused('audit', at('net.onnx'), '--image', at('square.png'), '--lan', at('net.onnx'), '--out', at('x'))).toBe(
    `lan-onnx: Explainer '${at('net.onnx')}': is no explainer that train has written.`,
  );
  writeFileSync(at('cut.checkpoint'), readFileSync(at('whole.checkpoint')).subarray(0, 500));
  expect(await refused(...train('cut.onnx', '--resume'))).toMatch(
    /^lan-onnx: '.*cut\.checkpoint': not a safetensors file of float32/,
  );
  await expect(
    fit(
      fitting({
        samples: samplesOf(
          scaled(pictures),
          [1, SIDE, SIDE],
          labels.map((l) => 2 * l),
        ),
      }),
    ),
  ).rejects.toThrow('Sample 1 has the label 2, but the network gives 2 classes (0 to 1).');
});

test('a loss that is no number ends the run and says so', async () => {
  const broken = samplesOf(scaled(pictures).fill(NaN, 0, AREA), [1, SIDE, SIDE], labels);
  await expect(fit(fitting({ samples: broken, validation: undefined }))).rejects.toThrow(
    /^The loss became NaN at step \d+\. Lower `learningRate`, or check the data for values out of range\.$/,
  );
});
