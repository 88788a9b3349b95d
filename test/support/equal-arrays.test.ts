// Equality of typed arrays in tests: quick where they are equal, and no weaker than jest's own.
import { expect, test } from '@jest/globals';

test('a million equal numbers are compared at once', () => {
  const numbers = Float32Array.from({ length: 1e6 }, (_, i) => i % 251);
  const began = performance.now();
  expect({ numbers: numbers.slice() }).toEqual({ numbers });
  expect(performance.now() - began).toBeLessThan(1000);
});

test('a difference is still one', () => {
  const ones = Float32Array.of(1, NaN, 0);
  expect(ones).toEqual(Float32Array.of(1, NaN, 0));
  expect(ones).not.toEqual(Float32Array.of(1, NaN, -0));
  expect(ones).not.toEqual(Float32Array.of(1, NaN));
  expect(ones).not.toEqual(Float32Array.of(2, NaN, 0));
  expect(new Uint8Array(4)).not.toEqual(new Int8Array(4));
  expect(new Float32Array(Uint32Array.of(0x7fc00001).buffer)).toEqual(Float32Array.of(NaN));
});
