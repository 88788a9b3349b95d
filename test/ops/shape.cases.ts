// Cases of the ops that move values around, every definition of each.
import { float32, int64, type Tensor } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import { caseOf as c, uniform, type OpCase } from './case.js';

let draw = 100;
const x = (...dims: number[]): Tensor => uniform(dims, draw++);
const list = (...values: number[]): Tensor => int64(values);

const reshape: OpCase[] = [
  ...[5, 13, 14, 19, 21, 23, 24, 25].map((v) => c('with 0 and -1', 'Reshape', v, [x(2, 3, 4, 5), list(0, -1, 5)])),
  c(
    'attribute',
    'Reshape',
    1,
    [uniform([2, 3, 4], 7)],
    { shape: [0, -1], consumed_inputs: [0, 0] },
    { expected: [float32(uniform([2, 3, 4], 7).data as Float32Array, [2, 12])] },
  ),
  c('allowzero', 'Reshape', 14, [x(2, 3), list(3, 2)], { allowzero: 1 }),
  c('of pooled features', 'Reshape', 14, [x(2, 3, 1, 1), list(2, 3)]),
];
const flatten: OpCase[] = [
  ...[1, 9, 11, 13, 21, 23, 24, 25].map((v) => c('default axis', 'Flatten', v, [x(2, 3, 4, 5)])),
  c('axis 0', 'Flatten', 9, [x(2, 3, 4)], { axis: 0 }),
  c('axis -1', 'Flatten', 11, [x(2, 3, 4)], { axis: -1 }),
  c('axis at the end', 'Flatten', 13, [x(2, 3, 4)], { axis: 3 }),
];
const squeeze: OpCase[] = [
  c('axes attribute', 'Squeeze', 1, [x(1, 3, 1, 5)], { axes: [0, 2] }),
  c('all', 'Squeeze', 1, [x(1, 3, 1, 5)]),
  c('negative axes attribute', 'Squeeze', 11, [x(1, 3, 1, 5)], { axes: [-2] }),
  c('one axis', 'Squeeze', 13, [x(4, 1, 3, 5), list(1)]),
  ...[13, 21, 23, 24, 25].map((v) => c('axes input', 'Squeeze', v, [x(1, 3, 1, 5), list(0)])),
  c('all', 'Squeeze', 13, [x(1, 3, 1, 5)]),
  c('axes attribute', 'Unsqueeze', 1, [x(3, 5)], { axes: [0, 3] }),
  c('negative axes attribute', 'Unsqueeze', 11, [x(3, 5)], { axes: [-1, 0] }),
  ...[13, 21, 23, 24, 25].map((v) => c('axes input', 'Unsqueeze', v, [x(3, 5), list(1, -1)])),
];
const transpose: OpCase[] = [
  ...[1, 13, 21, 23, 24, 25].map((v) => c('perm', 'Transpose', v, [x(2, 3, 4, 5)], { perm: [0, 3, 1, 2] })),
  c('default', 'Transpose', 13, [x(2, 3, 4)]),
  c('of axes of length 1', 'Transpose', 13, [x(1, 3, 1, 5)], { perm: [2, 1, 3, 0] }),
  c('identity', 'Transpose', 13, [x(2, 3, 4)], { perm: [0, 1, 2] }),
  c('of six axes', 'Transpose', 13, [x(2, 3, 4, 5, 2, 3)], { perm: [0, 2, 4, 1, 3, 5] }),
];
const expandTile: OpCase[] = [
  ...[8, 13].map((v) => c('broadcast', 'Expand', v, [x(3, 1, 5), list(2, 1, 4, 1)])),
  c('rank alone', 'Expand', 13, [x(3, 4), list(1, 1, 1)]),
  c('nothing', 'Expand', 13, [x(3, 4), list(1, 4)]),
  c('rank 4', 'Expand', 13, [x(2, 3, 1, 1), list(2, 3, 4, 5)]),
  c(
    'one axis',
    'Tile',
    1,
    [uniform([2, 3], 8), float32([2], [1]), float32([1], [1])],
    {},
    {
      initializers: [1, 2],
      expected: [float32([...tiled(uniform([2, 3], 8).data as Float32Array)], [2, 6])],
    },
  ),
  ...[6, 13].map((v) => c('two axes', 'Tile', v, [x(2, 3, 4, 5), list(1, 2, 1, 3)])),
  c('five axes', 'Tile', 13, [x(2, 3, 1, 4, 2), list(2, 1, 3, 1, 2)]),
  c('nothing', 'Tile', 13, [x(2, 3), list(1, 1)]),
];
function tiled(data: Float32Array): number[] {
  return [...data.slice(0, 3), ...data.slice(0, 3), ...data.slice(3), ...data.slice(3)];
}
const concat: OpCase[] = [
  c(
    'default axis',
    'Concat',
    1,
    [uniform([2, 1], 9), uniform([2, 2], 10)],
    {},
    {
      expected: [
        float32(
          [0, 1].flatMap(
            (r) =>
              [uniform([2, 1], 9).data[r]!, uniform([2, 2], 10).data[2 * r]!, uniform([2, 2], 10).data[2 * r + 1]!] as number[],
          ),
          [2, 3],
        ),
      ],
    },
  ),
  ...[4, 11, 13].map((v) => c('channels', 'Concat', v, [x(2, 3, 4, 5), x(2, 1, 4, 5), x(2, 2, 4, 5)], { axis: 1 })),
  c('negative axis', 'Concat', 11, [x(2, 3, 4), x(2, 3, 2)], { axis: -1 }),
  c('with a constant', 'Concat', 13, [x(2, 3, 4, 5), x(2, 1, 4, 5)], { axis: 1 }, { initializers: [1] }),
  c('of one', 'Concat', 13, [x(2, 3)], { axis: 0 }),
];
/** The parts of axis 1 of a matrix, by hand: onnxruntime does not run Split-1. */
const parts = (t: Tensor, sizes: readonly number[]): Tensor[] => {
  const [rows, columns] = t.dims as [number, number];
  return sizes.map((size, k) => {
    const start = sizes.slice(0, k).reduce((a, b) => a + b, 0);
    const data = Array.from({ length: rows }, (_, r) =>
      Array.from(t.data as Float32Array).slice(r * columns + start, r * columns + start + size),
    );
    return float32(data.flat(), [rows, size]);
  });
};
const wide = uniform([2, 7], 12);
const split: OpCase[] = [
  c('sizes', 'Split', 1, [wide], { axis: 1, split: [4, 1, 2] }, { outputs: 3, expected: parts(wide, [4, 1, 2]) }),
  c(
    'sizes as an input',
    'Split',
    1,
    [wide, float32([4, 1, 2])],
    { axis: 1 },
    { outputs: 3, initializers: [1], expected: parts(wide, [4, 1, 2]) },
  ),
  c('sizes', 'Split', 2, [x(2, 6, 4, 3)], { axis: 1, split: [1, 3, 2] }, { outputs: 3 }),
  c('equal', 'Split', 2, [x(2, 6, 4, 3)], { axis: 1 }, { outputs: 3 }),
  c('negative axis', 'Split', 11, [x(2, 6)], { axis: -1 }, { outputs: 2 }),
  c('sizes', 'Split', 13, [x(2, 6, 4, 3), list(1, 3, 2)], { axis: 1 }, { outputs: 3 }),
  c('equal', 'Split', 13, [x(4, 3)], {}, { outputs: 2 }),
  c('uneven', 'Split', 18, [x(2, 7)], { axis: 1, num_outputs: 3 }, { outputs: 3 }),
  c('one of three used', 'Split', 18, [x(2, 7, 3, 4), list(2, 4, 1)], { axis: 1 }, { outputs: 3, compare: [1] }),
  c('two of three used', 'Split', 18, [x(2, 7, 3, 4), list(2, 4, 1)], { axis: 1 }, { outputs: 3, compare: [0, 2] }),
  c('to one', 'Split', 18, [x(2, 7)], { axis: 1, num_outputs: 1 }),
];
const amounts = list(0, 1, 0, 2, 1, 0, 3, 1);
const pad: OpCase[] = [
  c(
    'paddings',
    'Pad',
    1,
    [uniform([2], 11)],
    { paddings: [1, 0], value: float(1.5) },
    { expected: [float32([1.5, ...(uniform([2], 11).data as Float32Array)])] },
  ),
  c('constant', 'Pad', 2, [x(2, 3, 4, 5)], { pads: [0, 1, 0, 2, 1, 0, 3, 1], value: float(0.5) }),
  c('reflect', 'Pad', 2, [x(2, 3, 4, 5)], { pads: [0, 0, 1, 2, 0, 0, 3, 1], mode: 'reflect' }),
  ...[11, 13, 18, 19, 21, 23, 24, 25].map((v) => c('constant', 'Pad', v, [x(2, 3, 4, 5), amounts, float32([0.5], [])])),
  c('without a value', 'Pad', 13, [x(2, 3, 4, 5), amounts]),
  c('axes', 'Pad', 18, [x(2, 3, 4, 5), list(1, 2, 0, 3), undefined, list(-1, 2)]),
  c('cropping', 'Pad', 13, [x(2, 3, 4, 5), list(0, 0, -1, 2, 0, 1, 0, -2)]),
  c('cropping alone', 'Pad', 13, [x(2, 3, 4, 5), list(0, 0, -1, 0, 0, 0, 0, -2)]),
  c('nothing', 'Pad', 13, [x(2, 3), list(0, 0, 0, 0)]),
  ...['edge', 'reflect'].map((mode) => c(mode, 'Pad', 13, [x(2, 3, 4, 5), amounts], { mode })),
  c('wrap', 'Pad', 19, [x(2, 3, 4, 5), amounts], { mode: 'wrap' }),
  // Longer than the axis: onnxruntime 1.30 reads memory that nobody wrote, so the numbers are by hand.
  c('wrap longer than the axis', 'Pad', 19, [float32([1, 2, 3], [3]), list(4, 5)], { mode: 'wrap' }, { expected: [float32([3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2])] }), // prettier-ignore
  c('wrap of axes, one cropped', 'Pad', 19, [float32([1, 2, 3, 4, 5, 6], [2, 3]), list(3, -1, 0, 3), undefined, list(0, -1)], { mode: 'wrap' }, { expected: [float32([5, 6, 5, 6, 5, 2, 3, 2, 3, 2, 5, 6, 5, 6, 5, 2, 3, 2, 3, 2, 5, 6, 5, 6, 5], [5, 5])] }), // prettier-ignore
  c('reflect on five axes', 'Pad', 18, [x(2, 3, 4, 3, 2), list(0, 0, 1, 2, 0, 0, 0, 3, 1, 0)], { mode: 'reflect' }),
];
const blocks: OpCase[] = [
  ...[1, 11, 13].map((v) => c('DCR', 'DepthToSpace', v, [x(2, 12, 3, 5)], { blocksize: 2 })),
  c('CRD', 'DepthToSpace', 13, [x(2, 12, 3, 5)], { blocksize: 2, mode: 'CRD' }),
  ...[1, 13].map((v) => c('of 2', 'SpaceToDepth', v, [x(2, 3, 4, 6)], { blocksize: 2 })),
];
const bits = (type: 'float16' | 'int64', value: number): Tensor =>
  type === 'int64' ? int64([value]) : { type, dims: [1], data: Uint16Array.of(value) };
