// Translated MNIST (paper, Appendix A): digits scaled down and put somewhere on a black picture, a new place at every look.
import { LanError } from '../../core/errors.js';
import { random, STREAMS } from '../../core/random.js';
import { DIGIT, shrink, type Digits } from './digits.js';

/** A square of pixels; ends excluded. */
export interface Box {
  readonly row: number;
  readonly column: number;
  readonly side: number;
}

/** Digits put somewhere into an empty picture of 28x28, anew at every draw. */
export interface TranslatedDigits {
  readonly count: number;
  readonly shape: readonly [1, number, number];
  readonly labels: Uint8Array;
  /** Pictures [n,1,28,28] in 0..1; where each digit lies depends on the seed, the draw and its place in the list. */
  read(indices: ArrayLike<number>, draw: number): Float32Array;
  /** Where the digits of `read(indices, draw)` lie. */
  boxes(count: number, draw: number): Box[];
}

/** How digits are put into pictures; lengths in pixels. */
export interface TranslatedOptions {
  /** Side of the digits. */
  readonly side: number;
  /** No pixel of a digit's square lies in the bottom right square of this side; 0: digits lie anywhere. */
  readonly exclude: number;
  readonly seed: number;
}

/** Names the pictures in checkpoints: what was read, and how it lies in them. A run of other pictures is not to be gone on with. */
export const placedName = (source: string, { side, exclude }: Omit<TranslatedOptions, 'seed'>): string =>
  // The source last: messages cut what is long.
  `${side}x${side} pixels${exclude > 0 ? `, none in a corner of ${exclude}x${exclude}` : ''}; ${source}`;

/** Throws LanError where a digit does not fit the picture. */
export function translatedDigits(digits: Digits, { side, exclude, seed }: TranslatedOptions): TranslatedDigits {
  const places = placesOf(side, exclude);
  const small = shrink(digits, side);
  const stream = random(seed, STREAMS.scene);
  const area = DIGIT * DIGIT;
  const at = (draw: number, i: number): Box => places[stream.integer(places.length, draw, i)]!;
  return {
    count: digits.labels.length,
    shape: [1, DIGIT, DIGIT],
    labels: digits.labels,
    read(indices, draw) {
      const out = new Float32Array(indices.length * area);
      for (let i = 0; i < indices.length; i++) {
        const { row, column } = at(draw, i);
        const from = indices[i]! * side * side;
        for (let r = 0; r < side; r++)
          out.set(small.subarray(from + r * side, from + (r + 1) * side), i * area + (row + r) * DIGIT + column);
      }
      return out;
    },
    boxes: (count, draw) => Array.from({ length: count }, (_, i) => at(draw, i)),
  };
}

/** All squares of `side` inside the picture that stay clear of the excluded corner. */
export function placesOf(side: number, exclude: number): Box[] {
  const places: Box[] = [];
  const free = DIGIT - exclude;
  for (let row = 0; row + side <= DIGIT; row++)
    for (let column = 0; column + side <= DIGIT; column++)
      if (row + side <= free || column + side <= free) places.push({ row, column, side });
  if (places.length === 0)
    throw new LanError(
      'data',
      `Digits of ${side} x ${side} fit nowhere in ${DIGIT} x ${DIGIT} beside a free corner of ${exclude}.`,
    );
  return places;
}
