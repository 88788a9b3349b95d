// Where the elements of a sample and those of a mask belong: folding one into the other, and growing small maps.
import { sizeOf } from '../core/tensor.js';

/**
 * For each element of a sample of shape `sample` ([C,H,W], say) the element of a mask of shape `mask` ([1,1,H,W]) that speaks for it: along axes on
 * which the mask has length 1, all share one.
 */
export function owners(sample: readonly number[], mask: readonly number[]): Int32Array {
  const own = mask.slice(mask.length - sample.length);
  const out = new Int32Array(sizeOf(sample));
  for (let i = 0; i < out.length; i++) {
    let at = 0;
    let step = 1;
    for (let axis = sample.length - 1, rest = i; axis >= 0; axis--) {
      const length = sample[axis]!;
      if (own[axis] !== 1) {
        at += (rest % length) * step;
        step *= length;
      }
      rest = Math.floor(rest / length);
    }
    out[i] = at;
  }
  return out;
}

/** How the values of several elements become one: their sum, their mean, the largest of their sizes, or the sum of their sizes. */
export type Fold = 'sum' | 'mean' | 'largest' | 'sizes';

/** One value for each of `count` mask elements from the values of a sample's elements; `owner` as `owners` gives it. */
export function fold(values: ArrayLike<number>, owner: Int32Array, count: number, how: Fold): Float32Array {
  const out = new Float32Array(count);
  for (let i = 0; i < owner.length; i++) {
    const v = values[i]!;
    const at = owner[i]!;
    if (how === 'largest') out[at] = Math.max(out[at]!, Math.abs(v));
    else out[at]! += how === 'sizes' ? Math.abs(v) : v;
  }
  if (how === 'mean') for (let i = 0; i < count; i++) out[i]! *= count / owner.length;
  return out;
}
