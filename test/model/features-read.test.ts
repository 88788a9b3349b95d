// Columns of a table that a classical model with an open number of features does not take, or never reads: refused, or told.
import { afterEach, describe, expect, test } from '@jest/globals';
import { openModel, type Classifier } from '../../src/model/open.js';
import { floats, GraphBuilder } from '../../src/onnx/builder.js';
import { dialectModel } from '../../src/engine/ort.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { ensemble } from '../nets/forest.js';

let model: Classifier | undefined;
afterEach(async () => {
  await model?.dispose();
  model = undefined;
});
const notesAt = async (bytes: Uint8Array, columns: number): Promise<readonly string[]> => {
  model = await openModel(bytes, { sample: [columns], trust: true, engine: 'forward' });
  return model.notes.filter((n) => n.includes('never read'));
};

/** One tree that reads x[3], then x[1]. */
const tree = (features: number | string): Uint8Array =>
  ensemble(
    features,
    [[0, 0, 3, 'BRANCH_LEQ', 0.5, 1, 2], [0, 1, 0, 'LEAF', 0, 0, 0], [0, 2, 1, 'BRANCH_LEQ', 0.5, 3, 4], [0, 3, 9, 'LEAF', 0, 0, 0], [0, 4, 0, 'LEAF', 0, 0, 0]], // prettier-ignore
    [[0, 1, 0, 1], [0, 1, 1, 0], [0, 3, 0, 0.3], [0, 3, 1, 0.7], [0, 4, 0, 0], [0, 4, 1, 1]], // prettier-ignore
  );

describe('trees', () => {
  test('columns behind the last that they name are told', async () => {
    expect(await notesAt(tree('F'), 4)).toEqual([]);
    const [note, ...more] = await notesAt(tree('F'), 6);
    expect(note).toMatch(
      /^its trees read no column behind column 4 \(feature 3\); columns 5 to 6 of 6 are never read\. .*`columns`$/,
    );
    expect(more).toEqual([]);
  });
  test('fewer than they name are refused', async () => {
    await expect(notesAt(tree('F'), 3)).rejects.toMatchObject({
      code: 'input',
      problem: expect.stringContaining('its trees read feature 3, so that it takes 4 columns at least, and 3 are given'),
    });
  });
  test('a file that says itself how many features there are is believed', async () => {
    expect(await notesAt(tree(6), 6)).toEqual([]);
  });
});

/** x [N,F] through one op of ai.onnx.ml, and where that is no classifier through a layer of 4 numbers to 3 classes. */
function through(op: string, attributes: Parameters<GraphBuilder['append']>[3], scores: boolean): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['N', 'F']);
  g.append(op, [x], scores ? ['label', 'p'] : ['s'], attributes, 'ai.onnx.ml');
  const w = Float32Array.from({ length: 12 }, (_, i) => (i % 5) - 2);
  g.output(scores ? 'p' : g.op('Softmax', [g.matMul('s', g.constant({ type: 'float32', dims: [4, 3], data: w }))], { axis: 1 }));
  return encodeModel(dialectModel(g.build()));
}
const FOUR = floats([1, 2, 3, 4]);
const THREE_ROWS = floats([1, 2, 3, 4, -1, 2, -3, 4, 1, 1, 1, 1]);

test.each([
  ['LinearClassifier', { coefficients: THREE_ROWS, intercepts: floats([0, 0, 0]), classlabels_ints: [0, 1, 2], post_transform: 'SOFTMAX' }, true], // prettier-ignore
  ['SVMClassifier', { coefficients: floats([1, -1, 0.5, -0.5, 1, -1]), kernel_params: floats([0.5, 0, 3]), kernel_type: 'RBF', rho: floats([0, 0, 0]), support_vectors: THREE_ROWS, vectors_per_class: [1, 1, 1], classlabels_ints: [0, 1, 2] }, true], // prettier-ignore
  ['Scaler', { offset: FOUR, scale: FOUR }, false],
  ['Imputer', { imputed_value_floats: FOUR, replaced_value_float: { kind: 'float', value: NaN } }, false],
  ['FeatureVectorizer', { inputdimensions: [4] }, false],
] as const)('%s of 4 columns takes neither fewer nor more', async (op, attributes, scores) => {
  const bytes = through(op, attributes, scores);
  expect(await notesAt(bytes, 4)).toEqual([]);
  for (const count of [1, 3, 5])
    await expect(notesAt(bytes, count)).rejects.toMatchObject({
      code: 'input',
      problem: expect.stringContaining(`its ${op} takes 4 columns, and ${count === 1 ? 'one is' : `${count} are`} given`),
    });
});

test('what selects columns before trees tells which of them are never read', async () => {
  const g = new GraphBuilder();
  const x = g.op('Cast', [g.input('x', 'float32', ['N', 'F'])], { to: 1 });
  g.output(g.op('Softmax', [g.op('Gather', [x, g.ints([2, 0])], { axis: 1 })], { axis: 1 }));
  const [note] = await notesAt(encodeModel(dialectModel(g.build())), 5);
  expect(note).toMatch(/^its Gather reads no column behind column 3 \(feature 2\); columns 4 to 5 of 5 are never read/);
});
