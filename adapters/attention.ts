// Attention, the rotation of its queries and keys by position, and the cache of its keys and values: all written in simpler ops.
import type { GraphBuilder } from '../src/onnx/builder.js';
import { countTo, dimsOf, lengthOf, splitHeads, type Heads } from './kernels/attention-heads.js';
import { attend, causal, LOWEST, only } from './kernels/attention-scores.js';
import { scalarLike } from './kernels/elementwise-onnx.js';
import { rotated } from './kernels/attention-rotary.js';
import { defineOp, float, int, text, type OldNode, type OpAdapter } from './op.js';

/**
 * attn_mask as what is added to the scores. Whether it is bool is not known yet: 2 made alike it is 1 then. Shorter than the keys, it hides
 * the rest (Attention-24).
 */
function maskBias(g: GraphBuilder, mask: string, keys: string, like: string): string {
  const isBool = g.op('Equal', [g.cast(g.op('CastLike', [g.scalar(2), mask]), 1), g.one]);
  const shown = only(g, g.cast(mask, 9), undefined, like);
  const floats = g.op('Max', [g.op('CastLike', [mask, like]), scalarLike(g, LOWEST, like)]);
  const bias = g.where(isBool, shown, floats);
  const missing = g.sub(lengthOf(g, keys, 2), lengthOf(g, mask, -1));
  return g.op('Pad', [bias, dimsOf(g, 0, missing), scalarLike(g, LOWEST, like), g.ints([-1])]);
}

/** Rank-4 inputs need no number of heads, and may give it all the same. */
const headsOf = (g: GraphBuilder, x: string, heads: number | undefined): Heads =>
  heads ? splitHeads(g, x, { heads }) : { apart: x, together: (y) => y };

const attention = defineOp({
  op: 'Attention',
  versions: [23, 24],
  attributes: {
    is_causal: int(0),
    kv_num_heads: int(),
    q_num_heads: int(),
    qk_matmul_output_mode: int(0),
    scale: float(),
    softcap: float(0),
    // The softmax is computed in float32 in any case.
    softmax_precision: int(),
  },
  canonicalize: (n, g) => {
    const [query, key, value, mask, pastKey, pastValue, lengths] = n.x as string[];
    const [queryHeads, keyHeads] = [n.attr('q_num_heads'), n.attr('kv_num_heads')];
    const mode = n.attr('qk_matmul_output_mode') ?? 0;
    if (!(mode in [0, 1, 2, 3])) n.refuse(`expected qk_matmul_output_mode 0, 1, 2 or 3, received ${mode}.`);
    const q = headsOf(g, query!, queryHeads);
    const behind = (past: string | undefined, x: string): string => {
      const { apart } = headsOf(g, x, keyHeads);
      return past ? g.op('Concat', [past, apart], { axis: 2 }) : apart;
    };
    const [k, v] = [behind(pastKey, key!), behind(pastValue, value!)];
    let bias = mask ? maskBias(g, mask, k, query!) : undefined;
    if (n.attr('is_causal') === 1) {
      // The last query is at the last key, which with lengths is each sample's own.
      const whole = lengths ? g.reshape(lengths, [-1, 1, 1, 1]) : undefined;
      const past = whole ? g.sub(whole, lengthOf(g, q.apart, 2)) : pastKey ? lengthOf(g, pastKey, 2) : g.ints([0]);
      bias = only(g, causal(g, q.apart, k, past), bias, query!);
    }
    if (lengths) {
      const valid = g.op('Less', [countTo(g, lengthOf(g, k, 2)), g.reshape(lengths, [-1, 1, 1, 1])]);
      bias = only(g, valid, bias, query!);
    }
    const grouped = queryHeads === undefined || queryHeads !== keyHeads;
    const { value: y, stages } = attend(g, {
      q: q.apart,
      k,
      v,
      scale: n.attr('scale'),
      softcap: n.attr('softcap') ?? 0,
      bias,
      grouped,
    });
    return [q.together(y), k, v, stages[mode]!];
  },
});

