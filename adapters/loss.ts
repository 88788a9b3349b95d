// Losses that a training graph ends in: NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss, written in simpler ops.
import type { GraphBuilder } from '../src/onnx/builder.js';
import { DATA_TYPE, defineOp, int, text, type OldNode, type OpAdapter } from './op.js';

/**
 * -weight[target] * x[target] along axis 1, reduced as the node says (ONNX NegativeLogLikelihoodLoss-13): x [N, C, d...], target whole numbers
 * [N, d...], weight [C]. Elements whose target is ignore_index count as nothing; the mean is over the weights that count.
 */
function likelihoodLoss(n: OldNode, g: GraphBuilder, x: string, target: string, weight: string): string {
  const reduction = n.attr<string>('reduction') ?? 'mean';
  if (!['none', 'sum', 'mean'].includes(reduction)) n.refuse(`expected a reduction none, sum or mean, received '${reduction}'.`);
  const ignored = n.attr('ignore_index');
  let index = g.cast(target, DATA_TYPE.int64!);
  let factor: string | undefined;
  if (ignored === undefined) factor = weight ? g.op('Gather', [weight, index]) : undefined;
  else {
    const zero = g.op('Squeeze', [g.ints([0])]);
    const skipped = g.op('Equal', [index, g.op('Squeeze', [g.ints([ignored])])]);
    index = g.where(skipped, zero, index);
    factor = weight
      ? g.where(skipped, g.zero, g.op('Gather', [weight, index]))
      : g.cast(g.op('Not', [skipped]), DATA_TYPE.float32!);
  }
  const axis = g.ints([1]);
  const taken = g.op('GatherElements', [x, g.op('Unsqueeze', [index, axis])], { axis: 1 });
  const each = g.neg(g.op('Squeeze', [taken, axis]));
  const loss = factor ? g.mul(each, factor) : each;
  const whole = (op: string, v: string): string => g.op(op, [v], { keepdims: 0 });
  if (reduction === 'none') return loss;
  if (reduction === 'sum') return whole('ReduceSum', loss);
  return factor ? g.div(whole('ReduceSum', loss), whole('ReduceSum', factor)) : whole('ReduceMean', loss);
}

const ATTRIBUTES = { ignore_index: int(), reduction: text('mean') };

/** NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, written in simpler ops: a scalar, or with reduction 'none' one number per target [N, d...]. */
export const loss: OpAdapter[] = [
  defineOp({
    op: 'NegativeLogLikelihoodLoss',
    versions: [12, 13, 22],
    attributes: ATTRIBUTES,
    canonicalize: (n, g) => likelihoodLoss(n, g, n.x[0]!, n.x[1]!, n.x[2]!),
  }),
  defineOp({
    op: 'SoftmaxCrossEntropyLoss',
    versions: [12, 13],
    attributes: ATTRIBUTES,
    canonicalize: (n, g) => {
      const logs = g.op('LogSoftmax', [n.x[0]!], { axis: 1 });
      return [likelihoodLoss(n, g, logs, n.x[1]!, n.x[2]!), logs];
    },
  }),
];
