// Comparisons, logic, selection, conversion of dtypes, Dropout.
import { bool, float32, int32, int64, type Tensor } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import { uniform, uniformAway, type OpCase } from './case.js';

const DIMS = [2, 3, 4, 5];
const a = uniform(DIMS, 30);
const b = uniform([3, 1, 5], 31);
const ints = int32([3, -1, 4, 1, -5, 9], [2, 3]);
const row = int32([3, 1, 4]);
const flags = bool([true, false, true, true, false, false], [2, 3]);
const flagRow = bool([true, false, false]);

const comparisons: OpCase[] = (
  [
    ['Equal', [7, 11, 13, 19]],
    ['Greater', [7, 9, 13]],
    ['Less', [7, 9, 13]],
    ['GreaterOrEqual', [12, 16]],
    ['LessOrEqual', [12, 16]],
  ] as const
).flatMap(([op, versions]) =>
  versions.flatMap((opset): OpCase[] => [
    // Equal takes floats since 11, Greater and Less take whole numbers since 9.
    ...(op === 'Equal' && opset === 7 ? [] : [{ name: `${op}-${opset} of floats`, op, opset, inputs: [a, b] }]),
    ...(op !== 'Equal' && opset === 7 ? [] : [{ name: `${op}-${opset} of whole numbers`, op, opset, inputs: [ints, row] }]),
  ]),
);

/** B's axes start at axis 1 of A: [2,3,4] against [3]. */
const oldA = float32([...Array(24).keys()], [2, 3, 4]);
const oldB = float32([5, 5, 10]);
const oldFlags = bool(
  [...Array(24).keys()].map((i) => i % 3 === 0),
  [2, 3, 4],
);
const at = (i: number): number => Math.floor(i / 4) % 3;
const boolOf = (f: (i: number) => boolean): Tensor =>
  bool(
    [...Array(24).keys()].map((i) => f(i)),
    [2, 3, 4],
  );
const attributes = { broadcast: 1, axis: 1 };
const flag = [true, false, false];
const old: OpCase[] = [
  {
    name: 'Greater-1',
    op: 'Greater',
    opset: 1,
    inputs: [oldA, oldB],
    attributes,
    expected: [boolOf((i) => i > [5, 5, 10][at(i)]!)],
  },
  { name: 'Less-1', op: 'Less', opset: 1, inputs: [oldA, oldB], attributes, expected: [boolOf((i) => i < [5, 5, 10][at(i)]!)] },
  {
    name: 'Equal-1',
    op: 'Equal',
    opset: 1,
    inputs: [int32([...Array(24).keys()], [2, 3, 4]), int32([2, 5, 10])],
    attributes,
    expected: [boolOf((i) => i === [2, 5, 10][at(i)]!)],
  },
  {
    name: 'And-1',
    op: 'And',
    opset: 1,
    inputs: [oldFlags, flagRow],
    attributes,
    expected: [boolOf((i) => i % 3 === 0 && flag[at(i)]!)],
  },
  {
    name: 'Or-1',
    op: 'Or',
    opset: 1,
    inputs: [oldFlags, flagRow],
    attributes,
    expected: [boolOf((i) => i % 3 === 0 || flag[at(i)]!)],
  },
  {
    name: 'Xor-1',
    op: 'Xor',
    opset: 1,
    inputs: [oldFlags, flagRow],
    attributes,
    expected: [boolOf((i) => (i % 3 === 0) !== flag[at(i)]!)],
  },
];

const logical: OpCase[] = [
  ...['And', 'Or', 'Xor'].map((op) => ({ name: `${op}-7`, op, opset: 7, inputs: [flags, flagRow] })),
  { name: 'Not-1', op: 'Not', opset: 7, inputs: [flags] },
  ...[9, 16].flatMap((opset): OpCase[] => [
    { name: `Where-${opset}`, op: 'Where', opset, inputs: [flagRow, uniform([2, 3], 32), uniform([4, 1, 1], 33)] },
    { name: `Where-${opset} of whole numbers`, op: 'Where', opset, inputs: [flags, int64([1, 2, 3]), int64([7], [])] },
    ...[true, false].map((v) => ({
      name: `Where-${opset} ${v} everywhere`,
      op: 'Where',
      opset,
      inputs: [bool([v, v, v], [3]), uniform([2, 3], 34), uniform([4, 2, 3], 35)],
      initializers: [0],
    })),
    { name: `Where-${opset} rank 4`, op: 'Where', opset, inputs: [bool([true, false, true], [3, 1, 1]), a, b] },
  ]),
];

