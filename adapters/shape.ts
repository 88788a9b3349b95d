// Ops that move values around without looking at them: reshapes, transposes, concatenation, padding, tiling; and shapes as values.
import { sizeOf, toNumbers } from '../src/core/tensor.js';
import { defineOp, int, ints, positiveAxis, text, type OpAdapter } from './op.js';
import { alongAxis, selection, transposed, tfAlongAxis } from './kernels/linalg-axis.js';
import { MOST_AXES } from './kernels/many-axes.js';
import { generators } from './kernels/shape-generators.js';
import { expandTo, integers, linear, optionalConstant, product, range, reshapeTo, sameDims } from './kernels/shape-common.js';
import { copiedIndices, paddedDims, paddingOf, padWith, wrapped, wrappedEarly } from './kernels/shape-pad.js';
import { broadcast, positive } from './kernels/sizes.js';

const reshape = defineOp({
  op: 'Reshape',
  versions: [1, 5, 13, 14, 19, 21, 23, 24, 25],
  attributes: { allowzero: int(0) },
  legacy: { shape: 'ints', consumed_inputs: 'ints' },
  moves: { inputs: [0] },
  size: (n, { allowzero }) => {
    const dims = n.dims(0);
    const shape = n.numbers(1).map((d, i) => (d === 0 && !allowzero ? (dims[i] ?? 0) : d));
    const rest = sizeOf(shape.filter((d) => d !== -1));
    return [shape.map((d) => (d === -1 ? Math.floor(sizeOf(dims) / (rest || 1)) : d))];
  },
  canonicalize: (n, g) =>
    n.version < 5 ? g.op('Reshape', [n.x[0]!, g.ints(n.attr<readonly number[]>('shape') ?? [])]) : undefined,
  lower: (n) => (sameDims(n.type(0).dims, n.outputType(0).dims) ? n.x[0]! : undefined),
  constants: [1],
  forward: ([x], _, { tf, node }) => [tf.reshape(x!, [...node.outputType(0).dims])],
  vjp: ({ dy, type }, _, g) => [reshapeTo(g, dy[0]!, type(0).dims)],
});

const flatten = defineOp({
  op: 'Flatten',
  versions: [1, 9, 11, 13, 21, 23, 24, 25],
  attributes: { axis: int(1) },
  moves: { inputs: [0] },
  size: (n, { axis: signed }) => {
    const dims = n.dims(0);
    const axis = positiveAxis(signed, dims.length);
    return [[sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))]];
  },
  lower: (n, _, g) => reshapeTo(g, n.x[0]!, n.outputType(0).dims),
});

/** Squeeze and Unsqueeze differ in what their axes mean; with static shapes both are the Reshape to the output's shape. */
const squeezing = (op: 'Squeeze' | 'Unsqueeze'): OpAdapter =>
  defineOp({
    op,
    versions: [1, 11, 13, 21, 23, 24, 25],
    attributes: {},
    legacy: { axes: 'ints' },
    moves: { inputs: [0] },
    canonicalize: (n, g) => {
      const axes = n.attr<readonly number[]>('axes');
      return n.version < 13 ? g.op(op, [n.x[0]!, axes ? g.ints(axes) : '']) : undefined;
    },
    lower: (n, _, g) => reshapeTo(g, n.x[0]!, n.outputType(0).dims),
    constants: [1],
  });

const transpose = defineOp({
  op: 'Transpose',
  versions: [1, 13, 21, 23, 24, 25],
  attributes: { perm: ints() },
  moves: { inputs: [0] },
  size: (n, { perm }) => [(perm ?? range(n.dims(0).length).reverse()).map((p) => n.dims(0)[p]!)],
  lower: (n, { perm }, g) => {
    const { dims } = n.type(0);
    const order = (perm ?? range(dims.length).reverse()).filter((a) => dims[a] !== 1);
    // Moving axes of length 1 moves no data.
    if (!order.every((a, i) => i === 0 || a > order[i - 1]!)) return undefined;
    return sameDims(dims, n.outputType(0).dims) ? n.x[0]! : reshapeTo(g, n.x[0]!, n.outputType(0).dims);
  },
  forward: ([x], { perm }, { tf }) => [tf.transpose(x!, perm && [...perm])],
  vjp: ({ dy, type }, { perm }, g) => {
    const rank = type(0).dims.length;
    const order = perm ?? range(rank).reverse();
    return [g.transpose(dy[0]!, range(rank).map((a) => order.indexOf(a)))]; // prettier-ignore
  },
});

