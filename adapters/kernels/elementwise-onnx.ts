// What the element-wise families share on the ONNX side: old definitions, typed scalars, gates.
import { numberToHalf } from '../../src/core/half.js';
import { allocate, type DType } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { OldNode } from '../op.js';

/** Attributes of the binary ops before opset 7. */
export const OLD_BROADCAST = { axis: 'int', broadcast: 'int' } as const;

/** Versions before 6 carry `consumed_inputs`, a hint about memory; the node without it. Newer ones stay as they are. */
export const withoutHints = (n: OldNode, g: GraphBuilder): string | undefined =>
  n.node.attributes.consumed_inputs === undefined ? undefined : g.op(n.node.op, n.node.inputs);

/** `dims(x).length` as an int64 vector of one element. */
export const rankOf = (g: GraphBuilder, x: string): string => g.op('Shape', [g.op('Shape', [x])]);

/** A vector of as many ones as `count` (int64 vector of one element) says. */
const ones = (g: GraphBuilder, count: string): string =>
  g.op('ConstantOfShape', [count], {
    value: { kind: 'tensor', value: { type: 'int64', dims: [1], data: BigInt64Array.of(1n) } },
  });

/**
 * A binary op before opset 7: with `broadcast`, B's axes align with A's from `axis` on (default: with A's last ones), so B gets ones behind.
 * A's rank is not known yet: shape arithmetic that folds away.
 */
export function alignedBinary(n: OldNode, g: GraphBuilder): string | undefined {
  if (n.version >= 7) return undefined;
  const [a, b] = n.x as [string, string];
  const axis = n.attr('axis');
  if (!n.attr('broadcast') || axis === undefined) return g.op(n.node.op, [a, b]);
  // Behind B there are rank(A) - axis - rank(B) axes; a negative axis counts from A's end.
  const behind = axis < 0 ? g.sub(g.ints([-axis]), rankOf(g, b)) : g.sub(g.sub(rankOf(g, a), g.ints([axis])), rankOf(g, b));
  const dims = g.op('Concat', [g.op('Shape', [b]), ones(g, behind)], { axis: 0 });
  return g.op(n.node.op, [a, g.op('Reshape', [b, dims])]);
}

/** PRelu's slope before opset 7: one number per channel (axis 1), or one for all; as a tensor that broadcasts. */
export function channelSlope(x: string, slope: string, g: GraphBuilder): string {
  const behind = g.op('Max', [g.sub(rankOf(g, x), g.ints([2])), g.ints([0])]);
  return g.op('Reshape', [slope, g.op('Concat', [g.ints([-1]), ones(g, behind)], { axis: 0 })]);
}

/** A scalar of the dtype of `x`, whose dtype is not known yet. Folds away. */
export const scalarLike = (g: GraphBuilder, value: number, x: string): string => g.op('CastLike', [g.scalar(value), x]);

/** A scalar constant of a known dtype. */
export function scalarOf(g: GraphBuilder, type: DType, value: number): string {
  const data = allocate(type, []);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[0] = BigInt(Math.trunc(value));
  else data[0] = type === 'float16' ? numberToHalf(value) : value;
  return g.constant({ type, dims: [], data });
}

/**
 * dy where `mask` (bool) holds, else 0. The cheapest gate in onnxruntime, in ns per element with its comparison: Where 0.4, Cast and Mul 0.6,
 * HardSigmoid with a slope of 1e30 and Mul 0.5, Sign and Mul 1.3 (1.30, one thread).
 */
export const gate = (g: GraphBuilder, dy: string, mask: string): string => g.where(mask, dy, g.zero);
