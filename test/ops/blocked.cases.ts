// Gradients that are written as depthwise convolutions where channels fill whole blocks of 16: pools, strided convolutions, gates.
import { float } from '../../src/onnx/builder.js';
import { float32 } from '../../src/core/tensor.js';
import { distinct, uniform, uniformAway, type OpCase } from './case.js';

const pool = (name: string, dims: number[], attributes: OpCase['attributes']): OpCase => ({
  name: `MaxPool blocked ${name}`,
  op: 'MaxPool',
  opset: 18,
  inputs: [distinct(dims, 900)],
  attributes,
});

const conv = (name: string, dims: number[], weight: number[], attributes: OpCase['attributes']): OpCase => ({
  name: `Conv blocked ${name}`,
  op: 'Conv',
  opset: 18,
  inputs: [uniform(dims, 901), uniform(weight, 902)],
  initializers: [1],
  wrt: [0],
  attributes,
});

export const cases: OpCase[] = [
  pool('3x3 stride 1, padded', [2, 16, 6, 7], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }),
  pool('3x3 stride 2, overlapping', [1, 16, 7, 9], { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 0, 0] }),
  pool('3x3 stride 2, padded at begin', [1, 16, 8, 10], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0] }),
  pool('3x2 stride 2x3, asymmetric pads', [1, 32, 8, 11], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 2, 1] }),
  pool('2x2 stride 2, remainder', [2, 16, 7, 9], { kernel_shape: [2, 2], strides: [2, 2] }),
  pool('1x3, columns only', [1, 16, 5, 9], { kernel_shape: [1, 3], strides: [1, 2], pads: [0, 1, 0, 1] }),
  pool('3x1, rows only', [1, 16, 9, 5], { kernel_shape: [3, 1], strides: [2, 1], pads: [1, 0, 1, 0] }),
  pool('1x1 stride 2x3', [1, 16, 7, 10], { kernel_shape: [1, 1], strides: [2, 3] }),
  pool('2x2 stride 3, positions that no window reads', [1, 16, 8, 10], { kernel_shape: [2, 2], strides: [3, 3] }),
  pool('2x3 dilated', [1, 16, 9, 10], { kernel_shape: [2, 3], strides: [2, 1], dilations: [3, 2], pads: [1, 2, 1, 1] }),
  pool('3x3 stride 2, ceil', [1, 16, 8, 10], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  pool('3x2 dilated, ceil, an end pad as long as the kernel', [1, 16, 5, 8], {
    kernel_shape: [3, 2],
    strides: [2, 2],
    dilations: [1, 2],
    pads: [1, 1, 1, 1],
    ceil_mode: 1,
  }),
  // The only window of rows reaches beyond the input, which onnxruntime allows where the stride is longer: every gradient is 0.
  pool('3x2 dilated so far that rows meet padding alone', [1, 16, 5, 8], {
    kernel_shape: [3, 2],
    strides: [2 ** 40, 2],
    dilations: [64, 2],
    pads: [1, 1, 1, 1],
    ceil_mode: 1,
  }),
  conv('3x3 stride 2', [2, 16, 8, 9], [6, 16, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv('4x2 stride 2x3, asymmetric', [1, 32, 9, 11], [5, 32, 4, 2], { strides: [2, 3], pads: [1, 0, 2, 1] }),
  conv('1x1 stride 2', [1, 16, 7, 9], [6, 16, 1, 1], { strides: [2, 2] }),
  conv('a single window, a stride of 2^20', [1, 16, 8, 10], [6, 16, 2, 2], { strides: [3, 2 ** 20] }),
  conv('2x2 stride 3, positions that no window reads', [1, 16, 8, 10], [6, 16, 2, 2], { strides: [3, 3] }),
  conv('depthwise 3x3 stride 2', [2, 16, 8, 9], [16, 1, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], group: 16 }),
  { name: 'Relu blocked', op: 'Relu', opset: 18, inputs: [uniformAway([2, 16, 3, 4], 903, [0])] },
  {
    name: 'Clip blocked 0 to 6',
    op: 'Clip',
    opset: 18,
    inputs: [uniformAway([2, 16, 3, 4], 904, [0, 6], -3, 9), float32([0], []), float32([6], [])],
    initializers: [1, 2],
  },
  {
    name: 'Clip blocked above only',
    op: 'Clip',
    opset: 18,
    inputs: [uniformAway([2, 16, 3, 4], 905, [0.7], -2, 2), undefined, float32([0.7], [])],
    initializers: [1, 2],
  },
  {
    name: 'LeakyRelu blocked channels',
    op: 'LeakyRelu',
    opset: 18,
    inputs: [uniformAway([2, 16, 3, 4], 906, [0])],
    attributes: { alpha: float(0.2) },
  },
];
