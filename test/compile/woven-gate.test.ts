// The gate of a Clip between 0 and 6 on the phases of a strided convolution behind it: the gradient passes unchanged strictly between the bounds, and nowhere else.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { differentiate } from '../../src/compile/differentiate.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32 } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { uniform } from '../ops/case.js';

const DIMS = [2, 16, 7, 9];

/** dL/dx of a strided convolution of x, or of x between the bounds; the loss is linear, so that no gradient depends on x but by the gate. */
async function gradient(x: Float32Array, clipped: boolean, kernel: readonly number[], group: number): Promise<Float32Array> {
  const g = new GraphBuilder('gate');
  const v = g.input('x', 'float32', DIMS);
  const y = clipped ? g.op('Clip', [v, g.scalar(0), g.scalar(6)]) : v;
  const z = g.op('Conv', [y, g.constant(uniform([16, 16 / group, ...kernel], 730))], {
    strides: [2, 2],
    pads: [1, 1, 0, 1],
    group,
  });
  const flat = g.reshape(z, [-1]);
  const graph = await specialize(
    (g.output(g.reduceSum(g.mul(flat, g.scalar(0.5)), [0], false), 'loss'), g.build()),
    {},
    probe,
    adapters,
  );
  const made = differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, adapters);
  const program = await createOrtEngine(adapters, { threads: 1 }).compile(made);
  try {
    const { dx } = await program.run({ x: float32(x, DIMS) });
    return dx!.data as Float32Array;
  } finally {
    await program.dispose();
  }
}

test.each([
  ['a depthwise convolution', [3, 3], 16],
  ['a full convolution', [3, 2], 1],
])('%s', async (_, kernel, group) => {
  // Both sides of either bound in every phase: at the upper one as near as numbers lie, at the lower one as near as the gate tells apart (2^-43 of the upper).
  const values = [0, 6, 2 ** -42, 6 - 2 ** -21, -1, 9, 3, -(2 ** -42), 6 + 2 ** -21, 1e-3, 5.999];
  const x = Float32Array.from({ length: 2 * 16 * 7 * 9 }, (_v, i) => values[i % values.length]!);
  const whole = await gradient(x, false, kernel, group);
  const gated = await gradient(x, true, kernel, group);
  expect(whole.some((v) => v !== 0)).toBe(true);
  // A product with 0 may be -0.
  expect(Array.from(gated, (v) => v + 0)).toEqual(Array.from(whole, (v, i) => (x[i]! > 0 && x[i]! < 6 ? v + 0 : 0)));
});
