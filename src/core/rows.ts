// Rows of class scores: which class is largest.
import { type Tensor, toFloat32 } from './tensor.js';

/** Index of the largest entry of each row of [N,K]; for K = 1 whether it is at least one half. */

export function argmax(p: Tensor): number[] {
  const [n, k] = p.dims as [number, number];
  const data = toFloat32(p);
  return Array.from({ length: n }, (_, i) => {
    if (k === 1) return data[i]! >= 0.5 ? 1 : 0;
    let best = 0;
    for (let j = 1; j < k; j++) if (data[i * k + j]! > data[i * k + best]!) best = j;
    return best;
  });
}
