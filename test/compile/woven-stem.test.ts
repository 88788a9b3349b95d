// The gradient of a network's first convolution behind a pool, from the phases that the pool's gradient is made of: the same as of the woven whole.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { differentiate } from '../../src/compile/differentiate.js';
import { specialize } from '../../src/compile/specialize.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { AttributeInput } from '../../src/onnx/builder.js';
import { uniform } from '../ops/case.js';

type Attributes = Record<string, AttributeInput>;

/** dL/dx of a loss behind stem, what is between, and end. `apart`: a node between stem and the rest keeps the phases from the stem. */
async function gradient(
  dims: readonly number[],
  weight: readonly number[],
  stem: Attributes,
  end: (g: GraphBuilder, y: string) => string,
  apart: boolean,
): Promise<{ dx: Float32Array; transposed: boolean }> {
  const g = new GraphBuilder('stem');
  const x = g.input('x', 'float32', dims);
  const y = g.op('Conv', [x, g.constant(uniform(weight, 720)), g.constant(uniform([weight[0]!], 721))], stem);
  const z = end(g, apart ? g.op('Max', [y, g.scalar(-1e30)]) : y);
  const flat = g.reshape(z, [-1]);
  g.output(g.reduceSum(g.mul(flat, g.op('Sin', [flat])), [0], false), 'loss');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const made = differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, adapters);
  const program = await createOrtEngine(adapters, { threads: 1 }).compile(made);
  const { dx } = await program.run({ x: uniform(dims, 722) });
  await program.dispose();
  const before = new Set(graph.nodes.map((n) => n.outputs[0]));
  // What is woven has the stem's channels last for a moment.
  const transposed = made.nodes.some((n) => n.op === 'Transpose' && !before.has(n.outputs[0]) && isChannelsLast(n.attributes['perm'])); // prettier-ignore
  return { dx: dx!.data as Float32Array, transposed };
}
const isChannelsLast = (perm: unknown): boolean => JSON.stringify((perm as { value?: unknown })?.value) === '[0,2,3,1]';

const pool =
  (kernel: number[], strides: number[], pads = [0, 0, 0, 0], ceil = 0) =>
  (g: GraphBuilder, y: string): string =>
    g.op('MaxPool', [y], { kernel_shape: kernel, strides, pads, ceil_mode: ceil });
const conv =
  (weight: number[], attributes: Attributes) =>
  (g: GraphBuilder, y: string): string =>
    g.op('Conv', [y, g.constant(uniform(weight, 723))], attributes);
const relu =
  (inner: (g: GraphBuilder, y: string) => string) =>
  (g: GraphBuilder, y: string): string =>
    inner(g, g.op('Relu', [y]));

test.each<[string, number[], number[], Attributes, (g: GraphBuilder, y: string) => string]>([
  ['7x7 stride 2 as of a ResNet', [2, 3, 30, 33], [16, 3, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }, relu(pool([3, 3], [2, 2], [1, 1, 1, 1]))],
  ['3x3 stride 2 as of SqueezeNet, ceil', [1, 3, 31, 26], [16, 3, 3, 3], { strides: [2, 2], pads: [0, 0, 0, 0] }, relu(pool([3, 3], [2, 2], [0, 0, 0, 0], 1))],
  ['stride 3x1, unequal phases', [1, 2, 29, 23], [16, 2, 4, 5], { strides: [3, 1], pads: [1, 0, 2, 3] }, pool([2, 3], [2, 3])],
  ['stride 1 along one axis', [1, 1, 18, 19], [32, 1, 5, 3], { strides: [1, 2], pads: [2, 1, 2, 1] }, pool([3, 3], [2, 1], [1, 1, 1, 1])],
  ['a kernel smaller than its stride', [1, 3, 25, 27], [16, 3, 1, 2], { strides: [2, 3] }, pool([2, 2], [2, 2])],
  ['a strided convolution behind it, whose phases go on beyond the end', [1, 3, 29, 30], [16, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 0, 0] }, conv([16, 16, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ['a strided depthwise convolution behind Relu', [1, 3, 29, 30], [16, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 0, 0] }, relu(conv([16, 1, 5, 5], { strides: [2, 2], pads: [2, 2, 2, 2], group: 16 }))],
])('%s', async (_, dims, weight, stem, end) => {
  const [own, other] = [await gradient(dims, weight, stem, end, false), await gradient(dims, weight, stem, end, true)];
  expect(own.transposed).toBe(false);
  expect(other.transposed).toBe(true);
  const size = other.dx.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  expect(size).toBeGreaterThan(0.01);
  const worst = own.dx.reduce((m, v, i) => Math.max(m, Math.abs(v - other.dx[i]!)), 0);
  expect(worst / size).toBeLessThan(2e-6);
}); // prettier-ignore
