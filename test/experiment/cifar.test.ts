// CIFAR-10 in miniature: pictures moved a little, data that is none, and what a run folder holds.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { packageFile } from '../../src/core/version.js';
import { CIFAR10 } from '../../src/data/cifar.js';
import { encodePng } from '../../src/data/images.js';
import { augmented, pictureSamples, transform } from '../../src/experiment/data/augmented.js';
import { BYTES, readCifar, SIDE, type Pictures } from '../../src/experiment/data/cifar-pictures.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-cifar-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A picture of each class in turn: a grey level of its own, red in one corner. */
const record = (i: number): Uint8Array => {
  const bytes = new Uint8Array(1 + BYTES).fill(20 + 20 * (i % 10) + (i % 3));
  bytes[0] = i % 10;
  for (let r = 0; r < 8; r++) bytes.fill(255, 1 + r * SIDE, 1 + r * SIDE + 8);
  return bytes;
};
const records = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, (_, i) => record(i)));

beforeAll(() => {
  mkdirSync(at('bin'));
  writeFileSync(at('bin', 'data_batch_1.bin'), records(30));
  writeFileSync(at('bin', 'data_batch_2.bin'), records(30));
  writeFileSync(at('bin', 'test_batch.bin'), records(20));
});

const ALL = { train: 1000, test: 1000 };
const refusal = async (path: string | undefined): Promise<string> => {
  try {
    await readCifar(path, ALL);
  } catch (error) {
    return (error as Error).message;
  }
  return 'read';
};

test('the official files, one of them, and as many pictures as are asked for', async () => {
  const { train, test: held, source } = await readCifar(at('bin'), ALL);
  expect([train.labels.length, held.labels.length]).toEqual([60, 20]);
  expect(source).toBe('CIFAR-10 in its binary files, 60 pictures to train on and 20 for the test');
  expect(Array.from(train.pixels.subarray(31 * BYTES, 31 * BYTES + 9))).toEqual([255, 255, 255, 255, 255, 255, 255, 255, 41]);
  const some = await readCifar(at('bin'), { train: 10, test: 4 });
  expect(Array.from(some.train.labels)).toEqual([0, 6, 2, 8, 4, 0, 6, 2, 8, 4]);
  const one = await readCifar(at('bin', 'data_batch_1.bin'), ALL);
  expect(Array.from(one.test.labels)).toEqual([4, 9, 4, 9, 4, 9]);
  expect(one.train.labels).toHaveLength(24);
});

