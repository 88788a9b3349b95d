// Cases of the nodes that onnxruntime's optimiser writes (domain com.microsoft): fused attention, normalisations, products and convolutions.
import { int32, int64, type Tensor } from '../../src/core/tensor.js';
import { float, floats } from '../../src/onnx/builder.js';
import { caseOf, uniform, type OpCase } from './case.js';

let draw = 500;
const u = (...dims: number[]): Tensor => uniform(dims, draw++, -1, 1);
const positive = (...dims: number[]): Tensor => uniform(dims, draw++, 0.5, 1.5);
const m = (
  name: string,
  op: string,
  inputs: OpCase['inputs'],
  attributes?: OpCase['attributes'],
  more?: Partial<OpCase>,
): OpCase => caseOf(name, op, 1, inputs, attributes, { domain: 'com.microsoft', ...more });

/** 2 samples of 5 tokens with 8 features, 3 heads of 2 features each for queries, keys and values. */
const tokens = (): Tensor => u(2, 5, 8);
const weights = (): Tensor => u(8, 18);
const biases = (): Tensor => u(18);
const H3 = { num_heads: 3 };
const bias4 = (): Tensor => u(2, 3, 5, 5);
const ends = int32([3, 5]);
const edges = int32([3, 5, 1, 0]);
const shown2 = int32([1, 1, 1, 0, 0, 1, 1, 1, 1, 1], [2, 5]);
const shown3 = int32(
  Array.from({ length: 50 }, (_, i) => (i % 4 === 1 ? 0 : 1)),
  [2, 5, 5],
);
const mask = { initializers: [3] };

const attention: OpCase[] = [
  m('', 'Attention', [tokens(), weights(), biases()], H3),
  m('causal', 'Attention', [tokens(), weights(), biases()], { ...H3, unidirectional: 1, scale: float(0.9) }),
  m('values of another width', 'Attention', [tokens(), u(8, 27), u(27)], {
    ...{ ...H3, qkv_hidden_sizes: [6, 6, 15] },
    ...{ do_rotary: 0, rotary_embedding_dim: 32, past_present_share_buffer: 0 },
  }),
  m('lengths', 'Attention', [tokens(), weights(), biases(), ends], H3, mask),
  m('ends and starts', 'Attention', [tokens(), weights(), biases(), edges], { ...H3, mask_filter_value: float(-3) }, mask),
  m('mask of tokens', 'Attention', [tokens(), weights(), biases(), shown2], H3, mask),
  m('mask of tokens that is computed', 'Attention', [tokens(), weights(), biases(), shown2], H3),
  m('mask of pairs', 'Attention', [tokens(), weights(), biases(), shown3], { ...H3, unidirectional: 1 }, mask),
  m('bias of scores', 'Attention', [tokens(), weights(), biases(), undefined, undefined, bias4()], H3),
  m(
    'bias of scores for all heads, mask',
    'Attention',
    [tokens(), weights(), biases(), shown2, undefined, u(1, 1, 5, 5)],
    H3,
    mask,
  ),
  m('past', 'Attention', [tokens(), weights(), biases(), undefined, u(2, 2, 3, 4, 2)], H3, { outputs: 2 }),
  m(
    'past, causal',
    'Attention',
    [tokens(), weights(), biases(), undefined, u(2, 2, 3, 4, 2)],
    { ...H3, unidirectional: 1 },
    {
      outputs: 2,
    },
  ),
];

