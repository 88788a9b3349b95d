// onnxruntime's own quantised ops (com.microsoft), as its quantiser writes them: dequantise, the float op, quantise.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { defineOp, float, int, type OldNode, type OpAdapter } from '../op.js';
import { WINDOW_ATTRIBUTES } from './conv-geometry.js';
import { along, centred, dynamic, forAll, quantised, quantisedType, scaleOf, whole } from './quantised-onnx.js';
import { dequantised, lastAxis, quantisedBy } from './quantised-product.js';

const MS = 'com.microsoft';

/** An op of one quantised input and one quantised output: X, its scale and zero point, Y's scale and zero point. */
const one = <const S extends OpAdapter['attributes']>(
  op: string,
  attributes: S,
  f: (x: string, n: OldNode, g: GraphBuilder) => string,
): OpAdapter =>
  defineOp({
    op,
    domain: MS,
    versions: [1],
    attributes,
    carries: true,
    canonicalize: (n, g) => quantisedBy(n, g, f(dequantised(n, 0, g), n, g), 3, 0),
    restrictions: 'straight-through gradient; within one step of onnxruntime, which computes in integers or by tables',
  });

/** An op of two quantised inputs, each followed by its scale and zero point. */
const two = (op: string, f: (a: string, b: string, g: GraphBuilder) => string): OpAdapter =>
  defineOp({
    op,
    domain: MS,
    versions: [1],
    attributes: {},
    carries: true,
    canonicalize: (n, g) => quantisedBy(n, g, f(dequantised(n, 0, g), dequantised(n, 3, g), g), 6, 0),
    restrictions: 'straight-through gradient; within one step of onnxruntime, which adds up in another order',
  });

/** A NHWC value as NCHW, `f` of it, and back, where channels_last says so. */
function channelsFirst(x: string, n: OldNode, spatial: number, g: GraphBuilder, f: (x: string) => string): string {
  if (!n.attr('channels_last')) return f(x);
  const axes = Array.from({ length: spatial }, (_, i) => i);
  const first = g.transpose(x, [0, spatial + 1, ...axes.map((i) => i + 1)]);
  return g.transpose(f(first), [0, ...axes.map((i) => i + 2), 1]);
}

/** Softmax; of opset below 13 over all axes from `axis` on. */
function softmax(x: string, n: OldNode, g: GraphBuilder): string {
  const axis = n.attr('axis') ?? -1;
  if ((n.attr('opset') ?? 13) >= 13) return g.op('Softmax', [x], { axis });
  const flat = g.op('Softmax', [g.op('Flatten', [x], { axis })], { axis: -1 });
  return g.op('Reshape', [flat, g.op('Shape', [x])]);
}

/** Attributes of the float op: all but those that only its quantised form has. */
const without = (n: OldNode, ...names: readonly string[]): OldNode['node']['attributes'] =>
  Object.fromEntries(Object.entries(n.node.attributes).filter(([name]) => !names.includes(name)));

/** MatMulInteger's sums times both scales, plus the bias: A, B, A's scale, B's scale, A's and B's zero points, bias. */
function scaledProduct(n: OldNode, g: GraphBuilder): string {
  const sums = g.matMul(centred(n, 0, 4, along(n.x[0]!, -2), g), centred(n, 1, 5, lastAxis, g));
  const y = g.mul(sums, g.mul(scaleOf(n, 2, along(n.x[0]!, -2), g), scaleOf(n, 3, lastAxis, g)));
  return n.x[6] ? g.add(y, n.x[6]) : y;
}

/** A float times B, scale, zero point, bias: A is quantised by its own extent. */
function dynamicProduct(n: OldNode, g: GraphBuilder): string {
  const { y: a, scale, zero } = dynamic(n.x[0]!, g);
  const sums = g.matMul(g.sub(a, zero), centred(n, 1, 3, lastAxis, g));
  const y = g.mul(sums, g.mul(scale, scaleOf(n, 2, lastAxis, g)));
  return n.x[4] ? g.add(y, n.x[4]) : y;
}

