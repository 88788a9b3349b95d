// Conv and ConvTranspose: any padding, stride, dilation and group, in one to three spatial axes.
import { sizeOf } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import {
  defineOp,
  ints,
  type AttributesOf,
  type Cotangents,
  type Dims,
  type OpAdapter,
  type StaticNode,
  type UnsizedNode,
} from './op.js';
import { addWoven } from './kernels/blocked.js';
import {
  asTwoDimensional,
  axesOf,
  CONV_ATTRIBUTES,
  convNode,
  explicit,
  extent,
  isExplicit,
  nodeAxes,
  reshaped,
  withUnitAxis,
  type Axis,
  type Explicit,
} from './kernels/conv-geometry.js';
import * as onTf from './kernels/conv-tf.js';
import { inputGradient, type Weight } from './kernels/conv-vjp.js';
import { weightGradient } from './kernels/conv-weight.js';
import { convTransposeVolume, convVolume } from './kernels/volume-tf.js';
import { positive, windows } from './kernels/sizes.js';
import { sameDims } from './kernels/shape-common.js';

const TRANSPOSE_ATTRIBUTES = { ...CONV_ATTRIBUTES, output_padding: ints(), output_shape: ints() };
type Transpose = AttributesOf<typeof TRANSPOSE_ATTRIBUTES>;

/** The node with explicit attributes; a 1-D one as 2-D between two reshapes. */
function rewrite(
  n: StaticNode,
  op: string,
  e: Explicit,
  extra: Record<string, number | readonly number[]>,
  g: GraphBuilder,
): string {
  if (e.kernel_shape.length !== 1) return g.op(op, [n.x[0]!, n.x[1]!, n.x[2] ?? ''], { ...e, ...extra });
  const x = reshaped(n, 0, withUnitAxis(n.type(0).dims), g);
  const w = reshaped(n, 1, withUnitAxis(n.type(1).dims), g);
  const y = g.op(op, [x, w, n.x[2] ?? ''], { ...asTwoDimensional(e), ...extra });
  return g.reshape(y, n.outputType(0).dims);
}

/** What tfjs runs for two spatial axes, and for three. */
function onTfjs<F>(n: StaticNode, axes: readonly Axis[], two: F, three: F): F {
  if (axes.length > 3) n.refuse(`${axes.length} spatial axes are not supported in tfjs`, 'Use `engine` onnxruntime.');
  return axes.length === 3 ? three : two;
}

const weightOf = (c: StaticNode): Weight => ({ name: c.x[1]!, dims: c.type(1).dims, value: c.constant(1) });

/** dL/dbias: dy summed over everything but the channel. */
const biasGradient = (c: Cotangents, g: GraphBuilder, dy: string): string | undefined =>
  c.needs[2] ? g.reduceSum(dy, c.outputType(0).dims.map((_, i) => i).filter((i) => i !== 1), false) : undefined; // prettier-ignore

const convOp = defineOp({
  op: 'Conv',
  versions: [1, 11, 22],
  attributes: CONV_ATTRIBUTES,
  size: (n, a) => {
    const [batch, , ...spatial] = n.dims(0);
    const [m, , ...kernel] = n.dims(1);
    return [[batch!, m!, ...windows(a, spatial, kernel)]];
  },
  grows: true,
  fits: (n, a) => {
    const [x, w] = [n.dims(0), n.dims(1)];
    const axes = x.length - 2;
    const counts = (list: Dims | undefined, length: number): boolean => list === undefined || list.length === length;
    return (
      axes > 0 &&
      w.length === x.length &&
      x[1] === w[1]! * a.group &&
      w[0]! % a.group === 0 &&
      (a.kernel_shape === undefined || sameDims(a.kernel_shape, w.slice(2))) &&
      counts(a.strides, axes) &&
      counts(a.dilations, axes) &&
      counts(a.pads, 2 * axes) &&
      (!n.has(2) || sameDims(n.dims(2), [w[0]!]))
    );
  },
  // W is [M, C / group, ...kernel]: each output is a sum over one filter.
  macs: (n) => sizeOf(n.outputType(0).dims) * sizeOf(n.type(1).dims.slice(1)),
  hazard: 'mixes',
  lower: (n, a, g) => {
    const { dims } = n.type(0);
    if (dims.length === 2) n.refuse(`expected an input [N, C, ...] with spatial axes, received shape [${dims.join(',')}].`);
    if (dims.length > 3 && isExplicit(a, true)) return undefined;
    return rewrite(n, 'Conv', explicit(a, dims.slice(2), a.kernel_shape ?? n.type(1).dims.slice(2)), { group: a.group }, g);
  },
  layout: 'nhwc',
  addGradients: addWoven,
  forward: ([x, w, b], a, { tf, node }) => {
    const axes = nodeAxes(node, a);
    const y = onTfjs(node, axes, onTf.conv, convVolume)(tf, x!, w!, axes, a.group, node.constant(1) !== undefined);
    return [b ? tf.add(y, axes.length === 3 ? tf.reshape(b, [b.size, 1, 1, 1]) : b) : y];
  },
  vjp: (c, a, g) => {
    const [dy] = c.dy;
    if (!dy) return [];
    const axes = nodeAxes(c, a);
    const [batch = 1, channels = 1] = c.type(0).dims;
    const m = c.type(1).dims[0]!;
    return [
      c.needs[0] ? inputGradient(g, dy, batch, weightOf(c), axes, a.group) : undefined,
      c.needs[1] ? weightGradient(g, c.x[0]!, dy, [batch, channels, m], axes, a.group) : undefined,
      biasGradient(c, g, dy),
    ];
  },
});

