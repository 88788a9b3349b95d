// The toy networks on which Captum publishes attributions (tests/helpers/basic_models.py), as graphs, and problems on them.
import { afterAll } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import type { Problem } from '../../src/attribution/method.js';
import { scoredGraph } from '../../src/attribution/scored.js';
import { Scorer } from '../../src/attribution/scorer.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

const engine = createOrtEngine(adapters, { threads: 1 });

/** Builds a net of an input x [batch,...sample] with one output [batch,K]. */
export type Toy = (g: GraphBuilder, x: string, batch: number) => string;

/** The scores of a toy, any batch. */
export async function toyScorer(sample: readonly number[], toy: Toy, single = false): Promise<Scorer> {
  const graph = (batch: number) => {
    const g = new GraphBuilder('toy');
    g.output(toy(g, g.input('x', 'float32', [batch, ...sample]), batch), 'y');
    return specialize(g.build(), {}, probe, adapters);
  };
  return new Scorer(scoredGraph(await graph(1), { engine, adapters }, single ? undefined : graph));
}

/** Makes scorers of toys for one file of tests, and frees them after it. */
export function madeToys(): typeof toyScorer {
  const open: Scorer[] = [];
  afterAll(async () => {
    for (const scorer of open) await scorer.dispose();
  });
  return async (...toy) => {
    const scorer = await toyScorer(...toy);
    open.push(scorer);
    return scorer;
  };
}

/** A question about output 0, with a baseline of zeros, where nothing else is said. */
export const asked = (scorer: Scorer, x: readonly number[], more: Partial<Problem> = {}): Problem => {
  const dims = [1, ...scorer.scored.sampleShape];
  return {
    scorer,
    x: float32(x, dims),
    weights: Float32Array.of(1),
    baseline: float32(new Float32Array(x.length), dims),
    maskDims: dims,
    range: 1,
    seed: 0,
    ...more,
  };
};

export const numbers = (t: Tensor | undefined): number[] => Array.from(t!.data as Float32Array);

const weight = (g: GraphBuilder, dims: readonly number[], values: readonly number[]): string => g.constant(float32(values, dims));

/** One of x's two columns, [batch,1]. */
const column = (g: GraphBuilder, x: string, i: number): string => g.slice(x, [i], [i + 1], [1]);
const relu = (g: GraphBuilder, x: string): string => g.op('Relu', [x]);

/** BasicModel: 1 - ReLU(1 - x). */
export const basicModel: Toy = (g, x) => g.sub(g.one, relu(g, g.sub(g.one, x)));
/** BasicModel2: ReLU(ReLU(x1) - 1 - ReLU(x2)). */
export const basicModel2: Toy = (g, x) => relu(g, g.sub(g.sub(relu(g, column(g, x, 0)), g.one), relu(g, column(g, x, 1))));
/** BasicModel3: the same function, written as ReLU(ReLU(x1 - 1) - ReLU(x2)). */
export const basicModel3: Toy = (g, x) => relu(g, g.sub(relu(g, g.sub(column(g, x, 0), g.one)), relu(g, column(g, x, 1))));

/** BasicModel_MultiLayer: three inputs, four hidden units, two outputs. */
export const multiLayer: Toy = (g, x) => {
  const hidden = relu(g, g.add(g.matMul(x, weight(g, [3, 4], Array<number>(12).fill(1))), weight(g, [4], [-10, 1, 1, 1])));
  return g.add(g.matMul(hidden, weight(g, [4, 2], Array<number>(8).fill(1))), weight(g, [2], [-1, 1]));
};

/** BasicModel_ConvNet_One_Conv on 1x4x4; `plus`: Captum's second input, added to the first. */
export const oneConv =
  (plus = 0): Toy =>
  (g, x, batch) => {
    const kernel = weight(g, [2, 1, 3, 3], Array<number>(18).fill(1));
    const shifted = plus === 0 ? x : g.add(x, g.scalar(plus));
    g.append('Conv', [shifted, kernel, weight(g, [2], [-50, -75])], ['conv1'], { kernel_shape: [3, 3] });
    g.append('Relu', ['conv1'], ['relu1']);
    const flat = g.op('Reshape', ['relu1', g.ints([batch, 8])]);
    const rows = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => Array<number>(4).fill(i < 5 ? 1 : -1));
    return relu(g, g.matMul(flat, weight(g, [8, 4], rows)));
  };
