// A path of betas: each mask from where the last one ended, the one that goes furthest taken, and both written.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { audit } from '../../src/api/audit.js';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { PATH } from '../../src/explain/path.js';
import { openModel } from '../../src/model/open.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

const N = 12;
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-path-'));
const ones = float32(new Float32Array(N).fill(1), [1, N]);

/** Two classes, logits -z and z; z = w . x, of which the first four elements are almost all. */
function linear(): Uint8Array {
  const g = new GraphBuilder('linear');
  const x = g.input('x', 'float32', ['N', N]);
  const w = new Float32Array(2 * N);
  for (let i = 0; i < N; i++) w.set(i < 4 ? [-(3 - 0.5 * i), 3 - 0.5 * i] : [-0.05, 0.05], 2 * i);
  g.output(g.op('Softmax', [g.matMul(x, g.constant(float32(w, [N, 2]), 'W'))], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
const classifier = await openModel(linear(), { engine: 'onnxruntime', threads: 1 });
afterAll(async () => {
  await classifier.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('the beta whose hard claim goes furthest is taken, and the curve is drawn and listed', async () => {
  const phases: string[] = [];
  const result = await audit(classifier, ones, {
    beta: 'auto',
    noise: 'uniform:-1,1',
    draws: 16,
    iterations: 120,
    seed: 3,
    evidenceDraws: 64,
    onProgress: ({ phase }) => phases.push(phase),
  });
  expect(result.betas).toHaveLength(1);
  const [{ beta, path, evidence }] = result.betas as [(typeof result.betas)[0]];
  // 1.5 ln 2, rounded, and its multiples, smallest first; more weight, more noise.
  expect(path!.map((p) => p.beta)).toEqual(PATH.slice(0, path!.length).map((f) => Number((f * 1).toPrecision(3))));
  expect(path!.length).toBeGreaterThan(3);
  expect(path!.at(-1)!.maskMean).toBeGreaterThan(path![0]!.maskMean);
  expect(path!.at(-1)!.outputLoss).toBeGreaterThan(path![0]!.outputLoss);
  // The others begin where the last one ended, in half the steps at most.
  path!.slice(1).forEach((p) => expect(p.steps).toBeLessThanOrEqual(60));
  const [chosen, ...more] = path!.filter((p) => p.chosen);
  expect(more).toEqual([]);
  expect(chosen!.beta).toBe(beta);
  expect(chosen!.fraction).toBe(Math.max(...path!.map((p) => p.fraction ?? 0)));
  // It is certified on draws that did not choose it.
  expect(evidence.hard!.fraction).toBe(chosen!.fraction);
  expect(evidence.hard!.draws).toBe(64);
  expect(phases.filter((phase) => phase === 'compiling')).toHaveLength(1);
  await result.save(folder);
  const rows = readFileSync(join(folder, 'path.csv'), 'utf8').trim().split('\n');
  expect(rows).toHaveLength(path!.length + 1);
  expect(rows[0]).toBe('beta,mask_mean,output_loss,kept,fraction,steps,seconds,chosen');
  const { width, height } = await sharp(join(folder, 'path.png')).metadata();
  expect(Math.min(width, height)).toBeGreaterThan(300);
  const document = result.toJSON();
  expect(document.betas[0]!.path).toEqual(path);
  expect(document.betas[0]!.files).toMatchObject({ path: 'path.png', pathTable: 'path.csv' });
  expect(document.settings.betas).toEqual([beta]);
});

test('a path learns masks, so that it does not go with an explainer', async () => {
  await expect(audit(classifier, ones, { beta: 'auto', lan: 'missing.lan' })).rejects.toThrow(
    /`beta` and `lan` contradict each other/,
  );
});

test('a mask by forward passes begins anew each time, so that there is no path', async () => {
  await using forward = await openModel(linear(), { engine: 'forward', threads: 1 });
  await expect(audit(forward, ones, { beta: 'auto' })).rejects.toThrow(
    /begins each mask anew, so that there is no path of betas/,
  );
});
