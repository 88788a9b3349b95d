// Cases of the losses: reductions, weights, ignored targets, further axes.
import { float32, int32, int64 } from '../../src/core/tensor.js';
import { uniform, type OpCase } from './case.js';

/** Targets below 5 for the batch, by two formulas of no period in common with the axes. */
const targets = (...dims: number[]): ReturnType<typeof int64> =>
  int64(
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7 + 3) % 5),
    dims,
  );
const weight = float32([0.3, 1.2, 0.7, 0.1, 2], [5]);
const flat = uniform([3, 5], 401);
const image = uniform([2, 5, 4, 3], 402);

const both = (name: string, opset: number, inputs: OpCase['inputs'], attributes: OpCase['attributes'] = {}): OpCase[] => [
  { name: `NegativeLogLikelihoodLoss ${name}`, op: 'NegativeLogLikelihoodLoss', opset, inputs, attributes },
  // The cross-entropy stayed as it was in opset 22.
  ...(opset < 22
    ? [{ name: `SoftmaxCrossEntropyLoss ${name}`, op: 'SoftmaxCrossEntropyLoss', opset, inputs, attributes, outputs: 2 }]
    : []),
];

export const cases: OpCase[] = [
  ...both('opset 12', 12, [flat, targets(3)]),
  ...both('opset 13', 13, [flat, int32([4, 0, 2])], { reduction: 'sum' }),
  ...both('opset 22', 22, [flat, targets(3), weight]),
  ...both('weights', 13, [image, targets(2, 4, 3), weight]),
  ...both('weights, none', 13, [image, targets(2, 4, 3), weight], { reduction: 'none' }),
  ...both('ignored', 13, [image, targets(2, 4, 3)], { ignore_index: 2 }),
  ...both('ignored, weights', 13, [image, targets(2, 4, 3), weight], { ignore_index: 3, reduction: 'mean' }),
  ...both('ignored outside of the classes', 13, [flat, int64([-1, 2, 4]), weight], { ignore_index: -1, reduction: 'none' }),
];
