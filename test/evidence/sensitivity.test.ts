// Max-sensitivity against closed forms.
import { expect, test } from '@jest/globals';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { maxSensitivity } from '../../src/evidence/sensitivity.js';

const x = float32([3, 4, 0, 0], [1, 4]);
const options = { radius: 0.5, draws: 4, seed: 3 };

test('phi = x: the largest ||delta|| / ||x||; every element moves by up to the radius', async () => {
  const sizes: number[] = [];
  const moves: number[] = [];
  const metric = await maxSensitivity(
    x,
    x,
    (moved) => {
      const delta = toFloat32(moved).map((v, i) => v - toFloat32(x)[i]!);
      moves.push(...delta);
      sizes.push(Math.hypot(...delta) / 5);
      return Promise.resolve(moved);
    },
    options,
  );
  expect(metric!.value).toBeCloseTo(Math.max(...sizes), 6);
  expect(metric!.interval![1]).toBeCloseTo(Math.max(...sizes), 6);
  expect(metric!.better).toBe('lower');
  const largest = Math.max(...moves.map(Math.abs));
  expect([moves.length, largest <= 0.5, largest > 0.4]).toEqual([16, true, true]);
});

test('an explanation that never changes: 0; one that doubles: 1', async () => {
  expect((await maxSensitivity(x, x, () => Promise.resolve(x), options))!.value).toBe(0);
  const doubled = float32([6, 8, 0, 0], [1, 4]);
  expect((await maxSensitivity(x, x, () => Promise.resolve(doubled), options))!.value).toBe(1);
});

test('inputs whose answer is another one say nothing: left out, and undefined where all are', async () => {
  let asked = 0;
  const once = (): Promise<Tensor | undefined> => Promise.resolve(asked++ === 0 ? undefined : x);
  expect((await maxSensitivity(x, x, once, options))!.definition).toContain('over 3 input(s)');
  expect(await maxSensitivity(x, x, () => Promise.resolve(undefined), options)).toBeUndefined();
  expect(await maxSensitivity(x, float32([0, 0], [1, 2]), () => Promise.resolve(x), options)).toBeUndefined();
});