/** A, scale, zero point, B, scale, zero point, C in the scale of the product, Y's scale and zero point. Without Y's scale the output is float. */
function qGemm(n: OldNode, g: GraphBuilder): string {
  const transB = n.attr('transB') ?? 0;
  const byColumn = transB ? along(n.x[3]!, 0) : lastAxis;
  const [a, b] = [centred(n, 0, 2, forAll, g), centred(n, 3, 5, byColumn, g)];
  const c = n.x[6] ? whole(n, 6, g) : '';
  const sums = g.op('Gemm', [a, b, c], { transA: n.attr('transA') ?? 0, transB });
  const alpha = n.attr('alpha') ?? 1;
  const product = g.mul(g.mul(scaleOf(n, 1, forAll, g), scaleOf(n, 4, lastAxis, g)), g.scalar(alpha));
  if (!n.x[7]) return g.mul(sums, product);
  const u = g.mul(sums, g.div(product, scaleOf(n, 7, forAll, g)));
  return quantised(n, u, 8, quantisedType(n, 8, n.dtype(0)), forAll, g);
}

/** Arithmetic, activations, pools, joins and products of com.microsoft whose inputs or outputs are quantised, as float ops between quantisers. */
export const microsoftOps: OpAdapter[] = [
  two('QLinearAdd', (a, b, g) => g.add(a, b)),
  two('QLinearMul', (a, b, g) => g.mul(a, b)),
  one('QLinearLeakyRelu', { alpha: float(0.01) }, (x, n, g) => g.op('LeakyRelu', [x], { ...n.node.attributes })),
  one('QLinearSigmoid', {}, (x, _, g) => g.op('Sigmoid', [x])),
  one('QLinearSoftmax', { axis: int(-1), opset: int() }, softmax),
  one('QLinearGlobalAveragePool', { channels_last: int(0) }, (x, n, g) =>
    // Pictures: the file does not tell the rank, and channels_last is written for [N,H,W,C] alone.
    channelsFirst(x, n, 2, g, (first) => g.op('GlobalAveragePool', [first])),
  ),
  one(
    'QLinearAveragePool',
    { ...WINDOW_ATTRIBUTES, ceil_mode: int(0), channels_last: int(0), count_include_pad: int(0) },
    (x, n, g) => {
      const spatial = n.attr<readonly number[]>('kernel_shape')?.length ?? 2;
      return channelsFirst(x, n, spatial, g, (first) => g.op('AveragePool', [first], without(n, 'channels_last')));
    },
  ),
  defineOp({
    op: 'QLinearConcat',
    domain: MS,
    versions: [1],
    attributes: { axis: int() },
    carries: true,
    canonicalize: (n, g) => {
      const parts = Array.from({ length: Math.floor((n.node.inputs.length - 2) / 3) }, (_, k) => dequantised(n, 2 + 3 * k, g));
      return quantisedBy(n, g, g.op('Concat', parts, { ...n.node.attributes }), 0, 2);
    },
    restrictions: 'straight-through gradient',
  }),
  defineOp({
    op: 'MatMulIntegerToFloat',
    domain: MS,
    versions: [1],
    attributes: {},
    carries: true,
    canonicalize: scaledProduct,
    restrictions: 'sums are exact up to 2^24',
  }),
  defineOp({
    op: 'DynamicQuantizeMatMul',
    domain: MS,
    versions: [1],
    attributes: {},
    carries: true,
    canonicalize: dynamicProduct,
    restrictions: "straight-through gradient; A's scale and zero point count as constants; sums are exact up to 2^24",
  }),
  defineOp({
    op: 'QGemm',
    domain: MS,
    versions: [1],
    attributes: { alpha: float(1), transA: int(0), transB: int(0) },
    carries: true,
    canonicalize: qGemm,
    restrictions: 'straight-through gradient; sums are exact up to 2^24',
  }),
];
