// Derivatives by central differences of the reference, and what float32 itself does to them: how far is each gradient from them, and does that mean anything?
import { table } from '../core/own.js';
import { random, STREAMS } from '../core/random.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { TOLERANCES } from './tolerances.js';

/** Points of the path at which the gradient is averaged, along the gradient and in other directions; and the error below which the path counts as straight. */
const POINTS = { along: 8, across: 4 };
const STRAIGHT = 2e-3;
/** How often there are three times as many where bends lie too densely for so few, and the error or spread, in tolerances, for which those would be too few as well. */
const TRIPLED = 2;
const GROSS = 10;
/** Seeded random directions, and how much more error than along the gradient is allowed there, where f changes by a 1/sqrt(n) of it. */
const DIRECTIONS = 3;
const ALLOWANCE = 3;
/** The least float32 noise of f, as a part of its scale; and how many times the noise seen may come to. */
const NOISE = 1e-6;
const MARGIN = 3;

type Tensors = Readonly<Record<string, Tensor>>;
type Gradient = (feeds: Record<string, Tensor>) => Promise<Tensors>;

/** One engine's gradient of f: at the feeds, and anywhere. */
export interface Claim {
  readonly gradients: Tensors;
  readonly at: Gradient;
}

/** How far one engine's gradient is from central differences, relative to them: 0 is exact, 1 as large as the derivative itself. */
export interface FiniteDifference {
  /**
   * Relative error of the gradient: along itself, the best of the step sizes, or a third of the root mean square over random directions, whichever is
   * larger; what noise explains is taken off.
   */
  readonly error: number;
  /** What float32 noise of f, and bends between the points of the path, may come to in `error`, along the gradient. */
  readonly noise: number;
  /** False where the noise hides errors above the tolerance: `error` then says nothing. */
  readonly conclusive: boolean;
}

interface Function {
  readonly f: (feeds: Record<string, Tensor>) => Promise<number>;
  readonly feeds: Tensors;
  /** What f rounds at (Objective.scale). */
  readonly scale: number;
}

/**
 * Central differences of `f` from `feeds`, compared with each engine's claim: along the gradient, at up to four step sizes, and in seeded random
 * directions, because an error that is orthogonal to the claimed gradient hardly shows along it. What is compared is f(x+) - f(x-) with
 * gradient . (x+ - x-), the points taken as float32 has rounded them, so that rounding the input costs no accuracy.
 * Networks of ReLU and max pooling bend along the path; where the gradient at `feeds` alone does not explain the difference, its mean over
 * several points of the path does (f(x+) - f(x-) is the gradient's integral). One claim, the first that can lead, is asked for it; of the others what
 * they differ by at `feeds` is added. How much of a difference is noise is measured: by second differences of steps so short that nothing else is left.
 * Zero gradients have error 0 where f is flat in one more direction, else Infinity; gradients that are not finite Infinity.
 */
export async function finiteDifferenceErrors(of: Function, claims: readonly Claim[]): Promise<FiniteDifference[]> {
  const { leads, found } = await errorsOf(of, claims);
  // The claim that leads may be the wrong one: then another is right by its own mean.
  const own: FiniteDifference[] = [];
  for (const [i, f] of found.entries())
    own.push(i === leads || isRight(f) || !Number.isFinite(f.error) ? f : (await errorsOf(of, [claims[i]!])).found[0]!);
  return own;
}

const isRight = ({ error, conclusive }: FiniteDifference): boolean => conclusive && error <= TOLERANCES.finiteDifference;

