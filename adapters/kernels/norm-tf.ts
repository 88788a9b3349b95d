// A tfjs function of one tensor with a hand-written gradient that needs values of the forward pass.
import type { Tf, TfTensor } from '../op.js';

/** What a forward pass gives: its value, the tensors that its gradient needs, and the gradient: from dy and those tensors, in the shape of x. */
export interface Evaluated {
  readonly value: TfTensor;
  readonly saved: TfTensor[];
  readonly gradient: (dy: TfTensor, saved: readonly TfTensor[]) => TfTensor;
}

/** Runs `evaluate` off the tape; what it saves is held until the gradient is taken. */
export function unaryOf(tf: Tf, x: TfTensor, evaluate: (x: TfTensor) => Evaluated): TfTensor {
  return tf.customGrad((...args) => {
    const [a, save] = args as unknown as [TfTensor, (tensors: TfTensor[]) => void];
    const { value, saved, gradient } = evaluate(a);
    save(saved);
    return { value, gradFunc: (dy: TfTensor, kept: TfTensor[]) => gradient(dy, kept) };
  })(x);
}