/** 4 queries and 5 keys of 3 heads, 6 features a head, values of 7. */
const query = (): Tensor => u(2, 4, 18);
const key = (): Tensor => u(2, 5, 18);
const value = (): Tensor => u(2, 5, 21);
const padding = { initializers: [4] };
const multi: OpCase[] = [
  m('', 'MultiHeadAttention', [query(), key(), value()], H3),
  m('biases', 'MultiHeadAttention', [query(), key(), value(), u(57)], { ...H3, scale: float(0.7) }),
  m('causal', 'MultiHeadAttention', [query(), key(), value()], { ...H3, unidirectional: 1 }),
  m('keys of another sequence', 'MultiHeadAttention', [query(), u(2, 3, 5, 6), u(2, 3, 5, 6)], H3),
  m('mask of tokens', 'MultiHeadAttention', [query(), key(), value(), undefined, shown2], H3, padding),
  m(
    'lengths',
    'MultiHeadAttention',
    [query(), key(), value(), undefined, ends],
    { ...H3, mask_filter_value: float(-2) },
    padding,
  ),
  m(
    'mask of pairs',
    'MultiHeadAttention',
    [
      query(),
      key(),
      value(),
      undefined,
      int32(
        Array.from({ length: 40 }, (_, i) => (i % 3 ? 1 : 0)),
        [2, 4, 5],
      ),
    ],
    H3,
    padding,
  ),
  m('bias of scores', 'MultiHeadAttention', [query(), key(), value(), undefined, undefined, u(2, 3, 4, 5)], H3),
  m('bias of scores, shared', 'MultiHeadAttention', [query(), key(), value(), u(57), undefined, u(1, 1, 4, 5)], H3),
  m(
    'past',
    'MultiHeadAttention',
    [query(), key(), key(), undefined, undefined, undefined, u(2, 3, 2, 6), u(2, 3, 2, 6)],
    { ...H3, unidirectional: 1 },
    { outputs: 3 },
  ),
];

const positions = int64([3, 0, 10, 4, 5, 6, 7, 9], [2, 4]);
const rotary: OpCase[] = [
  m('', 'RotaryEmbedding', [u(2, 3, 4, 6), positions, u(11, 3), u(11, 3)], {}, { initializers: [1] }),
  m(
    'heads side by side, interleaved',
    'RotaryEmbedding',
    [u(2, 4, 18), positions, u(11, 3), u(11, 3)],
    { interleaved: 1, num_heads: 3, scale: float(1.5) },
    { initializers: [1] },
  ),
  m('counted from', 'RotaryEmbedding', [u(2, 4, 18), int64([2]), u(11, 3), u(11, 3)], {}, { initializers: [1] }),
  m(
    'of some features',
    'RotaryEmbedding',
    [u(2, 4, 18), positions, u(11, 2), u(11, 2)],
    { rotary_embedding_dim: 4, num_heads: 3 },
    { initializers: [1] },
  ),
];

const gamma = (): Tensor => positive(7);
const ids = int32([1, 3, 0, 5, 2, 4, 1, 1], [2, 4]);
const kinds = int32([0, 0, 1, 1, 0, 1, 1, 1], [2, 4]);
const tables = (): [Tensor, Tensor, Tensor] => [u(6, 7), u(5, 7), u(2, 7)];
const norms: OpCase[] = [
  m(
    '',
    'SkipLayerNormalization',
    [u(2, 5, 7), u(2, 5, 7), gamma(), u(7), u(7)],
    { epsilon: float(0.1) },
    { outputs: 4, compare: [0, 3] },
  ),
  m('without biases', 'SkipLayerNormalization', [u(2, 5, 7), u(2, 5, 7), gamma()]),
  m('one skip for all', 'SkipLayerNormalization', [u(2, 5, 7), u(5, 7), gamma(), u(7)]),
  m(
    '',
    'SkipSimplifiedLayerNormalization',
    [u(2, 5, 7), u(2, 5, 7), gamma()],
    { epsilon: float(0.1) },
    { outputs: 4, compare: [0, 3] },
  ),
  m('bias', 'SkipSimplifiedLayerNormalization', [u(2, 5, 7), u(2, 5, 7), gamma(), u(7)]),
  m(
    '',
    'EmbedLayerNormalization',
    [ids, kinds, ...tables(), gamma(), u(7)],
    { epsilon: float(0.1) },
    { outputs: 3, initializers: [0, 1] },
  ),
  m(
    'mask, positions',
    'EmbedLayerNormalization',
    [ids, kinds, ...tables(), gamma(), u(7), int32([1, 1, 1, 0, 1, 1, 0, 0], [2, 4]), int32([4, 3, 2, 1, 0, 1, 2, 3], [2, 4])],
    {},
    { outputs: 2, initializers: [0, 1, 7, 8] },
  ),
  m(
    'one kind of token',
    'EmbedLayerNormalization',
    [ids, undefined, u(6, 7), u(5, 7), undefined, gamma(), u(7)],
    { mask_index_type: 1 },
    { outputs: 2, initializers: [0] },
  ),
];

