// The function whose gradient is checked, once as a graph and once in plain numbers, and its slope by central differences of the reference.
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
  weights(output: Tensor, draw: number, seed: number): Tensor;
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
    return j < k ? Math.log(p[row * k + j]!) : Math.log1p(-p[row * k + j - k]!);
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

/** Points of the way at which the gradient is averaged, and the error below which the way counts as straight. */
const POINTS = 8;
const STRAIGHT = 2e-3;

export interface FiniteDifference {
  /** Relative error of the gradient against the differences, the best of the step sizes. */
  readonly error: number;
  /** Per step size: step length relative to |x|, and the relative error there. */
  readonly steps: readonly { readonly step: number; readonly error: number }[];
}

/**
 * Central differences of `f` from `feeds` along the gradient, at three step sizes. What is compared is f(x+) - f(x-) with gradient . (x+ - x-),
 * the points taken as float32 has rounded them, so that rounding the input costs no accuracy. A zero gradient gives error 0 where f is flat
 * along another direction as well, else Infinity. `scale` is the size of f's summands (Objective.scale).
 * Networks of ReLU and max pooling bend along the way; where the gradient at `feeds` alone does not explain the difference, its mean over
 * POINTS points of the way does (f(x+) - f(x-) is the gradient's integral), so `gradientAt` is asked for them.
 */
export async function finiteDifferenceError(
  f: (feeds: Record<string, Tensor>) => Promise<number>,
  feeds: Readonly<Record<string, Tensor>>,
  gradients: Readonly<Record<string, Tensor>>,
  scale: number,
  gradientAt: (feeds: Record<string, Tensor>) => Promise<Record<string, Tensor>>,
): Promise<FiniteDifference> {
  const names = Object.keys(gradients);
  const norm = (tensors: Readonly<Record<string, Tensor>>): number =>
    Math.sqrt(names.reduce((sum, n) => sum + toFloat32(tensors[n]!).reduce((s, v) => s + v * v, 0), 0));
  const g = norm(gradients);
  const x = norm(feeds) || 1;
  if (!Number.isFinite(g)) return { error: Infinity, steps: [] };
  if (g === 0) {
    // Nothing to walk along: any direction must leave f where it is.
    const anywhere = Object.fromEntries(
      names.map((n) => [n, { ...gradients[n]!, data: toFloat32(gradients[n]!).map((_, i) => Math.cos(1.7 * i)) }]),
    );
    const h = (1e-2 * x) / norm(anywhere);
    const change = (await f(moved(feeds, anywhere, h))) - (await f(moved(feeds, anywhere, -h)));
    return { error: Math.abs(change) <= 1e-4 * scale ? 0 : Infinity, steps: [] };
  }
  // The first two move f above float32 noise (about 1e-6 of its summands): one just enough, so that it crosses few kinks of ReLU and max
  // pooling, whose error grows with the step, the other by far. The third is small against the input.
  const wanted = [(5e-4 * scale) / g, (3e-3 * scale) / g, 1e-3 * x];
  const steps: { step: number; error: number }[] = [];
  for (const h of wanted) {
    const plus = moved(feeds, gradients, h / g);
    const minus = moved(feeds, gradients, -h / g);
    const along = (slopes: Readonly<Record<string, Tensor>>): number =>
      names.reduce((sum, n) => sum + dotDifference(toFloat32(slopes[n]!), toFloat32(plus[n]!), toFloat32(minus[n]!)), 0);
    const actual = (await f(plus)) - (await f(minus));
    const relative = (predicted: number): number =>
      Math.abs(actual - predicted) / Math.max(Math.abs(predicted), Math.abs(actual));
    let error = relative(along(gradients));
    if (!(error <= STRAIGHT)) {
      let mean = 0;
      for (let k = 0; k < POINTS; k++) {
        const at = ((2 * k + 1) / POINTS - 1) * (h / g);
        mean += along(await gradientAt(moved(feeds, gradients, at))) / POINTS;
      }
      error = relative(mean);
    }
    steps.push({ step: h / x, error });
    // Shorter and longer steps are only there for functions on which this one fails.
    if (error <= STRAIGHT) break;
  }
  return { error: Math.min(...steps.map((s) => (Number.isNaN(s.error) ? Infinity : s.error))), steps };
}

/** sum slope (a - b), in float64. */
function dotDifference(slope: Float32Array, a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < slope.length; i++) sum += slope[i]! * (a[i]! - b[i]!);
  return sum;
}

function moved(
  feeds: Readonly<Record<string, Tensor>>,
  gradients: Readonly<Record<string, Tensor>>,
  factor: number,
): Record<string, Tensor> {
  const out: Record<string, Tensor> = { ...feeds };
  for (const [name, gradient] of Object.entries(gradients)) {
    const d = toFloat32(gradient);
    const x = toFloat32(feeds[name]!);
    const data = x.map((v, i) => v + factor * d[i]!);
    out[name] = { ...feeds[name]!, data: feeds[name]!.type === 'float64' ? Float64Array.from(data) : data };
  }
  return out;
}
