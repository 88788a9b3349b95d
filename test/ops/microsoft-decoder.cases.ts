// Cases of GroupQueryAttention and MatMulNBits (com.microsoft), as Optimum and Olive write them into language models.
import { int32, int64, type Tensor } from '../../src/core/tensor.js';
import { random } from '../../src/core/random.js';
import { float } from '../../src/onnx/builder.js';
import { caseOf, uniform, type OpCase } from './case.js';

let draw = 900;
const u = (...dims: number[]): Tensor => uniform(dims, draw++, -1, 1);
const m = (
  name: string,
  op: string,
  inputs: OpCase['inputs'],
  attributes?: OpCase['attributes'],
  more?: Partial<OpCase>,
): OpCase => caseOf(name, op, 1, inputs, attributes, { domain: 'com.microsoft', ...more });

// 2 samples of 5 tokens, 4 heads of queries over 2 of keys, 16 features a head; 7 positions of the past.
const HEADS = { num_heads: 4, kv_num_heads: 2 };
const query = (): Tensor => u(2, 5, 64);
const key = (): Tensor => u(2, 5, 32);
const ends = (length: number): Tensor => int32([length - 1, length - 1]);
const total = (length: number): Tensor => int32([length], []);
const fixed = { initializers: [5, 6] };
const gqa = (name: string, inputs: OpCase['inputs'], attributes: OpCase['attributes'] = {}, more: Partial<OpCase> = {}): OpCase =>
  m(name, 'GroupQueryAttention', inputs, { ...HEADS, ...attributes }, { ...fixed, ...more });
const past = (batch = 1): Tensor => u(batch, 2, 7, 16);
// Without the outputs present_key and present_value onnxruntime 1.30 does not read the past. With one it takes several tokens of one sample, or one token of several, each with a past of its own length.
const chunk = (): OpCase['inputs'] => [u(1, 5, 64), u(1, 5, 32), u(1, 5, 32), past(), past(), int32([11]), total(12)];

const attention: OpCase[] = [
  gqa('', [query(), key(), key(), undefined, undefined, ends(5), total(5)], { scale: float(0.7) }),
  gqa('packed', [u(2, 5, 128), undefined, undefined, undefined, undefined, ends(5), total(5)], {
    ...{ qk_output: 0, k_quant_type: 'NONE', v_quant_type: 'NONE', kv_cache_bit_width: 0 },
  }),
  gqa('as many heads of keys', [query(), u(2, 5, 64), u(2, 5, 64), undefined, undefined, ends(5), total(5)], {
    kv_num_heads: 4,
    softcap: float(2),
  }),
  gqa('a prompt that ends in padding', [query(), key(), key(), undefined, undefined, int32([4, 2]), total(5)]),
  gqa('window', [query(), key(), key(), undefined, undefined, ends(5), total(5)], { local_window_size: 2 }),
  gqa(
    'rotated',
    [query(), key(), key(), undefined, undefined, ends(5), total(5), u(9, 8), u(9, 8)],
    { do_rotary: 1 },
    { initializers: [5, 6, 7, 8] },
  ),
  gqa(
    'rotated, interleaved, packed',
    [u(2, 5, 128), undefined, undefined, undefined, undefined, ends(5), total(5), u(9, 8), u(9, 8)],
    { do_rotary: 1, rotary_interleaved: 1 },
  ),
  gqa('past', chunk(), {}, { outputs: 3 }),
  gqa('past, window', chunk(), { local_window_size: 4 }, { outputs: 3 }),
  gqa('past, rotated', [...chunk(), u(15, 8), u(15, 8)], { do_rotary: 1 }, { initializers: [5, 6, 7, 8], outputs: 3 }),
  gqa(
    'pasts of two lengths, rotated',
    [u(2, 1, 64), u(2, 1, 32), u(2, 1, 32), past(2), past(2), int32([7, 4]), total(8), u(15, 8), u(15, 8)],
    { do_rotary: 1 },
    { initializers: [5, 6, 7, 8], outputs: 3, compare: [0] },
  ),
  gqa(
    'bias of scores, positions',
    [query(), key(), key(), undefined, undefined, ends(5), total(5), u(9, 8), u(9, 8), int64([2, 3, 4, 5, 6, 2, 3, 4, 5, 6], [2, 5]), u(2, 4, 5, 5)], // prettier-ignore
    { do_rotary: 1 },
    { initializers: [5, 6, 7, 8, 9] },
  ),
];

const bytes = (...dims: number[]): Tensor => {
  const n = dims.reduce((a, b) => a * b, 1);
  const at = random(20260728, 11).uniform(new Float32Array(n), draw++);
  return { type: 'uint8', dims, data: Uint8Array.from(at, (v) => Math.floor(v * 256)) };
};
const scales = (...dims: number[]): Tensor => uniform(dims, draw++, 0.01, 0.05);
const weights = (more: number[]): Partial<OpCase> => ({ initializers: [1, 2, ...more] });
// 3 x 5 rows of 40 features: with blocks of 16, 3 of them, the last one not full.
const K = 40;
const N = 7;
const nbits = (name: string, bits: number, inputs: OpCase['inputs'], more: OpCase['attributes'] = {}, last: number[] = []): OpCase =>
  m(name, 'MatMulNBits', [u(3, 5, K), bytes(N, 3, (16 * bits) / 8), ...inputs], { K, N, bits, block_size: 16, ...more }, weights(last)); // prettier-ignore

const products: OpCase[] = [
  nbits('', 4, [scales(N, 3)]),
  nbits('zero points', 4, [scales(N, 3), bytes(N, 2)], {}, [3]),
  nbits('float zero points, bias', 4, [scales(N, 3), uniform([N, 3], draw++, 6, 9), undefined, u(N)], {}, [3]),
  m(
    'scales and zero points that are computed',
    'MatMulNBits',
    [u(3, 5, K), bytes(N, 3, 8), scales(N, 3), uniform([N, 3], draw++, 6, 9)],
    { K, N, block_size: 16 },
    { initializers: [1] },
  ),
  nbits('2 bits', 2, [scales(N, 3), bytes(N, 1)], { weight_prepacked: 0 }, [3]),
  nbits('8 bits', 8, [scales(N, 3), bytes(N, 3)], {}, [3]),
  m(
    '8-bit integers inside',
    'MatMulNBits',
    [u(2, 64), bytes(N, 2, 16), scales(N, 2)],
    { K: 64, N, bits: 4, block_size: 32, accuracy_level: 4 },
    { ...weights([]), staircase: true },
  ),
];

export const cases: OpCase[] = [...attention, ...products];
