// Nodes that onnxruntime's optimiser fuses (domain com.microsoft), as the ops that they stand for.
import { float as floatAttribute, type GraphBuilder } from '../src/onnx/builder.js';
import { activate } from './kernels/activation-named.js';
import { lengthOf, countTo, dimsOf } from './kernels/attention-heads.js';
import { rootMeanSquare } from './kernels/norm-rms.js';
import { CONV_ATTRIBUTES } from './kernels/conv-geometry.js';
import { range } from './kernels/shape-common.js';
import {
  defineOp,
  float,
  floats,
  int,
  text,
  type AttributesOf,
  type Dims,
  type OldNode,
  type OpAdapter,
  type StaticNode,
  type UnsizedNode,
} from './op.js';
import { matMulDims } from './kernels/sizes.js';

const domain = 'com.microsoft';

const layerNorm = (g: GraphBuilder, x: string, gamma: string, beta: string, epsilon: number): string =>
  g.op('LayerNormalization', [x, gamma, beta], { axis: -1, epsilon: floatAttribute(epsilon) });

/** Outputs 1 and 2 of the skip normalisations, which onnxruntime computes in training only. */
function noStatistics({ node, refuse }: OldNode): void {
  if (node.outputs[1] || node.outputs[2])
    refuse('the outputs mean and inv_std_var are not supported', 'Export the model for inference.');
}

const skipLayerNormalization = defineOp({
  op: 'SkipLayerNormalization',
  domain,
  versions: [1],
  attributes: { epsilon: float(1e-12) },
  canonicalize: (n, g) => {
    noStatistics(n);
    const [x, skip, gamma, beta, bias] = n.x as [string, string, string, string, string];
    const sum = bias ? g.add(g.add(x, skip), bias) : g.add(x, skip);
    return [layerNorm(g, sum, gamma, beta, n.attr('epsilon') ?? 1e-12), '', '', sum];
  },
});

const skipSimplifiedLayerNormalization = defineOp({
  op: 'SkipSimplifiedLayerNormalization',
  domain,
  versions: [1],
  attributes: { epsilon: float(1e-12) },
  canonicalize: (n, g) => {
    noStatistics(n);
    const [x, skip, gamma, bias] = n.x as [string, string, string, string];
    const sum = bias ? g.add(g.add(x, skip), bias) : g.add(x, skip);
    return [rootMeanSquare(g, sum, gamma, -1, n.attr('epsilon') ?? 1e-12), '', '', sum];
  },
});

const embedLayerNormalization = defineOp({
  op: 'EmbedLayerNormalization',
  domain,
  versions: [1],
  attributes: { epsilon: float(1e-12), mask_index_type: int(0) },
  canonicalize: (n, g) => {
    const [ids, segments, words, places, kinds, gamma, beta, mask] = n.x as [string, string, string, string, string, string, string, string]; // prettier-ignore
    const positions = n.x[8] ?? '';
    const rows = (table: string, index: string): string => g.op('Gather', [table, index], { axis: 0 });
    const place = positions ? rows(places, positions) : rows(places, countTo(g, lengthOf(g, ids, 1)));
    const embedded = g.add(rows(words, ids), place);
    const sum = segments ? g.add(embedded, rows(kinds, segments)) : embedded;
    // How many tokens of each sample the mask shows; without one onnxruntime says 0.
    const whole = (value: number): string => g.constant({ type: 'int32', dims: [], data: Int32Array.of(value) });
    const shown = (): string =>
      mask
        ? g.op('ReduceSum', [g.cast(g.op('Equal', [mask, whole(1)]), 6), g.ints([1])], { keepdims: 0 })
        : g.op('Expand', [whole(0), dimsOf(g, lengthOf(g, ids, 0))]);
    return [layerNorm(g, sum, gamma, beta, n.attr('epsilon') ?? 1e-12), n.outputs > 1 ? shown() : '', sum];
  },
});

