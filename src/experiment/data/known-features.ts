// Data whose needed features are known: Syn1 to Syn6 of INVASE (Yoon, Jordon and van der Schaar, 2019; Syn1 to Syn3 are those of L2X, Chen et al., 2018).
import { random, STREAMS } from '../../core/random.js';
import type { Samples } from '../../lan/samples.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';

/** The data sets, by name. */
export const SYN = ['syn1', 'syn2', 'syn3', 'syn4', 'syn5', 'syn6'] as const;

/** One of SYN. */
export type Syn = (typeof SYN)[number];

/** Features of a sample, x1 to x11, each independent and normal of mean 0 and deviation 1. */
export const FEATURES = 11;

/** One of three functions of a few features each. */
interface Part {
  /** Indices of the features that it is a function of. */
  readonly features: readonly number[];
  /** The log-odds of class 0. */
  readonly logOdds: (x: ArrayLike<number>) => number;
  /** The same of x [n,11], appended to a graph: [n,1]. */
  readonly append: (g: GraphBuilder, x: string) => string;
}

const column = (g: GraphBuilder, x: string, i: number): string => g.slice(x, [i], [i + 1], [1]);

/** x1 x2. */
const product: Part = {
  features: [0, 1],
  logOdds: (x) => x[0]! * x[1]!,
  append: (g, x) => g.mul(column(g, x, 0), column(g, x, 1)),
};

/** x3^2 + x4^2 + x5^2 + x6^2 - 4: inside or outside of a ball. */
const ball: Part = {
  features: [2, 3, 4, 5],
  logOdds: (x) => [2, 3, 4, 5].reduce((sum, i) => sum + x[i]! ** 2, -4),
  append(g, x) {
    const own = g.slice(x, [2], [6], [1]);
    return g.sub(g.op('ReduceSum', [g.mul(own, own), g.ints([1])], { keepdims: 1 }), g.scalar(4));
  },
};

/**
 * -10 sin(0.2 x7) + |x8| + x9 + exp(-x10) - 2.4, as INVASE's code has it; the paper prints -10 sin(2 x7) + 2 |x8|, with which no figure of it was made.
 */
const additive: Part = {
  features: [6, 7, 8, 9],
  logOdds: (x) => -10 * Math.sin(0.2 * x[6]!) + Math.abs(x[7]!) + x[8]! + Math.exp(-x[9]!) - 2.4,
  append(g, x) {
    const sine = g.mul(g.op('Sin', [g.mul(column(g, x, 6), g.scalar(0.2))]), g.scalar(-10));
    const rest = g.add(g.op('Abs', [column(g, x, 7)]), column(g, x, 8));
    return g.sub(g.add(g.add(sine, rest), g.op('Exp', [g.op('Neg', [column(g, x, 9)])])), g.scalar(2.4));
  },
};

/** The feature that says which of two parts holds. */
const SWITCH = 10;

/** Of each set the part that holds where x11 is below 0, and elsewhere; one alone where it has no say. */
const PARTS: Readonly<Record<Syn, readonly [Part, Part?]>> = {
  syn1: [product],
  syn2: [ball],
  syn3: [additive],
  syn4: [product, ball],
  syn5: [product, additive],
  syn6: [ball, additive],
};

const partOf = (set: Syn, x: ArrayLike<number>): Part => {
  const [below, above = below] = PARTS[set];
  return x[SWITCH]! < 0 ? below : above;
};

/** Does x11 choose between two parts? */
export const isSwitched = (set: Syn): boolean => PARTS[set].length > 1;

/** The log-odds of class 0 of a sample [11]. */
export const logOddsOf = (set: Syn, x: ArrayLike<number>): number => partOf(set, x).logOdds(x);

/** Marks [11] of the features that the answer to this sample [11] depends on, 1 = it does. Where x11 chooses it is one of them. */
export function neededOf(set: Syn, x: ArrayLike<number>): Uint8Array {
  const marks = new Uint8Array(FEATURES);
  for (const i of partOf(set, x).features) marks[i] = 1;
  if (isSwitched(set)) marks[SWITCH] = 1;
  return marks;
}

/** Samples [n,11] by number, the numbers `first` to `first + count - 1` of the seed, and their labels: 0 with the probability of its log-odds. */
export function synSamples(set: Syn, { count, first, seed }: { count: number; first: number; seed: number }): Samples {
  const stream = random(seed, STREAMS.knownFeatures);
  const values = new Float32Array(count * FEATURES);
  const labels = new Uint8Array(count);
  const u = new Float32Array(1);
  for (let i = 0; i < count; i++) {
    const x = values.subarray(i * FEATURES, (i + 1) * FEATURES);
    stream.normal(x, 2 * (first + i));
    stream.uniform(u, 2 * (first + i) + 1);
    labels[i] = u[0]! < sigmoid(logOddsOf(set, x)) ? 0 : 1;
  }
  return {
    count,
    shape: [FEATURES],
    labels,
    read(indices) {
      const out = new Float32Array(indices.length * FEATURES);
      for (let k = 0; k < indices.length; k++)
        out.set(values.subarray(indices[k]! * FEATURES, (indices[k]! + 1) * FEATURES), k * FEATURES);
      return out;
    },
  };
}

const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

/** The classifier that nothing beats: `x` [batch,11] to the true `probabilities` [batch,2] of both classes. */
export function exactGraph(set: Syn): Graph {
  const g = new GraphBuilder(set);
  const x = g.input('x', 'float32', ['batch', FEATURES]);
  const [below, above] = PARTS[set];
  const logOdds = above
    ? g.op('Where', [g.op('Less', [column(g, x, SWITCH), g.scalar(0)]), below.append(g, x), above.append(g, x)])
    : below.append(g, x);
  // Softmax of (s, 0) is (sigmoid(s), 1 - sigmoid(s)).
  const both = g.op('Concat', [logOdds, g.mul(logOdds, g.scalar(0))], { axis: 1 });
  g.output(g.op('Softmax', [both], { axis: 1 }), 'probabilities', { type: 'float32', dims: ['batch', 2] });
  return g.build();
}
