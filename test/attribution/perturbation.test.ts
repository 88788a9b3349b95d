// Occlusion, RISE, LIME and KernelSHAP: Captum's published values, and what holds exactly.
import { expect, test } from '@jest/globals';
import { centre, randomNeed } from '../../src/attribution/baselines.js';
import { occlusion, rise } from '../../src/attribution/perturbation.js';
import type { Scorer } from '../../src/attribution/scorer.js';
import { kernelShap, lime } from '../../src/attribution/surrogate.js';
import { float32 } from '../../src/core/tensor.js';
import { asked, multiLayer, numbers, oneConv, madeToys, type Toy } from './toys.js';

const made = madeToys();
const near = (actual: readonly number[], expected: readonly number[], digits = 3): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((v, i) => expect(actual[i]).toBeCloseTo(v, digits));
};
const linear =
  (weights: readonly number[], bias: number): Toy =>
  (g, x) =>
    g.add(g.matMul(x, g.constant(float32(weights, [weights.length, 1]))), g.scalar(bias));
const picture = Array.from({ length: 16 }, (_, i) => i);

test('occlusion of MultiLayer, as Captum has it', async () => {
  const scorer = await made([3], multiLayer);
  const of = async (x: number[], window: number, stride: number, baseline = 0): Promise<number[]> => {
    const problem = asked(scorer, x, { baseline: float32([baseline, baseline, baseline], [1, 3]) });
    return numbers((await occlusion.attribute(problem, { window: [window], stride: [stride] })).attribution);
  };
  expect(await of([20, 50, 30], 1, 1)).toEqual([80, 200, 120]);
  expect(await of([2, 10, 3], 1, 1)).toEqual([8, 35, 12]);
  // Windows of two, side by side: the third has one element only.
  expect(await of([20, 50, 30], 2, 2)).toEqual([280, 280, 120]);
  // Windows of two that overlap: the middle is the mean of both.
  expect(await of([20, 50, 30], 2, 1, 10)).toEqual([200, 220, 240]);
  const { passes, details } = await occlusion.attribute(asked(scorer, [1, 2, 3]));
  expect([passes, details['windows']]).toEqual([{ forward: 4, backward: 0 }, 3]);
});

test('occlusion of the ConvNet, as Captum has it', async () => {
  // Captum's second input, of ones, is added to the first.
  const scorer = await made([1, 4, 4], oneConv(1));
  const of = async (toy: Scorer, window: number[], stride: number[]): Promise<number[]> =>
    numbers((await occlusion.attribute(asked(toy, picture), { window, stride })).attribution);
  expect(new Set(await of(scorer, [1, 4, 4], [1, 1, 1]))).toEqual(new Set([67]));
  const rows = [17, 17, 17, 17, 17, 17, 17, 17, 64, 65.5, 65.5, 67, 64, 65.5, 65.5, 67];
  expect(await of(scorer, [1, 2, 3], [1, 2, 1])).toEqual(rows);
  const alone = await made([1, 4, 4], oneConv());
  expect(await of(alone, [1, 2, 2], [1, 1, 1])).toEqual([7, 8, 6.5, 4, 15.5, 20.75, 22.25, 18.5, 30, 39.25, 44.25, 40, 36, 45, 50.5, 47]); // prettier-ignore
});

test('a picture is occluded in windows of an eighth of its sides, all channels at once', async () => {
  const scorer = await made([2, 16, 8], (g, x, batch) => g.reshape(g.reduceSum(x, [1, 2, 3], false), [batch, 1]));
  const ones = new Array<number>(256).fill(1);
  const { details, need } = await occlusion.attribute(asked(scorer, ones, { maskDims: [1, 1, 16, 8] }));
  expect(details).toMatchObject({ window: '2x2x1', stride: '1x1x1', windows: 15 * 8 });
  // Each window takes two pixels of two channels.
  expect(new Set(numbers(need))).toEqual(new Set([4]));
});

test('KernelSHAP of MultiLayer is exact: (76.6667,196.6667,116.6667), grouped (275,275,115)', async () => {
  const scorer = await made([3], multiLayer);
  const at = asked(scorer, [20, 50, 30]);
  const { need, passes, details } = await kernelShap.attribute(at);
  near(numbers(need), [230 / 3, 590 / 3, 350 / 3]);
  expect([passes.forward, details['difference']]).toEqual([8, 390]);
  near(numbers((await kernelShap.attribute(at, { segments: [0, 0, 1] })).need), [275, 275, 115]);
  near(numbers((await kernelShap.attribute(asked(scorer, [2, 10, 3]))).need), [7, 32.5, 10.5]);
  near(numbers((await kernelShap.attribute(at, { segments: [0, 0, 0] })).need), [390, 390, 390]);
});

