// A budget covers the evidence: as many draws as there is time for, and never fewer than a claim is made with.
import { expect, test } from '@jest/globals';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { timeLeft } from '../../src/explain/time-left.js';

/** A model that takes `milliseconds` a sample. */
const slow =
  (milliseconds: number) =>
  async (samples: Tensor): Promise<Tensor> => {
    const end = performance.now() + milliseconds * samples.dims[0]!;
    while (performance.now() < end) await Promise.resolve();
    return samples;
  };
const x = float32([1, 2], [1, 2]);
const from = (budget: number | undefined, milliseconds: number, wanted = 256) =>
  timeLeft(budget, performance.now(), { predict: slow(milliseconds), x, wanted });

test('without a budget, and with a large one, all', async () => {
  expect(await from(undefined, 1000)).toMatchObject({ draws: 256 });
  const { draws, further } = await from(3600, 1);
  expect([draws, further()]).toEqual([256, true]);
});

test('what there is time for: two claims of so many draws, and 192 samples that choose', async () => {
  // 8 samples are timed, so that about 392 of 400 are left, or a little less on a busy machine: (392 - 192) / 2.
  const { draws, further } = await from(0.8, 2);
  expect(draws).toBeGreaterThanOrEqual(40);
  expect(draws).toBeLessThanOrEqual(100);
  expect(further()).toBe(false);
});

test('40 draws whatever the budget, and no more than were asked for', async () => {
  expect((await from(0.001, 2)).draws).toBe(40);
  expect((await from(0.001, 2, 8)).draws).toBe(8);
});
