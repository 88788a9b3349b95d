// The masks of onnxruntime's attention ops, in each form that a node may give them, as what is added to the scores.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { StaticNode } from '../op.js';
import { LOWEST } from './attention-scores.js';

/** Lengths of one attention: samples, queries, keys of the past, all keys. */
export interface Extent {
  readonly batch: number;
  readonly queries: number;
  readonly past: number;
  readonly keys: number;
}

const whole = (g: GraphBuilder, data: Int32Array, dims: readonly number[]): string => g.constant({ type: 'int32', dims, data });
const counting = (g: GraphBuilder, length: number): string =>
  whole(
    g,
    Int32Array.from({ length }, (_, i) => i),
    [length],
  );

/**
 * Input `index` [B], [2B], [B, T] or [B, S, T] (int32) as bias [B, 1, 1 or S, T]: 0 where a key is shown, `hidden` elsewhere. Numbers per sample
 * are the end of its keys and, B further on, their start.
 */
export function maskBias(
  n: StaticNode,
  index: number,
  { batch, queries, keys }: Extent,
  hidden: number,
  g: GraphBuilder,
): string {
  const mask = n.x[index]!;
  const { dims } = n.type(index);
  const positions = counting(g, keys);
  const edge = (from: number): string => g.reshape(g.slice(mask, [from], [from + batch], [0]), [batch, 1, 1, 1]);
  const shown = (): string => {
    if (dims.length === 1 && (dims[0] === batch || dims[0] === 2 * batch)) {
      const before = g.op('Less', [positions, edge(0)]);
      return dims[0] === batch ? before : g.op('And', [before, g.op('GreaterOrEqual', [positions, edge(batch)])]);
    }
    const rows = dims.length === 3 ? queries : 1;
    const known = dims.length === 2 || (dims.length === 3 && dims[1] === queries);
    if (!known || dims[0] !== batch || dims.at(-1) !== keys)
      return n.refuse(
        `expected a mask (input ${index}) of shape [${batch}], [${2 * batch}], [${batch},${keys}] or [${batch},${queries},${keys}], received [${dims.join(',')}].`,
      );
    return g.greater(g.reshape(mask, [batch, 1, rows, keys]), whole(g, Int32Array.of(0), []));
  };
  return g.where(shown(), g.zero, g.scalar(hidden));
}

/**
 * [S, T]: LOWEST where a key comes after the query. As in onnxruntime the last query sees every key, even where there are more keys than queries
 * and past together.
 */
export function causalBias({ queries, past, keys }: Extent, g: GraphBuilder): string {
  const last = Int32Array.from({ length: queries }, (_, i) => (i === queries - 1 ? keys - 1 : past + i));
  return g.where(g.op('LessOrEqual', [counting(g, keys), whole(g, last, [queries, 1])]), g.zero, g.scalar(LOWEST));
}

/** The sum of those that are there. */
export const sumOf = (g: GraphBuilder, parts: readonly (string | undefined)[]): string | undefined =>
  parts.reduce((a, b) => (a && b ? g.add(a, b) : (a ?? b)), undefined);