test("Shapley values of a game of six, from a baseline that is not 0: Captum's, and in groups", async () => {
  const scorer = await made([6], (g, y) => {
    const at = (i: number): string => g.slice(y, [i], [i + 1], [1]);
    const three = g.mul(g.scalar(2), g.mul(at(2), g.mul(at(3), at(4))));
    return g.add(g.sub(g.add(g.mul(at(0), at(1)), three), at(5)), g.mul(at(0), at(2)));
  });
  const at = asked(scorer, [0.5, 1, 1.5, 2, 2.5, 3], { baseline: float32(new Float32Array(6).fill(0.25), [1, 6]) });
  // tools/reference/captum_values.py; of x0 by hand (x0 - b) (x1 + b) / 2 + (x0 - b) (x2 + b) / 2 = 5/32 + 7/32.
  near(numbers((await kernelShap.attribute(at)).need), [0.375, 0.28125, 5.15625, 5.03125, 5.25, -2.75]);
  const grouped = await kernelShap.attribute(at, { segments: [0, 0, 1, 1, 2, 2] });
  near(numbers(grouped.need), [0.65625, 0.65625, 8.546875, 8.546875, 4.140625, 4.140625]);
});

test('KernelSHAP by sampled coalitions: exact on a linear model, within its error on a game, and it adds up', async () => {
  const weights = Array.from({ length: 20 }, (_, i) => i - 7);
  const scorer = await made([20], linear(weights, 3));
  const x = weights.map((_, i) => 1 + (i % 3));
  const { need, details } = await kernelShap.attribute(asked(scorer, x), { samples: 200 });
  near(numbers(need), weights.map((w, i) => w * x[i]!), 2); // prettier-ignore
  expect(details).toMatchObject({ parts: 20, samples: 202 });
  // Half the product of the first two goes to each of them, the third has its own.
  const game = await made([20], (g, y) => {
    const at = (i: number): string => g.slice(y, [i], [i + 1], [1]);
    return g.add(g.mul(at(0), at(1)), at(2));
  });
  const values = numbers((await kernelShap.attribute(asked(game, new Array<number>(20).fill(1)), { samples: 2000 })).need);
  [0.5, 0.5, 1, 0].forEach((v, i) => expect(Math.abs(values[i]! - v)).toBeLessThan(0.05));
  expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(2, 4);
});

test('LIME of MultiLayer: the lasso over all coalitions in closed form, and near Captum by sampling', async () => {
  const scorer = await made([3], multiLayer);
  const at = asked(scorer, [20, 50, 30]);
  const settings = { model: 'lasso', alpha: 1, distance: 'input' } as const;
  // All weights 1: the coefficient is (cov(z, y) - alpha) / var(z) = 4 x - 2.5 (the empty coalition scores 10 more than a line would have) - 4.
  const flat = await lime.attribute(at, { ...settings, width: 1e9 });
  near(numbers(flat.need), [73.5, 193.5, 113.5]);
  // Captum: cosine kernel of width 10, 500 samples with seed 1: (73.3716, 193.3349, 113.3349), which sampling spreads by about 0.2.
  const captum = await lime.attribute(at, { ...settings, width: 10 });
  [73.3716, 193.3349, 113.3349].forEach((v, i) => expect(Math.abs(numbers(captum.need)[i]! - v)).toBeLessThan(0.3));
  expect(captum.details).toMatchObject({ samples: 8 });
  const grouped = numbers((await lime.attribute(at, { ...settings, width: 10, segments: [0, 0, 1] })).need);
  [271, 271, 111].forEach((v, i) => expect(Math.abs(grouped[i]! - v)).toBeLessThan(0.3));
});

test('LIME of a linear model by sampling gives its weights, less what the ridge takes', async () => {
  const weights = Array.from({ length: 20 }, (_, i) => i - 7);
  const scorer = await made([20], linear(weights, 3));
  const { need, passes } = await lime.attribute(asked(scorer, new Array<number>(20).fill(1)), { samples: 400, alpha: 1e-9 });
  near(numbers(need), weights, 2);
  expect(passes).toEqual({ forward: 400, backward: 0 });
});

