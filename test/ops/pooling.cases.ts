// Cases of the pools: paddings, strides, dilations, ceil_mode, counts, ties, one and two spatial axes.
import { float32, int64, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { random, STREAMS } from '../../src/core/random.js';
import { float } from '../../src/onnx/builder.js';
import { distinct, type OpCase } from './case.js';

let draw = 0;
const normal = (...dims: number[]): Tensor =>
  float32(random(12, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw++, 0, 1), dims);

/** All different, so that a maximum stays where it is when probed. */
const ladder = (...dims: number[]): Tensor => distinct(dims, draw++);

/** Away from zero, where |x| has its kink. */
const nonzero = (...dims: number[]): Tensor => {
  const t = normal(...dims);
  return float32(
    Array.from(t.data as Float32Array, (v) => v + Math.sign(v) * 0.2),
    dims,
  );
};

const make =
  (op: string, input: (...dims: number[]) => Tensor) =>
  (name: string, opset: number, dims: number[], attributes: OpCase['attributes'] = {}, more: Partial<OpCase> = {}): OpCase => ({
    name: `${op} ${name}`,
    op,
    opset,
    inputs: [input(...dims)],
    attributes,
    ...more,
  });
const max = make('MaxPool', ladder);
const average = make('AveragePool', normal);
const lp = make('LpPool', nonzero);

/** Values and where they go: every fifth element, so that none goes where another one does. */
const unpool = (name: string, opset: number, attributes: OpCase['attributes']): OpCase => ({
  name: `MaxUnpool ${name}`,
  op: 'MaxUnpool',
  opset,
  inputs: [
    normal(2, 3, 4, 5),
    int64(
      Array.from({ length: 120 }, (_, i) => (i * 5) % 599),
      [2, 3, 4, 5],
    ),
  ],
  attributes,
});

/** Values by hand for definitions that onnxruntime does not run: y[o] = f of the window of `kernel` at o * stride - begin along one axis. */
function alongOneAxis(
  x: Tensor,
  kernel: number,
  stride: number,
  pads: [number, number],
  f: (window: number[]) => number,
): Tensor {
  const [n, c, size] = x.dims as [number, number, number];
  const out = Math.floor((size + pads[0] + pads[1] - kernel) / stride) + 1;
  const rows = Array.from({ length: n * c }, (_, r) => Array.from((x.data as Float32Array).slice(r * size, (r + 1) * size)));
  const y = rows.flatMap((row) =>
    Array.from({ length: out }, (_, o) => f(row.slice(Math.max(0, o * stride - pads[0]), o * stride - pads[0] + kernel))),
  );
  return float32(y, [n, c, out]);
}
const cubic = (v: number[]): number => Math.cbrt(v.reduce((sum, e) => sum + Math.abs(e) ** 3, 0));
const line = nonzero(2, 3, 11);

const image = [2, 3, 9, 11];
const small = [2, 3, 4, 5];
const norms = nonzero(...small);
/** The Euclidean norm of each channel: onnxruntime has no GlobalLpPool at opset 22. */
const euclidean = float32(
  Array.from({ length: 6 }, (_, i) => Math.hypot(...(norms.data as Float32Array).slice(i * 20, i * 20 + 20))),
  [2, 3, 1, 1],
);

export const cases: OpCase[] = [
  max('opset 7', 7, image, { kernel_shape: [3, 2] }),
  max('opset 8', 8, image, { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 2, 1] }),
  max('opset 10', 10, image, { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
  max('opset 11', 11, image, { kernel_shape: [2, 2], strides: [2, 2] }),
  max('opset 12', 12, image, { kernel_shape: [3, 3], strides: [2, 2] }),
  max('opset 22', 22, image, { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 1, 1, 0] }),
  max('3x3 stride 1', 18, image, { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }),
  max('5x3 stride 1', 18, image, { kernel_shape: [5, 3], pads: [2, 1, 2, 0] }),
  max('3x3 stride 2, ceil_mode, padded', 18, image, { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, pads: [1, 1, 0, 1] }),
  max('3x3 stride 2, ceil_mode', 18, [2, 3, 10, 12], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  max('2x2 stride 2, even', 18, [2, 3, 8, 10], { kernel_shape: [2, 2], strides: [2, 2] }),
  max('2x2 stride 2, odd, padded', 18, image, { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 0, 0, 1] }),
  max('one window, larger than the input', 18, image, { kernel_shape: [300, 400], strides: [300, 400], ceil_mode: 1 }),
  max('2x2 stride 2, odd, ceil_mode', 18, image, { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  max('3x3 stride 3', 18, [2, 3, 9, 12], { kernel_shape: [3, 3], strides: [3, 3] }),
  max('a single window, a stride of 2^20', 18, image, { kernel_shape: [2, 3], strides: [3, 2 ** 20] }),
  max('gaps between windows', 18, image, { kernel_shape: [2, 1], strides: [3, 4] }),
  max('1x1 stride 2', 18, image, { kernel_shape: [1, 1], strides: [2, 2] }),
  max('dilated', 18, image, { kernel_shape: [3, 2], dilations: [2, 3], pads: [1, 0, 2, 1] }),
  max('dilated and strided', 18, image, { kernel_shape: [3, 2], dilations: [2, 3], strides: [2, 2], pads: [1, 0, 2, 1] }),
  max('SAME_UPPER', 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'SAME_UPPER' }),
  max('SAME_LOWER', 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'SAME_LOWER' }),
  max('VALID', 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'VALID' }),
  max('one axis', 18, [2, 3, 11], { kernel_shape: [3], strides: [2], pads: [1, 0] }),
  max('whole input', 18, small, { kernel_shape: [4, 5] }),
  max('storage order, which says how Indices count', 18, image, {
    kernel_shape: [3, 2],
    strides: [3, 2],
    pads: [1, 0, 0, 1],
    storage_order: 1,
  }),
  // Idle on some of the axes, the window is one of fewer.
  max('three axes, over the first', 18, [2, 3, 6, 4, 5], {
    kernel_shape: [3, 1, 1],
    pads: [1, 0, 0, 0, 0, 0],
    strides: [2, 1, 1],
  }),
  max('three axes, over the last two', 18, [2, 3, 4, 6, 5], { kernel_shape: [1, 3, 2], pads: [0, 1, 0, 0, 0, 1], ceil_mode: 1 }),
  max('three axes, over the last', 18, [2, 3, 4, 5, 6], { kernel_shape: [1, 1, 3], strides: [1, 1, 2] }),
  max('three axes, over the outer', 18, [2, 3, 6, 4, 5], { kernel_shape: [2, 1, 3], strides: [2, 1, 1] }),
  max('three axes', 18, [2, 3, 5, 6, 7], { kernel_shape: [3, 2, 2], strides: [2, 1, 3], pads: [1, 0, 1, 0, 1, 0] }),
  ...[0, 1].map((storage_order) =>
    max(
      `Indices, storage order ${storage_order}`,
      18,
      image,
      { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 0, 1], dilations: [2, 1], storage_order },
      { outputs: 2 },
    ),
  ),
  max('Indices, ceil_mode', 12, image, { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 }, { outputs: 2 }),
  max('Indices, one axis', 8, [2, 3, 11], { kernel_shape: [3], strides: [2] }, { outputs: 2 }),
  max('Indices, whole input', 18, small, { kernel_shape: [4, 5] }, { outputs: 2 }),
  ...[9, 11, 22].map((opset) => unpool(`opset ${opset}`, opset, { kernel_shape: [2, 3], strides: [2, 3] })),
  {
    ...unpool('into a shape', 11, { kernel_shape: [2, 3], strides: [2, 3] }),
    inputs: [...unpool('', 11, {}).inputs, int64([2, 3, 9, 16])],
  },
  unpool('padded', 11, { kernel_shape: [3, 3], strides: [2, 3], pads: [1, 0, 0, 1] }),
  average(
    'opset 1',
    1,
    [2, 3, 11],
    { kernel_shape: [3], strides: [2], pads: [1, 0] },
    {
      inputs: [line],
      expected: [alongOneAxis(line, 3, 2, [1, 0], (v) => v.reduce((sum, e) => sum + e, 0) / v.length)],
    },
  ),
  average('opset 7', 7, image, { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 2, 1] }),
  average('opset 7, counting pads', 7, image, { kernel_shape: [3, 2], pads: [1, 0, 2, 1], count_include_pad: 1 }),
  average('opset 10', 10, image, { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1, pads: [0, 1, 1, 0] }),
  average('opset 11', 11, image, { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }),
  average('opset 11, unpadded', 11, image, { kernel_shape: [3, 4] }),
  average('2x2 stride 2', 18, image, { kernel_shape: [2, 2], strides: [2, 2] }),
  average('2x2 stride 2, even', 18, [2, 3, 8, 10], { kernel_shape: [2, 2], strides: [2, 2] }),
  average('stride 2, counting pads', 18, image, {
    kernel_shape: [3, 4],
    strides: [2, 2],
    pads: [1, 2, 0, 1],
    count_include_pad: 1,
  }),
  average('stride beyond the kernel', 18, image, { kernel_shape: [2, 1], strides: [4, 3] }),
  average('one window, larger than the input', 18, image, { kernel_shape: [300, 400], strides: [300, 400], ceil_mode: 1 }),
  average('one window, larger than one side, counting pads', 22, image, {
    kernel_shape: [300, 2],
    strides: [300, 1],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  average('ceil_mode, counting pads', 18, image, {
    kernel_shape: [3, 2],
    strides: [3, 2],
    pads: [1, 0, 0, 1],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  average('SAME_UPPER', 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'SAME_UPPER' }),
  average('SAME_LOWER', 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'SAME_LOWER', count_include_pad: 1 }),
  average('opset 19, dilated', 19, image, { kernel_shape: [3, 2], dilations: [2, 3], strides: [1, 2], pads: [1, 0, 2, 1] }),
  average('opset 19, dilated, counting pads', 19, image, {
    kernel_shape: [3, 2],
    dilations: [2, 3],
    pads: [1, 0, 2, 1],
    count_include_pad: 1,
  }),
  ...[0, 1].map((count_include_pad) =>
    average(`opset 19, dilated, ceil_mode, counting ${count_include_pad}`, 19, image, {
      kernel_shape: [3, 2],
      dilations: [2, 3],
      strides: [2, 3],
      pads: [1, 0, 0, 1],
      ceil_mode: 1,
      count_include_pad,
    }),
  ),
  average('opset 19, ceil_mode, counting pads', 19, image, {
    kernel_shape: [3, 2],
    strides: [3, 2],
    pads: [1, 0, 0, 1],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  average('ceil_mode, counting pads, last window on pads alone', 18, [2, 3, 4, 12], {
    kernel_shape: [2, 4],
    strides: [2, 1],
    pads: [0, 3, 1, 2],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  average('opset 22', 22, image, { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] }),
  average('VALID', 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'VALID' }),
  // Idle on some of the axes, the window is one of fewer.
  average('three axes, over the first', 18, [2, 3, 6, 4, 5], {
    kernel_shape: [3, 1, 1],
    pads: [1, 0, 0, 0, 0, 0],
    strides: [2, 1, 1],
  }),
  average('three axes, over the last two', 18, [2, 3, 4, 6, 5], {
    kernel_shape: [1, 3, 2],
    pads: [0, 1, 0, 0, 0, 1],
    ceil_mode: 1,
  }),
  average('three axes, over the last', 18, [2, 3, 4, 5, 6], { kernel_shape: [1, 1, 3], strides: [1, 1, 2] }),
  average('three axes, over the outer', 18, [2, 3, 6, 4, 5], { kernel_shape: [2, 1, 3], strides: [2, 1, 1] }),
  average('three axes', 18, [2, 3, 5, 6, 7], { kernel_shape: [3, 2, 2], strides: [2, 1, 3], pads: [1, 0, 1, 0, 1, 0] }),
  average('one axis', 18, [2, 3, 11], { kernel_shape: [3], strides: [2], pads: [1, 0] }),
  average('whole input', 18, image, { kernel_shape: [9, 11] }),
  make('GlobalAveragePool', normal)('opset 1', 18, image),
  make('GlobalAveragePool', normal)('opset 22', 22, image),
  make('GlobalAveragePool', normal)('one axis', 18, [2, 3, 7]),
  make('GlobalMaxPool', ladder)('opset 1', 18, small),
  make('GlobalMaxPool', ladder)('opset 22', 22, small),
  make('GlobalMaxPool', ladder)('one axis', 18, [2, 3, 7]),
  lp(
    'opset 1',
    1,
    [2, 3, 11],
    { kernel_shape: [4], strides: [2], pads: [2, 0], p: float(3) },
    { inputs: [line], expected: [alongOneAxis(line, 4, 2, [2, 0], cubic)] },
  ),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) =>
    lp(auto_pad, 18, image, { kernel_shape: [3, 4], strides: [2, 3], auto_pad, p: 3 }),
  ),
  lp('ceil_mode', 18, [2, 3, 8, 11], { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
  lp('opset 2', 7, image, { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 2, 1], p: 3 }),
  lp('opset 11', 11, image, { kernel_shape: [3, 2], p: 1 }),
  lp('opset 18', 18, image, { kernel_shape: [3, 2], dilations: [2, 1], strides: [2, 2], p: 2 }),
  lp('opset 22', 22, image, { kernel_shape: [3, 2], strides: [2, 2] }),
  make('GlobalLpPool', nonzero)(
    'opset 1',
    1,
    [2, 3, 11],
    { p: float(3) },
    { inputs: [line], expected: [alongOneAxis(line, 11, 1, [0, 0], cubic)] },
  ),
  make('GlobalLpPool', nonzero)('opset 2', 18, image, { p: 3 }),
  make('GlobalLpPool', () => norms)('opset 22', 22, small, {}, { expected: [euclidean] }),
  make('GlobalLpPool', nonzero)('p = 1', 18, image, { p: 1 }),
];
