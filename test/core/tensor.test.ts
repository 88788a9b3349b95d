// Which dtypes are floats, for each of the two questions that are asked.
import { expect, test } from '@jest/globals';
import { isFloat, isIeeeFloat, type DType } from '../../src/core/tensor.js';

/** All dtypes: a new one does not compile until it is answered here. */
const KINDS: Record<DType, 'IEEE 754' | 'other float' | 'no float'> = {
  float16: 'IEEE 754',
  float32: 'IEEE 754',
  float64: 'IEEE 754',
  bfloat16: 'other float',
  float8e4m3fn: 'other float',
  float8e4m3fnuz: 'other float',
  float8e5m2: 'other float',
  float8e5m2fnuz: 'other float',
  int8: 'no float',
  int16: 'no float',
  int32: 'no float',
  int64: 'no float',
  uint8: 'no float',
  uint16: 'no float',
  uint32: 'no float',
  uint64: 'no float',
  bool: 'no float',
  string: 'no float',
  int4: 'no float',
  uint4: 'no float',
  complex64: 'no float',
  complex128: 'no float',
};

test.each(Object.entries(KINDS) as [DType, string][])('%s: %s', (type, kind) => {
  expect(isFloat(type)).toBe(kind !== 'no float');
  expect(isIeeeFloat(type)).toBe(kind === 'IEEE 754');
});

test('an unknown type is no float', () => {
  expect(isFloat(undefined)).toBe(false);
  expect(isIeeeFloat(undefined)).toBe(false);
});
