// MaxPool at ties: the first maximum of a window, row by row, takes the whole gradient, as onnxruntime's Indices say, in both engines.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, toIntegers } from '../../src/core/tensor.js';
import { gradientOf } from '../../src/engine/engine.js';
import { createOrtEngine, openSession, probe } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { uniform } from '../ops/case.js';
import { modelOf } from '../support/encoded.js';

const dims = [2, 3, 9, 11];
// Only four different values, so that most windows have several maxima.
const x = float32((uniform(dims, 1).data as Float32Array).map((v) => Math.floor(v)), dims); // prettier-ignore

/** MaxPool alone at opset 18, with what `finish` adds. */
function pool(attributes: Record<string, number[]>, outputs: number, finish: (g: GraphBuilder, y: string[]) => void): Model {
  const g = new GraphBuilder('ties');
  finish(g, g.ops('MaxPool', [g.input('x', 'float32', dims)], outputs, attributes));
  return modelOf(g);
}

test.each([
  ['overlapping', { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 1, 0] }],
  ['stride 1', { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }],
  ['dilated', { kernel_shape: [3, 2], strides: [1, 2], dilations: [2, 3] }],
  ['unequal', { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 2, 1] }],
  ['whole input', { kernel_shape: [9, 11] }],
])('%s', async (_name, attributes) => {
  const reference = await openSession(
    encodeModel(
      pool(attributes, 2, (g, [y, indices]) => {
        g.output(y!, 'y');
        g.output(indices!, 'indices');
      }),
    ),
  );
  const { y, indices } = await reference.run({ x });
  await reference.dispose();
  const cotangent = uniform(y!.dims, 2);
  const expected = new Float32Array(x.data.length);
  toIntegers(indices!).forEach((at, i) => (expected[at]! += (cotangent.data as Float32Array)[i]!));
  const model = pool(attributes, 1, (g, [value]) =>
    g.output(g.op('ReduceSum', [g.mul(value!, g.constant(cotangent))], { keepdims: 0 }), 'loss'),
  );
  const graph = await specialize(canonicalize(model, adapters), {}, probe, adapters);
  const engines = [
    createOrtEngine(adapters, { threads: 1 }),
    await createTfEngine(adapters, { backend: 'cpu' }),
    await createTfEngine(adapters, { backend: 'wasm' }),
  ];
  for (const engine of engines) {
    const program = await engine.gradient(graph, 'loss', ['x']);
    const gradient = (await program.run({ x }))[gradientOf('x')]!.data as Float32Array;
    await program.dispose();
    const worst = gradient.reduce((m, v, i) => Math.max(m, Math.abs(v - expected[i]!)), 0);
    expect({ engine: engine.info.backend, close: worst < 1e-4 }).toEqual({ engine: engine.info.backend, close: true });
  }
});
