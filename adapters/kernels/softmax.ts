// Softmax, LogSoftmax and Hardmax.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { defineOp, int, none, positiveAxis, type Cotangents, type ForwardContext, type OldNode, type OpAdapter, type Tf, type TfTensor } from '../op.js'; // prettier-ignore
import { custom, detached, zeroAtNaN } from './elementwise-tf.js';
import { MOST_AXES } from './many-axes.js';
import { product } from './shape-common.js';
import { asInput } from './sizes.js';

/**
 * Before opset 13 softmax works on the matrix that is x flattened at `axis` (default 1), so over all axes from there on.
 * Since then on one axis (default -1).
 */
function flattened(n: OldNode, g: GraphBuilder): string | undefined {
  if (n.version >= 13) return undefined;
  const x = n.x[0]!;
  const matrix = g.op('Flatten', [x], { axis: n.attr('axis') ?? 1 });
  return g.op('Reshape', [g.op(n.node.op, [matrix], { axis: -1 }), g.op('Shape', [x])]);
}

/** Calls `f`, which works on the last axis, for any axis. */
function alongAxis(x: TfTensor, axis: number, { tf, axis: place }: ForwardContext, f: (t: TfTensor) => TfTensor): TfTensor {
  const at = place(axis, x.rank);
  if (x.rank > MOST_AXES) {
    const shape = [product(x.shape.slice(0, at)), x.shape[at]!, product(x.shape.slice(at + 1))];
    const swapped = tf.transpose(tf.reshape(x, shape), [0, 2, 1]);
    return tf.reshape(tf.transpose(f(swapped), [0, 2, 1]), x.shape);
  }
  if (at === x.rank - 1) return f(x);
  const perm = Array.from({ length: x.rank }, (_, i) => i);
  [perm[at], perm[x.rank - 1]] = [x.rank - 1, at];
  return tf.transpose(f(tf.transpose(x, perm)), perm);
}

/**
 * The gradient, 0 in rows of NaN: a row that is masked whole, all minus infinity, has no softmax, and what reads it leaves it out. As far as nothing
 * behind can leave it out, there is nothing to do.
 */
const unmasked = ({ replaced, y }: Cotangents, g: GraphBuilder, gradient: string): string =>
  replaced ? g.where(g.op('IsNaN', [y[0]!]), g.zero, gradient) : gradient;

/** tfjs's own over the last axis, with a gradient that is 0 in rows of NaN. */
function ofRows(tf: Tf, x: TfTensor, op: 'softmax' | 'logSoftmax'): TfTensor {
  const gradient = (dy: TfTensor, y: TfTensor): TfTensor => {
    if (op === 'logSoftmax') return tf.sub(dy, tf.mul(tf.exp(y), tf.sum(dy, -1, true)));
    const product = tf.mul(dy, y);
    return tf.sub(product, tf.mul(tf.sum(product, -1, true), y));
  };
  return custom(tf, [x], (t) => tf[op](t), (dy, _x, y) => [zeroAtNaN(tf, gradient(dy, y), y)], 'y'); // prettier-ignore
}

/**
 * Softmax, LogSoftmax and Hardmax over one axis (before opset 13: over all axes from it on), float in the shape of x. What lies along the axis sums
 * to 1, of LogSoftmax its exponentials; it is NaN where x is minus infinity throughout. Hardmax has no gradient.
 */
export const softmaxOps: OpAdapter[] = [
  defineOp({
    op: 'Softmax',
    versions: [1, 11, 13],
    attributes: { axis: int(-1) },
    size: asInput,
    canonicalize: flattened,
    forward: ([x], { axis }, context) => [alongAxis(x!, axis, context, (t) => ofRows(context.tf, t, 'softmax'))],
    vjp: (c, { axis }, g) => {
      const [y, dy] = [c.y[0]!, c.dy[0]!];
      const sum = g.reduceSum(g.mul(dy, y), [positiveAxis(axis, c.type(0).dims.length)], true);
      return [unmasked(c, g, g.mul(y, g.sub(dy, sum)))];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'LogSoftmax',
    versions: [1, 11, 13],
    attributes: { axis: int(-1) },
    size: asInput,
    canonicalize: flattened,
    forward: ([x], { axis }, context) => [alongAxis(x!, axis, context, (t) => ofRows(context.tf, t, 'logSoftmax'))],
    vjp: (c, { axis }, g) => {
      const [y, dy] = [c.y[0]!, c.dy[0]!];
      const sum = g.reduceSum(dy, [positiveAxis(axis, c.type(0).dims.length)], true);
      return [unmasked(c, g, g.sub(dy, g.mul(g.op('Exp', [y]), sum)))];
    },
    layout: 'any',
  }),
  defineOp({
    op: 'Hardmax',
    versions: [1, 11, 13],
    attributes: { axis: int(-1) },
    size: asInput,
    canonicalize: flattened,
    forward: ([x], { axis }, context) => {
      const { tf } = context;
      // Through int32: asked for floats, wasm writes the bits of whole numbers.
      const oneHot = (t: TfTensor): TfTensor => tf.cast(tf.oneHot(tf.argMax(t, -1), t.shape.at(-1)!), 'float32');
      return [detached(tf, [x!], (input) => alongAxis(input, axis, context, oneHot))];
    },
    vjp: none('a step function: its derivative is zero wherever it has one'),
    layout: 'any',
  }),
];