/** The axes of the Conv whose input gradient this node is: its input is our output. */
const reversedAxes = (n: StaticNode, a: Transpose): Axis[] => axesOf(a, n.outputType(0).dims.slice(2), n.type(0).dims.slice(2));

interface TransposeWindow extends Explicit {
  readonly output_padding: readonly number[];
}

/**
 * Pads from auto_pad or output_shape (ONNX ConvTranspose-11): what is cut off, or added behind, so that the output has the shape that was asked
 * for.
 */
function transposeWindow(n: StaticNode, a: Transpose): TransposeWindow {
  const spatial = n.type(0).dims.slice(2);
  const kernel = a.kernel_shape ?? n.type(1).dims.slice(2);
  const output_padding = a.output_padding ?? spatial.map(() => 0);
  const plain = { ...explicit({ ...a, auto_pad: 'NOTSET' }, spatial, kernel), output_padding };
  const auto = a.auto_pad !== 'NOTSET' && a.auto_pad !== 'VALID';
  if (a.auto_pad === 'VALID' && !a.output_shape) return { ...plain, pads: plain.pads.map(() => 0) };
  if (!a.output_shape && !auto) return plain;
  const out = n.outputType(0).dims.slice(2);
  const total = spatial.map((size, i) => {
    const axis = { kernel: kernel[i]!, dilation: plain.dilations[i]! };
    return plain.strides[i]! * (size - 1) + output_padding[i]! + extent(axis) - out[i]!;
  });
  const behind = total.map((t) => Math.max(0, -t));
  if (behind.some((t, i) => t > 0 && output_padding[i]! + t >= Math.max(plain.strides[i]!, plain.dilations[i]!)))
    n.refuse(`output shape [${out.join(',')}] is larger than strides and kernel can fill`, 'Add output_padding.');
  const cut = total.map((t) => Math.max(0, t));
  const half = cut.map((t) => Math.floor(t / 2));
  const rest = cut.map((t, i) => t - half[i]!);
  const added = output_padding.map((p, i) => p + behind[i]!);
  return { ...plain, output_padding: added, pads: a.auto_pad === 'SAME_UPPER' ? [...half, ...rest] : [...rest, ...half] };
}

function transposedDims(n: UnsizedNode, a: Transpose): number[] {
  const [batch, , ...spatial] = n.dims(0);
  const [, m, ...kernel] = n.dims(1);
  const out = spatial.map((length, i) => {
    const stride = a.strides?.[i] ?? 1;
    // Of the spatial axes, or of all.
    if (a.output_shape?.length) return a.output_shape.at(i - spatial.length)!;
    if (a.auto_pad.startsWith('SAME')) return length * stride;
    const reach = extent({ kernel: kernel[i] ?? 1, dilation: a.dilations?.[i] ?? 1 });
    const pads = (a.pads?.[i] ?? 0) + (a.pads?.[i + spatial.length] ?? 0);
    return positive((length - 1) * stride + (a.output_padding?.[i] ?? 0) + reach - pads);
  });
  return [batch!, m! * a.group, ...out];
}

const convTransposeOp = defineOp({
  op: 'ConvTranspose',
  versions: [1, 11, 22],
  attributes: TRANSPOSE_ATTRIBUTES,
  // onnxruntime goes through a matrix of patches [M / group * kernel, input positions].
  size: (n, a) => ({ outputs: [transposedDims(n, a)], workspace: sizeOf(n.dims(1).slice(1)) * sizeOf(n.dims(0).slice(2)) }),
  grows: true,
  // W is [C, M / group, ...kernel]: each input is spread by one filter.
  macs: (n) => sizeOf(n.type(0).dims) * sizeOf(n.type(1).dims.slice(1)),
  hazard: 'mixes',
  lower: (n, a, g) => {
    const { dims } = n.type(0);
    if (dims.length > 3 && isExplicit(a, true) && a.output_padding && !a.output_shape) return undefined;
    const { output_padding, ...window } = transposeWindow(n, a);
    const extra = { group: a.group, output_padding: dims.length === 3 ? [0, ...output_padding] : output_padding };
    return rewrite(n, 'ConvTranspose', window, extra, g);
  },
  layout: 'nhwc',
  forward: ([x, w, b], a, { tf, node }) => {
    const axes = reversedAxes(node, a);
    const y = onTfjs(node, axes, onTf.convTranspose, convTransposeVolume)(
      tf,
      x!,
      w!,
      axes,
      a.group,
      node.constant(1) !== undefined,
    );
    return [b ? tf.add(y, axes.length === 3 ? tf.reshape(b, [b.size, 1, 1, 1]) : b) : y];
  },
  vjp: (c, a, g) => {
    const [dy] = c.dy;
    if (!dy) return [];
    const axes = reversedAxes(c, a);
    const batch = c.type(0).dims[0]!;
    const m = c.outputType(0).dims[1]!;
    return [
      c.needs[0] ? convNode(g, dy, [batch, m], c.x[1]!, axes, a.group) : undefined,
      c.needs[1] ? weightGradient(g, dy, c.x[0]!, [batch, m, c.type(0).dims[1]!], axes, a.group) : undefined,
      biasGradient(c, g, dy),
    ];
  },
});

/** Convolutions. */
export const conv: OpAdapter[] = [convOp, convTransposeOp];
