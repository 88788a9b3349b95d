// Gradients of convolutions' weights as ONNX nodes, for any number of spatial axes: products of dy with what each tap of the kernel reads.
import { sizeOf } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { type Axis, convNode, padSpatial, pick } from './conv-geometry.js';

/** With at most so many input channels per group, onnxruntime's own im2col is cheaper than slices and a product: depthwise, pictures. */
const FEW_CHANNELS = 4;
/** A kernel of more elements fills the product within `swapped` as well, and would make a slice of each. */
const MAX_TAPS = 256;
/** Above so many elements (64 MiB) the taps are multiplied one by one, so that a large map is not held once per element of the kernel. */
const MAX_COLUMNS = 2 ** 24;

/** dL/dw of y = Conv(x, w). x is [N, C, size...], dy [N, M, out...]; gives [M, C / group, k...]. `limit`: see MAX_COLUMNS. */
export function weightGradient(
  g: GraphBuilder,
  x: string,
  dy: string,
  dims: readonly [batch: number, c: number, m: number],
  axes: readonly Axis[],
  group: number,
  limit = MAX_COLUMNS,
): string {
  if (dims[1] / group <= FEW_CHANNELS || sizeOf(pick(axes, 'kernel')) > MAX_TAPS) return swapped(g, x, dy, dims, axes, group);
  return products(g, x, dy, dims, axes, group, limit);
}

/**
 * dw[m, c, tap] is the product of dy [M, positions] with the transpose of what the tap reads, [C, positions]: one product for all taps side by
 * side, or one per tap. From 64 channels on about twice as fast as `swapped` (pointwise five times), with few channels much the same.
 */
function products(
  g: GraphBuilder,
  x: string,
  dy: string,
  [batch, c, m]: readonly [number, number, number],
  axes: readonly Axis[],
  group: number,
  limit: number,
): string {
  const [sizes, out, kernel] = [pick(axes, 'size'), pick(axes, 'out'), pick(axes, 'kernel')];
  const [p, k] = [sizeOf(out), sizeOf(kernel)];
  const [own, inner] = [m / group, c / group];
  // A product per sample, added up afterwards, needs no transposed copies; on small maps with many channels those sums cost more than the copies.
  const merge = batch === 1 || p < own;
  const lead = merge ? [group] : [batch, group];
  const positions = merge ? batch * p : p;
  const arrange = (v: string, channels: number, spatial: readonly number[]): string => {
    if (!merge) return v;
    if (batch === 1) return g.reshape(v, [channels, 1, ...spatial]);
    return g.transpose(v, [1, 0, ...spatial.map((_, i) => i + 2)]);
  };
  const left = g.reshape(arrange(dy, m, out), [...lead, own, positions]); // [(N,) group, M / group, positions]
  const times = (right: string): string => {
    const turned = g.transpose(right, merge ? [0, 2, 1] : [0, 1, 3, 2]);
    const product = g.matMul(left, turned);
    return merge ? product : g.reduceSum(product, [0], false);
  };
  const reads = tapReads(g, arrange(x, c, sizes), merge ? [c, batch] : [batch, c], axes).map(
    (read) => g.reshape(read, [...lead, inner, positions]), // [(N,) group, C / group, positions]
  );
  if (reads.length === 1) return g.reshape(times(reads[0]!), [m, inner, ...kernel]);
  if (k * batch * c * p > limit) {
    const perTap = reads.map((read) => g.reshape(times(read), [m, inner, 1]));
    return g.reshape(g.op('Concat', perTap, { axis: 2 }), [m, inner, ...kernel]);
  }
  const columns = g.op('Concat', reads, { axis: lead.length }); // [(N,) group, k * C / group, positions], the tap slowest
  const product = g.reshape(times(columns), [m, k, inner]);
  return g.reshape(g.transpose(product, [0, 2, 1]), [m, inner, ...kernel]);
}

/** What each tap of the kernel reads of x [a, b, size...] at every window: [a, b, out...] each, in the order of the weight's elements. */
function tapReads(g: GraphBuilder, x: string, lead: readonly [number, number], axes: readonly Axis[]): string[] {
  const padded = padSpatial(g, x, [...lead, ...pick(axes, 'size')], pick(axes, 'begin'), pick(axes, 'end'));
  if (axes.every((a) => a.kernel === 1 && a.stride === 1)) return [padded];
  const starts = axes.reduce<number[][]>(
    (all, a) => all.flatMap((s) => Array.from({ length: a.kernel }, (_, tap) => [...s, tap * a.dilation])),
    [[]],
  );
  const strides = pick(axes, 'stride');
  const spatial = axes.map((_, i) => i + 2);
  return starts.map((from) => {
    const to = from.map((f, i) => f + (axes[i]!.out - 1) * strides[i]! + 1);
    return g.slice(padded, from, to, spatial, strides);
  });
}

/** A Conv of x with dy, batch and channel swapped in both, strides and dilations exchanged: its kernel is as large as the output. */
function swapped(
  g: GraphBuilder,
  x: string,
  dy: string,
  [batch, c]: readonly [number, number, number],
  axes: readonly Axis[],
  group: number,
): string {
  const sizes = pick(axes, 'size');
  const spatial = axes.map((_, i) => i + 2);
  const inner = c / group;
  const grouped = g.transpose(g.reshape(x, [batch, group, inner, ...sizes]), [2, 1, 0, ...spatial.map((i) => i + 1)]);
  const left = g.reshape(grouped, [inner, group * batch, ...sizes]);
  const right = g.transpose(dy, [1, 0, ...spatial]);
  const product = axes.map((a): Axis => ({
    size: a.size,
    kernel: a.out,
    stride: a.dilation,
    dilation: a.stride,
    begin: a.begin,
    end: a.end,
    out: a.kernel,
  }));
  const made = convNode(g, left, [inner, group * batch], right, product, group);
  return g.transpose(made, [1, 0, ...spatial]);
}
