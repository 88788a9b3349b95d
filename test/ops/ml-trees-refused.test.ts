// Trees that share nodes, of which a few bytes may ask for billions, are counted before they are written out.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { tensor } from './ml-trees.cases.js';

const ML = 'ai.onnx.ml';

/** A chain of `length` nodes that ask whether feature 0 is at most 0; whether it is or not they go on to the next, the last one to `end`, or to leaves. */
function chain(length: number, end?: number): GraphBuilder {
  const next = Array.from({ length }, (_, i) => (i + 1 < length ? i + 1 : (end ?? 0)));
  const leaf = (at: number): number[] => next.map((_, i) => (i + 1 < length || end !== undefined ? 0 : at));
  const g = new GraphBuilder('trees');
  g.append(
    'TreeEnsemble',
    [g.input('x', 'float32', [1, 1])],
    ['y'],
    {
      nodes_modes: tensor('uint8', ...new Uint8Array(length)),
      nodes_featureids: next.map(() => 0),
      nodes_splits: tensor('float32', ...new Array<number>(length).fill(0)),
      nodes_truenodeids: next,
      nodes_trueleafs: leaf(1),
      nodes_falsenodeids: next.map((v, i) => (i + 1 < length || end !== undefined ? v : 1)),
      nodes_falseleafs: leaf(1),
      tree_roots: [0],
      leaf_targetids: [0, 0],
      leaf_weights: tensor('float32', 2, 3),
      n_targets: 1,
    },
    ML,
  );
  g.output('y', 'y', { type: 'float32', dims: [1, 1] });
  return g;
}
const modelOf = (g: GraphBuilder): Model => ({
  irVersion: 10,
  producer: 'test',
  opsets: new Map([
    ['', 24],
    [ML, 5],
  ]),
  metadata: {},
  functions: [],
  graph: g.build(),
});

test.each([
  ['shared by two each, 40 deep', 40, undefined, 'its trees share nodes, and have more than 262144 when each has its own'],
  ['a node below itself', 3, 1, 'its trees have a cycle'],
  ['a node that is not there', 3, 9, 'its trees lead to node 9, and there are 3'],
])('%s: refused', (_, length, end, problem) => {
  expect(() => canonicalize(modelOf(chain(length, end)), adapters)).toThrow(problem);
});

test('nodes that two places share count for both', async () => {
  const model = await openModel(encodeModel(modelOf(chain(3))), { trust: true });
  try {
    for (const [x, y] of [
      [-1, 2],
      [1, 3],
    ] as const)
      // prettier-ignore
      expect(Array.from(toFloat32((await model.run({ x: float32([x], [1, 1]) }))['y']!))).toEqual([y]);
  } finally {
    await model.dispose();
  }
});
