// Ops that pick or place elements by index: Slice, Gather*, Scatter*, TopK, ArgMax and their kin.
import { int64, toIntegers, type Tensor } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import { defineOp, int, positiveAxis, text, type OpAdapter, type StaticNode } from './op.js';
import { alongAxis, selection, transposed } from './kernels/linalg-axis.js';
import { integers, optionalIntegers, product, range, reshapeTo, zeroOf, zeros } from './kernels/shape-common.js';
import { flatElements, flatRows, gatherRows, scatterRows, wrapIndices } from './kernels/shape-gather.js';
import { resolveCuts, sliceAdjoint, tfSlice, type Cut } from './kernels/shape-slice.js';
import { asInput } from './kernels/sizes.js';

const cutsOf = (n: StaticNode): Cut[] =>
  resolveCuts(
    n.type(0).dims,
    integers(n, 1, 'starts'),
    integers(n, 2, 'ends'),
    optionalIntegers(n, 3, 'axes'),
    optionalIntegers(n, 4, 'steps'),
  );

const slice = defineOp({
  op: 'Slice',
  versions: [1, 10, 11, 13],
  attributes: {},
  legacy: { starts: 'ints', ends: 'ints', axes: 'ints' },
  moves: { inputs: [0] },
  canonicalize: (n, g) => {
    if (n.version >= 10) return undefined;
    const list = (name: string): string => {
      const values = n.attr<readonly number[]>(name);
      return values ? g.ints(values) : '';
    };
    return g.op('Slice', [n.x[0]!, list('starts'), list('ends'), list('axes')]);
  },
  constants: [1, 2, 3, 4],
  size: (n) => {
    const dims = [...n.dims(0)];
    const given = (index: number): number[] | undefined => (n.has(index) ? n.numbers(index) : undefined);
    const cuts = resolveCuts(dims, n.numbers(1), n.numbers(2), given(3), given(4));
    // Never more than there is: a step of 0 is onnxruntime's to refuse.
    for (const { axis, count } of cuts) dims[axis] = Math.min(dims[axis]!, count);
    return [dims];
  },
  lower: (n) => (cutsOf(n).length === 0 ? n.x[0]! : undefined),
  layout: 'any',
  forward: ([x], _, { tf, node, axis }) => [tfSlice(tf, x!, cutsOf(node), (a) => axis(a, x!.shape.length))],
  vjp: (n, _, g) => [sliceAdjoint(g, n.dy[0]!, n.type(0).dims, cutsOf(n))],
});

/** Constant indices counted from the front. */
function frontIndices(constant: Tensor | undefined, d: number): number[] | undefined {
  return constant && toIntegers(constant).map((i) => (i < 0 ? i + d : i));
}

/** For distinct indices: where in them each of the axis' `d` elements is, or `count` for those left out. Undefined when one repeats. */
function inverseIndices(indices: readonly number[], d: number): number[] | undefined {
  if (new Set(indices).size < indices.length) return undefined;
  const inverse = range(d).map(() => indices.length);
  indices.forEach((i, k) => (inverse[i] = k));
  return inverse;
}

/** A gradient matrix larger than this is not worth its memory; ScatterND then adds up instead. */
const MAX_MATRIX = 2 ** 18;

/** Adjoint of a Gather along one axis: `dy` has the shape `dims` with the axis replaced by the number of indices. */
function gatherAdjoint(g: GraphBuilder, dy: string, n: StaticNode, axis: number): string {
  const { dims } = n.type(0);
  const d = dims[axis]!;
  const count = product(n.type(1).dims);
  const pre = product(dims.slice(0, axis));
  const post = product(dims.slice(axis + 1));
  const indices = frontIndices(n.constant(1), d);
  const inverse = indices && inverseIndices(indices, d);
  if (inverse) {
    const flat = g.reshape(dy, [pre, count, post]);
    // One plane of zeros behind, for the elements that were not taken.
    const source = count === d ? flat : g.op('Pad', [flat, g.ints([0, 0, 0, 0, 1, 0])]);
    return g.reshape(g.op('Gather', [source, g.ints(inverse)], { axis: 1 }), dims);
  }
  if (indices && count * d <= MAX_MATRIX) {
    return g.reshape(
      alongAxis(g, g.reshape(dy, [pre, count, post]), [pre, count, post], 1, transposed(selection(indices, d))),
      dims,
    );
  }
  const updates =
    pre === 1
      ? g.reshape(dy, [count, post])
      : g.reshape(g.transpose(g.reshape(dy, [pre, count, post]), [1, 0, 2]), [count, pre * post]);
  const rows = g.reshape(n.x[1]!, [count, 1]);
  const sum = g.op('ScatterND', [zeros(g, [d, pre * post]), rows, updates], { reduction: 'add' });
  return pre === 1 ? g.reshape(sum, dims) : g.reshape(g.transpose(g.reshape(sum, [d, pre, post]), [1, 0, 2]), dims);
}