const expand = defineOp({
  op: 'Expand',
  versions: [8, 13],
  attributes: {},
  moves: { inputs: [0] },
  size: (n) => [broadcast([n.dims(0), n.numbers(1)])],
  grows: true,
  constants: [1],
  lower: (n, _, g) => {
    const [from, to] = [n.type(0).dims, n.outputType(0).dims];
    if (sameDims(from, to)) return n.x[0]!;
    return product(from) === product(to) ? reshapeTo(g, n.x[0]!, to) : undefined;
  },
  forward: ([x], _, { tf, node }) => [expandTo(tf, x!, node.outputType(0).dims)],
  vjp: (n, _, g) => [g.unbroadcast(n.dy[0]!, n.outputType(0).dims, n.type(0).dims)],
});

/** The shape [r0, d0, r1, d1, ...] in which the copies that Tile made lie along their own axes, and those axes. */
function tileAxes(dims: readonly number[], out: readonly number[]): { shape: number[]; axes: number[] } {
  const repeats = dims.map((d, i) => out[i]! / d);
  return { shape: dims.flatMap((d, i) => [repeats[i]!, d]), axes: repeats.flatMap((r, i) => (r > 1 ? [2 * i] : [])) };
}

const tile = defineOp({
  op: 'Tile',
  versions: [1, 6, 13],
  attributes: {},
  moves: { inputs: [0] },
  size: (n) => [n.dims(0).map((d, i) => positive(d * (n.numbers(1)[i] ?? 1)))],
  grows: true,
  canonicalize: (n, g) => {
    if (n.version >= 6) return undefined;
    // Tile-1 repeats one axis: inputs `tiles` and `axis` of one element each, of the data's own type.
    const rank = g.op('Shape', [g.op('Shape', [n.x[0]!])]);
    const one = g.op('ConstantOfShape', [rank], {
      value: { kind: 'tensor', value: { type: 'int64', dims: [1], data: BigInt64Array.of(1n) } },
    });
    const vector = (index: number): string => g.reshape(g.cast(n.x[index]!, 7), [1]);
    return g.op('Tile', [n.x[0]!, g.op('ScatterElements', [one, vector(2), vector(1)])]);
  },
  constants: [1],
  lower: (n) => (sameDims(n.type(0).dims, n.outputType(0).dims) ? n.x[0]! : undefined),
  forward: ([x], _, { tf, node }) => {
    const dims = x!.shape;
    const { shape, axes } = tileAxes(dims, node.outputType(0).dims);
    const repeats = integers(node, 1, 'repeats');
    // tfjs's own gradient adds slice after slice and stops at four axes.
    const adjoint = (dy: typeof x): typeof x & object => tf.reshape(tf.sum(tf.reshape(dy!, shape), axes), dims);
    return [linear(tf, x!, (t) => tf.tile(t, repeats), adjoint)];
  },
  vjp: (n, _, g) => {
    const { dims } = n.type(0);
    const { shape, axes } = tileAxes(dims, n.outputType(0).dims);
    return [g.reshape(g.reduceSum(g.reshape(n.dy[0]!, shape), axes, false), dims)];
  },
});