/** `leads`: the claim whose mean over each path stands for all; -1 where none can. */
async function errorsOf(
  of: Function,
  claims: readonly Claim[],
): Promise<{ readonly leads: number; readonly found: readonly FiniteDifference[] }> {
  const norms = claims.map(({ gradients }) => norm(gradients, gradients));
  const leads = norms.findIndex((n) => Number.isFinite(n) && n > 0);
  const wrong: FiniteDifference = { error: Infinity, noise: 0, conclusive: true };
  if (leads < 0) {
    const zero = norms.includes(0) ? await ofZero(of, claims[norms.indexOf(0)]!.gradients) : wrong;
    return { leads, found: norms.map((n) => (n === 0 ? zero : wrong)) };
  }
  const lead = claims[leads]!;
  const g = norms[leads]!;
  const { feeds, scale } = of;
  const x = norm(feeds, lead.gradients) || 1;
  const centre = await of.f({ ...feeds });
  const compared = (how: Pick<Step, 'direction' | 'h' | 'points' | 'unit' | 'allowance'>): Promise<Found[]> =>
    compare({ of, lead, claims, centre, ...how });
  // The first two move f above float32 noise: one just enough, so that it crosses few bends of ReLU and max pooling, whose error grows with the
  // step, the other by far. The others are small against the input, for functions that curve.
  const along = await best(
    [(5e-4 * scale) / g, (3e-3 * scale) / g, 1e-3 * x, 1e-2 * x].map((h) => Math.min(h, 1e-1 * x)),
    1,
    (h) =>
      compared({
        direction: lead.gradients,
        h: h / g,
        points: POINTS.along,
        unit: (actual, predicted) => Math.max(Math.abs(actual), Math.abs(predicted)),
        allowance: 1,
      }),
  );
  const n = Object.values(lead.gradients).reduce((sum, t) => sum + sizeOf(t.dims), 0);
  const across: Found[][] = [];
  // One number has no direction but its gradient's; and where all is wrong along it already, no other is needed.
  if (n > 1 && along.some((found) => found.error <= 1)) {
    // f changes by about g/sqrt(n) a unit of length: far above its noise, but within reach of the gradient's mean.
    const rate = g / Math.sqrt(n);
    for (let k = 0; k < DIRECTIONS; k++) {
      const direction = randomDirection(lead.gradients, k);
      const unit = norm(direction, lead.gradients);
      const steps = [(3e-3 * scale) / rate, (3e-4 * scale) / rate].map((h) => Math.min(h, 1e-2 * x));
      const how = { direction, points: POINTS.across, allowance: ALLOWANCE };
      across.push(await best(steps, ALLOWANCE, (h) => compared({ ...how, h: h / unit, unit: () => 2 * h * rate })));
    }
  }
  const found = claims.map((_, i) => {
    if (!Number.isFinite(norms[i]!)) return wrong;
    const { error, noise } = along[i]!;
    const squares = across.map((found) => found[i]!).filter((found) => isClear(found, ALLOWANCE)).map((found) => found.error ** 2); // prettier-ignore
    const rms = squares.length === 0 ? 0 : Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length) / ALLOWANCE;
    return { error: Math.max(error, rms), noise, conclusive: isClear(along[i]!, 1) };
  });
  return { leads, found };
}

/** Nothing to walk along: any direction must leave f where it is, or find it on a bend, where 0 is as good a gradient as another. */
async function ofZero({ f, feeds, scale }: Function, gradients: Tensors): Promise<FiniteDifference> {
  const x = norm(feeds, gradients) || 1;
  const anywhere = mapped(gradients, (data) => data.map((_, i) => Math.cos(1.7 * i)));
  const h = (1e-2 * x) / norm(anywhere, gradients);
  const [plus, centre, minus] = [await f(moved(feeds, anywhere, h)), await f({ ...feeds }), await f(moved(feeds, anywhere, -h))];
  const change = Math.abs(plus - minus);
  if (change <= 1e-4 * scale) return { error: 0, noise: 0, conclusive: true };
  const bent = Math.abs(plus - 2 * centre + minus) > change / 2;
  return { error: Infinity, noise: bent ? Infinity : 0, conclusive: !bent };
}

/** A relative error without what noise explains, and that noise. */
interface Found {
  readonly error: number;
  readonly noise: number;
}

const isClear = ({ noise }: Found, allowance: number): boolean => noise <= TOLERANCES.finiteDifference * allowance;

/** Of the step sizes the one with the least error, for each claim; clear ones before those that are noise. Stops where all are straight. */
async function best(steps: readonly number[], allowance: number, compared: (h: number) => Promise<Found[]>): Promise<Found[]> {
  let least: Found[] | undefined;
  const rank = (found: Found): number => (isClear(found, allowance) ? found.error : 1e9 * (1 + found.noise));
  for (const h of steps) {
    const now = await compared(h);
    least = least ? least.map((before, i) => (rank(now[i]!) < rank(before) ? now[i]! : before)) : now;
    // Shorter and longer steps are only there for functions on which this one fails.
    if (least.every((found) => isClear(found, allowance) && found.error <= STRAIGHT * allowance)) break;
  }
  return least!;
}

interface Step {
  readonly of: Function;
  readonly lead: Claim;
  readonly claims: readonly Claim[];
  readonly centre: number;
  readonly direction: Tensors;
  /** From -h to h times the direction. */
  readonly h: number;
  /** At which the gradient is averaged where the path is not straight. */
  readonly points: number;
  /** What errors are relative to. */
  readonly unit: (actual: number, predicted: number) => number;
  /** How many tolerances may be off. */
  readonly allowance: number;
}

