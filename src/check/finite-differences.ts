// The function whose gradient is checked, once as a graph and once in plain numbers, and its derivatives by central differences of the reference.
import type { OpAdapter } from '../../adapters/op.js';
import { specialize } from '../compile/specialize.js';
import { random, STREAMS } from '../core/random.js';
import { sizeOf, toFloat32, toNumbers, type Tensor } from '../core/tensor.js';
import { probe } from '../engine/ort.js';
import type { OutputKind } from '../model/card.js';
import { guessOutputKind, withLogProbabilities } from '../model/probabilities.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';

/** A seeded random combination of a model's logits, or of its log-probabilities where it ends in Softmax or Sigmoid (which saturate). */
export interface Objective {
  readonly output: string;
  /** One output, one number, called `loss`; reads the model's inputs and `cotangent`. */
  readonly graph: Graph;
  /** Names in the graph, other than the model's own. */
  readonly loss: string;
  readonly cotangent: string;
  /** Weights for one sample, given the model's output there; zero where float32 has lost the logarithm. */
  readonly weights: (output: Tensor, draw: number, seed: number) => Tensor;
  /** The same function in float64, from the model's output. */
  value(output: Tensor, weights: Tensor): number;
  /** Size of the summands, which tells how much float32 noise their sum carries: sqrt(sum (weight * term)^2). */
  scale(output: Tensor, weights: Tensor): number;
}

/** The objective on a float output of a static graph. */
export async function objectiveOf(graph: Graph, output: string, adapters: readonly OpAdapter[]): Promise<Objective> {
  const shapes = Object.fromEntries(graph.inputs.map((i) => [i.name, i.dims as number[]]));
  const kind = guessOutputKind(graph, output);
  const logs = kind === 'probabilities' || kind === 'sigmoid';
  const base = logs ? await specialize(withLogProbabilities(graph, output, kind), shapes, probe, adapters) : graph;
  const g = GraphBuilder.from(base);
  // Log-probabilities are its only output, under whatever name the model leaves free.
  const name = logs ? base.outputs[0]!.name : output;
  const { dims, type } = g.typeOf(name);
  const value = type === 'float32' ? name : g.cast(name, 1);
  const cotangent = g.freeInput('cotangent', 'float32', dims);
  const product = g.mul(cotangent, value);
  const all = dims.map((_, i) => i);
  const loss = g.output(all.length > 0 ? g.reduceSum(product, all, false) : product, 'objective');
  const combined = await specialize(g.build(), { ...shapes, [cotangent]: dims }, probe, adapters);
  return {
    output,
    graph: combined,
    loss,
    cotangent,
    weights(out, draw, seed) {
      const data = random(seed, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw);
      const sure = trusted(out, kind);
      for (let i = 0; i < data.length; i++) if (!sure(i)) data[i] = 0;
      return { type: 'float32', dims, data };
    },
    value: (out, weights) => terms(out, kind).reduce((sum, t, i) => sum + weigh(t, weights, i), 0),
    scale: (out, weights) => Math.sqrt(terms(out, kind).reduce((sum, t, i) => sum + weigh(t, weights, i) ** 2, 0)),
  };
}

// A weight of zero silences its term, whatever the logarithm of an underflown probability is.
const weigh = (term: number, weights: Tensor, i: number): number => {
  const w = (weights.data as Float32Array)[i]!;
  return w === 0 ? 0 : w * term;
};

/** What is summed, in float64: the output itself, log p, or [log p, log(1-p)] per row (as withLogProbabilities gives them). */
function terms(out: Tensor, kind: OutputKind): Float64Array {
  const p = Float64Array.from(toNumbers(out));
  if (kind === 'probabilities') return p.map(Math.log);
  if (kind !== 'sigmoid') return p;
  const rows = out.dims[0] ?? 1;
  const k = p.length / rows;
  return Float64Array.from({ length: 2 * p.length }, (_, i) => {
    const row = Math.floor(i / (2 * k));
    const j = i % (2 * k);
    // Of one number a row, the complement comes first: two classes, no and yes.
    const value = p[row * k + (j % k)]!;
    return j < k !== (k === 1) ? Math.log(value) : Math.log1p(-value);
  });
}

/** Is summand i far enough from saturation for its float32 value to carry the logarithm? */
function trusted(out: Tensor, kind: OutputKind): (i: number) => boolean {
  const p = toFloat32(out);
  if (kind === 'probabilities') return (i) => p[i]! > 1e-30;
  if (kind !== 'sigmoid') return () => true;
  const k = p.length / (out.dims[0] ?? 1);
  return (i) => {
    const v = p[Math.floor(i / (2 * k)) * k + (i % k)]!;
    return v > 1e-4 && v < 0.99;
  };
}

/** Points of the path at which the gradient is averaged, and the error below which the path counts as straight. */
const POINTS = 8;
const STRAIGHT = 2e-3;
/** Seeded random directions, and how much more error than along the gradient is allowed there, where f changes by a 1/sqrt(n) of it. */
const DIRECTIONS = 4;
const ALLOWANCE = 3;
/** The least float32 noise of f, as a part of the size of its summands. */
const NOISE = 1e-6;

type Tensors = Readonly<Record<string, Tensor>>;
type Gradient = (feeds: Record<string, Tensor>) => Promise<Tensors>;

export interface FiniteDifference {
  /**
   * Relative error of the gradient: along itself, the best of the step sizes, or a third of the root mean square over random directions, whichever is
   * larger.
   */
  readonly error: number;
  /** What float32 noise alone may come to in `error` in random directions; it is taken off there already. */
  readonly noise: number;
}

