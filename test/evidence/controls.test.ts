// Masks that mean nothing, and explanations that do no better than they.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { centrality, controls, edges } from '../../src/evidence/controls.js';
import { sanityOf, type SanityTest } from '../../src/evidence/sanity.js';
import { constant, subjectOf, uniform } from './toy.js';

const [H, W] = [6, 8];
const x = float32(new Float32Array(H * W).fill(0.9), [1, 1, H, W]);
const needAt = (...at: number[]) => float32(Array.from({ length: H * W }, (_, i) => Number(at.includes(i))), x.dims); // prettier-ignore
/** 1 while pixels 0 and 1 are as they were. */
const corner = subjectOf((v) => Number(Math.abs(v[0]! - 0.9) < 1e-6 && Math.abs(v[1]! - 0.9) < 1e-6), x, uniform);

test('centrality falls from the middle; edges are where the picture changes', () => {
  expect([...centrality([1, 1, 2, 3])]).toEqual([-0.25 - 1 / 12, -0.25, -0.25 - 1 / 12, -0.25 - 1 / 12, -0.25, -0.25 - 1 / 12].map((v) => expect.closeTo(v, 6))); // prettier-ignore
  expect([...centrality([1, 3, 1])]).toEqual([expect.closeTo(-1 / 3, 6), -0, expect.closeTo(-1 / 3, 6)].map((v) => v === 0 ? expect.closeTo(0, 6) : v)); // prettier-ignore
  const step = float32(Array.from({ length: 25 }, (_, i) => Number(i % 5 >= 3)), [1, 1, 5, 5]); // prettier-ignore
  const found = edges(step, step)!;
  expect([...found.subarray(10, 15)]).toEqual([0, 0, 4, 4, 0]);
  expect(edges(float32([1, 2, 3], [1, 3, 1]), float32([1, 2, 3], [1, 3, 1]))).toBeUndefined();
});

test('an explanation that names the two pixels that count passes, with exact figures', async () => {
  const tests = await controls(corner, needAt(0, 1), { fraction: (H * W - 2) / (H * W) });
  expect(tests.map((t) => [t.name, t.verdict])).toEqual([
    ['random', 'pass'],
    ['centre', 'pass'],
    // A picture of one value has no edges: of equals the first, which happen to be the two pixels.
    ['edges', 'fail'],
  ]);
  expect(tests[1]!.figures).toMatchObject({ own: 1, control: 0, difference: 1, low: 1, high: 1 });
  expect(tests[1]!.finding).toBe('a box at the centre of the same area keeps 0.00 of the score, this mask 1.00');
  expect(tests[2]!.finding).toContain('keep 1.00 of the score, this mask 1.00: it does no better');
});

test('an answer that anything keeps is no proof of a place: every control does as well', async () => {
  const always = subjectOf(() => 0.8, x, uniform);
  expect((await controls(always, needAt(0, 1), { fraction: 0.9 })).map((t) => t.verdict)).toEqual(['fail', 'fail', 'fail']);
});

test('where nothing is left by either, nothing can be told', async () => {
  const [random, centre] = await controls(corner, needAt(40, 41), { fraction: 0.95 });
  expect([random!.verdict, centre!.verdict]).toEqual(['inconclusive', 'inconclusive']);
  expect(centre!.finding).toContain('too little is left to tell');
});

test('an edge detector is found: it keeps what edges keep', async () => {
  const picture = float32(Array.from({ length: H * W }, (_, i) => Number(i % W >= 5)), x.dims); // prettier-ignore
  // The model looks at the whole left column, where nothing changes.
  const left = subjectOf((v) => v.reduce((sum, p, i) => sum + (i % W === 0 ? (1 - p) / H : 0), 0), picture, constant(1));
  const detector = float32(edges(picture, picture)!, x.dims);
  const tests = await controls(left, detector, { fraction: 0.5 });
  expect(tests.find((t) => t.name === 'edges')!.verdict).not.toBe('pass');
  const honest = float32(Array.from({ length: H * W }, (_, i) => Number(i % W === 0)), x.dims); // prettier-ignore
  expect((await controls(left, honest, { fraction: 0.5 })).map((t) => t.verdict)).toEqual(['pass', 'pass', 'pass']);
});

test('one failed test fails the battery, one that is unsure leaves it unsure', () => {
  const with_ = (...verdicts: SanityTest['verdict'][]) =>
    sanityOf(verdicts.map((verdict) => ({ name: 'x', verdict, finding: '', figures: {} }))).verdict;
  expect([with_('pass', 'pass'), with_('pass', 'inconclusive'), with_('inconclusive', 'fail'), with_()]).toEqual([
    'pass',
    'inconclusive',
    'fail',
    'inconclusive',
  ]);
});
