// What labelled pictures tell of how pictures go in: not the luck of one picture, not more than they tell, and nothing where no convention answers.
import { afterAll, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { score } from '../../src/api/score.js';
import { float32 } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-by-labels-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SIDE = 8;

/**
 * Is the left half brighter than the right, of grey pictures in 0..1? Ten times the difference, and a little more for yes: in a larger range that little is lost, and
 * every answer is sure.
 */
function leftBrighter(): Uint8Array {
  const g = new GraphBuilder('left');
  const x = g.input('x', 'float32', ['N', 1, SIDE, SIDE]);
  const sign = Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i % SIDE < SIDE / 2 ? 1 : -1) * 10) / (SIDE * SIDE / 2)); // prettier-ignore
  const rows = g.op('Flatten', [x], { axis: 1 });
  const weights = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => (i % 2 === 1 ? sign[(i - 1) / 2]! : 0));
  const both = g.op('MatMul', [rows, g.constant(float32(weights, [SIDE * SIDE, 2]))]);
  g.output(g.add(both, g.constant(float32([0, 0.5], [2]))), 'logits', { type: 'float32', dims: ['N', 2] });
  return encodeModel({ irVersion: 8, producer: 'test', opsets: new Map([['', 17]]), metadata: {}, functions: [], graph: g.build() }); // prettier-ignore
}

/** MNIST's format: pictures whose left half is `left` of 255 brighter than the right, with their labels. */
function dataset(name: string, pictures: readonly (readonly [left: number, label: number])[]): string {
  const at = join(folder, name);
  mkdirSync(at);
  const header = (...dims: number[]): number[] => [0, 0, 8, dims.length, ...dims.flatMap((d) => [0, 0, d >> 8, d & 255])];
  const pixels = pictures.flatMap(([left]) => Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? 128 + left : 128))); // prettier-ignore
  writeFileSync(join(at, 't10k-images-idx3-ubyte'), Uint8Array.from([...header(pictures.length, SIDE, SIDE), ...pixels]));
  writeFileSync(join(at, 't10k-labels-idx1-ubyte'), Uint8Array.from([...header(pictures.length), ...pictures.map((p) => p[1])]));
  return at;
}

/** Pictures that any scale gets right, five with a wrong label, and one that the wrong scale alone gets right. */
const PICTURES: readonly (readonly [left: number, label: number])[] = [
  ...Array.from({ length: 34 }, (_, i) => (i % 2 === 0 ? ([76, 1] as const) : ([-76, 0] as const))),
  ...Array.from({ length: 5 }, () => [76, 0] as const),
  [-6, 0],
];

test('one picture more right by chance does not outweigh how sure the wrong answers are', async () => {
  const { preprocessing, notes } = await score(leftBrighter(), dataset('luck', PICTURES), { trust: true });
  if (preprocessing?.source !== 'labels') throw new Error('not told by labels');
  const right = Object.fromEntries(preprocessing.tried.map((t) => [t.convention, t.correct]));
  expect([right['grey, 0..255'], right['grey, 0..1']]).toEqual([35, 34]);
  expect(preprocessing).toMatchObject({ convention: 'grey, 0..1', card: { range: 1, mean: [0], std: [1] }, chance: false });
  expect(preprocessing.alike).not.toContain('grey, 0..255');
  expect(notes.join('\n')).toMatch(/grey, 0\.\.1 does best \(34 of 40 right, .*\) and is taken/);
});

test('what the pictures do not tell apart is a guess', async () => {
  // Without a wrong label both scales are right, and both are sure enough.
  const clean = [...PICTURES.slice(0, 2), [110, 1], [-110, 0]] as const;
  const { preprocessing, notes } = await score(leftBrighter(), dataset('few', clean), { trust: true });
  if (preprocessing?.source !== 'labels') throw new Error('not told by labels');
  expect(preprocessing.alike.length).toBeGreaterThan(0);
  expect(notes.join('\n')).toMatch(/is taken, as a guess: grey, .* about as well; a card makes it certain/);
});

test('a network of light on dark that is given dark on light', async () => {
  const exchanged = PICTURES.map(([left, label]) => [-left, label] as const);
  const result = await score(leftBrighter(), dataset('exchanged', exchanged), { trust: true });
  expect(result.preprocessing).toMatchObject({
    convention: 'grey, 0..1, black and white exchanged',
    card: { channels: 'GREY', range: 1, mean: [1], std: [-1] },
  });
  expect(result.top1.correct).toBe(34);
});

test('labels that no convention answers', async () => {
  const none = PICTURES.map(([left], i) => [left, i % 4 < 2 ? 1 : 0] as const);
  const { notes } = await score(leftBrighter(), dataset('none', none), { trust: true });
  expect(notes.join('\n')).toContain('no convention is right clearly more often than always answering the most frequent label');
});
