// What training draws from: samples by number, in an order that depends on the seed and the step alone, so that a run can be taken up anywhere.
import { random, shuffle, STREAMS } from '../core/random.js';

/** What a training draws from: samples by number, all of one shape. */
export interface Samples {
  readonly count: number;
  /** Of one sample: [C,H,W] in pixel space, or a model's own input shape. */
  readonly shape: readonly number[];
  /** Class of each sample, where known. */
  readonly labels?: ArrayLike<number>;
  /**
   * The values [n,...shape] of these samples, a fresh array. Samples that vary from one look to the next (digits put somewhere, augmented
   * pictures) depend on `draw`, and on nothing else.
   */
  read(indices: ArrayLike<number>, draw: number): Float32Array | Promise<Float32Array>;
}

/**
 * The samples of each step: every one once an epoch, in a seeded order (Fisher and Yates), an epoch's incomplete rest left out; with fewer samples
 * than `batch`, drawn with replacement.
 */
export function batchOrder(count: number, batch: number, seed: number): (step: number) => Uint32Array {
  const stream = random(seed, STREAMS.shuffle);
  const perEpoch = Math.floor(count / batch);
  if (perEpoch === 0) return (step) => Uint32Array.from({ length: batch }, (_, i) => stream.integer(count, step, i));
  let known = -1;
  const order = new Uint32Array(count);
  return (step) => {
    const epoch = Math.floor(step / perEpoch);
    if (epoch !== known) {
      for (let i = 0; i < count; i++) order[i] = i;
      shuffle(order, stream, epoch);
      known = epoch;
    }
    const at = (step % perEpoch) * batch;
    return order.slice(at, at + batch);
  };
}

/** Samples at random, with replacement: eta_boot of the paper (Section 3.2). */
export function bootstrapOrder(count: number, batch: number, seed: number): (step: number) => Uint32Array {
  const stream = random(seed, STREAMS.bootstrap);
  return (step) => Uint32Array.from({ length: batch }, (_, i) => stream.integer(count, step, i));
}

/** Samples held in memory, `data` [count,...shape]. */
export function samplesOf(data: Float32Array, shape: readonly number[], labels?: ArrayLike<number>): Samples {
  const per = shape.reduce((a, b) => a * b, 1);
  return {
    count: data.length / per,
    shape,
    labels,
    read(indices) {
      const out = new Float32Array(indices.length * per);
      for (let i = 0; i < indices.length; i++) out.set(data.subarray(indices[i]! * per, (indices[i]! + 1) * per), i * per);
      return out;
    },
  };
}