/**
 * Central differences of `f` from `feeds`: along the gradient, at up to three step sizes, and in seeded random directions, because an error that is
 * orthogonal to the claimed gradient hardly shows along it. What is compared is f(x+) - f(x-) with gradient . (x+ - x-), the points taken as
 * float32 has rounded them, so that rounding the input costs no accuracy. A zero gradient gives error 0 where f is flat in one more direction,
 * else Infinity. `scale` is the size of f's summands (Objective.scale).
 * Networks of ReLU and max pooling bend along the path; where the gradient at `feeds` alone does not explain the difference, its mean over
 * POINTS points of the path does (f(x+) - f(x-) is the gradient's integral), so `gradientAt` is asked for them.
 */
export async function finiteDifferenceError(
  f: (feeds: Record<string, Tensor>) => Promise<number>,
  feeds: Tensors,
  gradients: Tensors,
  scale: number,
  gradientAt: Gradient,
): Promise<FiniteDifference> {
  const g = norm(gradients, gradients);
  const x = norm(feeds, gradients) || 1;
  if (!Number.isFinite(g)) return { error: Infinity, noise: 0 };
  if (g === 0) {
    // Nothing to walk along: any direction must leave f where it is.
    const anywhere = mapped(gradients, (data) => data.map((_, i) => Math.cos(1.7 * i)));
    const h = (1e-2 * x) / norm(anywhere, gradients);
    const change = (await f(moved(feeds, anywhere, h))) - (await f(moved(feeds, anywhere, -h)));
    return { error: Math.abs(change) <= 1e-4 * scale ? 0 : Infinity, noise: 0 };
  }
  const path = (direction: Tensors, h: number): Path => ({ f, feeds, gradients, gradientAt, direction, h });
  // The first two move f above float32 noise (about 1e-6 of its summands): one just enough, so that it crosses few kinks of ReLU and max
  // pooling, whose error grows with the step, the other by far. The third is small against the input.
  let along = Infinity;
  for (const h of [(5e-4 * scale) / g, (3e-3 * scale) / g, 1e-3 * x]) {
    along = Math.min(along, await leastError(path(gradients, h / g), (a, b) => Math.max(Math.abs(a), Math.abs(b))));
    // Shorter and longer steps are only there for functions on which this one fails.
    if (along <= STRAIGHT) break;
  }
  const n = Object.values(gradients).reduce((sum, t) => sum + sizeOf(t.dims), 0);
  // One number has no direction but its gradient's.
  if (n < 2 || along > 1) return { error: along, noise: 0 };
  const centre = await f({ ...feeds });
  let squares = 0;
  let noise = 0;
  for (let k = 0; k < DIRECTIONS; k++) {
    const direction = randomDirection(gradients, k);
    // f changes by about g/sqrt(n) a unit of length: far above its noise, but within reach of the gradient's mean.
    const slope = g / Math.sqrt(n);
    const unit = norm(direction, gradients);
    const wanted = [(3e-3 * scale) / slope, (3e-4 * scale) / slope].map((h) => Math.min(h, 1e-2 * x));
    let best = Infinity;
    for (const h of wanted) {
      const near = (1e-2 * h) / unit;
      // So near by, what is left of the second difference is noise.
      const bend = (await f(moved(feeds, direction, near))) - 2 * centre + (await f(moved(feeds, direction, -near)));
      const floor = (3 * Math.max(Math.abs(bend), NOISE * scale)) / (2 * h * slope);
      noise = Math.max(noise, floor / ALLOWANCE);
      best = Math.min(best, Math.max(0, (await leastError(path(direction, h / unit), () => 2 * h * slope)) - floor));
      if (best <= STRAIGHT * ALLOWANCE) break;
    }
    squares += best ** 2;
  }
  return { error: Math.max(along, Math.sqrt(squares / DIRECTIONS) / ALLOWANCE), noise };
}

interface Path {
  readonly f: (feeds: Record<string, Tensor>) => Promise<number>;
  readonly feeds: Tensors;
  readonly gradients: Tensors;
  readonly gradientAt: Gradient;
  readonly direction: Tensors;
  /** From -h to h times the direction. */
  readonly h: number;
}

/** |f(x+) - f(x-) - gradient . (x+ - x-)| relative to `unit` of both, with the gradient in the middle or its mean over the path. NaN is Infinity. */
async function leastError(
  { f, feeds, gradients, gradientAt, direction, h }: Path,
  unit: (actual: number, predicted: number) => number,
): Promise<number> {
  const plus = moved(feeds, direction, h);
  const minus = moved(feeds, direction, -h);
  const by = (g: Tensors): number =>
    Object.keys(g).reduce((sum, n) => sum + dotDifference(toFloat32(g[n]!), toFloat32(plus[n]!), toFloat32(minus[n]!)), 0);
  const actual = (await f(plus)) - (await f(minus));
  const relative = (predicted: number): number => Math.abs(actual - predicted) / unit(actual, predicted);
  let error = relative(by(gradients));
  if (!(error <= STRAIGHT)) {
    let mean = 0;
    for (let k = 0; k < POINTS; k++) {
      const at = ((2 * k + 1) / POINTS - 1) * h;
      mean += by(await gradientAt(moved(feeds, direction, at))) / POINTS;
    }
    error = relative(mean);
  }
  return Number.isNaN(error) ? Infinity : error;
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

/** The feeds, moved by factor times the direction. */
function moved(feeds: Tensors, direction: Tensors, factor: number): Record<string, Tensor> {
  const out: Record<string, Tensor> = { ...feeds };
  for (const [name, along] of Object.entries(direction)) {
    const d = toFloat32(along);
    const data = toFloat32(feeds[name]!).map((v, i) => v + factor * d[i]!);
    out[name] = { ...feeds[name]!, data: feeds[name]!.type === 'float64' ? Float64Array.from(data) : data };
  }
  return out;
}