/** `position_ids` is absent where the caches hold one row per position of x. */
const rotate = (n: OldNode, g: GraphBuilder, x: string, cos: string, sin: string, positions: string): string => {
  const partial = (n.attr('rotary_embedding_dim') ?? 0) > 0;
  const half = lengthOf(g, cos, -1);
  // Where all features turn, the caches say how many a head has.
  const known = n.attr('num_heads') || partial;
  const heads = known ? headsOf(g, x, n.attr('num_heads')) : splitHeads(g, x, { size: g.add(half, half) });
  const rows = (cache: string): string => (positions ? g.op('Gather', [cache, positions], { axis: 0 }) : cache);
  return heads.together(rotated(g, heads.apart, rows(cos), rows(sin), { interleaved: n.attr('interleaved') === 1, partial }));
};

const ROTARY = { interleaved: int(0), num_heads: int(0), rotary_embedding_dim: int(0) };

const rotaryEmbedding = defineOp({
  op: 'RotaryEmbedding',
  versions: [23],
  attributes: ROTARY,
  canonicalize: (n, g) => rotate(n, g, n.x[0]!, n.x[1]!, n.x[2]!, n.x[3]!),
});

/** The op of the same name that onnxruntime's optimiser writes: other order of inputs. */
const fusedRotaryEmbedding = defineOp({
  op: 'RotaryEmbedding',
  domain: 'com.microsoft',
  versions: [1],
  attributes: { ...ROTARY, is_packed_batching: int(0), scale: float(1) },
  canonicalize: (n, g) => {
    if (n.attr('is_packed_batching')) n.refuse('expected is_packed_batching 0', 'Export the model without packed batches.');
    const [x, positions, cos, sin] = n.x as [string, string, string, string];
    // One number counts on from there; a row of them has one for each position.
    const start = g.reshape(g.slice(g.op('Reshape', [positions, g.ints([-1])]), [0], [1], [0]), [1, 1]);
    const isRow = g.op('Equal', [g.op('Shape', [g.op('Shape', [positions])]), g.ints([2])]);
    const wanted = dimsOf(g, lengthOf(g, x, 0), lengthOf(g, x, -2));
    const counted = g.op('Expand', [g.add(start, countTo(g, lengthOf(g, x, -2))), wanted]);
    const given = g.where(isRow, positions, counted);
    return rotate(n, g, x, cos, sin, given);
  },
});

const tensorScatter = defineOp({
  op: 'TensorScatter',
  versions: [24],
  attributes: { axis: int(-2), mode: text('linear') },
  // Into the cache along `axis`, each sample's update from its own index on.
  canonicalize: (n, g) => {
    const [cache, update, starts] = n.x as [string, string, string];
    const axis = n.attr('axis') ?? -2;
    const mode = n.attr<string>('mode') ?? 'linear';
    if (mode !== 'linear' && mode !== 'circular') n.refuse(`expected mode 'linear' or 'circular', received '${mode}'.`);
    const rank = g.op('Shape', [g.op('Shape', [update])]);
    const ones = (count: string): string => g.op('Expand', [g.ints([1]), count]);
    const behind = axis < 0 ? g.ints([-axis - 1]) : g.sub(rank, g.ints([axis + 1]));
    const along = g.op('Reshape', [
      countTo(g, lengthOf(g, update, axis)),
      g.op('Concat', [g.ints([-1]), ones(behind)], { axis: 0 }),
    ]);
    const first = g.op('Concat', [g.ints([-1]), ones(g.sub(rank, g.ints([1])))], { axis: 0 });
    const from = starts ? g.add(g.op('Reshape', [starts, first]), along) : along;
    const index = mode === 'linear' ? from : g.op('Mod', [from, lengthOf(g, cache, axis)]);
    return g.op('ScatterElements', [cache, g.op('Expand', [index, g.op('Shape', [update])]), update], { axis });
  },
});

/**
 * Attention (ai.onnx), RotaryEmbedding (ai.onnx and com.microsoft) and TensorScatter, all written in simpler ops. Attention and
 * MultiHeadAttention of com.microsoft are in microsoft-attention.ts.
 */
export const attentionOps: OpAdapter[] = [attention, rotaryEmbedding, fusedRotaryEmbedding, tensorScatter];
