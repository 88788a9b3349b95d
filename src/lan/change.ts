// What is lowered where the smallest part is looked for whose loss changes the answer: small once the answer is another one.
import type { GraphBuilder } from '../onnx/builder.js';

/** What the outputs of the classifier are: log-probabilities [N,K] of classes; [N,2K] of labels, log p then log(1-p); or values [N,1]. */
export type Answers = 'classes' | 'labels' | 'values';

/** Below any log-probability: takes a class out of a maximum. */
const OUT = 1e30;

/**
 * Mean over the draws of log(1 + exp(-m)), m being by how much the answer has changed: above 0 just where it has, where the loss is below log 2.
 * - classes: the largest log-probability of the others less that of the answer; `target` [1,K] is 1 at the answer, else 0.
 * - labels: the largest of log q - log p, p being the probability that a label is as it was and q = 1 - p; `target` [1,2K] is 1 at the sides that were given.
 * - values: ((F(x~) - F(x)) / tolerance)^2 - 1; `target` [1,1] is F(x), and the graph gets the input `tolerance` [].
 * Eq. 4 with its sign turned would reward without end what is lost already; this is bounded, and asks for no more than the claim does.
 */
export function changeLoss(g: GraphBuilder, answers: Answers, outputs: string, target: string, draws: number): string {
  const kept =
    answers === 'values'
      ? withinTolerance(g, outputs, target)
      : answers === 'labels'
        ? labelsKept(g, outputs, target, draws)
        : classKept(g, outputs, target);
  return g.mul(g.reduceSum(g.op('Softplus', [kept]), [0, 1], false), g.scalar(1 / draws));
}

/** -m [draws,1] of classes. */
function classKept(g: GraphBuilder, logs: string, target: string): string {
  const own = g.reduceSum(g.mul(logs, target), [1], true);
  const others = g.op('ReduceMax', [g.sub(logs, g.mul(target, g.scalar(OUT))), g.ints([1])], { keepdims: 1 });
  return g.sub(own, others);
}

/** -m [draws,1] of labels: of each label the log-probability of its side and of the other one. */
function labelsKept(g: GraphBuilder, logs: string, target: string, draws: number): string {
  const labels = g.typeOf(logs).dims[1]! / 2;
  const half = (value: string, rows: number, which: 0 | 1): string => {
    const part = g.slice(value, [which * labels], [(which + 1) * labels], [1]);
    g.types.set(part, { type: 'float32', dims: [rows, labels] });
    return part;
  };
  const [yes, no] = [half(logs, draws, 0), half(logs, draws, 1)];
  const [given, absent] = [half(target, 1, 0), half(target, 1, 1)];
  const own = g.add(g.mul(yes, given), g.mul(no, absent));
  const other = g.add(g.mul(no, given), g.mul(yes, absent));
  return g.neg(g.op('ReduceMax', [g.sub(other, own), g.ints([1])], { keepdims: 1 }));
}

/** -m [draws,1] of values. */
function withinTolerance(g: GraphBuilder, values: string, target: string): string {
  const off = g.op('Div', [g.sub(values, target), g.input('tolerance', 'float32', [])]);
  return g.sub(g.scalar(1), g.mul(off, off));
}
