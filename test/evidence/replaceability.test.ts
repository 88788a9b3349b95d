// The search for the fraction that can be replaced entirely, on a classifier whose answer is known for every mask.
import { expect, test } from '@jest/globals';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { hardReplaceability, replaceability } from '../../src/evidence/replaceability.js';
import { createNoise } from '../../src/lan/noise.js';

const N = 20;
const x = float32(new Float32Array(N).fill(1), [1, N]);
const noise = createNoise('uniform:-2,0', { x, low: 0, high: 1 });

/** Answers 1 while every element of `needed` is as in x (noise is never 1), else 0. */
function indicator(needed: readonly number[]): { readonly predict: (samples: Tensor) => Promise<Tensor> } {
  return {
    predict: (samples) => {
      const rows = samples.dims[0]!;
      const values = toFloat32(samples);
      const kept = Array.from({ length: rows }, (_, r) => needed.every((i) => values[r * N + i] === 1));
      return Promise.resolve(float32(kept.flatMap((k) => (k ? [0.1, 0.9] : [0.9, 0.1])), [rows, 2])); // prettier-ignore
    },
  };
}
const ramp = (least: number): Tensor => float32(Float32Array.from({ length: N }, (_, i) => (i === least ? 0.01 : 0.2 + 0.03 * i)), [1, N]); // prettier-ignore

test('a ranking: everything but what is needed can be replaced, at the largest fraction of the list', async () => {
  // Element 19 is needed and ranks highest: 95 % is the largest fraction that leaves it.
  const need = float32(
    Float32Array.from({ length: N }, (_, i) => i),
    [1, N],
  );
  const { hard } = await hardReplaceability(indicator([19]).predict, x, need, noise, { draws: 64 });
  expect([hard!.fraction, hard!.kept, hard!.draws]).toEqual([0.95, 64, 64]);
  // It ranks lowest: nothing can be replaced.
  expect((await hardReplaceability(indicator([0]).predict, x, need, noise, { draws: 64 })).hard).toBeUndefined();
});

test('a binary mask is the first that is tried, and its own fraction is certified', async () => {
  const order = ramp(3);
  const mask = float32(Float32Array.from({ length: N }, (_, i) => (i >= 6 ? 1 : 0)), [1, N]); // prettier-ignore
  const sorted = float32(Float32Array.from({ length: N }, (_, i) => (i >= 6 ? 0.6 + 0.01 * i : 0.1)), [1, N]); // prettier-ignore
  const f = indicator([0, 1, 2, 3, 4, 5]);
  const { hard, hardTried } = await replaceability(f.predict, x, mask, noise, { draws: 64, order: sorted });
  // 14 of 20, then 0.75, which takes one that is needed.
  expect(hardTried.map((t) => [t.fraction, t.kept])).toEqual([[0.7, 64], [0.75, 0]]); // prettier-ignore
  expect([hard!.fraction, hard!.kept]).toEqual([0.7, 64]);
  // A mask that takes too much is followed downwards, to the first fraction that holds.
  const bold = float32(Float32Array.from({ length: N }, (_, i) => (i === 3 ? 0 : 1)), [1, N]); // prettier-ignore
  const { hard: smaller, hardTried: down } = await replaceability(indicator([3, 0]).predict, x, bold, noise, { draws: 64, order }); // prettier-ignore
  expect(down[0]).toEqual({ fraction: 0.95, kept: 0, draws: 8 });
  // Element 0 has the second smallest order: 18 of 20 leave both.
  expect([smaller!.fraction, smaller!.kept]).toEqual([0.9, 64]);
});

test('nothing replaced proves nothing, and is no claim', async () => {
  const none = float32(new Float32Array(N), [1, N]);
  const order = float32(new Float32Array(N).fill(0.2), [1, N]);
  const { hard, hardTried } = await replaceability(indicator(Array.from({ length: N }, (_, i) => i)).predict, x, none, noise, { draws: 8, order }); // prettier-ignore
  expect(hard).toBeUndefined();
  expect(hardTried).toEqual([]);
});
