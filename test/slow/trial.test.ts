// A model that does not return is ended by its trial; apart, since the trial takes its seconds.
import { expect, test } from '@jest/globals';
import { openModel } from '../../src/model/open.js';
import { oneNode } from '../support/one-node.js';

test('what does not return is ended', async () => {
  const attribute = [
    { name: 'kernel_shape', ints: [2, 2, 2], type: 7 },
    { name: 'strides', ints: [1, 1, 2 ** 31 - 1], type: 7 },
  ];
  const bytes = oneNode(22, { opType: 'MaxPool', input: ['x'], output: ['y'], attribute }, { x: [1, 1, 4, 4, 4] });
  await expect(openModel(bytes, { trust: false })).rejects.toMatchObject({
    code: 'model',
    problem: expect.stringMatching(/within 8 s/),
  });
}, 30_000);
