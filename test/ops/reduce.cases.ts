// Cases of the reductions, every definition of each.
import { float32, int64, type Tensor } from '../../src/core/tensor.js';
import { distinct, uniformAway, type OpCase } from './case.js';

const OPS: Readonly<Record<string, readonly number[]>> = {
  ReduceSum: [1, 11, 13],
  ReduceMean: [1, 11, 13, 18],
  ReduceMax: [1, 11, 12, 13, 18, 20],
  ReduceMin: [1, 11, 12, 13, 18, 20],
  ReduceProd: [1, 11, 13, 18],
  ReduceL1: [1, 11, 13, 18],
  ReduceL2: [1, 11, 13, 18],
  ReduceLogSum: [1, 11, 13, 18],
  ReduceLogSumExp: [1, 11, 13, 18],
  ReduceSumSquare: [1, 11, 13, 18],
};

/** Distinct for the extremes, positive for the logarithm, away from the kink of |x| for the rest. */
function input(op: string, dims: readonly number[], draw: number): Tensor {
  if (op === 'ReduceMax' || op === 'ReduceMin') return distinct(dims, draw);
  if (op === 'ReduceLogSum') return uniformAway(dims, draw, [], 0.5, 2);
  return uniformAway(dims, draw, [0], -1.5, 1.5);
}

let draw = 500;
const cases: OpCase[] = Object.entries(OPS).flatMap(([op, versions]) => {
  const c = (
    name: string,
    opset: number,
    dims: readonly number[],
    axes: readonly number[] | undefined,
    attributes: Record<string, number>,
  ): OpCase => {
    const asInput = opset >= (op === 'ReduceSum' ? 13 : 18);
    return {
      name: `${op} ${name}`,
      op,
      opset,
      inputs: [input(op, dims, draw++), ...(asInput && axes ? [int64(axes)] : [])],
      attributes: { ...attributes, ...(asInput || !axes ? {} : { axes }) },
    };
  };
  const newest = Math.max(18, ...versions);
  return [
    ...versions.flatMap((v) => [c('one axis', v, [3, 2, 5], [1], { keepdims: 0 }), c('all axes', v, [3, 2, 4], undefined, {})]),
    c('negative axes', newest, [2, 3, 4, 5], [-1, 1], {}),
    c('channels', newest, [2, 3, 4, 5], [1], { keepdims: 0 }),
    c('channels and rows', newest, [2, 3, 4, 5], [1, 2], { keepdims: 0 }),
    c('spatial axes kept', newest, [2, 3, 4, 5], [2, 3], {}),
    c('spatial axes', newest, [2, 3, 4, 5], [2, 3], { keepdims: 0 }),
    c('rows', newest, [2, 3, 4, 5], [2], { keepdims: 0 }),
    c('no axes', newest, [2, 3, 4, 5], [], { noop_with_empty_axes: 1 }),
    c('empty axes', newest, [2, 3, 4], [], { keepdims: 0 }),
  ];
});

/** Ties: both engines share the gradient; central differences see a kink, so only the forward and the engines are compared. */
const ties: OpCase[] = ['ReduceMax', 'ReduceMin'].map((op) => ({
  name: `${op} of integers`,
  op,
  opset: 13,
  inputs: [int64([3, 1, 3, 1, 2, 2], [2, 3])],
  attributes: { axes: [1] },
}));
const large: OpCase = {
  name: 'ReduceLogSumExp of large values',
  op: 'ReduceLogSumExp',
  opset: 18,
  inputs: [float32([100, 101, 99, -100, -102, -101], [2, 3]), int64([1])],
};
const factors: OpCase = {
  name: 'ReduceProd with a zero',
  op: 'ReduceProd',
  opset: 18,
  inputs: [float32([1, 0, 3, 2, -2, 0.5], [2, 3]), int64([1])],
};
/** Over an axis of length 0: what a reduction starts from. */
const nothing: OpCase[] = ['ReduceProd', 'ReduceMax', 'ReduceMin', 'ReduceLogSumExp'].map((op) => ({
  name: `${op} of no elements`,
  op,
  opset: 18,
  inputs: [float32([], [2, 0, 3]), int64([1])],
  wrt: [],
}));

export const reductions: OpCase[] = [...cases, ...ties, large, factors, ...nothing];
