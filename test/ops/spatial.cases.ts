// Cases of the ops that sample, cut and put together pictures.
import { float32, int64, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { random } from '../../src/core/random.js';
import { uniform, type OpCase } from './case.js';

/**
 * Points [N, out..., rank] on and around a picture of this size, each between 0.2 and 0.4 pixels away from a whole position: neither the
 * neighbours nor the nearest pixel change when it is probed.
 */
function points(batch: number, out: readonly number[], size: readonly number[], corners: boolean, draw: number): Tensor {
  const dims = [batch, ...out, size.length];
  const draws = random(20260728, 11).uniform(new Float32Array(2 * sizeOf(dims)), draw, 0, 1);
  const data = Array.from({ length: sizeOf(dims) }, (_, i) => {
    const length = size[size.length - 1 - (i % size.length)]!;
    const whole = Math.floor(draws[2 * i]! * (length + 5)) - 2;
    const offset = 0.2 + 0.4 * draws[2 * i + 1]!;
    const pixel = whole + (offset > 0.4 ? offset - 0.8 : offset);
    return corners ? (2 * pixel) / (length - 1) - 1 : (2 * pixel + 1) / length - 1;
  });
  return float32(data, dims);
}

const sample = (name: string, opset: number, attributes: OpCase['attributes'] = {}, draw = 0): OpCase => ({
  name: `GridSample ${name}`,
  op: 'GridSample',
  opset,
  inputs: [uniform([2, 3, 5, 7], 420 + draw), points(2, [4, 6], [5, 7], attributes.align_corners === 1, draw)],
  attributes,
});

const sizes = (...values: number[]): Tensor => int64(values);

export const cases: OpCase[] = [
  sample('opset 16', 16),
  ...['bilinear', 'nearest', 'bicubic'].flatMap((mode, i) =>
    ['zeros', 'border', 'reflection'].flatMap((padding_mode, k) =>
      [0, 1].map((align_corners) =>
        sample(`${mode}, ${padding_mode}, corners ${align_corners}`, 16, { mode, padding_mode, align_corners }, 10 * i + k),
      ),
    ),
  ),
  ...['linear', 'nearest', 'cubic'].map((mode, i) => sample(`opset 20, ${mode}`, 20, { mode }, 40 + i)),
  ...['linear', 'nearest'].map((mode, i): OpCase => ({
    name: `GridSample opset 22, three spatial axes, ${mode}`,
    op: 'GridSample',
    opset: 22,
    inputs: [uniform([2, 1, 3, 4, 5], 470 + i), points(2, [2, 3, 4], [3, 4, 5], false, 50 + i)],
    attributes: { mode, padding_mode: 'border' },
  })),
  sample('opset 22', 22, { mode: 'linear', padding_mode: 'reflection' }, 60),
  ...[0, 1].map((align_corners): OpCase => ({
    name: `AffineGrid of pictures, corners ${align_corners}`,
    op: 'AffineGrid',
    opset: 20,
    inputs: [uniform([2, 2, 3], 480), sizes(2, 3, 4, 5)],
    attributes: { align_corners },
  })),
  ...[0, 1].map((align_corners): OpCase => ({
    name: `AffineGrid of volumes, corners ${align_corners}`,
    op: 'AffineGrid',
    opset: 20,
    inputs: [uniform([2, 3, 4], 481), sizes(2, 3, 4, 5, 6)],
    attributes: { align_corners },
  })),
  {
    name: 'CenterCropPad both ways',
    op: 'CenterCropPad',
    opset: 18,
    inputs: [uniform([5, 8, 4], 482), sizes(8, 3, 4)],
  },
  {
    name: 'CenterCropPad of two axes',
    op: 'CenterCropPad',
    opset: 18,
    inputs: [uniform([2, 3, 7, 6], 483), sizes(4, 9)],
    attributes: { axes: [2, -1] },
  },
  {
    name: 'Col2Im overlapping',
    op: 'Col2Im',
    opset: 18,
    // Two channels, blocks of 2x3 over 5x6 pixels: 4x4 of them.
    inputs: [uniform([2, 12, 16], 484), sizes(5, 6), sizes(2, 3)],
  },
  {
    name: 'Col2Im strides, dilations and uneven pads',
    op: 'Col2Im',
    opset: 18,
    inputs: [uniform([2, 12, 12], 485), sizes(7, 8), sizes(2, 3)],
    attributes: { strides: [2, 3], dilations: [1, 2], pads: [1, 0, 0, 3] },
  },
  // Without dilations: those of other than two axes come out wrong in onnxruntime (microsoft/onnxruntime#18156).
  {
    name: 'Col2Im a sequence',
    op: 'Col2Im',
    opset: 18,
    inputs: [uniform([3, 4, 6], 486), sizes(11), sizes(2)],
    attributes: { strides: [2], pads: [0, 1] },
  },
  {
    name: 'ReverseSequence time first',
    op: 'ReverseSequence',
    opset: 10,
    inputs: [uniform([5, 3, 2], 487), int64([5, 1, 3])],
  },
  {
    name: 'ReverseSequence batch first',
    op: 'ReverseSequence',
    opset: 10,
    inputs: [uniform([3, 5], 488), int64([2, 4, 5])],
    attributes: { batch_axis: 0, time_axis: 1 },
  },
];
