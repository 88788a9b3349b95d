// When learning a binary mask ends.
import { expect, test } from '@jest/globals';
import { settled } from '../../src/lan/settled.js';

/** Steps whose mask mean is `of` the step, and whose answer was kept on this part of the draws. */
const steps = (n: number, of: (step: number) => number, kept: number | ((step: number) => number) = 1) =>
  Array.from({ length: n }, (_, s) => ({ maskMean: of(s), kept: typeof kept === 'number' ? kept : kept(s) }));
const PICTURE = 224 * 224;

test('a mask that stands still and keeps the answer is settled, after three windows at the earliest', () => {
  const flat = () => 0.9;
  expect(settled(steps(59, flat), PICTURE, {})).toBe(false);
  expect(settled(steps(60, flat), PICTURE, {})).toBe(true);
  expect(
    settled(
      steps(60, (s) => 0.9 + 0.0002 * s),
      PICTURE,
      {},
    ),
  ).toBe(false);
  expect(
    settled(
      steps(60, (s) => 0.9 + 0.00005 * s),
      PICTURE,
      {},
    ),
  ).toBe(true);
  expect(settled(steps(60, flat, 0.9), PICTURE, {})).toBe(false);
  expect(settled(steps(60, flat, 0.9), PICTURE, { keep: 0.85 })).toBe(true);
});

test('one that shrinks is not settled, nor where it turns from shrinking to growing', () => {
  expect(
    settled(
      steps(60, (s) => 0.95 - 0.001 * s),
      PICTURE,
      {},
    ),
  ).toBe(false);
  // Down for 30 steps and up again, as a mask of SqueezeNet was by .01 after it was first rounded.
  const turning = (s: number): number => 0.92 + 0.0003 * Math.abs(s - 30);
  for (let n = 1; n <= 80; n++) expect([n, settled(steps(n, turning), PICTURE, {})]).toEqual([n, false]);
});

test('a mask of few elements may have one that comes and goes', () => {
  const flickering = (s: number): number => (s % 10 === 0 ? 9 : 8) / 12 + (s === 45 ? 1 / 12 : 0);
  expect(settled(steps(60, flickering), 12, {})).toBe(true);
  expect(settled(steps(60, flickering), PICTURE, {})).toBe(false);
});

test('where the answer is to change, it is settled once it does', () => {
  const flat = () => 0.98;
  expect(settled(steps(60, flat, 0), PICTURE, { find: 'delete' })).toBe(true);
  expect(settled(steps(60, flat, 0.1), PICTURE, { find: 'delete' })).toBe(false);
  expect(settled(steps(60, flat, 0.1), PICTURE, { find: 'delete', keep: 0.2 })).toBe(true);
});
