// Verdicts of the battery, likeness of maps, and a mask that writes the label into where it is.
import { expect, test } from '@jest/globals';
import { random } from '../../src/core/random.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { judgeClass } from '../../src/evidence/answer.js';
import { agreementTest, changeTest, edgeTest, leakTest, seedTest, unrelated } from '../../src/evidence/battery.js';
import { alike, similarity, ssim } from '../../src/evidence/similarity.js';
import { constant, uniform } from './toy.js';

test('ssim: 1 for the same plane, by its formula for constants, below 0 for the opposite', () => {
  const a = Float32Array.from({ length: 80 }, (_, i) => (i % 3) / 2);
  expect(ssim(a, a, 8, 10)).toBeCloseTo(1, 12);
  const flat = (v: number): Float32Array => new Float32Array(80).fill(v);
  // No variance: (2 * .5 * 1 + c1) / (.25 + 1 + c1).
  expect(ssim(flat(0.5), flat(1), 8, 10)).toBeCloseTo((1 + 1e-4) / (1.25 + 1e-4), 6);
  expect(ssim(a, a.map((v) => 1 - v), 8, 10)).toBeLessThan(0); // prettier-ignore
});

test('likeness: order for any shape, structure for rows and columns', () => {
  const a = float32([1, 2, 3, 4], [1, 1, 2, 2]);
  expect(similarity(a, float32([10, 20, 30, 40], [1, 1, 2, 2]))).toEqual({ spearman: 1, ssim: expect.closeTo(1, 5), cells: 1 });
  expect(similarity(float32([1, 2], [1, 2, 1]), float32([2, 1], [1, 2, 1]))).toEqual({ spearman: -1 });
});

test('verdicts rest on cells: what is chance within a cell does not count, where rows and columns are few each is a cell', () => {
  const side = 64;
  const noise = (seed: number) => random(seed, 1).uniform(new Float32Array(side * side), 0, 0, 1);
  // A slope over columns, and noise of pixels on it that is larger.
  const map = (seed: number) => float32(noise(seed).map((v, i) => v + (i % side) / side / 2), [1, 1, side, side]); // prettier-ignore
  const found = similarity(map(1), map(2));
  expect([found.spearman < 0.3, found.cells! > 0.7, alike(found) === found.cells]).toEqual([true, true, true]);
  const opposite = float32(Array.from({ length: side * side }, (_, i) => -(i % side)), [1, 1, side, side]); // prettier-ignore
  expect(similarity(opposite, map(1)).cells).toBeLessThan(-0.7);
  expect(alike({ spearman: 0.25 })).toBe(0.25);
});

test('each verdict at its bounds, read against the likeness of two seeds', () => {
  const of = (spearman: number) => ({ spearman });
  expect([0.5, 0.49, 0.2, 0.19].map((v) => seedTest(of(v)).verdict)).toEqual(['pass', 'inconclusive', 'inconclusive', 'fail']);
  expect([0.23, 0.25, 0.33].map((v) => changeTest('x', 'y', of(v), 0.4).verdict)).toEqual(['pass', 'inconclusive', 'fail']);
  // What changes an honest map only a little is no proof against it.
  expect([0.23, 0.25, 0.33].map((v) => changeTest('x', 'y', of(v), 0.4, true).verdict)).toEqual(['pass', 'inconclusive', 'inconclusive']); // prettier-ignore
  expect([0.21, 0.19, 0.07].map((v) => agreementTest('x', 'y', of(v), 0.4).verdict)).toEqual(['pass', 'inconclusive', 'fail']);
  expect([0.69, 0.7, 0.9].map((v) => edgeTest(of(v)).verdict)).toEqual(['pass', 'inconclusive', 'fail']);
  expect(changeTest('input', 'of an unrelated input', { spearman: 1, ssim: 1 }, 1).finding).toBe(
    'of an unrelated input: rank correlation 1.00, SSIM 1.00 (another seed: 1.00): the map stays, so it does not come from there',
  );
  // A network has no other seed: nothing is said of one.
  const ofNetwork = changeTest('input', 'of an unrelated input', { spearman: 0.7, ssim: 0.5 }, undefined);
  expect([ofNetwork.verdict, ofNetwork.finding]).toEqual(['inconclusive', 'of an unrelated input: rank correlation 0.70, SSIM 0.50: it changes little']); // prettier-ignore
});

test('unrelated pictures lie in the range, vary smoothly and differ from each other', () => {
  const x = float32(new Float32Array(3 * 12 * 10), [1, 3, 12, 10]);
  const [a, b] = [unrelated(x, 10, 20, 0, 0), unrelated(x, 10, 20, 0, 1)];
  expect([...a, ...b].every((v) => v >= 10 && v <= 20)).toBe(true);
  expect(a).not.toEqual(b);
  for (let i = 1; i < 10; i++) expect(Math.abs(a[i]! - a[i - 1]!)).toBeLessThan(5);
});

/** Class 1 where the left half of a 1x4x4 picture is brighter than the right one. */
const predict = (batch: Tensor): Promise<Tensor> => {
  const n = batch.dims[0]!;
  const values = toFloat32(batch);
  const rows = Array.from({ length: n }, (_, s) => {
    let sum = 0;
    for (let i = 0; i < 16; i++) sum += (i % 4 < 2 ? 1 : -1) * values[s * 16 + i]!;
    return sum > 0 ? [0, 1] : [1, 0];
  });
  return Promise.resolve(float32(rows.flat(), [n, 2]));
};
const side = (left: boolean): Tensor => float32(Array.from({ length: 16 }, (_, i) => Number(i % 4 < 2 === left)), [1, 1, 4, 4]); // prettier-ignore

test('a mask that keeps the side which it wants to win, the rest black, tells the answer by itself; in noise of the same kind it does not', async () => {
  const x = float32(Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? 0.9 : 0.2)), [1, 1, 4, 4]); // prettier-ignore
  const judge = judgeClass(await predict(x));
  const asked = { predict, x, need: side(true), judge, low: 0.1, high: 1, fraction: 0.5, seed: 1 };
  const cheat = await leakTest({ ...asked, noise: constant(0) });
  expect([cheat.verdict, cheat.figures['mask'] === cheat.figures['hosts']]).toEqual(['fail', true]);
  expect(cheat.finding).toContain(': the mask itself tells the answer');
  // The other side kept: never.
  expect((await leakTest({ ...asked, need: side(false), noise: constant(0) })).verdict).toBe('pass');
  expect((await leakTest({ ...asked, noise: uniform })).verdict).not.toBe('fail');
});

test('where every picture has the answer anyway, nothing can be told', async () => {
  const always = (batch: Tensor): Promise<Tensor> => Promise.resolve(float32(Array.from({ length: batch.dims[0]! }, () => [0, 1]).flat(), [batch.dims[0]!, 2])); // prettier-ignore
  const x = float32(new Float32Array(16), [1, 1, 4, 4]);
  const judge = judgeClass(await always(x));
  const test_ = await leakTest({ predict: always, x, need: side(true), noise: uniform, judge, low: 0, high: 1, fraction: 0.5, seed: 0 }); // prettier-ignore
  expect([test_.verdict, test_.figures['hosts']]).toEqual(['inconclusive', 0]);
});
