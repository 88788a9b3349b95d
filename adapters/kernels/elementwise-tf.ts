// What element-wise ops need beside tfjs's own: gradients of one's own, values kept off the tape, sums that undo broadcasting.
import type { Tf, TfTensor } from '../op.js';

/**
 * y = value(...x) with gradient(dy, x, y), one tensor per input in that input's shape. Nothing inside is taped.
 * `keep` says what the gradient reads: each is copied once by the tape.
 */
export function custom(
  tf: Tf,
  x: readonly TfTensor[],
  value: (...x: TfTensor[]) => TfTensor,
  gradient: (dy: TfTensor, x: TfTensor[], y: TfTensor) => TfTensor[],
  keep: 'x' | 'y' | 'both' | 'nothing' = 'x',
): TfTensor {
  const call = tf.customGrad((...all) => {
    const save = all.at(-1) as unknown as (tensors: TfTensor[]) => void;
    const inputs = all.slice(0, -1) as TfTensor[];
    const y = value(...inputs);
    save([...(keep === 'x' || keep === 'both' ? inputs : []), ...(keep === 'y' || keep === 'both' ? [y] : [])]);
    return {
      value: y,
      gradFunc: (dy: TfTensor, saved: TfTensor[]) => gradient(dy, saved, saved.at(-1)!),
    };
  });
  return call(...x);
}

/**
 * f(...x) as far as the tape can see a constant: the gradient is zero. tfjs throws at a comparison, argMax or logical op on the tape, even
 * where everything behind it is a step function.
 */
export function detached(tf: Tf, x: readonly TfTensor[], f: (...x: TfTensor[]) => TfTensor): TfTensor {
  const shapes = x.map((t) => t.shape);
  return custom(tf, x, f, () => shapes.map((s) => tf.zeros(s)), 'nothing');
}

/**
 * `y`, which is written out with 1 + exp(u) in one of three forms (compile/logistic.ts), with its gradient as one function of u and of what is divided.
 * `valueOf`: of the names in `written`, in the layout of y.
 */
export function asWritten(
  tf: Tf,
  { form, u, over }: { readonly form: 'logistic' | 'quotient' | 'softplus'; readonly u: string; readonly over?: string },
  valueOf: (name: string) => TfTensor,
  y: TfTensor,
): TfTensor {
  const value = (): TfTensor => tf.clone(y);
  const gradient = (dy: TfTensor, [kept]: TfTensor[], made: TfTensor): TfTensor[] => {
    const part = form === 'logistic' ? made : tf.reciprocal(tf.add(tf.exp(kept!), 1));
    // exp(u) times what is left of it, where 1 - part has no digits.
    const rest = tf.where(tf.less(part, 0.5), tf.sub(1, part), tf.mul(tf.exp(tf.minimum(kept!, 0)), part));
    if (form === 'softplus') return [tf.mul(dy, rest)];
    const byU = tf.neg(tf.mul(dy, tf.mul(made, rest)));
    return over === undefined ? [byU] : [byU, tf.mul(dy, part)];
  };
  return custom(tf, over === undefined ? [valueOf(u)] : [valueOf(u), valueOf(over)], value, gradient, 'both');
}

/** a / b. tfjs's own gradient by b divides by its square, which is infinite from 1.8e19 on: the gradient of a softmax that is written out was 0 there. */
export const quotient = (tf: Tf, a: TfTensor, b: TfTensor): TfTensor =>
  custom(
    tf,
    [a, b],
    (p, q) => tf.div(p, q),
    (dy, [p, q], y) => {
      const toP = tf.div(dy, q!);
      return [unbroadcast(tf, toP, p!.shape), unbroadcast(tf, tf.neg(tf.mul(toP, y)), q!.shape)];
    },
    'both',
  );

/** Sums `t` down to `shape`, from which it was broadcast as in numpy. */
export function unbroadcast(tf: Tf, t: TfTensor, shape: readonly number[]): TfTensor {
  const lead = t.rank - shape.length;
  const axes = t.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  const sum = axes.length > 0 ? tf.sum(t, axes, true) : t;
  return lead > 0 ? tf.reshape(sum, [...shape]) : sum;
}

/** Are all elements finite? One pass; a sum that overflows says no, which costs time only. */
const isFinite = (tf: Tf, t: TfTensor): boolean => tf.tidy(() => Number.isFinite(tf.sum(t).dataSync()[0]));

/**
 * dy where `mask` (1 or 0, of its shape) is 1, else 0; also where dy is infinite or NaN, which times 0 is NaN. Selecting takes 15 times as long as
 * multiplying on wasm, so that is done only where it makes a difference.
 */
export const gated = (tf: Tf, dy: TfTensor, mask: TfTensor): TfTensor =>
  isFinite(tf, dy) ? tf.mul(dy, mask) : tf.where(tf.greater(mask, 0), dy, tf.zerosLike(dy));

/** `gradient`, and 0 where `y` is NaN: nothing behind such a value has used it where the result is a number. */
export const zeroAtNaN = (tf: Tf, gradient: TfTensor, y: TfTensor): TfTensor =>
  isFinite(tf, gradient) ? gradient : tf.where(tf.isNaN(y), tf.zerosLike(gradient), gradient);

/** 1 where low < y < high, else 0; an infinite bound is no bound. `step` is several times faster on wasm than a comparison with a scalar. */
export function inside(tf: Tf, y: TfTensor, low: number, high: number): TfTensor {
  const above = low === -Infinity ? undefined : tf.step(low === 0 ? y : tf.sub(y, low));
  const below = high === Infinity ? undefined : tf.step(tf.sub(high, y));
  return above && below ? tf.mul(above, below) : (above ?? below ?? tf.onesLike(y));
}

/** -1, 0 or 1, NaN for NaN. tfjs 4.22's own `sign` takes every number below 1.2e-7 for 0 on wasm. No gradient: for use inside `custom` and `detached`. */
export const signOf = (tf: Tf, x: TfTensor): TfTensor =>
  x.dtype === 'float32' ? tf.sub(tf.step(x), tf.step(tf.neg(x))) : tf.sign(x);
