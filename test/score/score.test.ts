// Scores against what can be counted by hand, through the library and the command line; and CIFAR-10 with a real model.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { wilson } from '../../src/core/proportion.js';
import { float32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { datasetOf } from '../../src/data/stored.js';
import { dialectModel } from '../../src/engine/ort.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { score } from '../../src/score/score.js';
import { encoded } from '../support/encoded.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-score-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pictures [batch,1,8,8] of 0..255: the logit of class k is the k-th pixel of the first row, in tenths. */
function firstRow(batch: number | string, classes = 3): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', [batch, 1, 8, 8]);
  const w = new Float32Array(64 * classes);
  for (let k = 0; k < classes; k++) w[k * classes + k] = 0.1;
  g.append('Flatten', [x], ['flat'], { axis: 1 });
  g.constants.set('w', float32(w, [64, classes]));
  g.append('MatMul', ['flat', 'w'], ['logits']);
  g.append('Softmax', ['logits'], ['probabilities'], { axis: 1 });
  g.output('probabilities', 'probabilities', { type: 'float32', dims: [batch, classes] });
  return encodeModel(dialectModel(g.build()));
}

/** Pictures whose first pixels are these. */
const pictures = (rows: readonly (readonly number[])[]): Uint8Array => {
  const data = new Uint8Array(64 * rows.length);
  rows.forEach((row, i) => data.set(row, 64 * i));
  return data;
};
const ROWS = [
  [20, 0, 0],
  [20, 0, 0],
  [0, 10, 0],
  [0, 0, 20],
];
const LABELS = [0, 1, 1, 2];

beforeAll(async () => {
  writeFileSync(at('net.onnx'), firstRow('batch'));
  mkdirSync(at('data'));
  writeFileSync(at('data/images.npy'), encodeNpy({ type: 'uint8', dims: [4, 8, 8], data: pictures(ROWS) }));
  writeFileSync(at('data/labels.npy'), encodeNpy({ type: 'uint8', dims: [4], data: Uint8Array.from(LABELS) }));
  for (const [name, r] of [['0', 20] as const, ['1', 0] as const]) {
    mkdirSync(at('photos', name), { recursive: true });
    const pixels = new Uint8Array(192);
    pixels.set(r ? [20, 20, 20] : [0, 0, 0, 20, 20, 20]);
    writeFileSync(at('photos', name, 'a.png'), await encodePng(pixels, 8, 8));
  }
  writeFileSync(at('photos/1/broken.png'), 'x');
  mkdirSync(at('photos/2'));
});

test.each(['batch', 1, 3])('closed form, batch axis %s', async (batch) => {
  const classifier = await openModel(firstRow(batch));
  const dataset = datasetOf({ type: 'uint8', dims: [4, 1, 8, 8], data: pictures(ROWS) }, LABELS);
  const r = await score(classifier, dataset, { batch: batch === 'batch' ? 3 : 'auto' });
  expect(r.top1).toEqual({ correct: 3, count: 4, accuracy: 0.75, interval: wilson(3, 4) });
  expect(r.top5.correct).toBe(4);
  const p = (own: number, other: number): number => own - Math.log(Math.exp(own) + Math.exp(other) + 1);
  const expected = -(p(2, 0) + p(0, 2) + p(1, 0) + p(2, 0)) / 4;
  expect(r.crossEntropy).toBeCloseTo(expected, 5);
  expect(r.classes.map((c) => [c.correct, c.count])).toEqual([
    [1, 1],
    [1, 2],
    [1, 1],
  ]);
  expect(r.confusion).toEqual([
    { actual: 0, predicted: 0, count: 1 },
    { actual: 1, predicted: 0, count: 1 },
    { actual: 1, predicted: 1, count: 1 },
    { actual: 2, predicted: 2, count: 1 },
  ]);
  expect(r.batch).toBe(typeof batch === 'number' ? batch : 3);
  await classifier.dispose();
});