const image = (): Tensor => u(2, 4, 6, 7);
const products: OpCase[] = [
  m('', 'FusedMatMul', [u(3, 4), u(4, 5)], { alpha: float(0.5) }),
  m('transposed', 'FusedMatMul', [u(2, 4, 3), u(2, 5, 4)], { transA: 1, transB: 1 }),
  m('batch axis second', 'FusedMatMul', [u(3, 2, 4), u(4, 2, 5)], { transBatchA: 1, transBatchB: 1 }),
  m('batch axis second, transposed', 'FusedMatMul', [u(4, 6, 2, 3), u(5, 6, 2, 4)], {
    transBatchA: 1,
    transBatchB: 1,
    transA: 1,
    transB: 1,
  }),
  m('vector', 'FusedMatMul', [u(4), u(4, 5)], { transA: 1 }),
  m('transposed', 'TransposeMatMul', [u(2, 4, 3), u(2, 5, 4)], { transA: 1, transB: 1, alpha: float(2) }),
  m('', 'FusedGemm', [u(3, 4), u(4, 5), u(5)], { activation: 'Relu' }),
  m('LeakyRelu, transposed', 'FusedGemm', [u(4, 3), u(5, 4), u(3, 5)], {
    ...{ activation: 'LeakyRelu', activation_alpha: float(0.3) },
    ...{ alpha: float(0.7), beta: float(2), transA: 1, transB: 1 },
  }),
  m('HardSigmoid', 'FusedGemm', [u(3, 4), u(4, 5), u(5)], {
    ...{ activation: 'HardSigmoid', activation_alpha: float(0.1), activation_beta: float(0.6) },
  }),
  ...['Tanh', 'Sigmoid', 'Softplus', 'Softsign'].map((activation) =>
    m(activation, 'FusedGemm', [u(3, 4), u(4, 5), u(5)], { activation }),
  ),
  m('Elu', 'FusedGemm', [u(3, 4), u(4, 5), u(5)], {
    ...{ activation: 'Elu', activation_alpha: float(0.5) },
    // Numbers that the activation does not have mean nothing.
    activation_gamma: float(3),
  }),
  m('ThresholdedRelu', 'FusedGemm', [u(3, 4), u(4, 5), u(5)], { activation: 'ThresholdedRelu', activation_alpha: float(0.2) }),
  m('', 'FusedConv', [image(), u(5, 4, 3, 2), u(5)], { activation: 'Relu', kernel_shape: [3, 2] }),
  m('groups, LeakyRelu', 'FusedConv', [image(), u(6, 2, 3, 2), u(6)], {
    ...{ activation: 'LeakyRelu', activation_params: floats([0.2]) },
    ...{ group: 2, pads: [1, 0, 2, 1], strides: [2, 1], kernel_shape: [3, 2] },
  }),
  m('dilated, a sum', 'FusedConv', [image(), u(5, 4, 2, 2), u(5), u(2, 5, 4, 6)], {
    ...{ activation: 'Relu', dilations: [2, 1], kernel_shape: [2, 2] },
  }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    m(auto_pad, 'FusedConv', [image(), u(5, 4, 3, 2), u(5)], { activation: 'Tanh', auto_pad, kernel_shape: [3, 2] }),
  ),
  m('Sigmoid, no bias', 'FusedConv', [image(), u(5, 4, 3, 2)], { activation: 'Sigmoid', kernel_shape: [3, 2] }),
  m('Clip', 'FusedConv', [image(), u(5, 4, 3, 2), u(5)], {
    // No sum of products is near one of these.
    ...{ activation: 'Clip', activation_params: floats([-0.4, 1.33]), kernel_shape: [3, 2] },
  }),
  m('HardSigmoid', 'FusedConv', [image(), u(5, 4, 3, 2), u(5)], {
    ...{ activation: 'HardSigmoid', activation_params: floats([0.2, 0.5]), kernel_shape: [3, 2] },
  }),
];

export const cases: OpCase[] = [...attention, ...multi, ...rotary, ...norms, ...products];
