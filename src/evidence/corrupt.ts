// Eq. 2 on plain arrays: noise blended into an input by a mask.
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import type { Noise } from '../lan/noise.js';

/** eta := x + A (eta - x), in place, all of one size. */
export function blend(eta: Float32Array, x: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < eta.length; i++) eta[i] = x[i]! + mask[i]! * (eta[i]! - x[i]!);
}

/** out := eta where `replaced` is not 0, else x; all of one size, and `out` may be either. */
export function replace(out: Float32Array, eta: Float32Array, x: Float32Array, replaced: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = replaced[i] ? eta[i]! : x[i]!;
}

/** Mask values of shape `from` repeated along the axes on which it has length 1, to shape `to` of the same rank. */
export function spread(mask: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  if (mask.length === sizeOf(to)) return mask;
  const out = new Float32Array(sizeOf(to));
  // One value a pixel: the whole mask over and over.
  if (from.every((n, axis) => n === to[axis] || mask.length === sizeOf(from.slice(axis + 1)))) {
    for (let at = 0; at < out.length; at += mask.length) out.set(mask, at);
    return out;
  }
  for (let i = 0; i < out.length; i++) {
    let at = 0;
    let rest = i;
    let step = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      if (from[axis] !== 1) at += (rest % to[axis]!) * step;
      rest = Math.floor(rest / to[axis]!);
      step *= from[axis]!;
    }
    out[i] = mask[at]!;
  }
  return out;
}

/** x with one draw of the evidence stream blended in: what the classifier saw, for people to see. Shape [1,...sample]. */
export function corruptOnce(x: Tensor, mask: Tensor, noise: Noise, seed: number): Tensor {
  const eta = new Float32Array(sizeOf(x.dims));
  noise.fill(eta, random(seed, STREAMS.evidence), 0);
  blend(eta, toFloat32(x), spread(toFloat32(mask), mask.dims, x.dims));
  return float32(eta, x.dims);
}
