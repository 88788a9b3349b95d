// Attention as onnxruntime's transformer optimiser fuses it (domain com.microsoft): projections, heads, masks and pasts in one node.
import type { GraphBuilder } from '../src/onnx/builder.js';
import { causalBias, maskBias, sumOf, type Extent } from './kernels/attention-masks.js';
import { attend } from './kernels/attention-scores.js';
import { defineOp, float, int, ints, type OldNode, type OpAdapter, type StaticNode, type UnsizedNode } from './op.js';

const domain = 'com.microsoft';
/** Written over scores that a mask hides, unless the node says otherwise. */
const HIDDEN = -10000;

/** [B, S, heads * H] as [B, heads, S, H]. */
const apart = (g: GraphBuilder, x: string, [batch, length]: readonly number[], heads: number): string =>
  g.transpose(g.reshape(x, [batch!, length!, heads, -1]), [0, 2, 1, 3]);
const together = (g: GraphBuilder, x: string, batch: number, length: number): string =>
  g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch, length, -1]);

const refuseNoHeads = (n: OldNode): void => {
  const heads = n.attr('num_heads') ?? 0;
  if (!(heads > 0)) n.refuse(`expected attribute num_heads to be positive, received ${heads}.`);
};

/** What is added to the scores: the mask (input `mask`), the order of positions, and a bias of the file (input 5 of both ops). */
const biasOf = (
  n: StaticNode,
  mask: number,
  a: { readonly mask_filter_value: number; readonly unidirectional: number },
  extent: Extent,
  g: GraphBuilder,
): string | undefined =>
  sumOf(g, [
    n.x[mask] ? maskBias(n, mask, extent, a.mask_filter_value, g) : undefined,
    a.unidirectional ? causalBias(extent, g) : undefined,
    n.x[5] || undefined,
  ]);

/** The scores [B, heads, S, T], which are none of the outputs; `past` is 0 without one. */
const scores = (n: UnsizedNode, heads: number, length: number, keys: number): number => n.dims(0)[0]! * heads * length * keys;

const attention = defineOp({
  op: 'Attention',
  domain,
  versions: [1],
  attributes: {
    num_heads: int(0),
    unidirectional: int(0),
    qkv_hidden_sizes: ints(),
    mask_filter_value: float(HIDDEN),
    scale: float(),
    past_present_share_buffer: int(0),
    do_rotary: int(0),
    rotary_embedding_dim: int(0),
  },
  size: (n, { num_heads: heads, qkv_hidden_sizes: sizes }) => {
    const [batch, length] = n.dims(0) as [number, number];
    const values = sizes?.[2] ?? n.dims(1)[1]! / 3;
    const keys = length + (n.has(4) ? n.dims(4)[3]! : 0);
    const outputs = [
      [batch, length, values],
      [2, batch, heads, keys, values / heads],
    ];
    return { outputs, workspace: scores(n, heads, length, keys) };
  },
  grows: true,
  restrictions: 'biases must be given, no rotary embedding inside, no shared buffer of past and present',
  canonicalize: (n) => {
    refuseNoHeads(n);
    if (!n.x[2]) n.refuse('it has no biases (input 2), on which onnxruntime 1.30 ends the process', 'Give it zeros.');
    if (n.attr('do_rotary')) n.refuse('expected do_rotary 0', 'Export the model with RotaryEmbedding nodes of its own.');
    if (n.attr('past_present_share_buffer'))
      n.refuse('expected past_present_share_buffer 0', 'Export the model without a shared buffer.');
    return undefined;
  },
  lower: (n, a, g) => {
    const heads = a.num_heads;
    const [batch, queries] = n.type(0).dims as [number, number];
    const width = n.type(1).dims[1]!;
    const sizes = a.qkv_hidden_sizes ?? [width / 3, width / 3, width / 3];
    const projected = g.add(g.matMul(n.x[0]!, n.x[1]!), n.x[2]!);
    const split = g.ops('Split', [projected, g.ints(sizes)], 3, { axis: 2 });
    const [q, k, v] = split.map((x) => apart(g, x, [batch, queries], heads)) as [string, string, string];
    const past = n.x[4] ? n.type(4).dims[3]! : 0;
    const extent: Extent = { batch, queries, past, keys: past + queries };
    // past and present are [2, B, heads, T, H]: keys, then values.
    const behind = (i: number, x: string): string =>
      past === 0 ? x : g.op('Concat', [g.op('Squeeze', [g.slice(n.x[4]!, [i], [i + 1], [0]), g.ints([0])]), x], { axis: 2 });
    const [keys, values] = [behind(0, k), behind(1, v)];
    const bias = biasOf(n, 3, a, extent, g);
    const { value } = attend(g, { q, k: keys, v: values, scale: a.scale || undefined, bias, grouped: false });
    const y = together(g, value, batch, queries);
    if (!n.y[1]) return [y];
    const stacked = [keys, values].map((x) => g.op('Unsqueeze', [x, g.ints([0])]));
    return [y, g.op('Concat', stacked, { axis: 0 })];
  },
});

