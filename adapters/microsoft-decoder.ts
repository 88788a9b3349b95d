// What language models hold for which onnxruntime was tuned (domain com.microsoft): attention over groups of heads, and weights of a few bits in blocks.
import type { GraphBuilder } from '../src/onnx/builder.js';
import { attend, LOWEST } from './kernels/attention-scores.js';
import { rotated } from './kernels/attention-rotary.js';
import { blockQuantised, fewBits } from './kernels/few-bits.js';
import { range } from './kernels/shape-common.js';
import { defineOp, float, int, text, type OldNode, type OpAdapter, type StaticNode } from './op.js';

const domain = 'com.microsoft';

/** [B, S, heads * H] as [B, heads, S, H]. */
const apart = (g: GraphBuilder, x: string, [batch, length]: number[], heads: number): string =>
  g.transpose(g.reshape(x, [batch!, length!, heads, -1]), [0, 2, 1, 3]);

/** Queries, keys and values, one behind the other in input 0 where 1 and 2 are omitted. */
function operands(n: StaticNode, heads: number, groups: number, g: GraphBuilder): [string, string, string] {
  if (n.x[1]) return [n.x[0]!, n.x[1], n.x[2]!];
  const size = n.type(0).dims[2]! / (heads + 2 * groups);
  return g.ops('Split', [n.x[0]!, g.ints([heads * size, groups * size, groups * size])], 3, { axis: 2 }) as [
    string,
    string,
    string,
  ];
}

const int64s = (g: GraphBuilder, length: number): string =>
  g.constant({ type: 'int64', dims: [length], data: BigInt64Array.from(range(length), BigInt) });

const groupQueryAttention = defineOp({
  op: 'GroupQueryAttention',
  domain,
  versions: [1],
  attributes: {
    num_heads: int(0),
    kv_num_heads: int(0),
    scale: float(),
    softcap: float(0),
    do_rotary: int(0),
    rotary_interleaved: int(0),
    local_window_size: int(-1),
    smooth_softmax: int(0),
    qk_output: int(0),
    k_quant_type: text('NONE'),
    v_quant_type: text('NONE'),
    kv_cache_bit_width: int(0),
  },
  size: (n, { num_heads: heads, kv_num_heads: groups }) => {
    const [batch, length, width] = n.dims(0) as [number, number, number];
    const size = n.has(1) ? width / heads : width / (heads + 2 * groups);
    const keys = length + (n.has(3) ? n.dims(3)[2]! : 0);
    const present = [batch, groups, keys, size];
    return { outputs: [[batch, length, heads * size], present, present], workspace: batch * heads * length * keys };
  },
  grows: true,
  restrictions: 'no shared buffer of past and present, no quantised cache, no scores as an output, plain softmax',
  canonicalize: (n) => {
    const [heads, groups] = [n.attr('num_heads') ?? 0, n.attr('kv_num_heads') ?? 0];
    if (!(groups > 0) || heads % groups !== 0)
      n.refuse(`expected num_heads to be a multiple of kv_num_heads, received ${heads} and ${groups}.`);
    if ((n.attr('smooth_softmax') ?? 0) > 0 || n.x[11])
      n.refuse('a softmax with a sink (smooth_softmax, input head_sink) is not supported');
    if (n.attr('qk_output') || n.outputs > 3) n.refuse('the output output_qk is not supported', 'Export the model without it.');
    const quantised = ['k_quant_type', 'v_quant_type'].some((name) => (n.attr<string>(name) ?? 'NONE') !== 'NONE');
    if (quantised || n.attr('kv_cache_bit_width') || n.x[12] || n.x[13])
      n.refuse('a quantised cache of keys and values is not supported', 'Export the model with a cache of floats.');
    return undefined;
  },
  lower: (n, a, g) => {
    const { num_heads: heads, kv_num_heads: groups } = a;
    const [batch, queries] = n.type(0).dims as [number, number];
    const [query, key, value] = operands(n, heads, groups, g).map((x, i) => apart(g, x, [batch, queries], i ? groups : heads)); // prettier-ignore
    const past = n.x[3] ? n.type(3).dims[2]! : 0;
    // A sample's own past: all its keys (seqlens_k + 1) less the new ones. A first prompt may end in padding; it has no past all the same.
    const end = g.reshape(g.add(g.cast(n.x[5]!, 7), g.ints([1])), [-1, 1]);
    const before: string =
      past === 0 ? g.constant({ type: 'int64', dims: [1, 1], data: BigInt64Array.of(0n) }) : g.sub(end, g.ints([queries]));
    const counted = g.add(before, int64s(g, queries));
    const turn = (x: string): string => {
      if (!a.do_rotary) return x;
      const at = positions(n, g, past, counted, queries);
      const rows = (i: number): string => g.op('Gather', [n.x[i]!, at], { axis: 0 });
      return rotated(g, x, rows(7), rows(8), { interleaved: a.rotary_interleaved === 1, partial: true });
    };
    const behind = (i: number, x: string): string => (past === 0 ? x : g.op('Concat', [n.x[i]!, x], { axis: 2 }));
    const [keys, values] = [behind(3, turn(key!)), behind(4, value!)];
    const shown = visible(g, { before, end, counted, past, queries, window: a.local_window_size });
    const order = g.op('Unsqueeze', [g.where(shown, g.zero, g.scalar(LOWEST)), g.ints([1])]);
    const bias = n.x[10] ? g.add(order, n.x[10]) : order;
    const q = turn(query!);
    const attended = attend(g, { q, k: keys, v: values, scale: a.scale || undefined, softcap: a.softcap, bias, grouped: heads !== groups }); // prettier-ignore
    return [g.reshape(g.transpose(attended.value, [0, 2, 1, 3]), [batch, queries, -1]), keys, values];
  },
});

