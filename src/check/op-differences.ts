// Central differences of a case's reference against its gradient, along the gradient and in seeded random directions.
import { float32, toNumbers, type Tensor } from '../core/tensor.js';
import { uniform } from './op-case.js';

/** Relative error of a gradient against central differences of a float32 reference. */
const LIMIT = 1e-2;

/** Largest move of one element: small against most of what bends, large against float32 noise; the shorter ones are for kinks near by. */
const STEPS = [1e-2, 1e-3, 1e-4];
/** Seeded directions besides the gradient's own. */
const DIRECTIONS = 4;

type Feeds = Record<string, Tensor>;

/** What is differentiated, in float64, and by which feeds. */
export interface Differentiated {
  readonly loss: (feeds: Feeds) => Promise<number>;
  readonly feeds: Feeds;
  readonly by: readonly string[];
  /** The gradient that is claimed, of all feeds in `by` joined. */
  readonly gradient: Float64Array;
  /** The op has no derivative here: elements to which the gradient gives 0 are left where they are. */
  readonly atKink?: boolean | undefined;
}

/**
 * The loss must change by g . d along a direction d: the claimed gradient g itself, where it is not 0, and seeded random ones. An error orthogonal
 * to g enters g's own direction squared, so that a tenth would pass there; in a random direction it shows in proportion. Of the random ones the root
 * mean square counts, as a part of what |g| comes to in a random direction, |g| / sqrt(n). That is less than along g, so there the noise that float32
 * leaves in the loss is measured and taken off. The best of the step sizes counts. Throws an Error with the figures.
 */
export async function expectDifferences(what: Differentiated): Promise<void> {
  const { gradient, atKink = false } = what;
  const norm = Math.hypot(...gradient);
  const random = (k: number): Float64Array => {
    const direction = Float64Array.from(toNumbers(uniform([gradient.length], 2000 + k, -1, 1)));
    return atKink ? direction.map((v, i) => (gradient[i] === 0 ? 0 : v)) : direction;
  };
  if (norm === 0) {
    const { actual, length } = await difference(what, random(0), STEPS[0]!);
    const change = actual / length;
    if (!(Math.abs(change) <= 1e-3))
      throw new Error(`every gradient is 0, but along a random direction the loss changes by ${change}`);
    return;
  }
  const along: number[] = [];
  for (const step of STEPS.slice(0, 2)) {
    const { actual, predicted } = await difference(what, gradient, step);
    along.push(actual / predicted);
    if (Math.abs(along.at(-1)! - 1) <= LIMIT) break;
  }
  if (!(Math.abs(along.at(-1)! - 1) <= LIMIT))
    throw new Error(`central differences along the gradient give ${along.join(' and ')} times its norm, expected 1`);
  // One number has no direction but its gradient's.
  if (gradient.length < 2) return;
  const directions = Array.from({ length: DIRECTIONS }, (_, k) => random(k + 1));
  const tried: string[] = [];
  for (const step of STEPS) {
    const errors: number[] = [];
    let unit = 0;
    for (const direction of directions) {
      const { actual, predicted, length } = await difference(what, direction, step);
      unit = (norm / Math.sqrt(gradient.length)) * length;
      errors.push((actual - predicted) / unit);
    }
    const error = rootMeanSquare(errors);
    if (error <= LIMIT) return;
    const noise = (await noiseOf(what, directions, step)) / unit;
    // Beside more noise an error of a tenth would not be seen.
    if (noise <= 3 * LIMIT && error <= Math.hypot(LIMIT, noise)) return;
    tried.push(`${error} (noise ${noise}) at steps of ${step}`);
  }
  throw new Error(
    `central differences along random directions differ from the gradient by ${tried.join(', ')} of its size there`,
  );
}

const rootMeanSquare = (values: readonly number[]): number => Math.hypot(...values) / Math.sqrt(values.length);

/** The feeds moved along the direction so far that one element moves by `step` and no other by more, as float32 rounds them. */
function moved({ feeds, by }: Differentiated, direction: Float64Array, step: number): Feeds {
  // Elements move by no more than `step`, so that inputs kept away from kinks stay away from them.
  const scale = step / direction.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  let offset = 0;
  const out = { ...feeds };
  for (const name of by) {
    const x = toNumbers(feeds[name]!);
    const data = Float32Array.from(x, (v, i) => v + scale * direction[offset + i]!);
    out[name] = float32(data, feeds[name]!.dims);
    offset += x.length;
  }
  return out;
}

/** What the loss changes by from one side to the other, what the gradient says that it does, and how far apart the two points are. */
async function difference(
  what: Differentiated,
  direction: Float64Array,
  step: number,
): Promise<{ actual: number; predicted: number; length: number }> {
  const [plus, minus] = [moved(what, direction, step), moved(what, direction, -step)];
  let [predicted, squares, offset] = [0, 0, 0];
  for (const name of what.by) {
    const [a, b] = [toNumbers(plus[name]!), toNumbers(minus[name]!)];
    for (let i = 0; i < a.length; i++) {
      // As they were rounded: that costs no accuracy then.
      const by = a[i]! - b[i]!;
      predicted += what.gradient[offset + i]! * by;
      squares += by ** 2;
    }
    offset += a.length;
  }
  return { actual: (await what.loss(plus)) - (await what.loss(minus)), predicted, length: Math.sqrt(squares) };
}

/** Twice the standard deviation that float32 noise gives a difference of two losses: of a smooth function's fourth differences little else is left. */
async function noiseOf(what: Differentiated, directions: readonly Float64Array[], step: number): Promise<number> {
  const fourth: number[] = [];
  for (const direction of directions) {
    let sum = 0;
    for (const [k, weight] of [1, -4, 6, -4, 1].entries())
      sum += weight * (await what.loss(moved(what, direction, ((k - 2) * step) / 20)));
    fourth.push(sum);
  }
  // The variance of such a sum is 1 + 16 + 36 + 16 + 1 times that of one loss, of a difference 2 times.
  return 2 * Math.sqrt(2 / 70) * rootMeanSquare(fourth);
}
