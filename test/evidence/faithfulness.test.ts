// Infidelity and faithfulness correlation against closed forms and Captum's toy model.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { faithfulness, infidelity, scaledInfidelity } from '../../src/evidence/faithfulness.js';
import { linear, subjectOf, uniform } from './toy.js';

test('infidelity: the mean square of what is missed', () => {
  expect(infidelity([1, 2], [1, 2])).toBe(0);
  expect(infidelity([1, 2], [2, 5])).toBe(5);
});

test("infidelity of integrated gradients is 0 on Captum's BasicModel2 at (3,1), all taken away; delta^2 for an attribution that is off by delta", () => {
  const relu = (v: number): number => Math.max(0, v);
  const f = ([a, b]: readonly number[]): number => relu(relu(a!) - 1 - relu(b!));
  const [x, ig] = [
    [3, 1],
    [1.5, -0.5],
  ] as const;
  const loss = f(x) - f([0, 0]);
  expect(infidelity([ig[0] + ig[1]], [loss])).toBe(0);
  expect(infidelity([ig[0] + ig[1] + Math.sqrt(0.10686)], [loss])).toBeCloseTo(0.10686, 10);
});

test('scaled infidelity: 0 for proportional needs, 1 for needs that say nothing, 0 where nothing is lost', () => {
  expect(scaledInfidelity([1, 2, 3], [10, 20, 30])).toBeCloseTo(0, 12);
  expect(scaledInfidelity([0, 0], [1, 2])).toBe(1);
  // Orthogonal.
  expect(scaledInfidelity([1, -1], [1, 1])).toBe(1);
  expect(scaledInfidelity([1, 2], [0, 0])).toBe(0);
});

test('f = sum x, noise 0: need x has infidelity 0 and correlation 1, need -x correlation -1', async () => {
  const x = float32(
    Array.from({ length: 12 }, (_, i) => i + 1),
    [1, 12],
  );
  const opposite = float32((x.data as Float32Array).map((v) => -v), [1, 12]); // prettier-ignore
  const [best, right] = await faithfulness(subjectOf(linear(), x), x);
  expect([best.value, right.value]).toEqual([expect.closeTo(0, 12), expect.closeTo(1, 12)]);
  expect(right.interval).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
  expect([best.better, right.better]).toEqual(['lower', 'higher']);
  expect((await faithfulness(subjectOf(linear(), x), opposite))[1].value).toBeCloseTo(-1, 12);
});

test('a linear model of weights w: w x explains it wholly, x alone does not', async () => {
  const w = [5, -1, 0, 2, 1, -3];
  const x = float32([1, 2, 3, 4, 5, 6], [1, 6]);
  const subject = subjectOf(linear(w), x);
  const product = float32((x.data as Float32Array).map((v, i) => v * w[i]!), [1, 6]); // prettier-ignore
  expect((await faithfulness(subject, product)).map((m) => m.value)).toEqual([expect.closeTo(0, 12), expect.closeTo(1, 12)]);
  const [missed, part] = await faithfulness(subject, x);
  expect(missed.value).toBeGreaterThan(0.5);
  expect(Math.abs(part.value)).toBeLessThan(0.5);
});

test('pictures lose whole cells with all their channels; the same seed, the same figures', async () => {
  const x = float32(new Float32Array(3 * 16 * 24).fill(1), [1, 3, 16, 24]);
  const need = float32(new Float32Array(16 * 24).fill(3), [1, 1, 16, 24]);
  const subject = subjectOf(linear(), x);
  const [exact, all] = await faithfulness(subject, need);
  expect([exact.value, all.value]).toEqual([expect.closeTo(0, 10), expect.closeTo(1, 10)]);
  const noisy = { ...subject, noise: uniform };
  expect(await faithfulness(noisy, need)).toEqual(await faithfulness(noisy, need));
});