/** int64 [B or 1, S]: where the new positions are in the caches of cosines. Of a first prompt onnxruntime reads the first number alone. */
function positions(n: StaticNode, g: GraphBuilder, past: number, counted: string, queries: number): string {
  if (!n.x[9]) return counted;
  if (past > 0) return n.x[9];
  const first = g.slice(g.reshape(n.x[9], [-1]), [0], [1], [0]);
  return g.add(g.reshape(first, [1, 1]), int64s(g, queries));
}

/** Who sees whom: see visible. */
interface Sight {
  /** int64 [B or 1, 1]: how many of the keys of the past a sample has. */
  readonly before: string;
  /** int64 [B or 1, 1]: how many keys it has in all. */
  readonly end: string;
  /** int64 [B or 1, S]: where its new positions are. */
  readonly counted: string;
  readonly past: number;
  readonly queries: number;
  /** How many keys a query sees at most; -1: all. */
  readonly window: number;
}

/** bool [B or 1, S, P + S]: may a query see a key? */
function visible(g: GraphBuilder, { before, end, counted, past, queries, window }: Sight): string {
  const row = (x: string): string => g.op('Unsqueeze', [x, g.ints([1])]);
  const column = g.op('Unsqueeze', [counted, g.ints([2])]);
  const fresh = row(counted);
  const old = row(g.reshape(int64s(g, past), [1, past]));
  // Where each key is; those of the past count from 0.
  const within = (at: string): string => {
    const seen = g.op('LessOrEqual', [at, column]);
    return window > 0 ? g.op('And', [seen, g.op('Less', [g.sub(column, at), g.ints([window])])]) : seen;
  };
  // The padding that a first prompt may end in sees what is before it, and not itself.
  if (past === 0) return g.op('And', [within(fresh), g.op('Less', [fresh, row(end)])]);
  const kept = g.op('And', [within(old), g.op('Less', [old, row(before)])]);
  return g.op('Concat', [kept, g.op('Expand', [within(fresh), g.op('Concat', [g.slice(g.op('Shape', [kept]), [0], [2], [0]), g.ints([queries])], { axis: 0 })])], { axis: 2 }); // prettier-ignore
}

const matMulNBits = defineOp({
  op: 'MatMulNBits',
  domain,
  versions: [1],
  attributes: { K: int(0), N: int(0), bits: int(4), block_size: int(0), accuracy_level: int(0), weight_prepacked: int(0) },
  restrictions: 'weights of 2, 4 or 8 bits, not prepacked, no g_idx; with accuracy_level 4 a straight-through gradient',
  canonicalize: (n, g) => {
    const [k, columns, bits, block] = ['K', 'N', 'bits', 'block_size'].map((name) => n.attr(name)) as [
      number,
      number,
      number | undefined,
      number,
    ];
    refuseLayout(n, bits ?? 4);
    const weights = fewBits(n, g, {
      inputs: { packed: 1, scales: 2, zeros: 3 },
      bits: bits ?? 4,
      rows: columns,
      length: k,
      block,
    });
    // accuracy_level 4: onnxruntime rounds A to 8 bits in blocks of its own.
    const a = n.attr('accuracy_level') === 4 ? blockQuantised(g, n.x[0]!, k, block) : n.x[0]!;
    const y = g.matMul(a, g.transpose(weights, [1, 0]));
    return n.x[5] ? g.add(y, n.x[5]) : y;
  },
});

function refuseLayout(n: OldNode, bits: number): void {
  if (![2, 4, 8].includes(bits)) n.refuse(`expected weights of 2, 4 or 8 bits, received ${bits}.`);
  if (n.x[4]) n.refuse('the input g_idx is not supported', 'Quantise the model without reordered groups.');
  if (n.attr('weight_prepacked')) n.refuse('expected weight_prepacked 0', 'Export the model for CPUs.');
}

/** GroupQueryAttention and MatMulNBits of com.microsoft, written in matrix products, a softmax and arithmetic on weights that folds. */
export const microsoftDecoder: OpAdapter[] = [groupQueryAttention, matMulNBits];
