// Claims under noise that a mask was not learned on.
import { expect, test } from '@jest/globals';
import { argmax } from '../../src/core/rows.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { judgeClass } from '../../src/evidence/answer.js';
import { otherNoises, underOtherNoise } from '../../src/evidence/other-noise.js';
import { constant, uniform } from './toy.js';

const namesOf = (learned: string, x: Tensor): string[] =>
  otherNoises(learned, { x, low: 0, high: 1 }).map((n) => n.name.split(':')[0]!);

test('two families, never the one that the mask was learned on', () => {
  const picture = float32(new Float32Array(48), [1, 3, 4, 4]);
  expect(namesOf('uniform:0,1', picture)).toEqual(['gaussian', 'blur']);
  expect(namesOf('gaussian:0,1', picture)).toEqual(['blur', 'uniform']);
  expect(namesOf('bootstrap:x', picture)).toEqual(['gaussian', 'blur']);
  const tokens = float32([1, 3], [1, 2, 1]);
  expect(namesOf('tokens', tokens)).toEqual(['gaussian', 'constant']);
  expect(otherNoises('tokens', { x: tokens, low: 0, high: 1 }).map((n) => n.name)).toEqual(['gaussian:2,1', 'constant:2']);
});

/** Class 1 where element 0 is at least 1. */
const predict = (batch: Tensor): Promise<Tensor> => {
  const [n, per] = batch.dims as [number, number];
  const rows = Array.from({ length: n }, (_, i) => Number(toFloat32(batch)[i * per]! >= 1)).flatMap((yes) => [1 - yes, yes]);
  return Promise.resolve(float32(rows, [n, 2]));
};

test('a mask that spares what counts keeps its claim on every noise, one that does not loses it', async () => {
  const x = float32([1, 1, 1, 1], [1, 4]);
  const judge = judgeClass(await predict(x));
  expect(argmax(await predict(x))).toEqual([1]);
  const measured = (mask: number[]) =>
    underOtherNoise(predict, x, float32(mask, [1, 4]), [uniform, constant(0)], { fraction: 0.5, judge, draws: 20, seed: 0 });
  const [varied, fixed] = await measured([0, 0.1, 1, 1]);
  expect(varied).toMatchObject({ noise: 'uniform:0,1', noiseAlone: { kept: 0, draws: 20 }, soft: { kept: 20 } });
  expect(varied!.hard).toMatchObject({ fraction: 0.5, kept: 20, draws: 20 });
  expect(varied!.hard.interval[1]).toBe(1);
  // Noise that is always the same has one draw.
  expect(fixed).toMatchObject({ noise: 'constant:0', noiseAlone: { kept: 0, draws: 1 }, hard: { kept: 1, draws: 1 } });
  const [lost] = await measured([1, 1, 0, 0]);
  expect([lost!.soft.kept, lost!.hard.kept]).toEqual([0, 0]);
});
