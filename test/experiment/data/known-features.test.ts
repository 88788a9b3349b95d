// Syn1 to Syn6: the exact classifiers are the formulas, labels follow them, and nothing but the needed features has a say.
import { expect, test } from '@jest/globals';
import { float32, toFloat32 } from '../../../src/core/tensor.js';
import { dialectModel } from '../../../src/engine/ort.js';
import {
  exactGraph,
  FEATURES,
  isSwitched,
  logOddsOf,
  neededOf,
  SYN,
  synSamples,
} from '../../../src/experiment/data/known-features.js';
import { ratesOf } from '../../../src/experiment/known-features.js';
import { openModel } from '../../../src/model/open.js';
import { encodeModel } from '../../../src/onnx/codec.js';

const N = 40;
const at = (x: Float32Array, i: number): Float32Array => x.subarray(i * FEATURES, (i + 1) * FEATURES);
const all = Array.from({ length: N }, (_, i) => i);

test('log-odds by hand, and which features are needed', () => {
  const x = [2, -3, 1, 2, 0, 1, 0, -1.5, 0.5, 0, -1];
  expect(logOddsOf('syn1', x)).toBe(-6);
  expect(logOddsOf('syn2', x)).toBe(2);
  expect(logOddsOf('syn3', x)).toBeCloseTo(1.5 + 0.5 + 1 - 2.4, 12);
  expect(logOddsOf('syn3', [0, 0, 0, 0, 0, 0, 5, 0, 0, 1, 0])).toBeCloseTo(-10 * Math.sin(1) + Math.exp(-1) - 2.4, 12);
  const above = x.with(10, 0);
  expect(['syn4', 'syn5', 'syn6'].map((s) => logOddsOf(s as 'syn4', x))).toEqual([-6, -6, 2]);
  expect(logOddsOf('syn4', above)).toBe(2);
  expect([logOddsOf('syn5', above), logOddsOf('syn6', above)]).toEqual([logOddsOf('syn3', x), logOddsOf('syn3', x)]);
  expect([...neededOf('syn1', x)]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...neededOf('syn5', above)]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  expect(SYN.filter(isSwitched)).toEqual(['syn4', 'syn5', 'syn6']);
});

test.each(SYN)(
  '%s: the exact graph has the probabilities of the formula, and gradients of 0 at what is not needed',
  async (set) => {
    const bytes = encodeModel(dialectModel(exactGraph(set)));
    await using exact = await openModel(bytes, {
      engine: 'onnxruntime',
      threads: 1,
      card: { output: 'probabilities', labels: ['0', '1'] },
    });
    const x = await synSamples(set, { count: N, first: 0, seed: 1 }).read(all, 0);
    const p = toFloat32(await exact.predict(float32(x, [N, FEATURES])));
    for (const i of all) expect(p[2 * i]).toBeCloseTo(1 / (1 + Math.exp(-logOddsOf(set, at(x, i)))), 5);
    for (const i of all.slice(0, 4)) {
      const { gradients } = await exact.vjp(
        { x: float32(at(x, i).slice(), [1, FEATURES]) },
        { probabilities: float32([1, 0], [1, 2]) },
      );
      const slopes = toFloat32(gradients['x']!);
      const needed = neededOf(set, at(x, i));
      // The switch is a jump: it has no slope.
      needed.forEach((n, j) => expect([j, slopes[j] !== 0]).toEqual([j, n === 1 && j !== 10]));
    }
  },
);

test('samples are the same by their number, normal, and labelled as often as their odds say', async () => {
  const [few, more] = [
    synSamples('syn3', { count: 5, first: 7, seed: 4 }),
    synSamples('syn3', { count: 4000, first: 5, seed: 4 }),
  ];
  expect(await few.read([0, 4], 0)).toEqual(await more.read([2, 6], 0));
  expect([few.labels![0], few.labels![4]]).toEqual([more.labels![2], more.labels![6]]);
  const x = await more.read(Array.from({ length: 4000 }, (_, i) => i), 0); // prettier-ignore
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  expect([Math.abs(mean) < 0.02, Math.abs(x.reduce((a, b) => a + b * b, 0) / x.length - 1) < 0.03]).toEqual([true, true]);
  let [zeros, expected] = [0, 0];
  for (let i = 0; i < 4000; i++) {
    zeros += Number(more.labels![i] === 0);
    expected += 1 / (1 + Math.exp(-logOddsOf('syn3', at(x, i))));
  }
  // Three deviations of 4,000 coins.
  expect(Math.abs(zeros - expected)).toBeLessThan(3 * Math.sqrt(4000 / 4));
});

test('rates: needed features that are named, and named ones that are not needed; 0 of none', () => {
  const needed = [Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 1, 1, 1)];
  const named = [Uint8Array.of(1, 0, 1, 1), Uint8Array.of(0, 0, 0, 0)];
  const { rates, row } = ratesOf(needed, named, 0);
  expect(rates.truePositives.value).toBeCloseTo(1 / 4, 12);
  expect(rates.falseDiscoveries.value).toBeCloseTo(1 / 3, 12);
  expect([row[0], row[3], row.at(-1)]).toEqual([25, 33.3, 1.5]);
  expect(ratesOf(needed, needed, 0).row).toEqual([100, 100, 100, 0, 0, 0, 2.5]);
});
