// The weight's gradient of a convolution on maps too large for one product: tap by tap it is the same as with all taps side by side.
import { expect, test } from '@jest/globals';
import { axesOf } from '../../adapters/kernels/conv-geometry.js';
import { weightGradient } from '../../adapters/kernels/conv-weight.js';
import { random } from '../../src/core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { createOrtEngine } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

const normal = (dims: readonly number[], draw: number): Tensor =>
  float32(random(3, 80).normal(new Float32Array(sizeOf(dims)), draw), dims);

test.each([
  ['samples apart', [2, 6, 9, 11], [4, 6, 3, 2], 1],
  ['samples together', [2, 6, 4, 5], [40, 6, 3, 2], 1],
  ['groups', [2, 10, 9, 11], [6, 5, 3, 2], 2],
  ['one sample, groups', [1, 10, 9, 11], [6, 5, 3, 2], 2],
])('%s', async (_name, x, w, group) => {
  const window = { kernel_shape: w.slice(2), strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 1] };
  const out = [0, 1].map((i) => {
    const reach = window.dilations[i]! * (w[i + 2]! - 1) + 1;
    return Math.floor((x[i + 2]! + window.pads[i]! + window.pads[i + 2]! - reach) / window.strides[i]!) + 1;
  });
  const dy = [x[0]!, w[0]!, ...out];
  const axes = axesOf(window, x.slice(2), out);
  const g = new GraphBuilder('weight');
  g.input('x', 'float32', x);
  g.input('dy', 'float32', dy);
  const made = (limit?: number): string => weightGradient(g, 'x', 'dy', [x[0]!, x[1]!, w[0]!], axes, group, limit);
  g.output(made(), 'columns');
  const products = (): number => g.nodes.filter((n) => n.op === 'MatMul').length;
  expect(products()).toBe(1);
  g.output(made(0), 'taps');
  expect(products()).toBe(1 + 6);
  const program = await createOrtEngine([], { threads: 1 }).compile(g.build());
  const { columns, taps } = await program.run({ x: normal(x, 0), dy: normal(dy, 1) });
  expect(taps!.dims).toEqual(w);
  const [a, b] = [toFloat32(columns!), toFloat32(taps!)];
  // Sums of the same products, perhaps in another order.
  a.forEach((v, i) => expect(Math.abs(v - b[i]!)).toBeLessThan(1e-5));
  expect(Math.hypot(...a)).toBeGreaterThan(1);
  await program.dispose();
});
