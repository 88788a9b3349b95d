// The target of Eq. 4: what the mask is to keep, from what the model answered.
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { judgeOf, LABEL_HOLDS, type Answer } from '../evidence/answer.js';
import type { Find } from '../lan/choices.js';

/**
 * What the mask is to keep, as the objective takes it: F(x), its top class with probability `sharpen` at least; of a question [1,2], yes and no. What it is to
 * change: 1 at the answer, at the sides of labels that were given, at yes (see changeLoss).
 */
export function targetOf(answer: Answer, p: Tensor, sharpen: number, find: Find = 'keep'): Tensor {
  const { task } = answer;
  if (task === 'value') return p;
  if (find === 'delete') {
    if (task === 'target') return float32([1, 0], [1, 2]);
    if (task === 'class') return float32(Float32Array.from({ length: sizeOf(p.dims) }, (_, i) => (i === answer.index ? 1 : 0)), [1, sizeOf(p.dims)]); // prettier-ignore
    const given = Float32Array.from(toFloat32(p), (v) => (v >= LABEL_HOLDS ? 1 : 0));
    return float32([...given, ...given.map((v) => 1 - v)], [1, 2 * given.length]);
  }
  if (task === 'target') {
    const yes = Math.max(answer.probability, sharpen);
    return float32([yes, 1 - yes], [1, 2]);
  }
  return task === 'labels' ? labelTargets(p, sharpen) : sharpened(p, sharpen);
}

/**
 * Is the answer kept in a row of the objective's outputs? What Judge.kept says of the probabilities in it, which are the exponentials of its first K;
 * of a question the row holds yes and no alone, and yes has to be the larger, which is stricter where there are several other classes, unless no is the nearest.
 */
export function keptBy(answer: Answer, p: Tensor): (row: Float32Array) => boolean {
  if (answer.task === 'target') return ([yes, no]) => yes! > no!;
  const judge = judgeOf(answer, p);
  if (answer.task === 'value') return (row) => judge.kept(row);
  const classes = sizeOf(p.dims);
  return (row) => judge.kept(row.subarray(0, classes).map((v) => Math.exp(v)));
}

/** Targets [1,2K] of K labels, p then 1 - p, each sharpened as the answer of two classes that it is (see `sharpened`). */
function labelTargets(p: Tensor, least: number): Tensor {
  const yes = toFloat32(p).map((v) => (Math.max(v, 1 - v) >= least || v === 0.5 ? v : v > 0.5 ? least : 1 - least));
  return float32([...yes, ...yes.map((v) => 1 - v)], [1, 2 * yes.length]);
}

/**
 * F(x)^s, normalised, with the smallest s >= 1 for which the top class has probability `least`. A soft target of 0.41 against 0.35 rewards
 * reproducing the doubt, and noise then tips the answer over; what the audit claims is the answer. Sure answers are left as they are.
 */
export function sharpened(p: Tensor, least: number): Tensor {
  const values = Float64Array.from(toFloat32(p));
  const top = values.reduce((a, b) => Math.max(a, b), 0);
  const ties = values.filter((v) => v === top).length;
  if (top >= least || ties > 1 || top === 0) return p;
  const power = (s: number): Float64Array => {
    const raised = values.map((v) => (v / top) ** s);
    const sum = raised.reduce((a, b) => a + b, 0);
    return raised.map((v) => v / sum);
  };
  const best = (s: number): number => power(s).reduce((a, b) => Math.max(a, b), 0);
  let high = 2;
  while (best(high) < least && high < 1e6) high *= 2;
  let low = 1;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (best(middle) < least) low = middle;
    else high = middle;
  }
  return float32(Float32Array.from(power(high)), p.dims);
}
