// Clip: between two bounds, which a file gives as attributes or as inputs.
import { toNumbers } from '../../src/core/tensor.js';
import { defineOp, type OpAdapter, type StaticNode, type TfTensor } from '../op.js';
import { gateBlocked, isBlocked } from './blocked.js';
import { gate, scalarLike } from './elementwise-onnx.js';
import { custom, gated, inside } from './elementwise-tf.js';
import { asInput } from './sizes.js';

/** A constant bound of Clip: the number, `otherwise` when omitted, undefined when it is computed. */
function bound(n: StaticNode, index: number, otherwise: number): number | undefined {
  if (!n.x[index]) return otherwise;
  const value = n.constant(index);
  return value && toNumbers(value)[0];
}

/** Clip (opset 1 to 13): min(max(x, low), high), bounds being scalars of the dtype of x. Its gradient is 0 at the bounds and beyond. */
export const clip: OpAdapter = defineOp({
  op: 'Clip',
  versions: [1, 6, 11, 12, 13],
  attributes: {},
  legacy: { min: 'float', max: 'float', consumed_inputs: 'ints' },
  moves: { inputs: [0, 1, 2] },
  size: asInput,
  canonicalize: (n, g) => {
    if (n.version >= 11) return undefined;
    const scalar = (value: number | undefined): string => (value === undefined ? '' : scalarLike(g, value, n.x[0]!));
    return g.op('Clip', [n.x[0]!, scalar(n.attr('min')), scalar(n.attr('max'))]);
  },
  lower: (n, _, g) => {
    const [x, low, high] = n.x as unknown as [string, string, string];
    if (!low && !high) return x;
    const [min, max] = [bound(n, 1, -Infinity), bound(n, 2, Infinity)];
    if (min !== undefined && max !== undefined && min <= max) return undefined;
    // Computed bounds get gradients of their own; min above max gives max everywhere (Clip-13).
    const raised = low ? g.op('Max', [x, low]) : x;
    return high ? g.op('Min', [raised, high]) : raised;
  },
  forward: ([x], _, { tf, node }) => {
    const [min, max] = [bound(node, 1, -Infinity)!, bound(node, 2, Infinity)!];
    const value = (t: TfTensor): TfTensor => tf.clipByValue(t, min, max);
    if (x!.dtype !== 'float32') return [tf.cast(value(tf.cast(x!, 'float32')), x!.dtype)];
    return [custom(tf, [x!], value, (dy, _x, y) => [gated(tf, dy, inside(tf, y, min, max))], 'y')];
  },
  // By y, so that onnxruntime can still fuse Conv and Clip; 0 at the bounds.
  vjp: (c, _, g) => {
    const [y, dy] = [c.y[0]!, c.dy[0]!];
    const { dims } = c.outputType(0);
    const [min, max] = [bound(c, 1, -Infinity)!, bound(c, 2, Infinity)!];
    if (isBlocked(dims) && !c.steep && (min === 0 || min === -Infinity) && max > 0)
      return [gateBlocked(g, dy, y, dims, min === 0 ? 0 : undefined, max === Infinity ? undefined : max)];
    const above = min === -Infinity ? undefined : g.greater(y, c.x[1]!);
    const below = max === Infinity ? undefined : g.op('Less', [y, c.x[2]!]);
    const open = above && below ? g.op('And', [above, below]) : (above ?? below);
    return [open ? gate(g, dy, open) : dy];
  },
  layout: 'any',
});