const pad = defineOp({
  op: 'Pad',
  versions: [1, 2, 11, 13, 18, 19, 21, 23, 24, 25],
  attributes: { mode: text('constant') },
  legacy: { pads: 'ints', paddings: 'ints', value: 'float' },
  moves: { inputs: [0, 2] },
  size: paddedDims,
  grows: true,
  canonicalize: (n, g) => {
    if (n.version >= 11) return n.attr<string>('mode') === 'wrap' ? wrappedEarly(n, g) : undefined;
    const pads = n.attr<readonly number[]>(n.version < 2 ? 'paddings' : 'pads');
    if (!pads) return n.refuse('it has no pads.');
    const value = n.attr('value') ?? 0;
    return g.op('Pad', [n.x[0]!, g.ints(pads), value === 0 ? '' : g.scalar(value)], { mode: n.attr<string>('mode') });
  },
  constants: [1, 2, 3],
  lower: (n, { mode }, g) => {
    const padding = paddingOf(n);
    if (padding.every(([b, a]) => b === 0 && a === 0)) return n.x[0]!;
    if (mode === 'wrap') return wrapped(g, n.x[0]!, padding);
    if (padding.every(([b, a]) => b >= 0 && a >= 0)) return undefined;
    // Negative pads crop. The crop comes first, as onnxruntime has it.
    const cropped = padding.flatMap(([b, a], axis) => (b < 0 || a < 0 ? [axis] : []));
    const { dims } = n.type(0);
    const x = g.slice(
      n.x[0]!,
      cropped.map((axis) => Math.max(0, -padding[axis]![0])),
      cropped.map((axis) => dims[axis]! + Math.min(0, padding[axis]![1])),
      cropped,
    );
    const rest = [...padding.map(([b]) => Math.max(0, b)), ...padding.map(([, a]) => Math.max(0, a))];
    return rest.some(Boolean) ? g.op('Pad', [x, g.ints(rest), n.x[2]!], { mode }) : x;
  },
  layout: 'any',
  forward: ([x], { mode }, { tf, node, axis: at }) => {
    const padding = paddingOf(node);
    const rank = x!.shape.length;
    if (rank > MOST_AXES) node.refuse(`its ${rank} axes are too many for tfjs`, 'Use `engine` onnxruntime.');
    if (mode === 'constant') {
      const amounts = range(rank).map((): [number, number] => [0, 0]);
      padding.forEach((p, axis) => (amounts[at(axis, rank)] = p));
      const value = optionalConstant(node, 2, 'constant_value');
      return [padWith(tf, x!, amounts, value ? toNumbers(value)[0]! : 0)];
    }
    return [
      padding.reduce((t, [before, after], onnxAxis) => {
        if (before === 0 && after === 0) return t;
        const axis = at(onnxAxis, rank);
        const indices = copiedIndices(mode, t.shape[axis]!, before, after);
        return tfAlongAxis(tf, t, axis, selection(indices, t.shape[axis]!));
      }, x!),
    ];
  },
  vjp: (n, { mode }, g) => {
    const padding = paddingOf(n);
    const { dims } = n.type(0);
    const axes = padding.flatMap(([b, a], axis) => (b !== 0 || a !== 0 ? [axis] : []));
    if (mode === 'constant') {
      const starts = axes.map((axis) => padding[axis]![0]);
      return [g.slice(n.dy[0]!, starts, axes.map((axis, i) => starts[i]! + dims[axis]!), axes)]; // prettier-ignore
    }
    // Copies are folded back by the transposed selection matrix, one MatMul per axis: fewer passes than slicing and adding.
    const shape = [...n.outputType(0).dims];
    let value = n.dy[0]!;
    for (const axis of axes) {
      const [before, after] = padding[axis]!;
      value = alongAxis(
        g,
        value,
        shape,
        axis,
        transposed(selection(copiedIndices(mode, dims[axis]!, before, after), dims[axis]!)),
      );
      shape[axis] = dims[axis]!;
    }
    return [value];
  },
});

const depthToSpace = defineOp({
  op: 'DepthToSpace',
  versions: [1, 11, 13],
  attributes: { blocksize: int(1), mode: text('DCR') },
  moves: { inputs: [0] },
  lower: (n, { blocksize: b, mode }, g) => {
    const [batch, , h, w] = n.type(0).dims as [number, number, number, number];
    const c = n.outputType(0).dims[1]!;
    const [shape, perm] = mode === 'DCR' ? [[batch, b, b, c, h, w], [0, 3, 4, 1, 5, 2]] : [[batch, c, b, b, h, w], [0, 1, 4, 2, 5, 3]]; // prettier-ignore
    return g.reshape(g.transpose(g.reshape(n.x[0]!, shape), perm), n.outputType(0).dims);
  },
});

const spaceToDepth = defineOp({
  op: 'SpaceToDepth',
  versions: [1, 13],
  attributes: { blocksize: int(1) },
  moves: { inputs: [0] },
  lower: (n, { blocksize: b }, g) => {
    const [batch, c, h, w] = n.type(0).dims as [number, number, number, number];
    return g.reshape(g.transpose(g.reshape(n.x[0]!, [batch, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]), n.outputType(0).dims);
  },
});

/**
 * Ops that move values unseen (Reshape to SpaceToDepth), whose gradient moves them back, and those that make values from shapes or a few numbers
 * (kernels/shape-generators.ts).
 */
export const shape: OpAdapter[] = [
  ...[reshape, flatten, squeezing('Squeeze'), squeezing('Unsqueeze'), transpose, expand, tile, pad, depthToSpace, spaceToDepth],
  ...generators,
];
