// What the other inputs of a model are fed: what of it binds an open axis, and what is refused.
import { expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { shapesOfFeeds, tensorsOfFeeds } from '../../src/model/feeds.js';

const z = { name: 'z', kind: 'tensor', type: 'float32', dims: ['N', 4, 'T'] } as const;
const fed = (...dims: number[]) => ({ z: float32(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims) });

test('a feed binds open axes, with the batch or without', () => {
  expect(shapesOfFeeds([z], fed(1, 4, 3))).toEqual({ z: [1, 4, 3] });
  expect(shapesOfFeeds([z], fed(4, 3))).toEqual({ z: [1, 4, 3] });
});

test('a feed of another shape than the file fixes binds nothing, and is refused by its name', () => {
  expect(shapesOfFeeds([z], fed(1, 6, 3))).toEqual({});
  expect(shapesOfFeeds([z], fed(6, 3))).toEqual({});
  expect(() => tensorsOfFeeds([{ ...z, dims: [1, 4, 3] }], fed(1, 6, 3))).toThrow(
    "`feeds` does not fit the model:\n  - 'z' is float32[1,4,3], the feed has shape [1,6,3]",
  );
});
