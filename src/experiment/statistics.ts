// What experiments say in numbers: the p of a correlation by permutation, smoothing, means over maps and over parts of them.
import { pearson } from '../core/correlation.js';
import { LanError } from '../core/errors.js';
import { random, shuffle, STREAMS } from '../core/random.js';

/** An order that correlates just as much, summed in another order, may come out smaller by this: it counts as reached all the same. */
const ROUNDING = 1e-12;

/**
 * One-sided p of a positive correlation: the fraction of `permutations` seeded shuffles of `b`, the one at hand counted in, that correlate with `a`
 * at least as much (Phipson and Smyth, 2010).
 */
export function permutationP(a: ArrayLike<number>, b: ArrayLike<number>, permutations: number, seed: number): number {
  const observed = pearson(a, b);
  const stream = random(seed, STREAMS.shuffle);
  const shuffled = Float64Array.from(b);
  let reached = 1;
  for (let k = 0; k < permutations; k++) {
    shuffle(shuffled, stream, k);
    if (pearson(a, shuffled) >= observed - ROUNDING) reached++;
  }
  return reached / (1 + permutations);
}

/**
 * The same for maps [height,width] whose neighbours are alike, so that shuffled cells would make anything look unlikely: against all shifts of `b`
 * around the torus, which keep neighbours together. The least p is 1 / (height * width).
 */
export function shiftP(a: ArrayLike<number>, b: ArrayLike<number>, height: number, width: number): number {
  const observed = pearson(a, b);
  const shifted = new Float64Array(height * width);
  let reached = 0;
  for (let dy = 0; dy < height; dy++)
    for (let dx = 0; dx < width; dx++) {
      for (let r = 0; r < height; r++)
        for (let c = 0; c < width; c++) shifted[r * width + c] = b[((r + dy) % height) * width + ((c + dx) % width)]!;
      // The unshifted map itself is among them.
      if (pearson(a, shifted) >= observed - ROUNDING) reached++;
    }
  return reached / (height * width);
}

/** A map [height,width] smoothed by a Gaussian of `sigma` cells (0: not at all), weights renormalised at the border. */
export function smooth(values: Float32Array, height: number, width: number, sigma: number): Float32Array {
  if (sigma === 0) return values.slice();
  const reach = Math.ceil(3 * sigma);
  const weight = (d: number): number => Math.exp((-d * d) / (2 * sigma * sigma));
  return Float32Array.from(values, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    let [sum, total] = [0, 0];
    for (let r = Math.max(0, row - reach); r <= Math.min(height - 1, row + reach); r++)
      for (let c = Math.max(0, column - reach); c <= Math.min(width - 1, column + reach); c++) {
        const w = weight(r - row) * weight(c - column);
        [sum, total] = [sum + w * values[r * width + c]!, total + w];
      }
    return sum / total;
  });
}

/** Mean of the values where the mask is not 0; NaN where it is 0 everywhere. Throws LanError for lengths that differ. */
export function perPixel(values: Float32Array, mask: ArrayLike<number>): number {
  if (mask.length !== values.length)
    throw new LanError('data', `A mask of ${mask.length} pixels was given for ${values.length} values. Expected one a value.`);
  let [sum, count] = [0, 0];
  for (let i = 0; i < values.length; i++) if (mask[i]) [sum, count] = [sum + values[i]!, count + 1];
  return sum / count;
}

/** Mean attention inside a mask over that outside: 1 = no preference; NaN where one side is empty, Infinity where only the outside has none. */
export function boxRatio(attention: Float32Array, mask: ArrayLike<number>): number {
  const outside = Uint8Array.from(mask, (m) => Number(!m));
  return perPixel(attention, mask) / perPixel(attention, outside);
}
