// Adam (Kingma and Ba, 2015, Algorithm 1) on float32 arrays, in place.

export interface Adam {
  /** One update of `parameter` by `gradient` at learning rate `rate`. */
  step(parameter: Float32Array, gradient: Float32Array, rate: number): void;
}

/** The optimiser's state for one parameter of `size` elements; decay rates and epsilon as in the paper, which names no others. */
export function adam(size: number, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Adam {
  const m = new Float32Array(size);
  const v = new Float32Array(size);
  let t = 0;
  return {
    step(parameter, gradient, rate) {
      t++;
      const scale = (rate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
      const floor = epsilon * Math.sqrt(1 - beta2 ** t);
      for (let i = 0; i < size; i++) {
        const g = gradient[i]!;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
        parameter[i]! -= (scale * m[i]!) / (Math.sqrt(v[i]!) + floor);
      }
    },
  };
}
