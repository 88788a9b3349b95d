// Normalisation by the root of the mean square, under all its names.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { scalarLike } from './elementwise-onnx.js';

/** x / sqrt(mean(x^2) + epsilon) * scale, the mean over the axes from `axis` on. The rank is not known, so Flatten makes "the rest" of them. */
export function rootMeanSquare(g: GraphBuilder, x: string, scale: string, axis: number, epsilon: number): string {
  const flat = g.op('Flatten', [x], { axis });
  const square = g.op('ReduceMean', [g.mul(flat, flat), g.ints([1])], { keepdims: 1 });
  const y = g.div(flat, g.op('Sqrt', [g.add(square, scalarLike(g, epsilon, x))]));
  return g.mul(g.op('Reshape', [y, g.op('Shape', [x])]), scale);
}