test('top-5 is counted, limits are seeded, bytes and floats give the same', async () => {
  const classifier = await openModel(firstRow('batch', 7));
  // The right class is the best, the fifth and the sixth of seven.
  const rows = [
    [70, 60, 50, 40, 30, 20, 10],
    [30, 70, 60, 50, 40, 20, 10],
    [20, 70, 60, 50, 40, 30, 10],
  ];
  const bytes = { type: 'uint8' as const, dims: [3, 1, 8, 8], data: pictures(rows) };
  const r = await score(classifier, datasetOf(bytes, [0, 0, 0]), { batch: 2 });
  expect([r.top1.correct, r.top5.correct]).toEqual([1, 2]);
  const floats = await score(classifier, datasetOf(float32(Float32Array.from(bytes.data), bytes.dims), [0, 0, 0]), { batch: 2 });
  expect(floats.predictions).toEqual(r.predictions);
  const pick = async (seed: number): Promise<number[]> =>
    (await score(classifier, datasetOf(bytes, [0, 0, 0]), { batch: 2, limit: 2, seed })).predictions.map((p) => p.index);
  expect(await pick(1)).toEqual(await pick(1));
  expect(await pick(1)).toHaveLength(2);
  await classifier.dispose();
});

test('the command prints, and leaves score.json and tables', async () => {
  const argv = ['score', at('net.onnx'), '--data', at('data'), '--batch', '2'];
  const { code, out, err } = await cli(...argv, '--out', at('out'), '--csv', at('classes.csv'), '--range', '255');
  expect(code).toBe(0);
  expect(err).toBe(`${at('data')} ...\nnote: the dataset's own numbers are the model's outputs\n`);
  expect(out).toContain('images.npy: 4 samples\n  top-1          75.00 % (3 of 4, 30.06 to 95.44 %)\n');
  expect(out).toContain('  most confused\n    class 1 taken for class 0: 1\n');
  expect(JSON.parse(readFileSync(at('out/score.json'), 'utf8'))).toMatchObject({
    schema: 'lan-onnx/score@1',
    count: 4,
    top1: { correct: 3 },
    batch: 2,
  });
  expect(readFileSync(at('out/confusion.csv'), 'utf8')).toBe(
    'actual \\ predicted,class 0,class 1,class 2\nclass 0,1,0,0\nclass 1,1,1,0\nclass 2,0,0,1\n',
  );
  expect(readFileSync(at('out/predictions.csv'), 'utf8')).toMatch(/^index,.*\n0,0,class 0,class 0,0\.\d+\n1,1,class 1,class 0,/);
  expect(readFileSync(at('classes.csv'), 'utf8')).toBe(readFileSync(at('out/classes.csv'), 'utf8'));
  const json = await cli(...argv, '--json');
  expect(JSON.parse(json.out)).toMatchObject({ schema: 'lan-onnx/score@1', top1: { correct: 3 } });
});

test('one unreadable picture is reported and left out; --strict makes it fatal', async () => {
  const argv = ['score', at('net.onnx'), '--data', at('photos'), '--range', '255'];
  const reason = `Image '${at('photos/1/broken.png')}': cannot be read (it is a text). Expected a JPEG, PNG, WebP, GIF, TIFF, BMP, PNM or AVIF file.`;
  const { code, out, err } = await cli(...argv);
  expect(code).toBe(0);
  expect(out).toContain(`${at('photos')}: 2 samples, 1 unreadable left out\n  top-1          100.00 % (2 of 2,`);
  expect(err).toContain('note: 1 class folder(s) without pictures: 2\n');
  expect(err).toContain(`skipped: ${reason}\n`);
  const strict = await cli(...argv, '--strict');
  expect(strict.code).toBe(2);
  expect(strict.err).toContain(`lan-onnx: ${reason} Without --strict it is left out and counted.\n`);
});

test('refusals', async () => {
  const wrong = at('wrong.npy');
  writeFileSync(wrong, encodeNpy({ type: 'uint8', dims: [2, 8, 8], data: pictures(ROWS.slice(0, 2)) }));
  expect((await cli('score', at('net.onnx'), '--data', wrong)).err).toContain(
    `lan-onnx: Dataset '${wrong}': has no labels. Expected a folder per class, or a file with labels.\n`,
  );
  expect((await cli('score', at('net.onnx'), '--data', at('data'), '--batch', 'many')).err).toBe(
    "lan-onnx: --batch: expected a whole number of at least 1, received 'many'.\n",
  );
  const blocked = await cli('score', at('net.onnx'), '--data', at('data'), '--out', join(at('net.onnx'), 'x'), '--range', '255');
  expect(blocked).toEqual({
    code: 2,
    out: '',
    err: `lan-onnx: Cannot write '${join(at('net.onnx'), 'x')}': a part of the path is a file, not a folder. Choose another place.\n`,
  });
});

