// Whole networks at their own size, every layer: `make test-slow`.
import { test } from '@jest/globals';
import type { Model } from '../../src/onnx/graph.js';
import { expectAgreement } from '../nets/agrees.js';
import { CLASSICS, type ScaledOptions } from '../nets/classics.js';
import { LARGE } from '../nets/large.js';
import { MOBILE } from '../nets/mobile.js';

const NETS: Readonly<Record<string, (options: ScaledOptions) => Model>> = { ...CLASSICS, ...LARGE, ...MOBILE };
// A quarter of AlexNet's and VGG's fully connected widths: 60 and 130 million weights would mostly measure memory.
test.each(Object.keys(NETS))('%s', (name) => expectAgreement(NETS[name]!({ width: 1 / 4 })), 600_000);
