// Networks as exporters write them, with their shape arithmetic and constants, at an open batch.
import { test } from '@jest/globals';
import type { Model } from '../src/onnx/graph.js';
import { expectAgreement } from './nets/agrees.js';
import { EXPORTED_CONVNETS } from './nets/exported-convnets.js';
import { TEXT } from './nets/text.js';
import { VISION_TRANSFORMERS } from './nets/vision-transformers.js';

const NETS: Readonly<Record<string, () => Model>> = { ...VISION_TRANSFORMERS, ...EXPORTED_CONVNETS, ...TEXT };

test.each(Object.keys(NETS))('%s', (name) => expectAgreement(NETS[name]!()));
