// Quantised models: whole numbers carried in float32 (kernels/quantised-onnx.ts), so that both engines differentiate them straight-through.
import type { DType } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import { dtypeOf } from '../src/onnx/tensors.js';
import { DATA_TYPE, defineOp, int, none, type OldNode, type OpAdapter, type TfTensor } from './op.js';
import { detached } from './kernels/elementwise-tf.js';
import { along, centred, dynamic, quantised, quantisedType, scaleOf, whole, type Align } from './kernels/quantised-onnx.js';
import { microsoftOps } from './kernels/quantised-microsoft.js';
import { CONV_ATTRIBUTES } from './kernels/conv-geometry.js';
import { lastAxis, requantised } from './kernels/quantised-product.js';

/** What is said, as `restrictions`, of every op that rounds: how its gradient treats the rounding (Bengio et al., 2013), and which types are missing. */
export const STRAIGHT_THROUGH =
  'the gradient is straight-through: dy where the rounded number lies within the range of its type, 0 where it saturates; no float8 and 4-bit types';
/** Products of 8-bit numbers are summed in float32. */
export const SUMS = 'sums are exact up to 2^24 (at least 258 products of 8 bits), and rounded to float32 beyond';

/** Blocks of `size` elements of axis `axis` of `x` share a number: each number repeated along it. */
const blocks =
  (x: string, axis: number, size: number): Align =>
  (parameter, g) => {
    const scalar = (value: number): string => g.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) });
    const length = g.op('Gather', [g.op('Shape', [x]), scalar(axis)], { axis: 0 });
    const indices = g.div(g.op('Range', [scalar(0), length, scalar(1)]), scalar(size));
    return g.op('Gather', [parameter, indices], { axis });
  };

/** How scales and zero points lie along input 0. Version 10 knows one for all. */
function alignment(n: OldNode): Align {
  const axis = n.attr('axis') ?? 1;
  const size = n.attr('block_size') ?? 0;
  return size > 0 ? blocks(n.x[0]!, axis, size) : along(n.x[0]!, axis);
}

function quantizeLinear(n: OldNode, g: GraphBuilder): string {
  const wanted = n.attr('output_dtype') || undefined;
  const precision = n.attr('precision') || undefined;
  if (precision !== undefined && precision !== DATA_TYPE.float32)
    return n.refuse(`it divides in data type ${precision}; only float32 (1) is supported`);
  const type = quantisedType(n, 2, wanted === undefined ? 'uint8' : (dtypeOf(wanted) ?? undefined));
  const align = alignment(n);
  // x may be int32.
  const u = g.div(g.op('CastLike', [n.x[0]!, n.x[1]!]), scaleOf(n, 1, align, g));
  return quantised(n, u, 2, type, align, g);
}

function dequantizeLinear(n: OldNode, g: GraphBuilder): string {
  const align = alignment(n);
  return g.mul(centred(n, 0, 2, align, g), scaleOf(n, 1, align, g));
}

const UINT8: DType = 'uint8';

/** QuantizeLinear and DequantizeLinear of one domain. */
const linear = (domain: string, versions: readonly number[]): OpAdapter[] => [
  defineOp({
    op: 'QuantizeLinear',
    domain,
    versions,
    attributes: {
      axis: int(1),
      ...(domain === '' ? { block_size: int(0), output_dtype: int(0), saturate: int(1), precision: int(0) } : {}),
    },
    carries: true,
    canonicalize: quantizeLinear,
    restrictions: STRAIGHT_THROUGH,
  }),
  defineOp({
    op: 'DequantizeLinear',
    domain,
    versions,
    attributes: { axis: int(1), ...(domain === '' ? { block_size: int(0), output_dtype: int(0) } : {}) },
    carries: true,
    canonicalize: dequantizeLinear,
    restrictions: 'no float8 and 4-bit types',
  }),
];

