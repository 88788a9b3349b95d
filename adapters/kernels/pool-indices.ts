// Which element of its window a maximum pool took (MaxPool's Indices), and MaxUnpool, which puts values back there.
import { float32, int64, sizeOf } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { DATA_TYPE, defineOp, ints, type OpAdapter, type StaticNode } from '../op.js';
import type { Axis } from './conv-geometry.js';
import { LOWEST } from './pool-tf.js';
import { checkTable, product, range, stridesOf, zeros } from './shape-common.js';

/**
 * Positions in the whole input, row-major (`columns`: each channel's elements counted with its first axis fastest), of the first maximum of
 * each window (ONNX MaxPool-12, "Indices"): int64 in the shape of the node's output.
 */
export function maximaIndices(n: StaticNode, axes: readonly Axis[], columns: boolean, g: GraphBuilder): string {
  const size = axes.map((a) => a.size);
  const [outs, taps, count] = [product(axes.map((a) => a.out)), product(axes.map((a) => a.kernel)), product(size)];
  checkTable(n, outs * taps, 'windows');
  const at = (strides: readonly number[]): number[] =>
    range(outs * taps).map((p) => {
      let [o, k, flat] = [Math.floor(p / taps), p % taps, 0];
      for (let i = axes.length - 1; i >= 0; i--) {
        const a = axes[i]!;
        const place = (o % a.out) * a.stride + (k % a.kernel) * a.dilation - a.begin;
        if (place < 0 || place >= a.size) return count;
        flat += place * strides[i]!;
        [o, k] = [Math.floor(o / a.out), Math.floor(k / a.kernel)];
      }
      return flat;
    });
  const rows = at(stridesOf(size));
  const told = columns ? at(size.map((_, i) => product(size.slice(0, i)))) : rows;
  const channels = sizeOf(n.type(0).dims.slice(0, 2));
  const values = g.reshape(n.x[0]!, [channels, count]);
  // One element behind stands for all padding.
  const lowest = g.constant(float32(new Float32Array(channels).fill(LOWEST), [channels, 1]), 'lowest');
  const source = rows.includes(count) ? g.op('Concat', [values, lowest], { axis: 1 }) : values;
  const seen = g.op('Gather', [source, g.constant(int64(rows, [outs, taps]), 'windows')], { axis: 1 });
  const first = g.op('ArgMax', [seen], { axis: 2, keepdims: 0 });
  const entry = g.add(first, g.constant(int64(range(outs).map((o) => o * taps)), 'first_taps'));
  const position = g.op('Gather', [g.constant(int64(told), 'positions'), entry]);
  const start = g.constant(int64(range(channels).map((c) => c * count), [channels, 1]), 'channels'); // prettier-ignore
  return g.reshape(g.add(position, start), n.outputType(0).dims);
}

/** MaxUnpool: x [N, C, d...] put at `indices` (int64, of the shape of x) into zeros of the output's shape, which the window or output_shape gives. */
export const maxUnpool: OpAdapter = defineOp({
  op: 'MaxUnpool',
  versions: [9, 11, 22],
  attributes: { kernel_shape: ints(), pads: ints(), strides: ints() },
  size: (n, a) => {
    if (n.has(2)) return [n.numbers(2)];
    const [batch, channels, ...spatial] = n.dims(0);
    const pads = (i: number): number => (a.pads?.[i] ?? 0) + (a.pads?.[i + spatial.length] ?? 0);
    const out = spatial.map((d, i) => (d - 1) * (a.strides?.[i] ?? 1) + a.kernel_shape![i]! - pads(i));
    return [[batch!, channels!, ...out]];
  },
  grows: true,
  // DIFFERS: where output_shape is not what the window implies, ONNX's own test pads; PyTorch and onnxruntime put values straight into the shape
  // given, which is what MaxPool's Indices count in (onnx/onnx#2398).
  constants: [2],
  restrictions: 'the indices are distinct',
  lower: (n, _, g) => {
    const { dims } = n.outputType(0);
    const flat = (index: number): string => g.reshape(n.x[index]!, [sizeOf(n.type(index).dims)]);
    const places = g.cast(flat(1), DATA_TYPE.int64!);
    return g.reshape(g.op('ScatterElements', [zeros(g, [sizeOf(dims)]), places, flat(0)]), dims);
  },
});
