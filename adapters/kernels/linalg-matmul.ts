// Batched matrix products in tfjs whose gradients are right under numpy broadcasting, which tf.matMul's are not.
import type { Tf, TfTensor } from '../op.js';
import { expandTo, product, sameDims } from './shape-common.js';

/** Numpy's broadcast of two shapes, which must fit. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [p, q] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    return p === 1 ? q : p;
  });
}

/** a [..., m, k] x b [..., k, n] -> [..., m, n]; batch axes broadcast. */
export function tfMatMul(tf: Tf, a: TfTensor, b: TfTensor): TfTensor {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  const left = a.shape.slice(0, -2);
  const right = b.shape.slice(0, -2);
  // A plain matrix on the right, the common case (a weight), takes all rows at once.
  if (product(right) === 1 && left.length >= right.length) {
    return tf.reshape(tf.matMul(tf.reshape(a, [product(left) * m, k]), tf.reshape(b, [k, n])), [...left, m, n]);
  }
  const batch = broadcastDims(left, right);
  const count = product(batch);
  const spread = (t: TfTensor, own: readonly number[], rows: number, columns: number): TfTensor =>
    tf.reshape(sameDims(own, batch) ? t : expandTo(tf, t, [...batch, rows, columns]), [count, rows, columns]);
  return tf.reshape(tf.matMul(spread(a, left, m, k), spread(b, right, k, n)), [...batch, m, n]);
}