const fusedConv = defineOp({
  op: 'FusedConv',
  domain,
  versions: [1],
  attributes: { activation: text(''), activation_params: floats(), ...CONV_ATTRIBUTES },
  // activation(conv(x, w) + b + z)
  canonicalize: (n, g) => {
    const kept = Object.entries(n.node.attributes).filter(([name]) => !name.startsWith('activation'));
    const [x, w, b, z] = n.x as [string, string, string, string];
    const y = g.op('Conv', [x, w, b], Object.fromEntries(kept));
    return activate(n, g, z ? g.add(y, z) : y, n.attr('activation') ?? '', n.attr('activation_params') ?? []);
  },
});

const fusedGemm = defineOp({
  op: 'FusedGemm',
  domain,
  versions: [1],
  attributes: {
    activation: text(''),
    activation_alpha: float(),
    activation_beta: float(),
    activation_gamma: float(),
    alpha: float(1),
    beta: float(1),
    transA: int(0),
    transB: int(0),
  },
  canonicalize: (n, g) => {
    const kept = Object.entries(n.node.attributes).filter(([name]) => !name.startsWith('activation'));
    const numbers = ['alpha', 'beta', 'gamma'].map((name) => n.attr(`activation_${name}`));
    const given = numbers.filter((v) => v !== undefined);
    return activate(n, g, g.op('Gemm', n.x.slice(0, 3), Object.fromEntries(kept)), n.attr('activation') ?? '', given);
  },
});

const PRODUCT = { alpha: float(1), transA: int(0), transB: int(0), transBatchA: int(0), transBatchB: int(0) };

/** Which axis of a side comes where: trans swaps the last two, transBatch moves the first behind the other batch axes before that. */
function productOrder(rank: number, side: 0 | 1, a: AttributesOf<typeof PRODUCT>): number[] {
  const order = range(rank);
  if ((side ? a.transBatchB : a.transBatchA) && rank > 2) order.splice(rank - 2, 0, ...order.splice(0, 1));
  if ((side ? a.transB : a.transA) && rank > 1) order.push(order.splice(rank - 2, 1)[0]!);
  return order;
}

/** alpha * A' * B' */
function lowerProduct(n: StaticNode, a: AttributesOf<typeof PRODUCT>, g: GraphBuilder): string {
  const side = (i: 0 | 1): string => {
    const order = productOrder(n.type(i).dims.length, i, a);
    return order.every((axis, k) => axis === k) ? n.x[i]! : g.transpose(n.x[i]!, order);
  };
  const y = g.matMul(side(0), side(1));
  return a.alpha === 1 ? y : g.mul(y, g.scalar(a.alpha));
}

/** As lowerProduct, before it runs. */
function productDims(n: UnsizedNode, a: AttributesOf<typeof PRODUCT>): Dims[] {
  const side = (i: 0 | 1): Dims => productOrder(n.dims(i).length, i, a).map((axis) => n.dims(i)[axis]!);
  return [matMulDims(side(0), side(1))];
}

const fusedMatMul = defineOp({
  op: 'FusedMatMul',
  domain,
  versions: [1],
  attributes: PRODUCT,
  size: productDims,
  grows: true,
  lower: lowerProduct,
});
/** The name of FusedMatMul before onnxruntime 1.5. */
const transposeMatMul = defineOp({
  op: 'TransposeMatMul',
  domain,
  versions: [1],
  attributes: { alpha: float(1), transA: int(0), transB: int(0) },
  size: (n, a) => productDims(n, { ...a, transBatchA: 0, transBatchB: 0 }),
  grows: true,
  lower: (n, a, g) => lowerProduct(n, { ...a, transBatchA: 0, transBatchB: 0 }, g),
});

/**
 * Layer normalisations with a skip connection, the embedding of BERT, and Conv, Gemm and MatMul with what onnxruntime fuses into them (com.microsoft).
 * Each becomes the standard ops that it stands for.
 */
export const microsoft: OpAdapter[] = [
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
  embedLayerNormalization,
  fusedConv,
  fusedGemm,
  fusedMatMul,
  transposeMatMul,
];