test('RISE of a constant is its masks, and of a linear model the expectation, within the error of its samples', async () => {
  const weights = [2, -1, 0.5, 4];
  const scorer = await made([4], linear(weights, 1));
  const samples = 20_000;
  const { need } = await rise.attribute(asked(scorer, [1, 1, 1, 1]), { samples });
  // E[score | element i is there] = bias + w_i + half of the other weights.
  const sum = weights.reduce((a, b) => a + b, 0);
  weights.forEach((w, i) =>
    expect(Math.abs(numbers(need)[i]! - (1 + w + (sum - w) / 2))).toBeLessThan((6 * 6) / Math.sqrt(samples)),
  );
  const constant = await made([3, 21, 14], (g, x, batch) => g.add(g.mul(g.reshape(g.reduceSum(x, [1, 2, 3], false), [batch, 1]), g.scalar(0)), g.scalar(7))); // prettier-ignore
  const zeros = new Array<number>(3 * 21 * 14).fill(0);
  const map = await rise.attribute(asked(constant, zeros, { maskDims: [1, 1, 21, 14] }), { samples: 600, keep: 0.3 });
  expect(map.need.dims).toEqual([1, 1, 21, 14]);
  // Masks of zeros and ones are least even at cells' middles: variance 0.3 x 0.7 over 600 samples, in units of 0.3; six standard errors.
  for (const v of numbers(map.need)) expect(Math.abs(v / 7 - 1)).toBeLessThan((6 * Math.sqrt(0.21 / 600)) / 0.3);
});

test('RISE finds the one quarter of a picture that counts', async () => {
  const scorer = await made([1, 16, 16], (g, x, batch) => g.reshape(g.reduceSum(g.slice(x, [8, 0], [16, 8], [2, 3]), [1, 2, 3], false), [batch, 1])); // prettier-ignore
  const { need } = await rise.attribute(asked(scorer, new Array<number>(256).fill(1)), { samples: 500, cells: 4 });
  const top = Array.from(numbers(need).entries()).sort((a, b) => b[1] - a[1]).slice(0, 30); // prettier-ignore
  for (const [i] of top) expect([Math.floor(i / 16) >= 7, i % 16 <= 8]).toEqual([true, true]);
});

test('what cannot end before its last pass is refused by name where its budget is over; what can, ends there', async () => {
  const scorer = await made([200], linear(new Array<number>(200).fill(1), 0));
  const at = (budget: number) => asked(scorer, new Array<number>(200).fill(1), { budget });
  await expect(occlusion.attribute(at(1e-9))).rejects.toThrow(/^`budget`: 1e-9 s were over after 65 of the 201 passes that Occlusion cannot do without \(about [\d.e-]+ s\)\. Give more time, or a larger `window` and `stride`\.$/); // prettier-ignore
  await expect(rise.attribute(at(1e-9))).rejects.toThrow(
    /^`budget`: 1e-9 s are shorter than the 64 passes that RISE cannot do without/,
  );
  const { details } = await rise.attribute(at(0.1), { samples: 1e8 });
  expect(details['samples']).toBeLessThan(1e8);
  const many = await made([1100], linear(new Array<number>(1100).fill(1), 0));
  await expect(kernelShap.attribute(asked(many, new Array<number>(1100).fill(1)))).rejects.toThrow(
    'toy: its input has 1100 parts, and LIME and KernelSHAP fit a linear model of 1024 at most. Group them with `segments`.',
  );
});

test('random is another order for another seed, centre falls off from the middle', async () => {
  const scorer = await made([1, 4, 4], oneConv());
  const of = async (seed: number): Promise<number[]> =>
    numbers((await randomNeed.attribute(asked(scorer, picture, { seed }))).need);
  expect(await of(1)).toEqual(await of(1));
  expect(await of(1)).not.toEqual(await of(2));
  const { need, passes } = await centre.attribute(asked(scorer, picture));
  const [corner, , , , , middle] = numbers(need);
  near([corner!, middle!], [-Math.hypot(0.375, 0.375), -Math.hypot(0.125, 0.125)], 6);
  expect(passes).toEqual({ forward: 0, backward: 0 });
});