/** Queries, keys and values [B, heads, S or T, H or G], biases added. */
function operands(n: StaticNode, heads: number, g: GraphBuilder): [string, string, string] {
  const width = n.type(0).dims[2]!;
  const ends = [0, width, 2 * width, n.x[3] ? n.type(3).dims[0]! : 0];
  const part = (i: 0 | 1 | 2): string => {
    const x = apart(g, n.x[i]!, n.type(i).dims, heads);
    return n.x[3] ? g.add(x, g.reshape(g.slice(n.x[3], [ends[i]!], [ends[i + 1]!], [0]), [heads, 1, -1])) : x;
  };
  // Of four axes: the keys and values of another sequence, which were projected once and for all.
  return n.type(1).dims.length === 4 ? [part(0), n.x[1]!, n.x[2]!] : [part(0), part(1), part(2)];
}

const multiHeadAttention = defineOp({
  op: 'MultiHeadAttention',
  domain,
  versions: [1],
  attributes: { num_heads: int(0), unidirectional: int(0), mask_filter_value: float(HIDDEN), scale: float() },
  size: (n, { num_heads: heads }) => {
    const [batch, length, width] = n.dims(0) as [number, number, number];
    const value = n.dims(2);
    const size = value.length === 4 ? value[3]! : value[2]! / heads;
    const keys = n.dims(1).at(-2)! + (n.has(6) ? n.dims(6)[2]! : 0);
    const outputs = [
      [batch, length, heads * size],
      [batch, heads, keys, width / heads],
      [batch, heads, keys, size],
    ];
    return { outputs, workspace: scores(n, heads, length, keys) };
  },
  grows: true,
  restrictions: 'keys and values not packed, no scores as an output, no shared buffer of past and present',
  canonicalize: (n) => {
    refuseNoHeads(n);
    if (n.x[8] || n.x[9])
      n.refuse('a shared buffer of past and present (inputs 8 and 9) is not supported', 'Export the model without it.');
    // onnxruntime has them for GPUs only.
    if (!n.x[1] || !n.x[2]) n.refuse('keys and values packed into one input are not supported', 'Export them apart.');
    if (n.outputs > 3) n.refuse('the output qk is not supported', 'Export the model without it.');
    return undefined;
  },
  lower: (n, a, g) => {
    const heads = a.num_heads;
    const [q, k, v] = operands(n, heads, g);
    const [batch, queries] = n.type(0).dims as [number, number];
    const past = n.x[6] ? n.type(6).dims[2]! : 0;
    const own = n.type(1).dims.at(-2)!;
    const extent: Extent = { batch, queries, past, keys: past + own };
    const behind = (i: number, x: string): string => (past === 0 ? x : g.op('Concat', [n.x[i]!, x], { axis: 2 }));
    const [keys, values] = [behind(6, k), behind(7, v)];
    const bias = biasOf(n, 4, a, extent, g);
    const { value } = attend(g, { q, k: keys, v: values, scale: a.scale || undefined, bias, grouped: false });
    return [together(g, value, batch, queries), keys, values];
  },
});

/** Attention and MultiHeadAttention of com.microsoft, written in matrix products and a softmax (kernels/attention-scores.ts). */
export const microsoftAttention: OpAdapter[] = [attention, multiHeadAttention];
