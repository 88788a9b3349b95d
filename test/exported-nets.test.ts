// Networks as exporters write them, with their shape arithmetic and constants, at an open batch.
import { test } from '@jest/globals';
import type { Model } from '../src/onnx/graph.js';
import { expectAgreement } from './nets/agrees.js';
import { VISION_TRANSFORMERS } from './nets/vision-transformers.js';

const NETS: Readonly<Record<string, () => Model>> = { ...VISION_TRANSFORMERS };

test.each(Object.keys(NETS))('%s', (name) => expectAgreement(NETS[name]!()));
