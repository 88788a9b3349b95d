// Ops that look along an axis or choose by value: TopK, ArgMax, ArgMin, CumSum, NonZero, Compress.
import { defineOp, int, none, positiveAxis, type OpAdapter, type TfTensor } from './op.js';
import { integers, linear, product, range, stopped, zeros } from './kernels/shape-common.js';
import { flatElements, gatherRows } from './kernels/shape-gather.js';
import { asInput } from './kernels/sizes.js';

const topK = defineOp({
  op: 'TopK',
  versions: [1, 10, 11, 24],
  attributes: { axis: int(-1), largest: int(1), sorted: int(1) },
  legacy: { k: 'int' },
  canonicalize: (n, g) => {
    const k = n.version < 10 ? g.ints([n.attr('k') ?? n.refuse('it has no k.')]) : n.x[1]!;
    const { axis, largest, sorted } = n.node.attributes;
    // Made anew where its indices are unread as well: they need a name, for onnxruntime and for the gradient.
    return n.version < 10 || !n.node.outputs[1] ? g.ops('TopK', [n.x[0]!, k], 2, { axis, largest, sorted }) : undefined;
  },
  constants: [1],
  forward: ([x], { axis: signed, largest }, { tf, node }) => {
    const { dims } = node.type(0);
    const axis = positiveAxis(signed, dims.length);
    const last = dims.length - 1;
    // tf.topk looks along the last axis for the largest. Swapping two axes is its own inverse.
    const swap = range(dims.length).map((a) => (a === axis ? last : a === last ? axis : a));
    const moved = tf.transpose(stopped(tf, x!), swap);
    const { indices } = tf.topk(largest ? moved : tf.neg(moved), node.outputType(0).dims[axis], true);
    const at = tf.transpose(indices, swap);
    const flat = flatElements(tf, at, undefined, node.outputType(0).dims, dims, axis);
    const values = gatherRows(tf, tf.reshape(x!, [x!.size, 1]), flat);
    return [tf.reshape(values, [...node.outputType(0).dims]), at];
  },
  vjp: ({ dy, y, type }, { axis }, g) => [
    dy[0] && g.op('ScatterElements', [zeros(g, type(0).dims), y[1]!, dy[0]], { axis, reduction: 'add' }),
  ],
});

/** ArgMax, ArgMin: whole numbers out, so nothing to differentiate. */
const extremeIndex = (op: 'ArgMax' | 'ArgMin'): OpAdapter =>
  defineOp({
    op,
    versions: [1, 11, 12, 13],
    attributes: { axis: int(0), keepdims: int(1), select_last_index: int(0) },
    forward: ([x], { axis: signed, select_last_index: lastOne }, { tf, node }) => {
      const { dims } = node.type(0);
      const axis = positiveAxis(signed, dims.length);
      const find = (t: TfTensor): TfTensor => (op === 'ArgMax' ? tf.argMax(t, axis) : tf.argMin(t, axis));
      const still = stopped(tf, x!);
      const index = lastOne ? tf.sub(tf.scalar(dims[axis]! - 1, 'int32'), find(tf.reverse(still, axis))) : find(still);
      return [tf.reshape(index, [...node.outputType(0).dims])];
    },
    vjp: none('its output is an index'),
  });

const cumSum = defineOp({
  op: 'CumSum',
  versions: [11, 14],
  attributes: { exclusive: int(0), reverse: int(0) },
  size: asInput,
  constants: [1],
  forward: ([x], { exclusive, reverse }, { tf, node }) => {
    const axis = positiveAxis(integers(node, 1, 'axis')[0]!, x!.shape.length);
    // The adjoint sums from the other end. tfjs's own gradient leaves axes permuted.
    const run = (t: TfTensor, backwards: boolean): TfTensor => tf.cumsum(t, axis, exclusive === 1, backwards);
    return [linear(tf, x!, (t) => run(t, reverse === 1), (dy) => run(dy, reverse !== 1))]; // prettier-ignore
  },
  vjp: ({ x, dy }, { exclusive, reverse }, g) => [g.op('CumSum', [dy[0]!, x[1]!], { exclusive, reverse: 1 - reverse })],
});

const nonZero = defineOp({
  op: 'NonZero',
  versions: [9, 13],
  attributes: {},
  // How many are not zero is known to nobody before: at most all, each told by one int64 an axis.
  size: (n) => ({ outputs: [], workspace: 2 * n.dims(0).length * product(n.dims(0)) }),
  grows: true,
  // The shape of its output is how many of its input are not zero.
  constants: [0],
  lower: (n) => n.refuse('the shape of its output depends on the values of its input, which here depend on the model input.'),
  vjp: none('its output is an index'),
});

const compress = defineOp({
  op: 'Compress',
  versions: [9, 11],
  attributes: { axis: int() },
  constants: [1],
  lower: (n, { axis }, g) => {
    const taken = integers(n, 1, 'condition').flatMap((c, i) => (c ? [i] : []));
    const x = axis === undefined ? g.reshape(n.x[0]!, [product(n.type(0).dims)]) : n.x[0]!;
    return g.op('Gather', [x, g.ints(taken)], { axis: axis ?? 0 });
  },
});

/**
 * TopK, ArgMax, ArgMin, CumSum, NonZero and Compress. Indices are int64 in ONNX, int32 in tfjs, and have no gradient; the values of TopK, CumSum
 * and Compress have one.
 */
export const order: OpAdapter[] = [topK, extremeIndex('ArgMax'), extremeIndex('ArgMin'), cumSum, nonZero, compress];
