// Classifiers of text behind their embedding, as exporters write them: BERT, RoBERTa's positions, a convolutional one, the paper's DAN; and newer ops.
import { bool, float32, int64 } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';
import { Exported } from './exported.js';

const MICROSOFT = 'com.microsoft';

/** A BERT encoder's layer (Devlin et al., 2019): heads by view and transpose, the mask added to the scores, normalisation behind and taken apart. */
function bertLayer(n: Exported, x: string, mask: string, width: number, heads: number): string {
  const { g } = n;
  const norm = (y: string): string => n.layerNormApart(y, [-1], [width]);
  const split = (y: string, perm: readonly number[]): string =>
    g.transpose(n.view(y, n.length(y, 0), n.length(y, 1), heads, width / heads), perm);
  const q = split(n.linear(x, width, width), [0, 2, 1, 3]);
  const k = split(n.linear(x, width, width), [0, 2, 3, 1]);
  const v = split(n.linear(x, width, width), [0, 2, 1, 3]);
  const scores = g.add(g.div(g.matMul(q, k), n.number(Math.sqrt(width / heads))), mask);
  const seen = n.joined(g.matMul(g.op('Softmax', [scores], { axis: -1 }), v), x, width);
  const y = norm(g.add(n.linear(seen, width, width), x));
  return norm(g.add(n.mlp(y, width, 2 * width), y));
}

/** 1 where a token is shown, as 0, and -10000 elsewhere: [B, T] int64 to [B, 1, 1, T]. */
function extended(n: Exported, mask: string): string {
  const { g } = n;
  const shown = g.op('Cast', [g.op('Unsqueeze', [g.op('Unsqueeze', [mask, n.list(1)]), n.list(2)])], { to: 1 });
  return g.mul(g.sub(n.number(1), shown), n.number(-10000));
}

/** Embedded tokens [B, 7, 24] to classes, of which the last two are padding. */
export function bert(): Model {
  const n = new Exported('bert');
  const { g } = n;
  const [width, heads] = [24, 3];
  const words = n.open(7, width);
  const kinds = g.op('Gather', [n.weight([2, width], 0.3), n.constant(int64([0, 0, 0, 0, 1, 1, 1], [1, 7]))]);
  const places = g.op('Slice', [
    n.constant(int64([0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 9])),
    n.list(0),
    n.shape(n.length(words, 1)),
    n.list(1),
  ]);
  const positions = g.op('Gather', [n.weight([9, width], 0.3), places]);
  let x = n.layerNorm(g.add(g.add(words, kinds), positions), width);
  const mask = extended(n, n.constant(int64([1, 1, 1, 1, 1, 0, 0], [1, 7])));
  for (let i = 0; i < 2; i++) x = bertLayer(n, x, mask, width, heads);
  const first = g.op('Gather', [x, n.whole(0)], { axis: 1 });
  const pooled = g.op('Tanh', [n.dense({ name: first, width }, width).name]);
  return n.head(pooled, width, 4);
}

/** Liu et al., 2019: positions counted over the tokens that are no padding. */
export function roberta(): Model {
  const n = new Exported('roberta');
  const { g } = n;
  const [width, heads] = [16, 2];
  const words = n.open(6, width);
  const ids = n.constant(int64([0, 13, 9, 2, 1, 1], [1, 6]));
  const shown = g.op('Cast', [g.op('Not', [g.op('Equal', [ids, n.whole(1)])])], { to: 6 });
  const counted = g.op('Cast', [g.mul(g.op('CumSum', [shown, n.whole(1)]), shown)], { to: 7 });
  const positions = g.op('Gather', [n.weight([9, width], 0.3), g.add(counted, n.whole(1))]);
  const x = n.layerNorm(g.add(words, positions), width);
  // transformers 4.40: the mask is expanded to [B, 1, T, T], inverted, and filled with the lowest float.
  const mask = g.op('Cast', [g.op('Cast', [shown], { to: 7 })], { to: 1 });
  const wide = g.op('Unsqueeze', [g.op('Unsqueeze', [mask, n.list(1)]), n.list(2)]);
  const square = n.expand(wide, n.shape(n.length(words, 0), 1, n.length(words, 1), n.length(words, 1)), 4);
  const inverted = g.sub(n.number(1), square);
  const hidden = g.where(g.op('Cast', [inverted], { to: 9 }), n.number(-3.4028234663852886e38), inverted);
  return n.head(g.op('Gather', [bertLayer(n, x, hidden, width, heads), n.whole(0)], { axis: 1 }), width, 3);
}

/** Kim, 2014: filters of several widths over the words, the strongest response of each. */
export function textCnn(): Model {
  const n = new Exported('text_cnn');
  const { g } = n;
  const [width, filters] = [10, 6];
  const words = g.transpose(n.open(9, width), [0, 2, 1]);
  const strongest = [2, 3, 4].map((size) => {
    const weight = n.weight([filters, width, size], Math.sqrt(2 / (width * size)));
    const y = g.op('Relu', [g.op('Conv', [words, weight, n.weight([filters], 0.05)], { kernel_shape: [size], pads: [0, 0] })]);
    return g.op('ReduceMax', [y], { axes: [2], keepdims: 0 });
  });
  return n.head(g.op('Concat', strongest, { axis: 1 }), 3 * filters, 4);
}

