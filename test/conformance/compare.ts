// Are two tensors the same, as ONNX's backend runner sees it?
import { sizeOf, toNumbers, type DType, type Tensor } from '../../src/core/tensor.js';

/**
 * |actual - expected| <= absolute + relative * |expected|, element by element. For float32 and float64 ONNX's backend runner has 1e-3 and 1e-7.
 * float16 carries 11 bits and bfloat16 8: one rounding of the expected value is 2^-11 and 2^-8 of it, and the reference rounds after every
 * node where this project computes in float32.
 */
const TOLERANCES: Partial<Record<DType, { relative: number; absolute: number }>> = {
  float32: { relative: 1e-3, absolute: 1e-7 },
  float64: { relative: 1e-3, absolute: 1e-7 },
  float16: { relative: 2 ** -9, absolute: 2 ** -10 },
  bfloat16: { relative: 2 ** -6, absolute: 2 ** -7 },
};
const FLOATS: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];

/** What is different, in a few words; undefined where nothing is. A narrower or wider float type is not a difference, any other type is. */
export function difference(actual: Tensor | undefined, expected: Tensor): string | undefined {
  if (!actual) return 'no value';
  if (actual.dims.join() !== expected.dims.join())
    return `shape [${actual.dims.join(',')}], expected [${expected.dims.join(',')}]`;
  const [got, wanted] = [actual, expected].map((t) => (FLOATS.includes(t.type) ? 'float' : t.type));
  if (got !== wanted) return `type ${actual.type}, expected ${expected.type}`;
  if (expected.type === 'string') {
    const at = (expected.data as readonly string[]).findIndex((text, i) => text !== actual.data[i]);
    return at < 0 ? undefined : `'${actual.data[at]}' at ${at}, expected '${(expected.data as readonly string[])[at]}'`;
  }
  const { relative, absolute } = TOLERANCES[expected.type] ?? { relative: 0, absolute: 0 };
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  for (let i = 0; i < sizeOf(expected.dims); i++) {
    const same = Object.is(a[i], b[i]) || a[i] === b[i];
    // Infinity is within no distance of anything else.
    if (!same && !(Number.isFinite(b[i]) && Math.abs(a[i]! - b[i]!) <= absolute + relative * Math.abs(b[i]!)))
      return `${a[i]} at ${i}, expected ${b[i]}`;
  }
  return undefined;
}
