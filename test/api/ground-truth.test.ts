// Ground truth, however it comes: a picture resized as the input is, an array, a tensor, a folder; and what is no ground truth.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { createAuditor } from '../../src/api/audit.js';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { refusal } from '../support/refusal.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-truth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Bright or dark? The mean of the left half of a 3x8x8 picture. */
function model(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 3, 8, 8]);
  const mean = g.op('ReduceMean', [g.slice(x, [0], [4], [3]), g.ints([1, 2, 3])], { keepdims: 0 });
  const logits = g.mul(g.sub(g.reshape(mean, [1, 1]), g.scalar(0.5)), g.constant(float32([-6, 6], [1, 2])));
  g.output(g.op('Softmax', [logits], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
const bytes = model();
const x = float32(new Float32Array(192).fill(0.9), [1, 3, 8, 8]);
const left = float32(Array.from({ length: 64 }, (_, i) => Number(i % 8 < 4)), [8, 8]); // prettier-ignore

/** The metrics of localisation of a quick audit, by name. */
async function measured(groundTruth: string | Tensor, input: string | Tensor = x): Promise<Record<string, number>> {
  await using auditor = await createAuditor(bytes, {
    card: { input: { channels: 'RGB', range: 1, mean: [0, 0, 0], std: [1, 1, 1] } },
    groundTruth,
    iterations: 40,
    evidenceDraws: 2,
    beta: 0.3,
    maskGrids: [],
  });
  const [finding] = (await auditor.audit(input)).betas;
  const { metrics } = finding!;
  return Object.fromEntries(metrics.filter((m) => /pointing|relevance/.test(m.name)).map((m) => [m.name, m.value]));
}

test('a tensor, an .npy, a larger picture and a folder of them give the same figures', async () => {
  const tensor = await measured(left);
  expect(tensor['pointing']).toBe(1);
  expect(tensor['relevanceMass']).toBeGreaterThan(0.6);
  expect(tensor['relevanceRank']).toBeGreaterThan(0.8);
  writeFileSync(at('left.npy'), encodeNpy(left));
  expect(await measured(at('left.npy'))).toEqual(tensor);
  const pixels = Buffer.from(Array.from({ length: 16 * 16 }, (_, i) => (i % 16 < 8 ? 255 : 0)));
  mkdirSync(at('truths'));
  for (const name of ['left.png', 'truths/white.png'])
    await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } }).png().toFile(at(name)); // prettier-ignore
  expect(await measured(at('left.png'))).toEqual(tensor);
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } }).png().toFile(at('white.png')); // prettier-ignore
  expect(Object.keys(await measured(at('truths'), at('white.png')))).toEqual(['pointing', 'relevanceMass', 'relevanceRank']);
});

test('a mask that marks nothing, one of another size, and one that is not there', async () => {
  expect(await refusal(measured(float32(new Float32Array(64), [8, 8])))).toContain('`groundTruth`: marks nothing');
  expect(await refusal(measured(float32([1, 0], [1, 2])))).toContain('`groundTruth`: has shape [1,2]');
  expect(await refusal(measured(at('truths')))).toBe(
    `\`groundTruth\`: the folder '${at('truths')}' has nothing for 'input'. Expected input.png or input.npy.`,
  );
  expect(await refusal(measured(at('nowhere.png')))).toContain('nowhere.png');
});
