// The search for the fraction that can be replaced entirely, on a classifier whose answer is known for every mask.
import { expect, test } from '@jest/globals';
import { confidenceSequence, wilson } from '../../src/core/proportion.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { hardReplaceability, noiseAlone, replaceability } from '../../src/evidence/replaceability.js';
import { Ranking, search, type Search } from '../../src/evidence/search.js';
import { createTrials, type Trials } from '../../src/evidence/trials.js';
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
  // 14 of 20, sure after half of the draws, then 0.75, which takes one that is needed.
  expect(hardTried.map((t) => [t.fraction, t.kept])).toEqual([[0.7, 32], [0.75, 0]]); // prettier-ignore
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

/** Numbers of elements that were replaced in each trial, where at most `most` of 1000 may be ('keep'), or at least 1000 - `most` have to be ('delete'). */
async function searched(
  most: number,
  from: Search,
  doubtful = 0,
): Promise<{ readonly count: number | undefined; readonly replaced: number[] }> {
  const replaced: number[] = [];
  const trials = {
    choosing: (mask: Float32Array) => {
      const n = mask.reduce((a, b) => a + b, 0);
      replaced.push(n);
      const holds = from.find === 'keep' ? n <= most : n >= 1000 - most;
      return Promise.resolve({
        kept: holds === (from.find === 'keep') ? 32 : 0,
        draws: 32,
        labels: [],
        divergence: 0,
        holds,
        clear: holds && n !== doubtful,
      });
    },
  } as unknown as Trials;
  const ranking = new Ranking(Float32Array.from({ length: 1000 }, (_, i) => -i));
  return { count: (await search(trials, ranking, from)).count, replaced };
}

test('between the last fraction that held and the next that did not the middle is tried, twice', async () => {
  expect(await searched(889, { find: 'keep', own: 860 })).toEqual({ count: 880, replaced: [860, 900, 880, 890] });
  expect(await searched(843, { find: 'keep', own: 850 })).toEqual({ count: 841, replaced: [850, 841, 846, 844] });
  // There one that holds with doubt is not taken.
  expect(await searched(889, { find: 'keep', own: 860 }, 880)).toEqual({ count: 870, replaced: [860, 900, 880, 870] });
  // Nor is one beyond the mask's own number, which itself only has to hold.
  expect(await searched(889, { find: 'keep', own: 820 }, 850)).toEqual({ count: 843, replaced: [820, 850, 835, 843] });
  expect((await searched(889, { find: 'keep', own: 820 }, 820)).count).toBe(888);
  // Without a mask of its own all are tried, and nothing between.
  expect((await searched(889, { find: 'keep' })).count).toBe(850);
});

test('what changes the answer is searched the same way, by what is left', async () => {
  // 47 of 1000 have to go.
  expect(await searched(953, { find: 'delete', own: 960 })).toEqual({ count: 953, replaced: [40, 50, 45, 47] });
});

test('only what goes further than before is of interest', async () => {
  expect(await searched(889, { find: 'keep', own: 700, above: 870 })).toEqual({ count: 886, replaced: [871, 900, 886, 893] });
  expect(await searched(860, { find: 'keep', own: 700, above: 870 })).toEqual({ count: undefined, replaced: [871] });
  expect(await searched(860, { find: 'keep', own: 900, above: 870 })).toEqual({ count: undefined, replaced: [900, 891, 882] });
});

test('on choosing draws an order holds at 61 of 64, clearly from 63 on', async () => {
  // The answer is lost where the noise of the one element exceeds what leaves just so many of the 64 choosing draws.
  const one = float32([1], [1, 1]);
  const flat = createNoise('uniform:0,1', { x: one, low: 0, high: 1 });
  const drawn: number[] = [];
  const noted = { predict: (s: Tensor) => (drawn.push(...(s.data as Float32Array)), Promise.resolve(float32(Array.from({ length: s.dims[0]! }, () => [0, 1]).flat(), [s.dims[0]!, 2]))) }; // prettier-ignore
  const whole = new Float32Array([1]);
  const all = await createTrials(noted.predict, one, [1, 1], flat, {});
  // Taken for true after half of the draws without a loss; the other half is drawn by losing one early.
  expect(await all.choosing(whole)).toMatchObject({ kept: 32, draws: 32, holds: true, clear: true });
  for (const [losses, holds, clear] of [
    [1, true, true],
    [2, true, false],
    [3, true, false],
    [4, false, false],
  ] as const) {
    // prettier-ignore
    let seen = -1; // the input itself comes first
    const losing = (s: Tensor) => Promise.resolve(float32(Array.from({ length: s.dims[0]! }, () => (seen++ < 0 || seen > losses ? [0, 1] : [1, 0])).flat(), [s.dims[0]!, 2])); // prettier-ignore
    const trials = await createTrials(losing, one, [1, 1], flat, {});
    const found = await trials.choosing(whole);
    expect([losses, found.holds, found.clear]).toEqual([losses, holds, clear]);
  }
});

test('sequential draws end when the claim is decided, and their interval is the confidence sequence', async () => {
  const order = ramp(3);
  const mask = float32(Float32Array.from({ length: N }, (_, i) => (i === 3 ? 0 : 1)), [1, N]); // prettier-ignore
  const f = indicator([3]);
  const { hard, noiseAlone, soft } = await replaceability(f.predict, x, mask, noise, { order, sequential: true });
  expect(hard).toMatchObject({ fraction: 0.95, kept: 56, draws: 56, interval: confidenceSequence(56, 56), sequential: true });
  // What is no claim has the draws that it always has.
  expect([noiseAlone.draws, noiseAlone.sequential, soft.draws]).toEqual([64, undefined, 64]);
  const whole = await replaceability(f.predict, x, mask, noise, { order });
  expect(whole.hard).toMatchObject({ kept: 256, draws: 256, interval: wilson(256, 256) });
  expect(whole.hard).not.toHaveProperty('sequential');
  // What changes the answer, too; and a single draw stays one.
  const deletion = await replaceability(f.predict, x, mask, noise, { order, find: 'delete', sequential: true });
  expect(deletion.deletion!.found).toMatchObject({ changed: 56, draws: 56, interval: confidenceSequence(56, 56) });
  const constant = createNoise('constant:0', { x, low: 0, high: 1 });
  expect((await replaceability(f.predict, x, mask, constant, { order, sequential: true })).hard).toMatchObject({ draws: 1, interval: wilson(1, 1) }); // prettier-ignore
});

test('noise alone that keeps the answer once goes on from the 64 draws that it has', async () => {
  const seen: number[] = [];
  const always = { predict: (s: Tensor) => (seen.push(s.dims[0]!), Promise.resolve(float32(Array.from({ length: s.dims[0]! }, () => [0, 1]).flat(), [s.dims[0]!, 2]))) }; // prettier-ignore
  const trials = await createTrials(always.predict, x, [1, N], noise, {});
  expect(await noiseAlone(trials, N)).toMatchObject({ kept: 256, draws: 256 });
  expect(seen.reduce((a, b) => a + b, 0)).toBe(1 + 256);
});
