// How few elements an explanation points at: sparseness and complexity. They ask the classifier nothing.
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Metric } from './metric.js';

/**
 * The Gini index of |need| (Chalasani et al., 2020): sum of (2i - n - 1) a_i over n times the sum of a, a ascending from i = 1. 0 where all are equal
 * (all 0 too), (n - 1) / n where one element has everything.
 */
export function gini(need: ArrayLike<number>): number {
  const sorted = Float64Array.from(need, Math.abs).sort();
  const n = sorted.length;
  let [weighted, sum] = [0, 0];
  for (let i = 0; i < n; i++) {
    weighted += (2 * (i + 1) - n - 1) * sorted[i]!;
    sum += sorted[i]!;
  }
  return sum === 0 ? 0 : weighted / (n * sum);
}

/**
 * The entropy of |need| as a distribution over elements, in nats (Bhatt, Weller and Moura, 2020): ln n where all are equal (all 0 too), 0 where one
 * element has everything.
 */
export function entropy(need: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < need.length; i++) sum += Math.abs(need[i]!);
  if (sum === 0) return Math.log(need.length);
  let total = 0;
  for (let i = 0; i < need.length; i++) {
    const p = Math.abs(need[i]!) / sum;
    if (p > 0) total -= p * Math.log(p);
  }
  return total;
}

/** `gini` and `entropy` of a need map, as metrics. */
export function concentration(need: Tensor): [sparseness: Metric, complexity: Metric] {
  const values = toFloat32(need);
  return [
    {
      name: 'sparseness',
      value: gini(values),
      better: 'higher',
      definition: 'Gini index of the need: 0 where all elements are needed alike, towards 1 where few are',
      source: 'Chalasani et al., 2020',
    },
    {
      name: 'complexity',
      value: entropy(values),
      better: 'lower',
      definition: `entropy of the need in nats: 0 for one element, ${Math.log(values.length).toPrecision(4)} where all ${values.length} are needed alike`,
      source: 'Bhatt, Weller and Moura, 2020',
    },
  ];
}
