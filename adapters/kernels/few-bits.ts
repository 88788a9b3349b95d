// Weights of 2, 4 or 8 bits packed into bytes, in blocks that share a scale and a zero point (MatMulNBits of com.microsoft).
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { DATA_TYPE, type OldNode } from '../op.js';
import { range } from './shape-common.js';

/** How a matrix [rows, length] is stored: in blocks of `block` elements of a row, by which inputs of the node. */
export interface Packed {
  readonly inputs: { readonly packed: number; readonly scales: number; readonly zeros: number };
  readonly bits: number;
  readonly rows: number;
  readonly length: number;
  readonly block: number;
}

/** Bytes [..., n] as float32 [..., n * 8 / bits]: the lowest bits of a byte come first. `lead` are the lengths before n. */
function unpacked(g: GraphBuilder, bytes: string, bits: number, lead: readonly number[]): string {
  const values = g.cast(bytes, DATA_TYPE.float32!);
  if (bits === 8) return g.reshape(values, [...lead, -1]);
  const flat = g.reshape(values, [...lead, -1, 1]);
  const states = 2 ** bits;
  const places = g.constant({
    type: 'float32',
    dims: [8 / bits],
    data: Float32Array.from(range(8 / bits), (i) => 1 / states ** i),
  });
  const shifted = g.op('Floor', [g.mul(flat, places)]);
  // x mod states, exact in float32.
  const low = g.sub(shifted, g.mul(g.op('Floor', [g.mul(shifted, g.scalar(1 / states))]), g.scalar(states)));
  return g.reshape(low, [...lead, -1]);
}

/**
 * float [rows, length] = (code - zero point) * scale. A zero point is packed like the codes, or a float of its own per block; without one it is
 * half of the range. Only constants go in, and all of it folds.
 */
export function fewBits(n: OldNode, g: GraphBuilder, { inputs, bits, rows, length, block }: Packed): string {
  const blocks = Math.ceil(length / block);
  const codes = g.reshape(unpacked(g, n.x[inputs.packed]!, bits, [rows]), [rows, blocks, block]);
  const zero = (): string => {
    if (!n.x[inputs.zeros]) return g.scalar(2 ** (bits - 1));
    const type = n.dtype(inputs.zeros);
    if (type !== 'uint8') return g.reshape(n.x[inputs.zeros]!, [rows, blocks, 1]);
    // A row of them is padded to whole bytes.
    const bytes = g.reshape(n.x[inputs.zeros]!, [rows, Math.ceil((blocks * bits) / 8)]);
    const points = unpacked(g, bytes, bits, [rows]);
    return g.reshape(g.slice(points, [0], [blocks], [1]), [rows, blocks, 1]);
  };
  const scales = g.reshape(n.x[inputs.scales]!, [rows, blocks, 1]);
  const values = g.mul(g.sub(codes, zero()), scales);
  const flat = g.reshape(values, [rows, blocks * block]);
  return blocks * block === length ? flat : g.slice(flat, [0], [length], [1]);
}

/**
 * x [..., length] as onnxruntime's product of 8-bit integers sees it: each block of `block` features rounded to 127 steps either way of its own
 * largest magnitude. The gradient passes the rounding as if it was not there, and the scale counts as a constant.
 */
export function blockQuantised(g: GraphBuilder, x: string, length: number, block: number): string {
  const blocks = Math.ceil(length / block);
  const shape = g.op('Shape', [x]);
  const missing = blocks * block - length;
  const whole = missing === 0 ? x : g.op('Pad', [x, g.ints([0, missing]), '', g.ints([-1])]);
  const parts = g.op('Reshape', [whole, g.ints([-1, blocks, block])]);
  const largest = g.op('ReduceMax', [g.op('Abs', [parts]), g.ints([-1])], { keepdims: 1 });
  const scale = g.mul(largest, g.scalar(1 / 127));
  // A block of zeros stays one.
  const safe = g.where(g.greater(scale, g.zero), scale, g.one);
  const rounded = g.mul(g.op('Round', [g.div(parts, safe)]), safe);
  const flat = g.op('Reshape', [rounded, g.ints([-1, blocks * block])]);
  return g.op('Reshape', [missing === 0 ? flat : g.slice(flat, [0], [length], [1]), shape]);
}
