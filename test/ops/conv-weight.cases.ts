// Cases of Conv and ConvTranspose with more than four channels per group, where the weight's gradient is mostly made of matrix products:
// one per sample, or (small maps, a single sample) of all samples at once.
import { sizeOf, float32, type Tensor } from '../../src/core/tensor.js';
import { random, STREAMS } from '../../src/core/random.js';
import type { OpCase } from './case.js';

let draw = 0;
const normal = (...dims: number[]): Tensor =>
  float32(random(12, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw++, 0, 1), dims);

const trained =
  (op: string) =>
  (name: string, inputs: OpCase['inputs'], attributes: OpCase['attributes'] = {}, more: Partial<OpCase> = {}): OpCase => ({
    name: `${op} trained, products, ${name}`,
    op,
    opset: 18,
    inputs,
    attributes,
    initializers: [],
    ...more,
  });
const c = trained('Conv');
const t = trained('ConvTranspose');

export const cases: OpCase[] = [
  c('plain', [normal(2, 6, 8, 9), normal(7, 6, 3, 2), normal(7)], { pads: [1, 0, 2, 1] }),
  c('one sample', [normal(1, 6, 8, 9), normal(7, 6, 3, 2)], { pads: [1, 0, 2, 1], strides: [2, 3] }),
  c('small map', [normal(3, 6, 4, 5), normal(16, 6, 3, 2)], { pads: [1, 0, 2, 1], strides: [2, 3] }),
  c('groups, dilated, strided', [normal(2, 12, 11, 13), normal(4, 6, 3, 2)], {
    group: 2,
    dilations: [2, 3],
    strides: [2, 1],
    pads: [1, 0, 2, 1],
  }),
  c('groups, small map', [normal(2, 15, 4, 5), normal(36, 5, 3, 2), normal(36)], {
    group: 3,
    pads: [0, 1, 1, 0],
    strides: [2, 2],
  }),
  c('unread tail', [normal(2, 5, 10, 13), normal(4, 5, 3, 2)], { strides: [2, 2], pads: [0, 1, 0, 0] }),
  c('pads wider than the kernel', [normal(2, 5, 5, 6), normal(4, 5, 2, 3)], { pads: [3, 5, 2, 4], strides: [2, 2] }),
  c('pointwise', [normal(2, 5, 7, 10), normal(4, 5, 1, 1), normal(4)]),
  c('pointwise, strided', [normal(2, 5, 7, 10), normal(4, 5, 1, 1)], { strides: [2, 3] }),
  c('SAME_LOWER', [normal(2, 5, 7, 10), normal(4, 5, 4, 2)], { auto_pad: 'SAME_LOWER', strides: [2, 3] }),
  c('one axis, groups', [normal(2, 10, 11), normal(4, 5, 5)], { group: 2, strides: [2], pads: [1, 2] }),
  c('a kernel too large for slices', [normal(2, 5, 18, 20), normal(3, 5, 17, 16)], { pads: [1, 0, 0, 2] }),
  c('three axes, groups', [normal(2, 10, 5, 6, 7), normal(4, 5, 3, 2, 2), normal(4)], {
    group: 2,
    strides: [2, 1, 3],
    dilations: [1, 2, 1],
    pads: [1, 0, 1, 0, 1, 0],
  }),
  t('output_padding', [normal(2, 3, 5, 6), normal(3, 6, 3, 2), normal(6)], {
    strides: [2, 3],
    pads: [1, 0, 2, 1],
    output_padding: [1, 2],
  }),
  t('groups, dilated', [normal(2, 4, 5, 6), normal(4, 5, 3, 2)], { group: 2, strides: [1, 2], dilations: [2, 1] }),
];
