// How large the outputs of onnxruntime's fused nodes will be, told before they run; extents.ts has the standard ops.
import { broadcastDims } from '../../adapters/kernels/linalg-matmul.js';
import type { Node } from '../onnx/graph.js';
import type { Ask, Dims, Known, Rule } from './sizing.js';

/** Domain and op. */
export const nameOf = (node: Node): string => `${node.domain}.${node.op}`;

/** Positions of [B, S, heads * H] or [B, heads, S, H]. */
const positionsOf = (dims: Dims): number => dims.at(-2) ?? 1;
/** Input of the past of fused attention, and the axis of its positions. */
const FUSED_PAST: Readonly<Record<string, readonly [input: number, axis: number]>> = {
  'com.microsoft.Attention': [4, 3],
  'com.microsoft.MultiHeadAttention': [6, 2],
};

/** Elements of the scores of fused attention, [B, heads, S, T], which is none of its outputs; 0 of another node. */
export function scoresOf(node: Node, known: Known): number {
  const place = FUSED_PAST[nameOf(node)];
  if (!place) return 0;
  const [past, axis] = place;
  const of = (input: number): Dims | undefined => known.dims(node.inputs[input] ?? '');
  const [query, key] = [of(0) ?? [], of(past === 6 ? 1 : 0) ?? of(0) ?? []];
  const heads = Number(node.attributes['num_heads']?.value ?? 1);
  return (query[0] ?? 1) * heads * positionsOf(query) * (positionsOf(key) + (of(past)?.[axis] ?? 0));
}

/** Of the ops of onnxruntime that stay until they are lowered. Like GROWING. */
export const FUSED: Readonly<Record<string, Rule>> = {
  'com.microsoft.Attention': (a) => {
    const [batch, length] = a.dims(0) as [number, number];
    const width = a.dims(1)[1]!;
    const values = a.ints('qkv_hidden_sizes')[2] ?? width / 3;
    const heads = a.int('num_heads', 1);
    const keys = length + (a.has(4) ? a.dims(4)[3]! : 0);
    return [
      [batch, length, values],
      [2, batch, heads, keys, values / heads],
    ];
  },
  'com.microsoft.MultiHeadAttention': (a) => {
    const [batch, length, width] = a.dims(0) as [number, number, number];
    const heads = a.int('num_heads', 1);
    const value = a.dims(2);
    const size = value.length === 4 ? value[3]! : value[2]! / heads;
    const keys = positionsOf(a.dims(1)) + (a.has(6) ? a.dims(6)[2]! : 0);
    return [
      [batch, length, heads * size],
      [batch, heads, keys, width / heads],
      [batch, heads, keys, size],
    ];
  },
  ...Object.fromEntries(
    ['FusedMatMul', 'TransposeMatMul'].map((op): [string, Rule] => [`com.microsoft.${op}`, (a) => [fusedProduct(a)]]),
  ),
};

function fusedProduct(a: Ask): number[] {
  const side = (input: 0 | 1, letter: 'A' | 'B'): Dims => {
    const dims = [...a.dims(input)];
    if (a.int(`transBatch${letter}`, 0) && dims.length > 2) dims.splice(dims.length - 2, 0, ...dims.splice(0, 1));
    if (a.int(`trans${letter}`, 0) && dims.length > 1) dims.push(dims.splice(-2, 1)[0]!);
    return dims;
  };
  const [left, right] = [side(0, 'A'), side(1, 'B')];
  const batch = broadcastDims(left.slice(0, -2), right.slice(0, -2));
  return [...batch, ...(left.length > 1 ? [left.at(-2)!] : []), ...(right.length > 1 ? [right.at(-1)!] : [])];
}
