// How sure a guess of the preprocessing is said to be: one or two pictures, or a close second, make none likely.
import { expect, test } from '@jest/globals';
import { float32, type Tensor } from '../../src/core/tensor.js';
import type { InputCard } from '../../src/model/card.js';
import { completeCard, CONVENTIONS, conventionOfOrigin } from '../../src/model/conventions.js';
import { doubtOf, groundDoubt } from '../../src/model/doubt.js';
import { chooseConvention } from '../../src/model/guess.js';
import type { Conventional } from '../../src/model/views.js';

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
    precision: 'float32',
    severalLabels: false,
    output: { name: 'y', type: 'float32', shape: [1, 3] },
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
  ['two that are close', 3, 0.7, 0.6, 1, /which is unsure: .* with 0\.60, which gives another answer for 3 of 3; say/],
  ['two that are close and agree', 3, 0.7, 0.6, 0, /which is a guess: .* with 0\.60, which answers the same; say/],
] as const)('%s', async (_, n, first, second, other, note) => {
  const chosen = await chooseConvention(fake(first, second, other), pictures(n));
  expect(chosen.note).toMatch(/^no model card: assumed torchvision/);
  expect(chosen.note).toMatch(note);
});

/** A classifier of three classes whose logits are `gain` times as large per unit of the largest pixel value that it is given: the answer is the same at any scale. */
function scaled(
  gain: number,
  card = completeCard({}, { layout: 'NCHW', channels: 1, size: [8, 8] }),
  precision: Fake['precision'] = 'float32',
): Fake {
  const logit = (gain * card.range) / Math.abs(card.std[0]!) + (card.range === 1 && card.mean[0] === 0 ? 1 : 0);
  const rest = Math.exp(-logit);
  const row = [1 / (1 + 2 * rest), rest / (1 + 2 * rest), rest / (1 + 2 * rest)];
  return {
    ...fake(0, 0, 0, card),
    card,
    precision,
    inputShape: [1, 8, 8],
    output: { name: 'y', type: 'float32', shape: [1, 3] },
    predict: ({ dims: [n] }) => Promise.resolve(float32(Array.from({ length: n! }, () => row).flat(), [n!, 3])),
    withCard: (next) => scaled(gain, next, precision),
  };
}
const grey = (n: number): Tensor => float32(new Float32Array(n * 64).fill(100), [n, 1, 8, 8]);

test('numbers that are too large make any network sure, which is no sign that it wants them', async () => {
  const chosen = await chooseConvention(scaled(2), grey(3));
  expect(chosen.guess).toMatchObject({ convention: expect.not.stringContaining('255') });
  expect(chosen.note).toMatch(
    /which is a guess: .*; grey, 0\.\.255, with 1\.00, is passed over: it leaves no other answer any probability/,
  );
  // Pixels as they are remain where they make it as sure as training does, and where rounding hides how sure it is.
  for (const other of [scaled(0.05), scaled(2, undefined, 'quantised')])
    expect((await chooseConvention(other, grey(3))).guess).toMatchObject({ convention: 'grey, 0..255' });
});

test('what the origin of a file speaks for is taken, unless three pictures speak twice as much for another', async () => {
  const [torchvision, caffe, tensorflow] = Object.keys(CONVENTIONS);
  expect(conventionOfOrigin('tf2onnx', 1001)?.convention).toBe(tensorflow);
  expect(conventionOfOrigin('onnx-caffe2', 1000)?.convention).toBe(caffe);
  expect(conventionOfOrigin('pytorch', 1000)?.convention).toBe(torchvision);
  expect([conventionOfOrigin('pytorch', 10), conventionOfOrigin('tf2onnx', 1000)]).toEqual([undefined, undefined]);
  const expected = { convention: tensorflow!, because: 'so it is' };
  const one = await chooseConvention(fake(0.9, 0.42, 1), pictures(1), expected);
  expect(one.note).toMatch(/^no model card: assumed TensorFlow .*, which is unsure \(so it is\): it scores 0\.42 .*, against torchvision .* with 0\.90, which gives another answer for 1 of 1; say/); // prettier-ignore
  const three = await chooseConvention(fake(0.9, 0.42, 1), pictures(3), expected);
  expect(three.note).toMatch(/^no model card: assumed torchvision .*, which is likely: it scores 0\.90/);
});

