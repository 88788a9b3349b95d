// Cases of Conv and ConvTranspose: paddings, strides, dilations, groups, one and two spatial axes, weights constant and trained.
import { sizeOf, float32, type Tensor } from '../../src/core/tensor.js';
import { random, STREAMS } from '../../src/core/random.js';
import type { OpCase } from './case.js';

let draw = 0;
const normal = (...dims: number[]): Tensor =>
  float32(random(11, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw++, 0, 1), dims);

const weights = [1, 2];
const c = (
  name: string,
  opset: number,
  inputs: OpCase['inputs'],
  attributes: OpCase['attributes'] = {},
  more: Partial<OpCase> = {},
): OpCase => ({
  name: `Conv ${name}`,
  op: 'Conv',
  opset,
  inputs,
  attributes,
  initializers: weights,
  ...more,
});
const t = (
  name: string,
  opset: number,
  inputs: OpCase['inputs'],
  attributes: OpCase['attributes'] = {},
  more: Partial<OpCase> = {},
): OpCase => ({
  ...c(name, opset, inputs, attributes, more),
  name: `ConvTranspose ${name}`,
  op: 'ConvTranspose',
});

const trained = { initializers: [] };

export const cases: OpCase[] = [
  c('defaults', 11, [normal(2, 3, 7, 9), normal(4, 3, 3, 2)]),
  c('bias', 11, [normal(2, 3, 7, 9), normal(4, 3, 3, 2), normal(4)], { kernel_shape: [3, 2] }),
  c('opset 7', 7, [normal(2, 3, 7, 9), normal(4, 3, 3, 2), normal(4)], { kernel_shape: [3, 2], pads: [1, 0, 2, 1] }),
  c('opset 22', 22, [normal(2, 3, 7, 9), normal(4, 3, 3, 2), normal(4)], { pads: [1, 0, 2, 1] }),
  c('pointwise', 18, [normal(2, 3, 7, 9), normal(4, 3, 1, 1)]),
  c('pointwise, strided', 18, [normal(2, 3, 7, 10), normal(4, 3, 1, 1)], { strides: [2, 3] }),
  c('pointwise, strided, padded', 18, [normal(2, 3, 7, 10), normal(4, 3, 1, 1)], { strides: [2, 3], pads: [1, 2, 0, 1] }),
  c('stride 2', 18, [normal(2, 3, 9, 12), normal(4, 3, 3, 3)], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  c('stride 2, kernel 7', 18, [normal(2, 3, 13, 16), normal(4, 3, 7, 7)], { strides: [2, 2], pads: [3, 3, 3, 3] }),
  c('stride 2, unread tail', 18, [normal(2, 3, 10, 13), normal(4, 3, 3, 2)], { strides: [2, 2], pads: [0, 1, 0, 0] }),
  c('unequal strides, asymmetric pads', 18, [normal(2, 3, 8, 11), normal(4, 3, 4, 3)], { strides: [3, 2], pads: [2, 0, 1, 2] }),
  c('pads wider than the kernel', 18, [normal(2, 3, 5, 6), normal(4, 3, 2, 3)], { pads: [3, 1, 2, 4] }),
  c('strided pads wider than the kernel', 18, [normal(2, 3, 5, 6), normal(4, 3, 2, 3)], { pads: [3, 5, 2, 4], strides: [2, 2] }),
  c('dilated', 18, [normal(2, 3, 9, 11), normal(4, 3, 3, 2)], { dilations: [2, 3], pads: [1, 2, 0, 1] }),
  c('dilated and strided', 18, [normal(2, 3, 11, 13), normal(4, 3, 3, 2)], {
    dilations: [2, 3],
    strides: [2, 2],
    pads: [1, 2, 0, 1],
  }),
  c('groups', 18, [normal(2, 6, 7, 9), normal(4, 3, 3, 2), normal(4)], { group: 2, pads: [1, 0, 2, 1] }),
  c('groups, strided', 18, [normal(2, 6, 9, 11), normal(4, 3, 3, 2)], { group: 2, strides: [2, 2], pads: [1, 0, 2, 1] }),
  c('groups, dilated', 18, [normal(2, 6, 9, 11), normal(4, 3, 3, 2)], { group: 2, dilations: [2, 1], pads: [1, 0, 2, 1] }),
  c('depthwise', 18, [normal(2, 5, 7, 9), normal(5, 1, 3, 2), normal(5)], { group: 5, pads: [1, 0, 2, 1] }),
  c('depthwise, strided', 18, [normal(2, 5, 8, 9), normal(5, 1, 3, 3)], { group: 5, strides: [2, 2], pads: [0, 1, 1, 0] }),
  c('depthwise, multiplied', 18, [normal(2, 3, 8, 9), normal(6, 1, 3, 2)], { group: 3, pads: [1, 0, 2, 1] }),
  c('depthwise, multiplied, strided', 18, [normal(2, 3, 8, 9), normal(6, 1, 3, 2)], {
    group: 3,
    strides: [2, 2],
    pads: [1, 0, 2, 1],
  }),
  c('depthwise, dilated, strided', 18, [normal(2, 5, 9, 11), normal(5, 1, 3, 2)], {
    group: 5,
    strides: [2, 2],
    dilations: [2, 2],
    pads: [1, 0, 2, 1],
  }),
  c('SAME_UPPER', 18, [normal(2, 3, 7, 10), normal(4, 3, 4, 3)], { auto_pad: 'SAME_UPPER', strides: [2, 3] }),
  c('SAME_LOWER', 18, [normal(2, 3, 7, 10), normal(4, 3, 4, 2)], { auto_pad: 'SAME_LOWER', strides: [2, 3] }),
  c('VALID', 18, [normal(2, 3, 7, 10), normal(4, 3, 4, 2)], { auto_pad: 'VALID' }),
  c('one axis', 18, [normal(2, 3, 11), normal(4, 3, 5), normal(4)], { strides: [2], pads: [1, 2] }),
  c('one axis, SAME_UPPER', 18, [normal(2, 4, 11), normal(6, 2, 4)], { auto_pad: 'SAME_UPPER', group: 2 }),
  c('trained', 18, [normal(2, 3, 7, 9), normal(4, 3, 3, 2), normal(4)], { pads: [1, 0, 2, 1] }, trained),
  c(
    'trained, strided',
    18,
    [normal(2, 3, 8, 9), normal(4, 3, 3, 2), normal(4)],
    { strides: [3, 2], pads: [1, 0, 2, 1] },
    trained,
  ),
  c('trained, dilated', 18, [normal(2, 3, 8, 9), normal(4, 3, 3, 2)], { dilations: [2, 3], pads: [1, 0, 2, 1] }, trained),
  c('trained, groups', 18, [normal(2, 6, 8, 9), normal(4, 3, 3, 2)], { group: 2, strides: [2, 1], pads: [1, 0, 2, 1] }, trained),
  c('trained, depthwise', 18, [normal(2, 3, 8, 9), normal(6, 1, 3, 2)], { group: 3, pads: [1, 0, 2, 1] }, trained),
  c('trained, one axis', 18, [normal(2, 3, 11), normal(4, 3, 5), normal(4)], { pads: [1, 2] }, trained),
  t('defaults', 11, [normal(2, 3, 5, 6), normal(3, 4, 3, 2)]),
  t('bias', 11, [normal(2, 3, 5, 6), normal(3, 4, 3, 2), normal(4)], {
    strides: [2, 3],
    pads: [1, 0, 2, 1],
    output_padding: [1, 2],
  }),
  t('opset 7', 7, [normal(2, 3, 5, 6), normal(3, 4, 3, 2)], { strides: [2, 2] }),
  t('opset 22', 22, [normal(2, 3, 5, 6), normal(3, 4, 3, 2)], { strides: [2, 2], pads: [1, 0, 0, 1] }),
  t('square stride', 18, [normal(2, 3, 5, 6), normal(3, 4, 4, 3)], { strides: [2, 2], pads: [1, 0, 1, 1] }),
  t('dilated', 18, [normal(2, 3, 5, 6), normal(3, 4, 3, 2)], { strides: [2, 1], dilations: [2, 3], pads: [1, 0, 2, 1] }),
  t('groups', 18, [normal(2, 4, 5, 6), normal(4, 3, 3, 2), normal(6)], { group: 2, strides: [2, 2] }),
  t('output shape', 18, [normal(2, 3, 5, 6), normal(3, 4, 4, 5)], { strides: [2, 2], output_shape: [9, 12] }),
  t('output shape, SAME_UPPER', 18, [normal(2, 3, 5, 6), normal(3, 4, 4, 5)], {
    strides: [2, 2],
    output_shape: [9, 12],
    auto_pad: 'SAME_UPPER',
  }),
  t('SAME_UPPER', 18, [normal(2, 3, 5, 6), normal(3, 4, 3, 4)], { strides: [2, 3], auto_pad: 'SAME_UPPER' }),
  t('SAME_LOWER', 18, [normal(2, 3, 5, 6), normal(3, 4, 3, 5)], { strides: [2, 2], auto_pad: 'SAME_LOWER' }),
  t('one axis', 18, [normal(2, 3, 7), normal(3, 4, 3)], { strides: [2], pads: [1, 0], output_padding: [1] }),
  t(
    'trained',
    18,
    [normal(2, 3, 5, 6), normal(3, 4, 3, 2), normal(4)],
    { strides: [2, 2], pads: [1, 0, 0, 1], output_padding: [1, 1] },
    trained,
  ),
  t('trained, groups', 18, [normal(2, 4, 5, 6), normal(4, 3, 3, 2)], { group: 2, strides: [1, 2] }, trained),
];
