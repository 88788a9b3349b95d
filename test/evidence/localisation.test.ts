// Pointing game, relevance mass and rank against counts by hand; ground truth that fits, and such that does not.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { float32 } from '../../src/core/tensor.js';
import { localisation, marked } from '../../src/evidence/localisation.js';

/** Code and message of what is thrown. */
function refused(run: () => unknown): [string, string] | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof LanError) return [error.code, error.message];
    throw error;
  }
}

const need = float32([0.1, 0.4, 0.3, 0.2], [1, 1, 2, 2]);
const valuesOf = (truth: number[], n = need): number[] => localisation(n, Uint8Array.from(truth)).map((m) => m.value);

test('where the most needed element, the need and the most needed elements lie', () => {
  expect(valuesOf([0, 1, 1, 0])).toEqual([1, expect.closeTo(0.7, 6), 1]);
  expect(valuesOf([1, 0, 1, 0])).toEqual([0, expect.closeTo(0.4, 6), 0.5]);
  expect(valuesOf([1, 0, 0, 0])).toEqual([0, expect.closeTo(0.1, 6), 0]);
});

test('need below 0 has no mass; of equals the first counts; where nothing is needed mass is that of chance', () => {
  expect(valuesOf([0, 1, 0, 0], float32([-5, 1, 1, 0], [1, 1, 2, 2]))).toEqual([1, 0.5, 1]);
  expect(valuesOf([1, 0, 0, 0], float32([0, 0, 0, 0], [1, 1, 2, 2]))).toEqual([1, 0.25, 1]);
  expect(localisation(need, Uint8Array.from([1, 0, 0, 0]))[1].definition).toContain('by chance 0.25');
});

test('marks: half of the largest value on, one a pixel, any of several channels', () => {
  expect([...marked(float32([0, 255, 127, 128], [2, 2]), need)]).toEqual([0, 1, 0, 1]);
  expect([...marked(float32([0, 0, 0, 9, 8, 0, 0, 0, 0, 0, 0, 0], [1, 3, 2, 2]), need)]).toEqual([1, 0, 0, 1]);
  const full = float32(new Float32Array(12), [1, 3, 2, 2]);
  expect([...marked(float32([0, 1, 0, 0], [2, 2]), full)]).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
  // Tokens: one value each.
  expect([...marked(float32([0, 1, 1]), float32([0, 0, 0], [1, 3, 1]))]).toEqual([0, 1, 1]);
});

test('a mask of another size, an empty and a full one are refused', () => {
  expect(refused(() => marked(float32([1, 0, 0], [1, 3]), need))).toEqual([
    'data',
    '`groundTruth`: has shape [1,3], but the mask that it is held against has [1,1,2,2]. Give one value for each of its elements.',
  ]);
  expect(refused(() => marked(float32([0, 0, 0, 0], [2, 2]), need))).toEqual([
    'data',
    '`groundTruth`: marks nothing: no value is above 0. Mark what should be needed, and only that.',
  ]);
  expect(refused(() => marked(float32([2, 2, 2, 1], [2, 2]), need))).toEqual([
    'data',
    '`groundTruth`: marks everything: no value is below half of the largest. Mark what should be needed, and only that.',
  ]);
});
