// Whole networks of every architecture that classifiers are built by, reduced (few pixels, at most two blocks a stage, of the widest fewer channels): `make test-slow` has them whole.
import { expect, test } from '@jest/globals';
import type { Model } from '../../src/onnx/graph.js';
import { expectAgreement } from './agrees.js';
import { CLASSICS, mobileNetV2, squeezeNet, type ScaledOptions } from './classics.js';
import { kinksOf } from './kinks.js';
import { LARGE } from './large.js';
import { MOBILE } from './mobile.js';

/** Smaller pictures leave nothing of the last maps. */
const SIZES: Readonly<Record<string, number>> = { AlexNet: 96, 'Inception v3': 80 };
/** Of the widest nets a part of the channels: most keep whole blocks of 16, which onnxruntime and the gradients have kernels of their own for. */
const CHANNELS: Readonly<Record<string, number>> = {
  GoogLeNet: 1 / 2,
  'Inception v3': 1 / 2,
  'ResNeXt-50': 1 / 2,
  'ResNet-18': 1 / 4,
  'VGG-11': 1 / 4,
};
const NETS: Readonly<Record<string, (options: ScaledOptions) => Model>> = { ...CLASSICS, ...LARGE, ...MOBILE };
const reduced = (name: string): ScaledOptions => ({
  size: SIZES[name] ?? 64,
  classes: 50,
  depth: 2,
  width: 1 / 8,
  channels: CHANNELS[name] ?? 1,
});

test.each(Object.keys(NETS))('%s', (name) => expectAgreement(NETS[name]!(reduced(name))));

test('two samples in one batch', () => expectAgreement(mobileNetV2({ ...reduced(''), batch: 2 })));

test('kinks are those elements alone that fall to different sides', async () => {
  const kinks = await kinksOf(squeezeNet(reduced('')));
  const { of, flips, apart } = await kinks.at(0);
  await kinks.dispose();
  // 26 convolutions with a ReLU each, and the windows of three pools.
  expect(of).toBe(196098);
  expect(flips).toBeLessThan(5);
  expect(apart).toBeLessThan(1e-6);
});
