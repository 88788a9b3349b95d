// Where attention lies in pictures of tanks, from maps made by hand.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { attentionTable } from '../../src/experiment/tank-methods.js';

test('parts of attention on clouds, tanks and elsewhere; what is below 0 is none', () => {
  const x = float32(new Float32Array(12), [1, 3, 2, 2]);
  const scene = { x, clouds: Uint8Array.of(1, 0, 0, 0), tank: Uint8Array.of(0, 1, 0, 0) };
  const { rows, caption } = attentionTable(
    new Map([
      ['clouds', [Float32Array.of(3, 1, 0, -5), Float32Array.of(1, 0, 0, -1)]],
      ['nowhere', [Float32Array.of(-1, -1, -1, -1), Float32Array.of(-1, 0, 0, 0)]],
    ]),
    [scene, scene],
    0,
  );
  expect(rows[0]!.filter((_, i) => ![2, 3].includes(i))).toEqual(['clouds', 87.5, 12.5, 0, 7, 2, 0]);
  // A map without attention has as much everywhere.
  expect(rows[1]).toEqual(['nowhere', 25, 25, 25, 25, 50, 1, 1, 1]);
  expect(caption).toContain('clouds have 25.0 % of the area, tanks 25.0 %');
});