/**
 * Quantisers and dequantisers, integer products (ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul) and onnxruntime's own quantised ops
 * (kernels/quantised-microsoft.ts). All but DynamicQuantizeLinear become float ops on whole numbers.
 */
export const quantisedOps: OpAdapter[] = [
  ...linear('', [10, 13, 19, 21, 23, 24]),
  ...linear('com.microsoft', [1]),
  // In the dialect it stays, for its scale and zero point alone.
  defineOp({
    op: 'DynamicQuantizeLinear',
    versions: [11],
    attributes: {},
    size: (n) => [n.dims(0), [], []],
    carries: true,
    canonicalize: (n, g) => {
      const { y, scale, zero } = dynamic(n.x[0]!, g);
      return [n.carry(y, UINT8), scale, n.carry(zero, UINT8)];
    },
    forward: ([x], _, { tf }) => {
      const most = (t: TfTensor): TfTensor => tf.maximum(tf.max(t), 0);
      const least = (t: TfTensor): TfTensor => tf.minimum(tf.min(t), 0);
      const scale = detached(tf, [x!], (t) => {
        const range = tf.sub(most(t), least(t));
        return tf.add(tf.div(range, 255), tf.cast(tf.equal(range, 0), 'float32'));
      });
      const point = detached(tf, [x!, scale], (t, s) => tf.round(tf.clipByValue(tf.neg(tf.div(least(t), s)), 0, 255)));
      const y = detached(tf, [x!, scale, point], (t, s, z) => tf.clipByValue(tf.add(tf.round(tf.div(t, s)), z), 0, 255));
      return [tf.cast(y, 'int32'), scale, tf.cast(point, 'int32')];
    },
    vjp: none('its scale and zero point count as constants'),
    restrictions: `${STRAIGHT_THROUGH}; its scale and zero point count as constants`,
  }),
  defineOp({
    op: 'ConvInteger',
    versions: [10],
    attributes: CONV_ATTRIBUTES,
    carries: true,
    canonicalize: (n, g) => {
      const [x, w] = [centred(n, 0, 2, along(n.x[0]!, 0), g), centred(n, 1, 3, along(n.x[1]!, 0), g)];
      return n.carry(g.op('Conv', [x, w], { ...n.node.attributes }), 'int32');
    },
    restrictions: SUMS,
  }),
  defineOp({
    op: 'MatMulInteger',
    versions: [10],
    attributes: {},
    carries: true,
    canonicalize: (n, g) => {
      // One zero point per row of A, per column of B.
      const [a, b] = [centred(n, 0, 2, along(n.x[0]!, -2), g), centred(n, 1, 3, lastAxis, g)];
      return n.carry(g.matMul(a, b), 'int32');
    },
    restrictions: SUMS,
  }),
  defineOp({
    op: 'QLinearConv',
    versions: [10],
    attributes: CONV_ATTRIBUTES,
    carries: true,
    canonicalize: (n, g) => {
      const x = centred(n, 0, 2, along(n.x[0]!, 0), g);
      const w = centred(n, 3, 5, along(n.x[3]!, 0), g);
      const bias = n.x[8] ? whole(n, 8, g) : '';
      const sums = g.op('Conv', [x, w, bias], { ...n.node.attributes });
      return requantised(n, g, sums, [1, 4], along(n.x[0]!, 1), 6, 7);
    },
    restrictions: `${STRAIGHT_THROUGH}; ${SUMS}`,
  }),
  defineOp({
    op: 'QLinearMatMul',
    versions: [10, 21],
    attributes: {},
    carries: true,
    canonicalize: (n, g) => {
      const sums = g.matMul(centred(n, 0, 2, along(n.x[0]!, -2), g), centred(n, 3, 5, lastAxis, g));
      return requantised(n, g, sums, [1, 4], lastAxis, 6, 7);
    },
    restrictions: `${STRAIGHT_THROUGH}; ${SUMS}`,
  }),
  ...microsoftOps,
];
