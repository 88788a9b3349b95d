// Adam (Kingma and Ba, 2015, Algorithm 1): its constants, its step-dependent factors, and the update of float32 arrays in place.

/** Decay rates and epsilon as in the paper, which names no others. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/**
 * Step `t` (from 1) at learning rate `rate` is p -= scale * m / (sqrt(v) + floor): the bias corrections of m and v, taken out of the loop over
 * elements (the paper's note at the end of Section 2).
 */
export function adamFactors(t: number, rate: number): { scale: number; floor: number } {
  const root = Math.sqrt(1 - ADAM.beta2 ** t);
  return { scale: (rate * root) / (1 - ADAM.beta1 ** t), floor: ADAM.epsilon * root };
}

/** The optimiser's state for one parameter. */
export interface AdamState {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Moves `parameter` by `gradient`; `factors` as adamFactors gives them for this step. */
export function adamUpdate(
  parameter: Float32Array,
  gradient: Float32Array,
  { m, v }: AdamState,
  { scale, floor }: { scale: number; floor: number },
): void {
  const { beta1, beta2 } = ADAM;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    parameter[i]! -= (scale * m[i]!) / (Math.sqrt(v[i]!) + floor);
  }
}
