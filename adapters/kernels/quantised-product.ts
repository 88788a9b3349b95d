// What the QLinear ops share: products of whole numbers brought to the scale of their output; values dequantised.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { OldNode } from '../op.js';
import { centred, forAll, quantised, quantisedType, scaleOf, type Align } from './quantised-onnx.js';

/** One number per element of the last axis, which is how a vector broadcasts. */
export const lastAxis: Align = (parameter) => parameter;

/** (x - zero point) * scale of inputs i, i+1 (scale) and i+2 (zero point), one for all. */
export const dequantised = (n: OldNode, i: number, g: GraphBuilder): string =>
  g.mul(centred(n, i, i + 2, forAll, g), scaleOf(n, i + 1, forAll, g));

/** A float value quantised by the scale and zero point of inputs i and i+1; as input `like`, where the zero point is omitted. */
export const quantisedBy = (n: OldNode, g: GraphBuilder, value: string, i: number, like: number): string =>
  quantised(n, g.div(value, scaleOf(n, i, forAll, g)), i + 1, quantisedType(n, i + 1, n.dtype(like)), forAll, g);

/**
 * Sums of products of whole numbers, quantised to input `scale` and its zero point: times (one factor's scale * the other's) / the output's, in
 * this order, as onnxruntime has it. `align`: how the second factor's scale lies.
 */
export function requantised(
  n: OldNode,
  g: GraphBuilder,
  sums: string,
  factors: readonly [number, number],
  align: Align,
  scale: number,
  zero: number,
): string {
  const product = g.mul(scaleOf(n, factors[0], forAll, g), scaleOf(n, factors[1], align, g));
  const u = g.mul(sums, g.div(product, scaleOf(n, scale, forAll, g)));
  return quantised(n, u, zero, quantisedType(n, zero, n.dtype(0)), forAll, g);
}