const generators: OpCase[] = [
  ...[1, 13, 15, 19, 21, 23, 24, 25].map((v) => c('whole', 'Shape', v, [x(2, 3, 4)])),
  c('part', 'Shape', 15, [x(2, 3, 4, 5)], { start: 1, end: -1 }),
  ...[1, 13, 19, 21, 23, 24, 25].map((v) => c('of three axes', 'Size', v, [x(2, 3, 4)])),
  ...[9, 20, 21, 23, 24, 25].map((v) =>
    c('value', 'ConstantOfShape', v, [list(2, 3)], { value: { kind: 'tensor', value: bits('int64', 7) } }),
  ),
  c('zeros', 'ConstantOfShape', 9, [list(2, 3)]),
  c(
    'float16',
    'ConstantOfShape',
    9,
    [list(2)],
    { value: { kind: 'tensor', value: bits('float16', 0x3c00) } },
    { skip: ['tfjs'] },
  ),
  c('of int64', 'Range', 11, [int64([2], []), int64([11], []), int64([3], [])]),
  ...[9, 22].map((v) => c('below the diagonal', 'EyeLike', v, [x(3, 4)], { k: -1 }, { wrt: [] })),
  c('of int64', 'EyeLike', 9, [x(3, 4)], { k: 1, dtype: 7 }),
  ...[9, 11].map((v) => c('last axis', 'OneHot', v, [int64([1, -1, 0, 4, 2, 3], [2, 3]), int64([5], []), float32([-1, 2])])),
  c('axis 1', 'OneHot', 11, [int64([1, -1, 0, 4, 2, 3], [2, 3]), int64([5], []), float32([-1, 2])], { axis: 1 }),
];

export const cases: OpCase[] = [
  ...reshape,
  ...flatten,
  ...squeeze,
  ...transpose,
  ...expandTile,
  ...concat,
  ...split,
  ...pad,
  ...blocks,
  ...generators,
];
