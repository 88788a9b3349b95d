// The function whose gradient is checked, once as a graph and once in plain numbers.
import type { OpAdapter } from '../../adapters/op.js';
import { specialize } from '../compile/specialize.js';
import { random, STREAMS } from '../core/random.js';
import { sizeOf, toFloat32, toNumbers, type Tensor } from '../core/tensor.js';
import { probe } from '../engine/ort.js';
import type { OutputKind } from '../model/card.js';
import { lastNodes, lastOp } from '../model/output-end.js';
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
  /**
   * What float32 rounds at: the noise of the sum is about 1e-6 of it. sqrt(sum (weight * size)^2), with |y| as the size of a plain output y, and 1 + |log p|
   * as that of a logarithm, whose noise is the relative one of p: it does not vanish where p is 1 and its logarithm 0.
   */
  scale(output: Tensor, weights: Tensor): number;
}

/** The objective on a float output of a static graph. */
export async function objectiveOf(graph: Graph, output: string, adapters: readonly OpAdapter[]): Promise<Objective> {
  const shapes = Object.fromEntries(graph.inputs.map((i) => [i.name, i.dims as number[]]));
  // Of probabilities that are rounded on their way out the output itself is compared: its logarithms would be those of other numbers.
  const rounded = lastNodes(graph, output)[0]?.op !== lastOp(graph, output)?.op;
  const kind = rounded ? 'logits' : guessOutputKind(graph, output);
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
    scale: (out, weights) =>
      Math.sqrt(terms(out, kind).reduce((sum, t, i) => sum + weigh(logs ? 1 + Math.abs(t) : t, weights, i) ** 2, 0)),
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
