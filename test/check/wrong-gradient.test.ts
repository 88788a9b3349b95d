// A node is blamed for what shows again: another combination of its outputs has its bends and its noise elsewhere, and a wrong rule is wrong for all of them.
import { expect, test } from '@jest/globals';
import { repeated, type Judgement } from '../../src/check/wrong-gradient.js';

const wrongIn = (engine: string): Judgement => ({
  node: "Relu 'r'",
  op: 'Relu',
  value: 'y',
  by: 'x',
  engine,
  derivativeError: 0.011,
});

test.each<[string, readonly Judgement[], Judgement, number]>([
  ['at every draw', [wrongIn('tfjs'), wrongIn('tfjs'), wrongIn('tfjs')], wrongIn('tfjs'), 3],
  ['once', [wrongIn('tfjs'), undefined], undefined, 2],
  ['twice', [wrongIn('tfjs'), wrongIn('tfjs'), undefined], undefined, 3],
  ['in one engine and then in the other', [wrongIn('tfjs'), wrongIn('onnxruntime')], undefined, 2],
  ['never', [undefined], undefined, 1],
  ['not finite', ['not finite'], 'not finite', 1],
])('wrong %s', async (_, found, expected, asked) => {
  const draws: number[] = [];
  expect(await repeated((draw) => (draws.push(draw), Promise.resolve(found[draw])))).toEqual(expected);
  expect(draws).toEqual([0, 1, 2].slice(0, asked));
});
