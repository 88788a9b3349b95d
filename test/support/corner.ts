// What the tests of differentiation share: small graphs with one number as output, and their gradients on every engine, in plain numbers.
import { expect } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, sizeOf, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { gradientOf } from '../../src/engine/engine.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Graph } from '../../src/onnx/graph.js';

export const ort = createOrtEngine(adapters, { threads: 1 });
export const engines = [
  ort,
  await createTfEngine(adapters, { backend: 'wasm' }),
  await createTfEngine(adapters, { backend: 'cpu' }),
];

/** -0 as 0. */
export const numbers = (t: Tensor): number[] => Array.from(toNumbers(t), (v) => v + 0);
export const sum = (g: GraphBuilder, x: string): string => g.op('ReduceSum', [x], { keepdims: 0 });
/** The sum of `x` weighted by 1, 2, 3 ..., so that every element has a cotangent of its own. */
export const weighted = (g: GraphBuilder, x: string, dims: readonly number[]): string =>
  sum(g, g.mul(x, g.constant(float32(Array.from({ length: sizeOf(dims) }, (_, i) => i + 1), dims)))); // prettier-ignore

/** The static graph of `build`, which returns the value to differentiate: its output 'loss'. */
export async function graphOf(build: (g: GraphBuilder) => string): Promise<Graph> {
  const g = new GraphBuilder('corner');
  g.output(build(g), 'loss');
  return specialize(g.build(), {}, probe, adapters);
}

/** d(loss)/d(input) for each name of `expected`, on every engine. `digits`: 0 difference by default. */
export async function expectGradients(
  build: (g: GraphBuilder) => string,
  feeds: Record<string, Tensor>,
  expected: Record<string, readonly number[]>,
  digits?: number,
): Promise<void> {
  const graph = await graphOf(build);
  const names = Object.keys(expected);
  for (const engine of engines) {
    const program = await engine.gradient(graph, 'loss', names);
    const results = await program.run(feeds);
    await program.dispose();
    for (const name of names) {
      const gradient = results[gradientOf(name)]!;
      expect([engine.info.backend, name, gradient.dims]).toEqual([engine.info.backend, name, feeds[name]!.dims]);
      const wanted = expected[name]!.map((v) => (digits === undefined ? v : expect.closeTo(v, digits)));
      expect([engine.info.backend, name, numbers(gradient)]).toEqual([engine.info.backend, name, wanted]);
    }
  }
}

/** A matrix with numbers of both signs. */
export const x = float32([1, -2, 3, 4], [2, 2]);
/** A float input, [2, 2] unless told otherwise. */
export const input = (g: GraphBuilder, name = 'x', dims: number[] = [2, 2]): string => g.input(name, 'float32', dims);