/** Sure as `right` where the channels are BGR, as `wrong` and of another class where they are RGB. */
function inOrder(channels: 'RGB' | 'BGR', right = 0.98, wrong = 0.24): Fake {
  const make = (card: InputCard): Fake => ({
    ...fake(0, 0, 0, card),
    predict: ({ dims: [n] }) => {
      const [p, answer] = card.channels === 'BGR' ? [right, 0] : [wrong, 1];
      return Promise.resolve(float32(Array.from({ length: 3 * n! }, (_, i) => (i % 3 === answer ? p : (1 - p) / 2)), [n!, 3])); // prettier-ignore
    },
    withCard: make,
  });
  return make(completeCard({ channels, range: 255, mean: [10, 20, 30], std: [1, 1, 1] }, { layout: 'NCHW', channels: 3, size: [8, 8] })); // prettier-ignore
}

test('a card in the wrong order of channels is asked about; the right one, and one that is nearly as sure, are not', async () => {
  expect(await doubtOf(inOrder('RGB', 0.98, 0.44), pictures(1))).toBe(
    'how pictures go in may be wrong: as given (RGB, 0..255, mean 10 20 30, std 1 1 1) the model scores 0.44 (confidence times agreement over views of 1 picture); as BGR, 0..255, mean 30 20 10, std 1 1 1 it scores 0.98 and gives another answer for 1 of 1; check `channels`, `range`, `mean`, `std`',
  );
  // Only what was said may be wrong.
  expect(await doubtOf(inOrder('RGB', 0.98, 0.44), pictures(1), { channels: 'RGB' })).toMatch(/; check `channels`$/);
  expect(await doubtOf(inOrder('RGB', 0.98, 0.44), pictures(1), {})).toBeUndefined();
  expect(await doubtOf(inOrder('BGR'), pictures(1))).toBeUndefined();
  expect(await doubtOf(inOrder('RGB', 0.98, 0.6), pictures(3))).toBeUndefined();
  expect(await doubtOf(inOrder('RGB', 0.45, 0.1), pictures(3))).toBeUndefined();
});

test('other conventions than the card are asked about by three pictures, not by one', async () => {
  const plain = fake(0.9, 0.34, 1, completeCard({ mean: [0], std: [1], range: 255 }, { layout: 'NCHW', channels: 3, size: [8, 8] })); // prettier-ignore
  expect(await doubtOf(plain, pictures(1))).toBeUndefined();
  expect(await doubtOf(plain, pictures(3))).toMatch(
    /; as torchvision .* it scores 0\.90 and gives another answer for 3 of 3; check/,
  );
});

/** A network of digits on black: sure of class 0 where most of what it sees is dark, as sure as `wrong` of class 1 where it is light. */
function onBlack(wrong: number, card = completeCard({}, { layout: 'NCHW', channels: 1, size: [8, 8] })): Fake {
  const predict = ({ dims: [n = 0], data }: Tensor): Promise<Tensor> => {
    const rows = Array.from({ length: n }, (_, i) => {
      const light = (data as Uint8Array)[64 * i]! / 255 > 0.5;
      const [p, answer] = light === card.std[0]! > 0 ? [wrong, 1] : [0.98, 0];
      return [0, 1, 2].map((k) => (k === answer ? p : (1 - p) / 2));
    });
    return Promise.resolve(float32(rows.flat(), [n, 3]));
  };
  return { ...fake(0, 0, 0, card), card, inputShape: [1, 8, 8], predict, withCard: (next) => onBlack(wrong, next) };
}
const plane = (n: number, value: number): Tensor => float32(new Float32Array(64 * n).fill(value), [n, 1, 8, 8]);

test('digits that are dark on light are asked about where black and white exchanged gives another answer, and stay as they are', async () => {
  expect(await groundDoubt(onBlack(0.9), plane(1, 250), {})).toBe(
    'black and white may have to be exchanged, as most networks of digits take white on black: so this one scores 0.98 in place of 0.90 and gives another answer for 1 of 1; if so, say it with `range` 255, `mean` 255, `std` -1',
  );
  expect(await groundDoubt(onBlack(0.9), plane(3, 250), {})).toMatch(/another answer for 3 of 3/);
  // White on black, and what somebody said, are not asked about.
  expect(await groundDoubt(onBlack(0.9), plane(3, 5), {})).toBeUndefined();
  expect(await groundDoubt(onBlack(0.9), plane(1, 250), { mean: [0], std: [1] })).toBeUndefined();
  // A card under which a picture says little is asked about as one in the wrong order of channels is.
  expect(await doubtOf(onBlack(0.45), plane(1, 250))).toMatch(/as grey, 0\.\.255, mean 255, std -1 it scores 0\.98/);
  expect(await doubtOf(onBlack(0.9), plane(1, 250))).toBeUndefined();
});