test('an interrupted run counts what is done', async () => {
  const classifier = await openModel(firstRow('batch'));
  const abort = new AbortController();
  const many = datasetOf({ type: 'uint8', dims: [2000, 1, 8, 8], data: new Uint8Array(128000) }, new Int32Array(2000));
  const r = await score(classifier, many, { batch: 256, signal: abort.signal, onProgress: () => abort.abort() });
  expect([r.count, r.interrupted]).toEqual([256, true]);
  await classifier.dispose();
});

test('a run that was killed goes on where it stood, and ends as the unbroken one', async () => {
  const classifier = await openModel(firstRow('batch'));
  const count = 1100;
  const bytes = { type: 'uint8' as const, dims: [count, 1, 8, 8], data: pictures(Array.from({ length: count }, (_, i) => [(7 * i) % 256, (11 * i) % 256, 90])) }; // prettier-ignore
  const data = datasetOf(
    bytes,
    Array.from({ length: count }, (_, i) => i % 3),
  );
  const journal = at('score.jsonl');
  const whole = await score(classifier, data, { batch: 4, journal: at('unbroken.jsonl') });
  const abort = new AbortController();
  const part = await score(classifier, data, { batch: 4, journal, signal: abort.signal, onProgress: (n) => n > 4 && abort.abort() }); // prettier-ignore
  expect([part.count, part.interrupted]).toEqual([72, true]);
  // A kill in the middle of a line.
  writeFileSync(journal, readFileSync(journal, 'utf8').slice(0, -9));
  const read: number[] = [];
  const watched = { ...data, read: (...args: Parameters<typeof data.read>) => (read.push(...args[0]), data.read(...args)) };
  const rest = await score(classifier, watched, { batch: 4, journal });
  expect([read.length, read[0]]).toEqual([count - 4, 4]);
  const { throughput, ...numbers } = rest;
  expect(numbers).toEqual({ ...whole, throughput: undefined });
  expect(throughput.seconds).toBeGreaterThan(0);
  await expect(score(classifier, data, { batch: 4, journal, limit: 10 })).rejects.toThrow(
    /^Journal '.*score\.jsonl': belongs to a run of other settings: samples was "\w+", is "\w+"; count was 1100, is 10\. Choose another place/,
  );
  // A plug-in may compute anything: what another state of its file gave does not count.
  const as = (sha256: string) => openModel(firstRow('batch'), { plugins: [{ name: 'mine', file: { path: 'mine.mjs', sha256 } }] }); // prettier-ignore
  await using one = await as('01');
  await using two = await as('02');
  const few = { journal: at('plugins.jsonl'), limit: 4 };
  await score(one, data, few);
  await expect(score(two, data, few)).rejects.toThrow(/belongs to a run of other settings: plugins was .*01.*, is .*02/);
  await classifier.dispose();
});

test('probabilities that are no numbers are kept as such', async () => {
  const g = new GraphBuilder('nan');
  const x = g.op('ReduceMean', [g.input('x', 'float32', ['n', 1, 8, 8]), g.ints([1, 2])], { keepdims: 0 });
  g.output(g.sub(g.op('Sqrt', [g.neg(x)]), x), 'logits', { type: 'float32', dims: ['n', 8] });
  const classifier = await openModel(encoded(g), { trust: true, card: { input: { range: 255, mean: [0] } } });
  const data = datasetOf({ type: 'uint8', dims: [2, 1, 8, 8], data: new Uint8Array(128).fill(9) }, [0, 1]);
  const options = { batch: 1, journal: at('nan.jsonl') };
  const first = await score(classifier, data, options);
  expect(first.crossEntropy).toBe(NaN);
  expect((await score(classifier, data, options)).predictions).toEqual(first.predictions);
  await classifier.dispose();
});

const REAL = ['../shared/models/cifar10_resnet8.onnx', '../shared/datasets/cifar10-first4000.bin'];
const real = REAL.every((p) => existsSync(p)) ? test : test.skip;
real('CIFAR-10, 800 pictures: at least 90 % by a real model', async () => {
  const classifier = await openModel(REAL[0]!, { card: { input: { range: 255 } } });
  const dataset = await openDataset(REAL[1]!);
  const r = await score(classifier, dataset, { limit: 800, batch: 16 });
  expect(r.top1.accuracy).toBeGreaterThan(0.9);
  await dataset.close();
  await classifier.dispose();
});
