// Scaled dot-product attention (Vaswani et al., 2017) written in matrix products and a softmax, for every op that is one.
import type { GraphBuilder } from '../../src/onnx/builder.js';
import { countTo, dimsOf, lengthOf } from './attention-heads.js';
import { scalarLike } from './elementwise-onnx.js';

/**
 * What onnxruntime writes where nothing may be attended: the lowest float32. Added to any score it stays itself, where minus infinity would
 * make NaN of a row in which everything is masked.
 */
export const LOWEST = -3.4028234663852886e38;

/** What `attend` is given. B: batch, S: positions of queries, T: of keys, H: length of a query and a key, G: of a value. */
export interface Scores {
  /** [B, heads, S, H]. */
  readonly q: string;
  /** [B, heads of keys, T, H]. */
  readonly k: string;
  /** [B, heads of keys, T, G]. */
  readonly v: string;
  /** Default: 1 / sqrt(H). */
  readonly scale?: number | undefined;
  /** c tanh(score / c); 0 for none. */
  readonly softcap?: number;
  /** Added to the scores, broadcasting to [B, heads, S, T]; a row of LOWEST alone attends to nothing: its weights are 0. */
  readonly bias?: string | undefined;
  /** Do several heads of queries in a row share one of keys? */
  readonly grouped: boolean;
}

/** `value` [B, heads, S, H] and the scores in the four stages that Attention can hand out (qk_matmul_output_mode). */
export interface Attended {
  readonly value: string;
  readonly stages: readonly [products: string, capped: string, biased: string, weights: string];
}

/**
 * softmax(scale q k^T + bias) v per head, float of the dtype of q (Vaswani et al., 2017, Eq. 1), with the scores capped before the bias where
 * `softcap` is not 0. Shapes need not be known yet.
 */
export function attend(g: GraphBuilder, { q, k, v, scale, softcap = 0, bias, grouped }: Scores): Attended {
  const factor =
    scale === undefined
      ? g.op('CastLike', [g.op('Reciprocal', [g.op('Sqrt', [g.cast(lengthOf(g, q, -1), 1)])]), q])
      : scalarLike(g, scale, q);
  // The queries of the heads that share keys stand under each other, so that nothing is copied.
  const [batch, queryHeads, positions] = [0, 1, 2].map((axis) => lengthOf(g, q, axis)) as [string, string, string];
  const gather = (x: string): string =>
    grouped ? g.op('Reshape', [x, dimsOf(g, batch, lengthOf(g, k, 1), -1, lengthOf(g, x, -1))]) : x;
  const spread = (x: string): string =>
    grouped ? g.op('Reshape', [x, dimsOf(g, batch, queryHeads, positions, lengthOf(g, x, -1))]) : x;
  const products = spread(g.matMul(gather(g.mul(q, factor)), g.transpose(k, [0, 1, 3, 2])));
  const cap = scalarLike(g, softcap, q);
  const capped = softcap === 0 ? products : g.mul(g.op('Tanh', [g.div(products, cap)]), cap);
  const biased = bias === undefined ? capped : g.add(capped, bias);
  const softmax = g.op('Softmax', [biased], { axis: -1 });
  // Most masks leave something of every row, and then this folds away.
  const seen = (mask: string): string =>
    g.greater(g.op('ReduceMax', [mask, g.ints([-1])], { keepdims: 1 }), scalarLike(g, LOWEST, q));
  const weights = bias === undefined ? softmax : g.where(seen(bias), softmax, scalarLike(g, 0, q));
  return { value: spread(g.matMul(gather(weights), v)), stages: [products, capped, biased, weights] };
}

/** bool [S, T] or [B, 1, S, T]: may query s see key t? So many keys as `past` says ([1] or [B, 1, 1, 1]) come before those of the queries. */
export const causal = (g: GraphBuilder, q: string, k: string, past: string): string =>
  g.op('LessOrEqual', [countTo(g, lengthOf(g, k, 2)), g.add(g.reshape(countTo(g, lengthOf(g, q, 2)), [-1, 1]), past)]);

/** `bias` (0 where there is none), and LOWEST where `allowed` does not hold; of the dtype of `like`. */
export const only = (g: GraphBuilder, allowed: string, bias: string | undefined, like: string): string =>
  g.where(allowed, bias ?? scalarLike(g, 0, like), scalarLike(g, LOWEST, like));