/** The paper's deep averaging network (appendix F): word counts, the mean of their embeddings, two layers, probabilities. */
export function dan(): Model {
  const n = new Exported('dan');
  const { g } = n;
  const [vocabulary, width] = [60, 12];
  const counts = n.open(vocabulary);
  const sum = g.matMul(counts, n.weight([vocabulary, width], 0.6));
  // Standard normal inputs stand for the counts here, so that their sum is kept away from 0.
  const total = g.op('Clip', [g.op('ReduceSum', [g.op('Abs', [counts]), n.list(1)], { keepdims: 1 }), n.number(1e-6)]);
  const hidden = n.dense(n.dense({ name: g.div(sum, total), width }, 16, 'relu'), 14, 'relu');
  return n.build(g.op('Softmax', [n.dense(hidden, 5).name], { axis: 1 }), 17);
}

/** A layer of Llama's kind (Touvron et al., 2023) in the ops of opset 24: RMSNormalization, RotaryEmbedding, Attention with shared keys, Swish. */
export function llama(): Model {
  const n = new Exported('llama');
  const { g } = n;
  const [width, heads, shared, tokens] = [24, 4, 2, 7];
  const size = width / heads;
  const x = n.open(tokens, width);
  const norm = (y: string): string =>
    g.op('RMSNormalization', [y, n.weight([width], 0.1, 1)], { axis: -1, epsilon: float(1e-6) });
  const product = (y: string, from: number, to: number): string => g.matMul(y, n.weight([from, to], Math.sqrt(1 / from)));
  const angles = Array.from(
    { length: (tokens * size) / 2 },
    (_, i) => Math.floor((2 * i) / size) * 100 ** (-(i % (size / 2)) / size),
  );
  const cache = (f: (angle: number) => number): string => n.constant(float32(angles.map(f), [tokens, size / 2]));
  const [cos, sin] = [cache(Math.cos), cache(Math.sin)];
  const positions = n.constant(int64([...angles.keys()].slice(0, tokens), [1, tokens]));
  const turned = (y: string, count: number): string => g.op('RotaryEmbedding', [y, cos, sin, positions], { num_heads: count });
  const normal = norm(x);
  const q = turned(product(normal, width, width), heads);
  const [k, v] = [turned(product(normal, width, shared * size), shared), product(normal, width, shared * size)];
  const shown = n.constant(bool([true, true, true, true, true, true, false], [1, 1, 1, tokens]));
  const mask = g.op('Expand', [shown, n.list(1, 1, tokens, tokens)]);
  const seen = g.op('Attention', [q, k, v, mask], { q_num_heads: heads, kv_num_heads: shared, is_causal: 1 });
  const y = g.add(x, product(seen, width, width));
  const inner = norm(y);
  const gated = g.mul(g.op('Swish', [product(inner, width, 32)], { alpha: float(1) }), product(inner, width, 32));
  const last = g.op('Gather', [norm(g.add(y, product(gated, 32, width))), n.whole(-2)], { axis: 1 });
  return n.build(n.dense({ name: last, width }, 4).name, 24);
}

/** A BERT layer as onnxruntime's transformer optimiser leaves it, behind convolution and products that its own optimiser fused. */
export function fusedBert(): Model {
  const n = new Exported('fused_bert');
  const { g } = n;
  const [width, heads, tokens] = [24, 3, 7];
  const fused = (op: string, inputs: readonly string[], attributes: Parameters<typeof g.op>[2] = {}): string =>
    g.op(op, inputs, attributes, MICROSOFT);
  const ids = { type: 'int32' as const, dims: [1, tokens], data: Int32Array.of(1, 4, 2, 5, 3, 0, 0) };
  const mask = { type: 'int32' as const, dims: [1, tokens], data: Int32Array.of(1, 1, 1, 1, 1, 0, 0) };
  const [gamma, beta] = [(): string => n.weight([width], 0.1, 1), (): string => n.weight([width], 0.1)];
  const tables = [6, 9, 2].map((rows) => n.weight([rows, width], 0.5)) as [string, string, string];
  const kinds = { ...ids, data: Int32Array.of(0, 0, 0, 1, 1, 0, 0) };
  const embedded = g.ops(
    'EmbedLayerNormalization',
    [n.constant(ids), n.constant(kinds), ...tables, gamma(), beta(), n.constant(mask)],
    2,
    { epsilon: float(1e-12) },
    MICROSOFT,
  );
  const x = g.add(n.open(tokens, width), embedded[0]!);
  const seen = fused(
    'Attention',
    [x, n.weight([width, 3 * width], 0.2), n.weight([3 * width], 0.1), g.op('Expand', [embedded[1]!, n.shape(n.length(x, 0))])],
    { num_heads: heads },
  );
  const y = fused('SkipLayerNormalization', [g.matMul(seen, n.weight([width, width], 0.2)), x, gamma(), beta(), beta()]);
  const inner = fused('BiasGelu', [g.matMul(y, n.weight([width, 40], 0.25)), n.weight([40], 0.1)]);
  const out = fused('SkipLayerNormalization', [g.matMul(inner, n.weight([40, width], 0.2)), y, gamma(), beta(), beta()]);
  const crossed = fused('MultiHeadAttention', [out, y, y, n.weight([3 * width], 0.1)], { num_heads: heads });
  const first = g.op('Gather', [g.add(out, crossed), n.whole(0)], { axis: 1 });
  const pooled = fused('FusedGemm', [first, n.weight([width, width], 0.3), n.weight([width], 0.1)], {
    activation: 'Tanh',
    transB: 1,
  });
  const logits = fused('FusedMatMul', [pooled, n.weight([4, width], 0.3)], { transB: 1, alpha: float(0.5) });
  const model = n.build(logits, 17);
  return { ...model, opsets: new Map([...model.opsets, [MICROSOFT, 1]]) };
}

export const TEXT = {
  BERT: bert,
  RoBERTa: roberta,
  'text CNN': textCnn,
  'the DAN of the paper': dan,
  'Llama in the ops of opset 24': llama,
  'BERT as onnxruntime fuses it': fusedBert,
};
