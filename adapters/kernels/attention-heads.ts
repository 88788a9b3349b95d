// Heads of attention, where a node may hold them side by side in the last axis or on an axis of their own: shape arithmetic for both, which folds.
import type { GraphBuilder } from '../../src/onnx/builder.js';

const END = 2 ** 31 - 1;

/** Length of an axis, counted from the front or (negative) from the back, as an int64 vector of one element. */
export const lengthOf = (g: GraphBuilder, x: string, axis: number): string =>
  g.slice(g.op('Shape', [x]), [axis], [axis === -1 ? END : axis + 1], [0]);

/** An int64 vector from such lengths; numbers stand for themselves. */
export const dimsOf = (g: GraphBuilder, ...parts: readonly (string | number)[]): string =>
  g.op(
    'Concat',
    parts.map((p) => (typeof p === 'number' ? g.ints([p]) : p)),
    { axis: 0 },
  );

/** 0, 1, ... length - 1 as int64, from an int64 vector of one element. */
export const countTo = (g: GraphBuilder, length: string): string => {
  const scalar = (value: string): string => g.reshape(value, []);
  return g.op('Range', [scalar(g.ints([0])), scalar(length), scalar(g.ints([1]))]);
};

/** x with its heads on axis 1, and the way back for a value of as many positions and heads (its last axis may have another length). */
export interface Heads {
  readonly apart: string;
  together(y: string): string;
}

/**
 * [B, S, heads * H] and [B, heads, S, H] both as [B, heads, S, H], one of the two numbers being given. Which of them x is cannot be seen before
 * its shape is known: so the transposition is written once over five axes, one of which has length 1: [B, S, heads, 1, H] or [B, 1, heads, S, H].
 */
export function splitHeads(
  g: GraphBuilder,
  x: string,
  { heads = -1, size = -1 }: { heads?: number; size?: number | string },
): Heads {
  const shape = g.op('Shape', [x]);
  const rank = g.op('Shape', [shape]);
  const [batch, positions] = [lengthOf(g, x, 0), lengthOf(g, x, -2)];
  const one = g.ints([1]);
  const flat = g.sub(g.ints([4]), rank);
  const more = g.sub(positions, one);
  const before = g.add(g.mul(flat, more), one);
  const behind = g.add(g.mul(g.sub(one, flat), more), one);
  const swap = (value: string): string => g.transpose(value, [0, 2, 1, 3, 4]);
  const parts = g.op('Reshape', [x, dimsOf(g, batch, before, heads, behind, size)]);
  return {
    apart: g.op('Reshape', [swap(parts), dimsOf(g, batch, heads, positions, size)]),
    together: (y) => {
      const swapped = swap(g.op('Reshape', [y, dimsOf(g, batch, lengthOf(g, y, 1), before, behind, -1)]));
      return g.op('Reshape', [swapped, dimsOf(g, g.op('Slice', [shape, g.ints([0]), g.ints([-1]), g.ints([0])]), -1)]);
    },
  };
}