/** |f(x+) - f(x-) - gradient . (x+ - x-)| relative to `unit`, with the gradient in the middle or its mean over the path, for each claim. */
async function compare({
  of: { f, feeds, scale },
  lead,
  claims,
  centre,
  direction,
  h,
  points,
  unit,
  allowance,
}: Step): Promise<Found[]> {
  // So near by, what is left of the second difference is noise.
  const near = 1e-2 * h;
  const bend = (await f(moved(feeds, direction, near))) - 2 * centre + (await f(moved(feeds, direction, -near)));
  const noise = MARGIN * Math.max(Math.abs(bend), NOISE * scale);
  const plus = moved(feeds, direction, h);
  const minus = moved(feeds, direction, -h);
  const by = (g: Tensors): number =>
    Object.keys(g).reduce((sum, n) => sum + dotDifference(toFloat32(g[n]!), toFloat32(plus[n]!), toFloat32(minus[n]!)), 0);
  const actual = (await f(plus)) - (await f(minus));
  const relative = (predicted: number, unsure: number): Found => {
    const one = unit(actual, predicted);
    const error = Math.max(0, Math.abs(actual - predicted) - unsure) / one;
    return { error: Number.isNaN(error) ? Infinity : error, noise: one === 0 ? Infinity : unsure / one };
  };
  const here = claims.map((claim) => by(claim.gradients));
  const found = here.map((predicted) => relative(predicted, noise));
  if (found.every(({ error }) => error <= STRAIGHT)) return found;
  const at = async (part: number): Promise<number> => by(await lead.at(moved(feeds, direction, part * h)));
  const middle = by(lead.gradients);
  const limit = TOLERANCES.finiteDifference * allowance;
  let slopes = await inOrder(points, (k) => at((2 * k + 1) / points - 1));
  for (let [tripled, before] = [0, GROSS]; ; tripled++) {
    // Of the even points and of the odd: what the two means differ by is how well so many points know the path.
    const [even, odd] = [0, 1].map((parity) => mean(slopes.filter((_, k) => k % 2 === parity))) as [number, number];
    const now = here.map((predicted) => relative((even + odd) / 2 + predicted - middle, noise + Math.abs(even - odd)));
    // The mean of a right gradient comes to the difference with more points; that of a wrong one does not, and where f itself is too noisy nothing helps.
    const off = Math.min(...now.map((f) => Math.max(f.error, f.noise) / limit).filter((o) => o > 1));
    if (off >= before || tripled === TRIPLED || noise > limit * unit(actual, middle)) return now;
    before = off;
    // The points so far are the middle ones of each three.
    const [kept, n] = [slopes, 3 * slopes.length];
    slopes = await inOrder(n, (k) => (k % 3 === 1 ? Promise.resolve(kept[(k - 1) / 3]!) : at((2 * k + 1) / n - 1)));
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** One after the other: a program runs once at a time. */
async function inOrder(count: number, of: (k: number) => Promise<number>): Promise<number[]> {
  const out: number[] = [];
  for (let k = 0; k < count; k++) out.push(await of(k));
  return out;
}

/** sqrt of the sum of squares of those tensors that `of` names. */
const norm = (tensors: Tensors, of: Tensors): number =>
  Math.sqrt(Object.keys(of).reduce((sum, n) => sum + toFloat32(tensors[n]!).reduce((s, v) => s + v * v, 0), 0));

const mapped = (tensors: Tensors, of: (data: Float32Array, i: number) => Float32Array): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t], i) => [name, { type: 'float32', dims: t.dims, data: of(toFloat32(t), i) }]),
  );

/** Standard normal values in the gradients' shapes. */
const randomDirection = (gradients: Tensors, k: number): Record<string, Tensor> =>
  mapped(gradients, (data, i) => random(0, STREAMS.directions).normal(new Float32Array(data.length), 64 * k + i));

/** sum gradient (a - b), in float64. */
function dotDifference(gradient: Float32Array, a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i]! * (a[i]! - b[i]!);
  return sum;
}

/** The feeds, those that `direction` names moved by factor times it, rounded to float32; dtypes and shapes stay. */
export function moved(feeds: Tensors, direction: Tensors, factor: number): Record<string, Tensor> {
  const out = table(feeds);
  for (const [name, along] of Object.entries(direction)) {
    const d = toFloat32(along);
    const data = toFloat32(feeds[name]!).map((v, i) => v + factor * d[i]!);
    out[name] = { ...feeds[name]!, data: feeds[name]!.type === 'float64' ? Float64Array.from(data) : data };
  }
  return out;
}
