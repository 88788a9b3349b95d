// The conformance runner's own rules: what counts as equal, and what its list of refusals allows. `make conformance` runs the official cases.
import { describe, expect, test } from '@jest/globals';
import { numberToHalf } from '../../src/core/half.js';
import { bool, float32, int32, type Tensor } from '../../src/core/tensor.js';
import { difference } from './compare.js';
import type { Result } from './engines.js';
import { judge } from './refusals.js';

describe('difference', () => {
  const half = (v: number): Tensor => ({ type: 'float16', dims: [1], data: Uint16Array.of(numberToHalf(v)) });
  test('none within 1e-3 of the value and 1e-7', () => {
    expect(difference(float32([1.0009, 0, NaN, Infinity, -0]), float32([1, 1e-7, NaN, Infinity, 0]))).toBeUndefined();
    expect(difference(float32([1]), half(1.001))).toBeUndefined();
  });
  test.each([
    [float32([1.0011]), float32([1]), '1.001099944114685 at 0, expected 1'],
    [float32([2e-7]), float32([0]), '2.0000000233721948e-7 at 0, expected 0'],
    [float32([NaN]), float32([1]), 'NaN at 0, expected 1'],
    [float32([Infinity]), float32([-Infinity]), 'Infinity at 0, expected -Infinity'],
    [float32([1.01]), half(1), '1.0099999904632568 at 0, expected 1'],
    [int32([1, 2]), int32([1, 3]), '2 at 1, expected 3'],
    [float32([1, 2]), float32([1, 2], [2, 1]), 'shape [2], expected [2,1]'],
    [float32([1]), bool([true]), 'type float32, expected bool'],
    [undefined, float32([1]), 'no value'],
  ])('%#', (actual, expected, what) => expect(difference(actual, expected)).toBe(what));
});

describe('judge', () => {
  const result = (name: string, op: string, onnxruntime: boolean, tfjs: boolean): Result => {
    const outcome = (ok: boolean): Result['outcomes']['tfjs'] =>
      ok ? { status: 'passed' } : { status: 'refused', reason: 'why' };
    return { case: name, op, folded: false, outcomes: { onnxruntime: outcome(onnxruntime), tfjs: outcome(tfjs) } };
  };
  const results = [result('node/a', 'A', true, true), result('node/b', 'B', false, false), result('node/c', 'C', true, false)];

  test('every case that is not passed needs a line', () => {
    expect(judge(results, [], true)).toEqual({
      unlisted: ['node/b (B, onnxruntime) refused: why', 'node/b (B, tfjs) refused: why', 'node/c (C, tfjs) refused: why'],
      stale: [],
    });
    const lines = [
      { reason: 'r', ops: ['B'] },
      { reason: 'r', engine: 'tfjs' as const, cases: ['node/c'] },
    ];
    expect(judge(results, lines, true)).toEqual({ unlisted: [], stale: [] });
  });
  test('a line must not cover what passes, nor nothing at all', () => {
    const lines = [
      { reason: 'r', ops: ['[AB]'] },
      { reason: 'r', cases: ['node/c', 'node/d'] },
    ];
    expect(judge(results, lines, true)).toEqual({
      unlisted: [],
      stale: [
        "node/a (onnxruntime) passes, but is covered by '[AB]'",
        "node/a (tfjs) passes, but is covered by '[AB]'",
        "node/c (onnxruntime) passes, but is covered by 'node/c'",
        "'node/d' covers no case",
      ],
    });
    // Some cases only: a line may be about the others.
    expect(judge(results.slice(1, 2), [{ reason: 'r', ops: ['B', 'Z'] }], false)).toEqual({ unlisted: [], stale: [] });
  });
});
