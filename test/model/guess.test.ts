// How sure a guess of the preprocessing is said to be: one or two pictures, or a close second, make none likely.
import { expect, test } from '@jest/globals';
import { float32, type Tensor } from '../../src/core/tensor.js';
import type { InputCard } from '../../src/model/card.js';
import { completeCard } from '../../src/model/conventions.js';
import { chooseConvention, type Conventional } from '../../src/model/guess.js';

const SHAPE = [3, 8, 8] as const;

interface Fake extends Conventional<Fake> {
  readonly card: InputCard;
}

/** A classifier of two classes as sure as `first` under torchvision's convention, as `second` (and of class `other`) under all others. */
function fake(
  first: number,
  second: number,
  other: 0 | 1,
  card = completeCard({}, { layout: 'NCHW', channels: 3, size: [8, 8] }),
): Fake {
  const own = card.std[0] === 0.229;
  const predict = ({ dims: [n] }: Tensor): Promise<Tensor> => {
    const [p, answer] = own ? [first, 0] : [second, other];
    const rows = Array.from({ length: 3 * n! }, (_, i) => (i % 3 === answer ? p : (1 - p) / 2));
    return Promise.resolve(float32(rows, [n!, 3]));
  };
  return {
    card,
    cardGiven: {},
    hookPoint: undefined,
    inputShape: SHAPE,
    predict,
    locate: () => Promise.reject(new Error('not asked')),
    withCard: (next) => fake(first, second, other, next),
  };
}

const pictures = (n: number): Tensor => float32(new Float32Array(n * 192).fill(100), [n, ...SHAPE]);

test.each([
  [
    'a clear one on three pictures',
    3,
    0.9,
    0.42,
    1,
    /which is likely: it scores 0\.90 .* of 3 pictures\), before .* with 0\.42; say/,
  ],
  ['a clear one on one picture', 1, 0.9, 0.42, 1, /which is a guess: .* with 0\.42, which gives another answer for 1 of 1; say/],
  ['two that are close', 3, 0.7, 0.6, 1, /which is a guess: .* with 0\.60, which gives another answer for 3 of 3; say/],
  ['two that are close and agree', 3, 0.7, 0.6, 0, /which is a guess: .* with 0\.60, which answers the same; say/],
] as const)('%s', async (_, n, first, second, other, note) => {
  const chosen = await chooseConvention(fake(first, second, other), pictures(n));
  expect(chosen.note).toMatch(/^no model card: assumed torchvision/);
  expect(chosen.note).toMatch(note);
});
