// Classifiers whose every figure is known in advance, as functions of a sample.
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import type { Subject } from '../../src/evidence/subject.js';
import type { Noise } from '../../src/lan/noise.js';

/** A subject whose score is `f` of the sample, on noise that is always `baseline`. */
export function subjectOf(f: (sample: Float32Array) => number, x: Tensor, noise: Noise = constant(0), seed = 0): Subject {
  return {
    x,
    noise,
    seed,
    score: ([v]) => v!,
    predict: async (batch) => {
      const per = toFloat32(x).length;
      const values = toFloat32(batch);
      const n = values.length / per;
      return Promise.resolve(
        float32(
          Array.from({ length: n }, (_, i) => f(values.subarray(i * per, (i + 1) * per))),
          [n, 1],
        ),
      );
    },
  };
}

/** Noise that is `value` everywhere. */
export const constant = (value: number): Noise => ({
  name: `constant:${value}`,
  random: false,
  fill: (out) => void out.fill(value),
});

/** Every element independent and uniform in [0,1). */
export const uniform: Noise = {
  name: 'uniform:0,1',
  random: true,
  fill: (out, stream, draw) => void stream.uniform(out, draw),
};

/** w . x, the sum without weights. */
export const linear =
  (w?: readonly number[]) =>
  (x: Float32Array): number =>
    x.reduce((sum, v, i) => sum + v * (w?.[i] ?? 1), 0);