const gather = defineOp({
  op: 'Gather',
  versions: [1, 11, 13],
  attributes: { axis: int(0) },
  moves: { inputs: [0] },
  size: (n, { axis: signed }) => {
    const dims = n.dims(0);
    const axis = positiveAxis(signed, dims.length);
    return [[...dims.slice(0, axis), ...n.dims(1), ...dims.slice(axis + 1)]];
  },
  grows: true,
  lower: (n, { axis: signed }, g) => {
    const { dims } = n.type(0);
    const axis = positiveAxis(signed, dims.length);
    const indices = frontIndices(n.constant(1), dims[axis]!);
    if (!indices || indices.length === 0 || n.constant(0)) return undefined;
    // Evenly spaced indices (a class token, a reversal) are a Slice, whose gradient is cheap.
    const step = indices.length > 1 ? indices[1]! - indices[0]! : 1;
    if (step === 0 || !indices.every((v, i) => v === indices[0]! + i * step)) return undefined;
    const last = indices.at(-1)!;
    const end = step > 0 ? last + 1 : last > 0 ? last - 1 : -(2 ** 31);
    return reshapeTo(g, g.slice(n.x[0]!, [indices[0]!], [end], [axis], [step]), n.outputType(0).dims);
  },
  forward: ([x, i], { axis: signed }, { tf, node }) => {
    const { dims } = node.type(0);
    const axis = positiveAxis(signed, dims.length);
    const d = dims[axis]!;
    const constant = frontIndices(node.constant(1), d);
    const count = i!.size;
    const indices = constant ? tf.tensor1d(constant, 'int32') : tf.reshape(wrapIndices(tf, i!, d), [count]);
    const pre = product(dims.slice(0, axis));
    const post = product(dims.slice(axis + 1));
    const y =
      pre === 1
        ? gatherRows(tf, tf.reshape(x!, [d, post]), indices)
        : tf.transpose(
            tf.reshape(
              gatherRows(tf, tf.reshape(tf.transpose(tf.reshape(x!, [pre, d, post]), [1, 0, 2]), [d, pre * post]), indices),
              [count, pre, post],
            ),
            [1, 0, 2],
          );
    return [tf.reshape(y, [...node.outputType(0).dims])];
  },
  vjp: (n, { axis }, g) => [gatherAdjoint(g, n.dy[0]!, n, positiveAxis(axis, n.type(0).dims.length))],
});

const gatherElements = defineOp({
  op: 'GatherElements',
  versions: [11, 13],
  attributes: { axis: int(0) },
  moves: { inputs: [0] },
  forward: ([x, i], { axis }, { tf, node }) => {
    const { dims } = node.type(0);
    const flat = flatElements(tf, i!, node.constant(1), node.type(1).dims, dims, positiveAxis(axis, dims.length));
    return [tf.reshape(gatherRows(tf, tf.reshape(x!, [x!.size, 1]), flat), [...node.outputType(0).dims])];
  },
  vjp: ({ x, dy, type }, { axis }, g) => [
    g.op('ScatterElements', [zeros(g, type(0).dims), x[1]!, dy[0]!], { axis, reduction: 'add' }),
  ],
});

const gatherND = defineOp({
  op: 'GatherND',
  versions: [11, 12, 13],
  attributes: { batch_dims: int(0) },
  moves: { inputs: [0] },
  size: (n, { batch_dims }) => {
    const [data, indices] = [n.dims(0), n.dims(1)];
    return [[...indices.slice(0, -1), ...data.slice(batch_dims + (indices.at(-1) ?? 0))]];
  },
  grows: true,
  lower: (n, { batch_dims: batch }, g) => {
    if (batch === 0) return undefined;
    // Batch axes become index columns in front, so that no rule has to know them.
    const at = n.type(1);
    const lead = at.dims.slice(0, -1);
    const rows = product(lead);
    const columns = int64(
      range(rows).flatMap((r) => range(batch).map((b) => Math.floor(r / product(lead.slice(b + 1))) % lead[b]!)),
      [...lead, batch],
    );
    return g.op('GatherND', [n.x[0]!, g.op('Concat', [g.constant(columns), g.cast(n.x[1]!, 7)], { axis: -1 })]);
  },
  forward: ([x, i], _, { tf, node }) => {
    const { dims } = node.type(0);
    const k = node.type(1).dims.at(-1)!;
    const rows = flatRows(tf, i!, node.constant(1), dims, k);
    const matrix = tf.reshape(x!, [product(dims.slice(0, k)), product(dims.slice(k))]);
    return [tf.reshape(gatherRows(tf, matrix, rows), [...node.outputType(0).dims])];
  },
  vjp: ({ x, dy, type }, _, g) => [g.op('ScatterND', [zeros(g, type(0).dims), x[1]!, dy[0]!], { reduction: 'add' })],
});

