// A window is only an attribute: no file of a few bytes gets all memory by a large one.
import { interpolationMatrix } from '../../adapters/kernels/resize-matrix.js';
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';
import { oneNode } from '../support/one-node.js';

test('a dilated average over 2^55 elements is refused in words', async () => {
  const ints = (name: string, values: number[]) => ({ name, ints: values, type: 7 });
  const attribute = [ints('kernel_shape', [3, 2 ** 53 - 1]), ints('dilations', [2, 2])];
  const bytes = oneNode(19, { opType: 'AveragePool', input: ['x'], output: ['y'], attribute }, { x: [1, 1, 8, 8] });
  await expect(openModel(bytes)).rejects.toThrow(
    'A window of [1,1,3,9007199254740991] has 27021597764222972 elements; at most 67108864 are allowed.',
  );
});

test('a resize whose matrix would fill the memory is refused by its numbers', () => {
  const axis = { length: 1_000_000, resized: 1_000_000, scale: 1, mode: 'nearest', coordinates: 'asymmetric', nearest: 'floor', cubicA: -0.75, excludeOutside: false, antialias: false, roi: [0, 1] } as const; // prettier-ignore
  expect(() => interpolationMatrix(axis)).toThrow(
    'Resize of an axis from 1000000 to 1000000 takes a matrix of 1000000000000 elements; at most 67108864 are allowed.',
  );
});

test('an axis that a resize leaves alone takes no matrix, however long it is', async () => {
  const g = new GraphBuilder('resize');
  const x = g.input('x', 'float32', [1, 1, 2, 20_000]);
  g.output(g.op('Resize', [x, '', g.constant(float32([1, 1, 2, 1]))], { mode: 'linear' }), 'y');
  const model = await openModel(encoded(g));
  expect(model.outputs.map(({ shape }) => shape)).toEqual([[1, 1, 4, 20_000]]);
  await model.dispose();
});