// FLOAT 1, INT32 6, INT64 7, BOOL 9, FLOAT16 10, DOUBLE 11
const fractions = uniformAway([3, 5], 34, [-2, -1, 0, 1, 2], -2.9, 2.9);
const casts: OpCase[] = [
  {
    name: 'Cast-1 by name',
    op: 'Cast',
    opset: 1,
    inputs: [ints],
    attributes: { to: 'FLOAT' },
    expected: [float32([3, -1, 4, 1, -5, 9], [2, 3])],
  },
  ...[6, 9, 13, 19, 21, 23, 24, 25].flatMap((opset): OpCase[] => [
    ...(opset < 7 ? [] : [{ name: `Cast-${opset} to float`, op: 'Cast', opset, inputs: [ints], attributes: { to: 1 } }]),
    {
      name: `Cast-${opset} to int32`,
      op: 'Cast',
      opset,
      inputs: [float32([0.7, -0.7, 2, -3.9], [4])],
      attributes: { to: 6 },
      ...(opset < 7 ? { expected: [int32([0, 0, 2, -3])] } : {}),
    },
  ]),
  { name: 'Cast to the same type', op: 'Cast', opset: 18, inputs: [fractions], attributes: { to: 1 } },
  { name: 'Cast to int64', op: 'Cast', opset: 18, inputs: [fractions], attributes: { to: 7 } },
  { name: 'Cast to bool', op: 'Cast', opset: 18, inputs: [float32([0, 0.5, -1, 3, NaN])], attributes: { to: 9 } },
  { name: 'Cast from bool', op: 'Cast', opset: 18, inputs: [flags], attributes: { to: 1 } },
  {
    name: 'Cast-19 saturate',
    op: 'Cast',
    opset: 19,
    inputs: [float32([0.7, -1.7])],
    attributes: { to: 6, saturate: 0 },
    // onnxruntime refuses the attribute where the target is not float8.
    expected: [int32([0, -1])],
  },
  {
    name: 'Cast-24 round_mode',
    op: 'Cast',
    opset: 24,
    inputs: [float32([0.7, -1.7])],
    attributes: { to: 6, round_mode: 'up' },
    expected: [int32([0, -1])],
  },
  {
    name: 'CastLike-24 saturate and round_mode',
    op: 'CastLike',
    opset: 24,
    inputs: [float32([0.7, -1.7]), row],
    attributes: { saturate: 0, round_mode: 'up' },
    expected: [int32([0, -1])],
  },
  ...[15, 19, 21, 23, 24, 25].map((opset): OpCase => ({
    name: `CastLike-${opset}`,
    op: 'CastLike',
    opset,
    inputs: [fractions, row],
  })),
  { name: 'CastLike to the same type', op: 'CastLike', opset: 18, inputs: [fractions, a], wrt: [0] },
];

const off = bool([false], []);
const dropout: OpCase[] = [
  {
    name: 'Dropout-1',
    op: 'Dropout',
    opset: 1,
    inputs: [a],
    attributes: { is_test: 1, ratio: float(0.3), consumed_inputs: [0] },
    expected: [a],
  },
  { name: 'Dropout-6', op: 'Dropout', opset: 6, inputs: [a], attributes: { is_test: 1, ratio: float(0.3) }, expected: [a] },
  ...[7, 10].map((opset): OpCase => ({
    name: `Dropout-${opset}`,
    op: 'Dropout',
    opset,
    inputs: [a],
    attributes: { ratio: float(0.3) },
  })),
  { name: 'Dropout-10 with mask', op: 'Dropout', opset: 10, inputs: [a], outputs: 2 },
  ...[12, 13, 22].flatMap((opset): OpCase[] => [
    { name: `Dropout-${opset}`, op: 'Dropout', opset, inputs: [a], attributes: { seed: 3 } },
    {
      name: `Dropout-${opset} with ratio and mask`,
      op: 'Dropout',
      opset,
      inputs: [a, float32([0.3], [])],
      initializers: [1],
      outputs: 2,
    },
    { name: `Dropout-${opset} training off`, op: 'Dropout', opset, inputs: [a, float32([0.3], []), off], initializers: [1, 2] },
  ]),
];

export const logic: OpCase[] = [...comparisons, ...old, ...logical, ...casts, ...dropout];
