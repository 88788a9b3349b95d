// Cases of attention in all its forms (heads apart or side by side, shared keys, masks, pasts, stages), of rotary embedding and of caches.
import { bool, int64, type Tensor } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import { caseOf as a, uniform, type OpCase } from './case.js';

let draw = 400;
const u = (...dims: number[]): Tensor => uniform(dims, draw++, -1, 1);

/** [batch, heads, positions, features]: 2 samples, 3 heads, 4 queries, 5 keys, heads of 6 features (7 for values). */
const q4 = (): Tensor => u(2, 3, 4, 6);
const k4 = (heads = 3): Tensor => u(2, heads, 5, 6);
const v4 = (heads = 3): Tensor => u(2, heads, 5, 7);
/** The same with the heads side by side. */
const q3 = (heads = 3): Tensor => u(2, 4, heads * 6);
const k3 = (heads = 3): Tensor => u(2, 5, heads * 6);
const v3 = (heads = 3): Tensor => u(2, 5, heads * 7);
const HEADS = { q_num_heads: 3, kv_num_heads: 3 };
/** Two queries share a head of keys. */
const SHARED = { q_num_heads: 4, kv_num_heads: 2 };
const shown = (...dims: number[]): Tensor =>
  bool(
    Array.from({ length: dims.reduce((x, y) => x * y) }, (_, i) => i % 3 !== 1),
    dims,
  );
/** The first rows of [4, 5] are hidden altogether. */
const hidden = (rows: number): Tensor =>
  bool(
    Array.from({ length: 20 }, (_, i) => i >= 5 * rows && i % 2 === 0),
    [4, 5],
  );
const past = (heads: number, features: number): Tensor => u(2, heads, 3, features);

const attention: OpCase[] = [
  a('heads apart', 'Attention', 23, [q4(), k4(), v4()]),
  a('heads apart, their number given', 'Attention', 23, [q4(), k4(), v4()], HEADS),
  a('heads side by side', 'Attention', 23, [q3(), k3(), v3()], HEADS),
  a('opset 24', 'Attention', 24, [q3(), k3(), v3()], { ...HEADS, scale: float(0.3) }),
  a('one position', 'Attention', 23, [u(2, 1, 18), u(2, 1, 18), u(2, 1, 21)], HEADS),
  a('shared keys, heads apart', 'Attention', 23, [u(2, 4, 3, 6), k4(2), v4(2)]),
  a('shared keys, side by side', 'Attention', 23, [q3(4), k3(2), v3(2)], SHARED),
  a('one head of keys', 'Attention', 23, [q3(4), k3(1), v3(1)], { q_num_heads: 4, kv_num_heads: 1 }),
  a('causal', 'Attention', 23, [q4(), k4(), v4()], { is_causal: 1 }),
  a('causal, more queries than keys', 'Attention', 23, [u(2, 7, 18), k3(), v3()], { ...HEADS, is_causal: 1 }),
  a('softcap', 'Attention', 23, [q3(), k3(), v3()], { ...HEADS, softcap: float(0.7), scale: float(1.5) }),
  a('mask of two axes', 'Attention', 23, [q3(), k3(), v3(), u(4, 5)], HEADS),
  a('mask of three axes', 'Attention', 23, [q4(), k4(), v4(), u(3, 4, 5)]),
  a('mask of four axes', 'Attention', 23, [q4(), k4(), v4(), u(2, 3, 4, 5)]),
  a('mask for all heads', 'Attention', 24, [q4(), k4(), v4(), u(2, 1, 4, 5)]),
  a('bool mask', 'Attention', 23, [q4(), k4(), v4(), shown(4, 5)]),
  a('bool mask, fixed', 'Attention', 24, [q3(), k3(), v3(), shown(2, 1, 4, 5)], HEADS, { initializers: [3] }),
  a('bool mask that hides all', 'Attention', 23, [q4(), k4(), v4(), hidden(4)], {}, { initializers: [3] }),
  a('bool mask, causal', 'Attention', 23, [q3(), k3(), v3(), shown(4, 5)], { ...HEADS, is_causal: 1 }),
  a('mask, causal, softcap', 'Attention', 24, [q4(), k4(), v4(), u(4, 5)], { is_causal: 1, softcap: float(2) }),
  a('past', 'Attention', 23, [q3(), k3(), v3(), undefined, past(3, 6), past(3, 7)], HEADS, { outputs: 3 }),
  a('past, causal', 'Attention', 23, [q4(), k4(), v4(), undefined, past(3, 6), past(3, 7)], { is_causal: 1 }, { outputs: 3 }),
  a('past, mask, shared keys', 'Attention', 23, [q3(4), k3(2), v3(2), u(4, 8), past(2, 6), past(2, 7)], SHARED, { outputs: 3 }),
  ...[0, 1, 2, 3].map((mode) =>
    a(
      `scores, stage ${mode}`,
      'Attention',
      23 + (mode % 2),
      [q4(), k4(), v4(), u(4, 5)],
      { qk_matmul_output_mode: mode, softcap: float(1.2) },
      { outputs: 4, compare: [0, 3] },
    ),
  ),
  a('scores of half precision', 'Attention', 23, [q3(), k3(), v3()], { ...HEADS, softmax_precision: 10 }),
  a(
    'keys of which the last are padding',
    'Attention',
    24,
    [q4(), k4(), v4(), undefined, undefined, undefined, int64([5, 2])],
    {},
  ),
  a('padding, causal', 'Attention', 24, [q4(), k4(), v4(), undefined, undefined, undefined, int64([5, 2])], { is_causal: 1 }),
  a('rows without keys', 'Attention', 23, [q4(), k4(), v4(), hidden(3)]),
  a('padding, mask', 'Attention', 24, [q3(), k3(), v3(), u(4, 5), undefined, undefined, int64([3, 4])], HEADS, {
    initializers: [6],
  }),
];

