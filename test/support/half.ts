// Models whose needed part is known: the left half of a picture, and one of two features.
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** Bright or dark? The mean of the left half of a picture 3x8x8, by a convolution and a pool. */
export function model(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['n', 3, 8, 8]);
  const mean = g.op('Conv', [x, g.constant(float32(new Float32Array(3).fill(1 / 3), [1, 3, 1, 1]))], { kernel_shape: [1, 1] });
  const left = g.op('Mul', [mean, g.constant(float32(Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 2 : 0)), [1, 1, 8, 8]))]); // prettier-ignore
  const pooled = g.op('Flatten', [g.op('GlobalAveragePool', [left])]);
  const logits = g.mul(g.sub(pooled, g.scalar(0.5)), g.constant(float32([-6, 6], [1, 2])));
  g.output(g.op('Softmax', [logits], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
export const card = { input: { channels: 'RGB', range: 1, mean: [0], std: [1] }, labels: ['dark', 'bright'] } as const;
export const bright = float32(new Float32Array(192).fill(0.9), [3, 8, 8]);

/** Two features, of which a step, which has no gradient, decides the answer. */
export function step(): Uint8Array {
  const g = new GraphBuilder();
  const above = g.op('Sign', [g.slice(g.input('x', 'float32', ['n', 2]), [0], [1], [1])]);
  g.output(g.op('Softmax', [g.mul(above, g.constant(float32([-3, 3], [1, 2])))], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