/** Gradients are written for these two ways of putting updates in; the others keep to forward runs in onnxruntime. */
function knownReduction(n: StaticNode, reduction: string): 'none' | 'add' {
  if (reduction === 'none' || reduction === 'add') return reduction;
  return n.refuse(
    `reduction '${reduction}' is only run forward, by onnxruntime; 'none' and 'add' have gradients and a tfjs form.`,
  );
}

const SCATTER = { restrictions: "tfjs and gradients: reduction 'none' (indices distinct) and 'add'" };

const scatterND = defineOp({
  op: 'ScatterND',
  versions: [11, 13, 16, 18],
  attributes: { reduction: text('none') },
  size: asInput,
  ...SCATTER,
  forward: ([x, i, u], { reduction }, { tf, node }) => {
    const { dims } = node.type(0);
    const k = node.type(1).dims.at(-1)!;
    const width = product(dims.slice(k));
    const rows = flatRows(tf, i!, node.constant(1), dims, k);
    const data = tf.reshape(x!, [product(dims.slice(0, k)), width]);
    const y = scatterRows(tf, data, rows, tf.reshape(u!, [rows.size, width]), knownReduction(node, reduction));
    return [tf.reshape(y, [...dims])];
  },
  vjp: (n, { reduction }, g) => {
    const dy = n.dy[0]!;
    const kept = (): string => g.op('ScatterND', [dy, n.x[1]!, zeros(g, n.type(2).dims)]);
    return [
      n.needs[0] ? (knownReduction(n, reduction) === 'add' ? dy : kept()) : undefined,
      undefined,
      n.needs[2] ? g.op('GatherND', [dy, n.x[1]!]) : undefined,
    ];
  },
});

const scatterElements = defineOp({
  op: 'ScatterElements',
  versions: [11, 13, 16, 18],
  attributes: { axis: int(0), reduction: text('none') },
  size: asInput,
  ...SCATTER,
  forward: ([x, i, u], { axis, reduction }, { tf, node }) => {
    const { dims } = node.type(0);
    const flat = flatElements(tf, i!, node.constant(1), node.type(1).dims, dims, positiveAxis(axis, dims.length));
    const y = scatterRows(tf, tf.reshape(x!, [x!.size, 1]), flat, tf.reshape(u!, [u!.size, 1]), knownReduction(node, reduction));
    return [tf.reshape(y, [...dims])];
  },
  vjp: (n, { axis, reduction }, g) => {
    const dy = n.dy[0]!;
    const kept = (): string => g.op('ScatterElements', [dy, n.x[1]!, zeros(g, n.type(2).dims)], { axis });
    return [
      n.needs[0] ? (knownReduction(n, reduction) === 'add' ? dy : kept()) : undefined,
      undefined,
      n.needs[2] ? g.op('GatherElements', [dy, n.x[1]!], { axis }) : undefined,
    ];
  },
});

/** The first name of ScatterElements; opset 11 kept it as an alias. */
const scatter = defineOp({
  op: 'Scatter',
  versions: [9, 11],
  attributes: { axis: int(0) },
  canonicalize: (n, g) => g.op('ScatterElements', n.node.inputs, { axis: n.attr('axis') }),
});

const trilu = defineOp({
  op: 'Trilu',
  versions: [14],
  attributes: { upper: int(1) },
  constants: [1],
  lower: (n, { upper }, g) => {
    const { type, dims } = n.type(0);
    const k = optionalIntegers(n, 1, 'k')?.[0] ?? 0;
    const [rows, columns] = dims.slice(-2) as [number, number];
    const mask = Uint8Array.from(range(rows * columns), (p) => {
      const distance = (p % columns) - Math.floor(p / columns);
      return Number(upper ? distance >= k : distance <= k);
    });
    const keep = g.constant({ type: 'bool', dims: [rows, columns], data: mask }, 'triangle');
    // Where, not Mul: the part left out may hold infinities.
    return type === 'bool' ? g.op('And', [n.x[0]!, keep]) : g.where(keep, n.x[0]!, zeroOf(g, type));
  },
});

/**
 * Slice, Gather, GatherElements, GatherND, ScatterND, ScatterElements, Scatter (its name before opset 11) and Trilu. A gradient reaches data and
 * updates, never indices.
 */
export const indexOps: OpAdapter[] = [slice, gather, gatherElements, gatherND, scatterND, scatterElements, scatter, trilu];