/** Caches of cos and sin: 11 positions or one row per position of x, 3 pairs. */
const cache = (...dims: number[]): Tensor => u(...dims);
const positions = int64([3, 0, 10, 4, 5, 6, 7, 9], [2, 4]);
const ids = { initializers: [3] };
const rotary: OpCase[] = [
  a('heads apart', 'RotaryEmbedding', 23, [q4(), cache(11, 3), cache(11, 3), positions], {}, ids),
  a('heads side by side', 'RotaryEmbedding', 23, [q3(), cache(11, 3), cache(11, 3), positions], { num_heads: 3 }, ids),
  a('without positions', 'RotaryEmbedding', 23, [q4(), cache(2, 4, 3), cache(2, 4, 3)]),
  a('interleaved', 'RotaryEmbedding', 23, [q3(), cache(11, 3), cache(11, 3), positions], { interleaved: 1, num_heads: 3 }, ids),
  a('of some features', 'RotaryEmbedding', 23, [q4(), cache(2, 4, 2), cache(2, 4, 2)], { rotary_embedding_dim: 4 }),
  a(
    'of some features, interleaved',
    'RotaryEmbedding',
    23,
    [q3(), cache(11, 2), cache(11, 2), positions],
    { rotary_embedding_dim: 4, interleaved: 1, num_heads: 3 },
    ids,
  ),
  a('of all features, their number given', 'RotaryEmbedding', 23, [q4(), cache(2, 4, 3), cache(2, 4, 3)], {
    rotary_embedding_dim: 6,
  }),
];

const scatter: OpCase[] = [
  a('', 'TensorScatter', 24, [u(2, 3, 7, 5), u(2, 3, 4, 5), int64([1, 3])], {}, { initializers: [2] }),
  a('circular', 'TensorScatter', 24, [u(2, 3, 7, 5), u(2, 3, 4, 5), int64([5, 3])], { mode: 'circular' }, { initializers: [2] }),
  a('other axis', 'TensorScatter', 24, [u(2, 7, 5), u(2, 4, 5), int64([0, 3])], { axis: 1 }, { initializers: [2] }),
  a('from the start', 'TensorScatter', 24, [u(2, 7, 5), u(2, 7, 3)], { axis: -1 }),
];

export const cases: OpCase[] = [...attention, ...rotary, ...scatter];
