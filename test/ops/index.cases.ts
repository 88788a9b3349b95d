// Cases of the ops that pick or place by index, every definition of each.
import { bool, float32, int64, type Tensor } from '../../src/core/tensor.js';
import { caseOf as c, distinct, uniform, type OpCase } from './case.js';

let draw = 300;
const x = (...dims: number[]): Tensor => uniform(dims, draw++);
const list = (...values: number[]): Tensor => int64(values);
const HUGE = 2 ** 62;
type CaseOptions = Parameters<typeof c> extends [string, ...infer Rest] ? Rest : never;
/** Indices given at run time, and the same as an initialiser: other rules apply. */
const both = (name: string, ...[op, opset, inputs, attributes, more]: CaseOptions): OpCase[] => [
  c(`${name}, fed`, op, opset, inputs, attributes, more),
  c(`${name}, constant`, op, opset, inputs, attributes, { ...more, initializers: [1] }),
];

const slice: OpCase[] = [
  c('attributes', 'Slice', 1, [x(2, 3, 6, 7)], { starts: [1, -5], ends: [3, HUGE], axes: [1, 3] }),
  c('attributes without axes', 'Slice', 1, [x(4, 5)], { starts: [1, 0], ends: [3, -1] }),
  ...[10, 11, 13].map((v) => c('steps', 'Slice', v, [x(2, 3, 8, 7), list(1, 0), list(8, HUGE), list(2, 3), list(3, 2)])),
  c('without axes', 'Slice', 13, [x(4, 5), list(1, 2), list(3, 4)]),
  c('backwards', 'Slice', 13, [x(2, 3, 8, 7), list(-1, 6), list(-HUGE, 1), list(2, 3), list(-1, -2)]),
  c('backwards, last step short', 'Slice', 13, [x(2, 8), list(-2), list(0), list(1), list(-3)]),
  c('one element by a step', 'Slice', 13, [x(2, 8), list(3), list(5), list(1), list(4)]),
  c('everything', 'Slice', 13, [x(2, 8), list(0), list(HUGE), list(1)]),
  c('of five axes', 'Slice', 13, [x(2, 3, 4, 5, 3), list(1, 0), list(4, 5), list(2, 3), list(2, 2)]),
];
const gather: OpCase[] = [
  ...[1, 11, 13].flatMap((v) => both('of rows', 'Gather', v, [x(5, 4), int64([3, 0, 3, 1, 2, 2], [2, 3])])),
  ...both('of columns', 'Gather', 13, [x(2, 5, 3, 4), int64([3, 0, 3, 1], [2, 2])], { axis: 1 }),
  ...both('of distinct columns', 'Gather', 13, [x(2, 5, 4), list(3, 0, 1)], { axis: -2 }),
  ...both('of a permutation', 'Gather', 13, [x(2, 3, 4), list(3, 0, 2, 1)], { axis: 2 }),
  ...both('of a class token', 'Gather', 13, [x(2, 5, 4), int64([0], [])], { axis: 1 }),
  ...both('backwards', 'Gather', 13, [x(2, 5, 4), list(4, 2, 0)], { axis: 1 }),
  ...both('of an embedding, repeated and from the end', 'Gather', 13, [x(7, 3), int64([-1, 6, 0, 2, -7, 2, 2, -5], [2, 4])]),
  ...both('of inner rows, repeated and from the end', 'Gather', 13, [x(2, 5, 3), int64([-1, 4, 0, -5, 2, 2], [3, 2])], {
    axis: -2,
  }),
  ...both('of one row', 'Gather', 13, [x(5, 3), int64([-2], [])]),
  ...both('from the end', 'Gather', 11, [x(2, 5, 4), list(-1, 1)], { axis: 1 }),
];
const elements = int64([0, 2, 1, 3, -1, 0, 0, 2, 1, 1, 3, 2], [2, 3, 2]);
const elementwise: OpCase[] = [
  ...[11, 13].flatMap((v) => both('axis 1', 'GatherElements', v, [x(2, 4, 3), elements], { axis: 1 })),
  ...[11, 13, 16, 18].flatMap((v) =>
    both('axis 1', 'ScatterElements', v, [x(2, 4, 3), int64([0, 2, -1, 3, 1, 0, 0, 2, 1, 1, 3, 0], [2, 3, 2]), x(2, 3, 2)], {
      axis: 1,
    }),
  ),
  ...both('adding', 'ScatterElements', 18, [x(2, 4, 3), elements, x(2, 3, 2)], { axis: 1, reduction: 'add' }),
  c('of opset 9', 'Scatter', 9, [x(3, 4), int64([1, 0, 2, 2], [2, 2]), x(2, 2)], { axis: 0 }),
  c(
    'of opset 11',
    'Scatter',
    11,
    [float32([1, 2, 3, 4], [2, 2]), int64([1, 0], [2, 1]), float32([7, 8], [2, 1])],
    { axis: 1 },
    {
      expected: [float32([1, 7, 8, 4], [2, 2])],
    },
  ),
];
const pairs = int64([1, 0, 0, 2, -1, 1], [3, 2]);
const rows: OpCase[] = [
  ...[11, 12, 13].flatMap((v) => both('pairs', 'GatherND', v, [x(2, 3, 4), pairs])),
  ...both('repeated', 'GatherND', 13, [x(2, 3, 4), int64([1, 1, 0, 1], [4, 1])]),
  ...both('in batches', 'GatherND', 12, [x(2, 3, 4, 5), int64([1, 2, 0, 1, 2, 3, 0, 0], [2, 2, 2])], { batch_dims: 1 }),
  ...[11, 13, 16, 18].flatMap((v) => both('pairs', 'ScatterND', v, [x(2, 3, 4), pairs, x(3, 4)])),
  ...both('adding', 'ScatterND', 18, [x(2, 3, 4), int64([1, 0, 0, 2, 1, 0], [3, 2]), x(3, 4)], { reduction: 'add' }),
];
const order: OpCase[] = [
  c('upper', 'Trilu', 14, [x(2, 4, 5)]),
  c('lower', 'Trilu', 14, [x(2, 4, 5), int64([-1], [])], { upper: 0 }),
  c('of bool', 'Trilu', 14, [bool(Array.from({ length: 12 }, (_, i) => i % 2 === 0), [3, 4])]), // prettier-ignore
  c('k attribute', 'TopK', 1, [distinct([3, 7], 1)], { k: 3 }, { outputs: 2 }),
  c('k input', 'TopK', 10, [distinct([3, 7, 4], 2), list(3)], { axis: 1 }, { outputs: 2 }),
  ...[11, 24].map((v) => c('smallest', 'TopK', v, [distinct([3, 7, 4], 3), list(2)], { axis: 1, largest: 0 }, { outputs: 2 })),
  // Its order says nothing then, so one element is asked for.
  c('unsorted', 'TopK', 11, [distinct([3, 7, 4], 7), list(1)], { axis: 0, sorted: 0 }, { outputs: 2 }),
  c('values alone', 'TopK', 11, [distinct([3, 7], 4), list(2)], {}, { outputs: 2, compare: [0] }),
  ...(['ArgMax', 'ArgMin'] as const).flatMap((op) => [
    ...[1, 11, 12, 13].map((v) => c('axis 1', op, v, [distinct([3, 7, 4], 5)], { axis: 1, keepdims: 0 })),
    c('last of equals', op, 13, [float32([1, 3, 1, 3, 2, 3, 1, 2, 2, 1, 3, 3], [3, 4])], { axis: 1, select_last_index: 1 }),
    c('rank 4', op, 13, [distinct([2, 3, 4, 5], 6)], { axis: 1 }),
  ]),
  ...[11, 14].map((v) => c('axis 1', 'CumSum', v, [x(2, 3, 4, 5), int64([1], [])])),
  c('exclusive', 'CumSum', 14, [x(2, 3, 4), int64([-1], [])], { exclusive: 1 }),
  c('reverse', 'CumSum', 14, [x(2, 3, 4), int64([0], [])], { reverse: 1 }),
  c('exclusive and reverse', 'CumSum', 14, [x(2, 3, 4), int64([1], [])], { reverse: 1, exclusive: 1 }),
  ...[9, 13].map((v) => c('of a constant', 'NonZero', v, [float32([0, 1, 2, 0, 0, 3], [2, 3])], {}, { initializers: [0] })),
  ...[9, 11].map((v) => c('axis', 'Compress', v, [x(3, 5), bool([true, false, true, true, false])], { axis: 1 })),
  c('flattened', 'Compress', 11, [x(3, 5), bool([true, false, true, true, false, false, true])]),
];

export const cases: OpCase[] = [...slice, ...gather, ...elementwise, ...rows, ...order];
