// Ops that move values around without looking at them: reshapes, transposes, concatenation, padding, tiling; and shapes as values.
import { toNumbers } from '../src/core/tensor.js';
import { DATA_TYPE, defineOp, int, ints, positiveAxis, text, type OpAdapter } from './op.js';
import { alongAxis, selection, transposed, tfAlongAxis } from './kernels/linalg-axis.js';
import { MOST_AXES } from './kernels/many-axes.js';
import { generators } from './kernels/shape-generators.js';
import {
  expandTo,
  integers,
  linear,
  optionalConstant,
  optionalIntegers,
  product,
  range,
  reshapeTo,
  sameDims,
  zeros,
} from './kernels/shape-common.js';
import { copiedIndices, paddingOf, padWith, wrapped, wrappedEarly } from './kernels/shape-pad.js';

const reshape = defineOp({
  op: 'Reshape',
  versions: [1, 5, 13, 14, 19, 21, 23, 24, 25],
  attributes: { allowzero: int(0) },
  legacy: ['shape', 'consumed_inputs'],
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
  lower: (n, _, g) => reshapeTo(g, n.x[0]!, n.outputType(0).dims),
});

/** Squeeze and Unsqueeze differ in what their axes mean; with static shapes both are the Reshape to the output's shape. */
const squeezing = (op: 'Squeeze' | 'Unsqueeze'): OpAdapter =>
  defineOp({
    op,
    versions: [1, 11, 13, 21, 23, 24, 25],
    attributes: {},
    legacy: ['axes'],
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

const concat = defineOp({
  op: 'Concat',
  versions: [1, 4, 11, 13],
  attributes: { axis: int(1) },
  // Only Concat-1 may leave its axis out: 1 then.
  canonicalize: (n, g) => (n.attr('axis') === undefined ? g.op('Concat', n.node.inputs, { axis: 1 }) : undefined),
  lower: (n) => (n.node.inputs.length === 1 ? n.x[0]! : undefined),
  layout: 'any',
  forward: (x, { axis }, { tf, axis: at }) => [tf.concat(x, at(axis, x[0]!.shape.length))],
  vjp: ({ dy, needs, type }, { axis: signed }, g) => {
    const axis = positiveAxis(signed, type(0).dims.length);
    const sizes = needs.map((_, i) => type(i).dims[axis]!);
    if (needs.every(Boolean)) return g.ops('Split', [dy[0]!, g.ints(sizes)], sizes.length, { axis });
    let start = 0;
    return needs.map((needed, i) => {
      start += sizes[i]!;
      return needed ? g.slice(dy[0]!, [start - sizes[i]!], [start], [axis]) : undefined;
    });
  },
});

/** Lengths of a Split's parts. */
function splitSizes(d: number, given: readonly number[] | undefined, parts: number): readonly number[] {
  const part = Math.ceil(d / parts);
  return given ?? range(parts).map((i) => Math.max(0, Math.min(part, d - i * part)));
}

const split = defineOp({
  op: 'Split',
  versions: [1, 2, 11, 13, 18],
  attributes: { axis: int(0), num_outputs: int() },
  legacy: ['split'],
  canonicalize: (n, g) => {
    const sizes = n.attr<readonly number[]>('split');
    // Split-1 also took them as an input, of the data's own type.
    const input = n.version === 1 && n.x[1] ? g.cast(n.x[1], DATA_TYPE.int64!) : n.x[1]!;
    const given = n.version < 13 && sizes ? g.ints(sizes) : input;
    // onnxruntime crashes on a Split with an omitted output: each gets a name.
    if (n.version >= 13 && (given || n.attr('num_outputs') !== undefined) && !n.node.outputs.includes('')) return undefined;
    // Before 18 the number of equal parts was the number of outputs, unused ones included.
    const count = n.node.outputs.length;
    return g.ops('Split', [n.x[0]!, given], count, {
      axis: n.attr('axis'),
      num_outputs: given ? undefined : (n.attr('num_outputs') ?? count),
    });
  },
  constants: [1],
  lower: (n) => (n.y.length === 1 && sameDims(n.type(0).dims, n.outputType(0).dims) ? n.x[0]! : undefined),
  layout: 'any',
  forward: ([x], { axis, num_outputs }, { tf, node, axis: at }) => {
    const where = at(axis, x!.shape.length);
    return tf.split(
      x!,
      [...splitSizes(x!.shape[where]!, optionalIntegers(node, 1, 'split'), num_outputs ?? node.y.length)],
      where,
    );
  },
  vjp: (n, { axis: signed, num_outputs }, g) => {
    const { dims } = n.type(0);
    const axis = positiveAxis(signed, dims.length);
    const sizes = splitSizes(dims[axis]!, optionalIntegers(n, 1, 'split'), num_outputs ?? n.y.length);
    const present = n.dy.flatMap((d, i) => (d === undefined ? [] : [i]));
    if (present.length === 1) {
      const [only] = present as [number];
      const before = dims.map((_, i) => (i === axis ? sizes.slice(0, only).reduce((a, b) => a + b, 0) : 0));
      const after = dims.map((d, i) => (i === axis ? d - before[i]! - sizes[only]! : 0));
      return [g.op('Pad', [n.dy[only]!, g.ints([...before, ...after])])];
    }
    const parts = sizes.map((size, i) => n.dy[i] ?? zeros(g, dims.map((d, k) => (k === axis ? size : d)))); // prettier-ignore
    return [g.op('Concat', parts, { axis })];
  },
});

const pad = defineOp({
  op: 'Pad',
  versions: [1, 2, 11, 13, 18, 19, 21, 23, 24, 25],
  attributes: { mode: text('constant') },
  legacy: ['pads', 'paddings', 'value'],
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
    if (rank > MOST_AXES) node.refuse(`its ${rank} axes are too many for tfjs. Use --engine onnxruntime.`);
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
  lower: (n, { blocksize: b }, g) => {
    const [batch, c, h, w] = n.type(0).dims as [number, number, number, number];
    return g.reshape(g.transpose(g.reshape(n.x[0]!, [batch, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]), n.outputType(0).dims);
  },
});

export const shape: OpAdapter[] = [
  ...[
    reshape,
    flatten,
    squeezing('Squeeze'),
    squeezing('Unsqueeze'),
    transpose,
    expand,
    tile,
    concat,
    split,
    pad,
    depthToSpace,
    spaceToDepth,
  ],
  ...generators,
];
