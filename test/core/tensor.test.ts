// Which dtypes are floats, for each of the two questions that are asked.
import { expect, test } from '@jest/globals';
import { castTensor, float32, int64, isFloat, isIeeeFloat, toIntegers, type DType } from '../../src/core/tensor.js';

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

// A damaged file may give floats where axes or amounts belong, and a user's array NaN where a model takes int64.
test('what is no whole number is refused where whole numbers are read, and never cut', () => {
  expect(toIntegers(int64([3, -4]))).toEqual([3, -4]);
  expect(toIntegers(float32([3]))).toEqual([3]);
  expect(() => toIntegers(float32([2, 7e-45]))).toThrow(/^Expected whole numbers, received 7\.0\S+e-45 in a float32 tensor\.$/);
  expect(castTensor(float32([1, -1]), 'int64')).toEqual(int64([1, -1]));
  for (const type of ['int64', 'uint8', 'int32'] as const)
    for (const value of [NaN, 0.6, Infinity, 2e30])
      expect(() => castTensor(float32([value]), type)).toThrow(/^Whole numbers of type \w+ are needed, and \S+ is none/);
  expect(() => castTensor(float32([256]), 'uint8')).toThrow('and 256 is none');
});