test('a folder of pictures and its archive say the same', async () => {
  for (const split of ['train', 'test'])
    for (const [c, name] of CIFAR10.entries()) {
      mkdirSync(at('pictures', split, name), { recursive: true });
      const pixels = new Uint8Array(3 * SIDE * SIDE).fill(10 * c);
      writeFileSync(at('pictures', split, name, '0.png'), await encodePng(pixels, SIDE, SIDE));
    }
  execFileSync('tar', ['cf', at('pictures.tar'), '-C', at('pictures'), '.']);
  const [plain, packed] = [await readCifar(at('pictures'), ALL), await readCifar(at('pictures.tar'), ALL)];
  expect(packed).toEqual(plain);
  expect(Array.from(plain.train.labels)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(plain.train.pixels[7 * BYTES]).toBe(70);
  rmSync(at('pictures', 'test', 'frog'), { recursive: true });
  expect(await refusal(at('pictures'))).toMatch(
    /^Dataset '.*pictures': expected the ten classes airplane, .*, truck; received 9: airplane, /,
  );
});

test('data that is none: one sentence each', async () => {
  expect(await refusal(undefined)).toBe(
    'CIFAR-10 does not come with the package, so there are no pictures to train on. Give `data`: the folder of the official binary files (data_batch_1.bin to test_batch.bin), or a folder or a .tar with train/CLASS/*.jpg and test/CLASS/*.jpg.',
  );
  const { code, err } = await cli('reproduce', 'cifar', '--out', at('none'));
  expect([code, err.trim().split('\n').at(-1)]).toEqual([2, expect.stringContaining('there are no pictures to train on. Give --data: the folder')]); // prettier-ignore
  mkdirSync(at('cut'));
  writeFileSync(at('cut', 'data_batch_1.bin'), records(3).subarray(0, 5000));
  writeFileSync(at('cut', 'test_batch.bin'), records(3));
  expect(await refusal(at('cut'))).toBe(`Dataset '${at('cut', 'data_batch_1.bin')}': 5000 bytes are not whole CIFAR records (3073 bytes, or 3074 in CIFAR-100). Was it cut off?`); // prettier-ignore
  rmSync(at('cut', 'test_batch.bin'));
  expect(await refusal(at('cut'))).toMatch(/has no split 'test'/);
  writeFileSync(at('cut.tar'), readFileSync(at('pictures.tar')).subarray(0, 3000));
  expect(await refusal(at('cut.tar'))).toMatch(/^Archive '.*cut\.tar': .*truncated/);
});

const square: Pictures = { pixels: record(0).subarray(1), labels: Uint8Array.of(0) };

test('a picture that is not moved stays; moved by whole pixels its edge goes on; turned by a quarter its corner is the next one', () => {
  const { pixels } = square;
  const out = new Float32Array(BYTES);
  const move = (change: object): Float32Array => {
    transform(pixels, { angle: 0, scale: 1, down: 0, right: 0, ...change }, out);
    return out;
  };
  expect(Array.from(move({}))).toEqual(Array.from(pixels));
  const moved = move({ down: 2, right: 1 });
  // The corner was 8 x 8 and its edges go on: now 10 x 9.
  for (const [r, c, v] of [[0, 0, 255], [9, 8, 255], [10, 8, 20], [9, 9, 20]] as const) expect([r, c, moved[r * SIDE + c]]).toEqual([r, c, v]); // prettier-ignore
  const turned = move({ angle: Math.PI / 2 });
  const red = Array.from(turned.subarray(0, SIDE * SIDE), (v) => Math.round(v) === 255);
  expect(red.filter(Boolean)).toHaveLength(64);
  expect([red[0], red[SIDE - 1], red[(SIDE - 1) * SIDE], red[SIDE * SIDE - 1]].filter(Boolean)).toHaveLength(1);
  // Twice as large: the first pixel is that at 7.75 in both directions, a sixteenth of the corner's last one; the next one lies at 8.25, outside of it.
  const large = move({ scale: 2 });
  expect(large[0]).toBeCloseTo(20 + 235 / 16, 4);
  expect(large[SIDE + 1]).toBeCloseTo(20, 4);
});

test('augmented samples depend on the draw and the seed alone; normalised ones are scaled', async () => {
  const how = { turn: 10, scale: 0.1, shift: 2 };
  const [a, b] = [augmented(square, how, 3), augmented(square, how, 3)];
  const one = await a.read([0, 0], 5);
  expect(await b.read([0, 0], 5)).toEqual(one);
  expect(await b.read([0, 0], 6)).not.toEqual(one);
  expect(one.subarray(0, BYTES)).not.toEqual(one.subarray(BYTES));
  expect(await augmented(square, { turn: 0, scale: 0, shift: 0 }, 0).read([0], 1)).toEqual(Float32Array.from(square.pixels));
  expect(Math.max(...(await pictureSamples(square, { mean: 127.5, deviation: 64 }).read([0], 0)))).toBeCloseTo(127.5 / 64, 6);
});

test('the experiment in miniature: what lies in the folder, and figures that are shares and losses', async () => {
  const config = JSON.parse(readFileSync(packageFile('models', 'cifar', 'experiment.json')!, 'utf8')) as Record<string, Record<string, unknown>>; // prettier-ignore
  Object.assign(config['classifier']!, { network: 'Conv(4, 4, 5x5, lrelu), LRN(3, 0.001, 0.75, 1), Dropout(0.1), FC(10, softmax)', iterations: 60, learningRate: 0.02, batch: 20 }); // prettier-ignore
  Object.assign(config['explainer']!, { lan: 'FC(4, lrelu), FC(mask, sigmoid)', betas: [1], masks: 20, iterations: 5, batch: 4 });
  Object.assign(config['masks']!, { samples: 10, iterations: 10 });
  Object.assign(config['betas']!, { samples: 1, values: [0.01, 50], iterations: 20, learningRate: 0.3 });
  writeFileSync(at('mini.json'), JSON.stringify(config));
  const { out, err } = await cli('reproduce', at('mini.json'), '--data', at('bin'), '--out', at('run'), '--threads', '1');
  expect(err).not.toContain('lan-onnx:');
  expect(out).toContain('the mean mask rises with beta (steps of 1)');
  expect(readdirSync(at('run')).sort()).toEqual(
    ['alike-beta-1.png', 'alike-beta-1.svg', 'appendix-e.png', 'appendix-e.svg', 'beta-1', 'betas', 'betas.csv', 'classes-beta-1.png', 'classes-beta-1.svg', 'classifier.card.json', 'classifier.checkpoint', 'classifier.metrics.jsonl', 'classifier.onnx', 'closest.csv', 'figure-4-beta-1.png', 'figure-4-beta-1.svg', 'figure-5.png', 'figure-5.svg', 'masks', 'metrics.json', 'report.html', 'summary.md'], // prettier-ignore
  );
  const { metrics } = JSON.parse(readFileSync(at('run', 'metrics.json'), 'utf8')) as { metrics: Record<string, number> };
  for (const name of [
    'accuracy',
    'specific_mask_mean',
    'specific_on_subject',
    'beta_1_on_subject',
    'beta_1_alike_p',
    'at_beta_50_mask_mean',
  ])
    expect([name, metrics[name]! >= 0 && metrics[name]! <= 1]).toEqual([name, true]);
  expect(metrics['at_beta_50_mask_mean']).toBeGreaterThan(metrics['at_beta_0.01_mask_mean']!);
  // Guessing a class costs at least the entropy of the answers, and KL is never below 0.
  expect(metrics['output_loss_of_noise_alone']).toBeGreaterThan(0);
  expect(metrics['specific_divergence']).toBeGreaterThan(0);
});
