// Cases of decision trees: every test, way of adding up and transform.
import { float32, type DType, type Tensor } from '../../src/core/tensor.js';
import { floats } from '../../src/onnx/builder.js';
import { uniform, type OpCase } from './case.js';

const c = (name: string, op: string, opset: number, attributes: OpCase['attributes'], more: Partial<OpCase> = {}): OpCase => ({
  name: `${op} ${name}`,
  op,
  domain: 'ai.onnx.ml',
  opset,
  inputs: [x],
  attributes,
  wrt: [],
  ...more,
});
const x = uniform([5, 3], 9000);
const POST = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];
export const tensor = (type: DType, ...values: number[]) => {
  const data = type === 'uint8' ? Uint8Array.from(values) : Float32Array.from(values);
  return { kind: 'tensor', value: { type, dims: [values.length], data } as Tensor } as const;
};

/** Two trees: one of two splits, one of one; tests by `mode`. Leaves: tree 0 nodes 1, 3, 4; tree 1 nodes 1, 2. */
const shape = (mode = 'BRANCH_LEQ'): OpCase['attributes'] => ({
  nodes_treeids: [0, 0, 0, 0, 0, 1, 1, 1],
  nodes_nodeids: [0, 1, 2, 3, 4, 0, 1, 2],
  nodes_featureids: [2, 0, 0, 0, 0, 1, 0, 0],
  nodes_modes: [mode, 'LEAF', mode, 'LEAF', 'LEAF', mode, 'LEAF', 'LEAF'],
  nodes_values: floats([0.5, 0, -0.3, 0, 0, 0.2, 0, 0]),
  nodes_truenodeids: [1, 0, 3, 0, 0, 1, 0, 0],
  nodes_falsenodeids: [2, 0, 4, 0, 0, 2, 0, 0],
});
const LEAVES = [[0, 1], [0, 3], [0, 4], [1, 1], [1, 2]] as const; // prettier-ignore
/** Weights for each leaf and each of `ids`; within (0, 1/2) per tree, so that sums suit PROBIT. */
const weights = (kind: 'class' | 'target', ids: readonly number[], sign = 1): OpCase['attributes'] => {
  const all = LEAVES.flatMap(([tree, node]) => ids.map((id) => ({ tree, node, id })));
  return {
    [`${kind}_treeids`]: all.map((l) => l.tree),
    [`${kind}_nodeids`]: all.map((l) => l.node),
    [`${kind}_ids`]: all.map((l) => l.id),
    [`${kind}_weights`]: floats(all.map((_, i) => 0.05 + ((i * 7) % 10) * 0.04 * (i % 3 === 1 ? sign : 1))),
  };
};
const regressor = (targets: readonly number[], more: OpCase['attributes'] = {}): OpCase['attributes'] => ({
  ...shape(),
  ...weights('target', targets),
  n_targets: targets.length,
  ...more,
});
const classifier = (
  classes: number,
  ids: readonly number[],
  more: OpCase['attributes'] = {},
  sign = 1,
): OpCase['attributes'] => ({
  ...shape(),
  ...weights('class', ids, sign),
  classlabels_int64s: [5, 3, 8].slice(0, classes),
  ...more,
});

/** Of weights for two classes a leaf the first of one leaf, the second of the next, and so on. */
function oneEach(attributes: OpCase['attributes']): OpCase['attributes'] {
  const kept = (_: unknown, i: number): boolean => i % 4 === 0 || i % 4 === 3;
  const of = attributes as Record<string, number[] | { value: number[] }>;
  const names = ['class_treeids', 'class_nodeids', 'class_ids'];
  const weights = of['class_weights'] as { value: number[] };
  return {
    ...attributes,
    ...Object.fromEntries(names.map((name) => [name, (of[name] as number[]).filter(kept)])),
    class_weights: floats(weights.value.filter(kept)),
  };
}

const regressors: OpCase[] = [
  c('one target', 'TreeEnsembleRegressor', 1, regressor([0], { nodes_hitrates: floats([1, 1, 1, 1, 1, 1, 1, 1]) })),
  ...['BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'].map((mode) =>
    c(mode, 'TreeEnsembleRegressor', 3, { ...regressor([0]), ...shape(mode) }),
  ),
  ...['SUM', 'AVERAGE', 'MIN', 'MAX'].map((aggregate_function) =>
    c(aggregate_function, 'TreeEnsembleRegressor', 3, regressor([0, 1], { aggregate_function, base_values: floats([0.1, 0.2]) })),
  ),
  ...POST.map((post_transform) => c(post_transform, 'TreeEnsembleRegressor', 3, regressor([0, 1, 2], { post_transform }))),
  c('missing values', 'TreeEnsembleRegressor', 3, regressor([0], { nodes_missing_value_tracks_true: [1, 0, 0, 0, 0, 0, 0, 0] }), {
    inputs: [float32([1, NaN, NaN, NaN, 2, 3], [2, 3])],
  }),
  c('tensors', 'TreeEnsembleRegressor', 3, {
    ...regressor([0]),
    nodes_values: undefined,
    nodes_values_as_tensor: tensor('float32', 0.5, 0, -0.3, 0, 0, 0.2, 0, 0),
    nodes_hitrates_as_tensor: tensor('float32', 1, 1, 1, 1, 1, 1, 1, 1),
    target_weights: undefined,
    target_weights_as_tensor: tensor('float32', 0.1, 0.2, 0.3, 0.4, 0.5),
    base_values_as_tensor: tensor('float32', 0.25),
  }), // prettier-ignore
];

const classifiers: OpCase[] = [
  ...POST.map((post_transform) =>
    c(`three classes, ${post_transform}`, 'TreeEnsembleClassifier', 3, classifier(3, [0, 1, 2], { post_transform }), {
      outputs: 2,
    }),
  ),
  c('three classes, base values', 'TreeEnsembleClassifier', 1, classifier(3, [0, 1, 2], { base_values: floats([0.1, 0.3, -0.2]), nodes_hitrates: floats([1, 1, 1, 1, 1, 1, 1, 1]), nodes_missing_value_tracks_true: [1, 0, 0, 0, 0, 0, 0, 0] }), { outputs: 2 }), // prettier-ignore
  c('two classes', 'TreeEnsembleClassifier', 3, classifier(2, [0, 1]), { outputs: 2 }),
  // Where no leaf that is reached names the second class, onnxruntime answers by the first alone.
  ...POST.filter((p) => p !== 'PROBIT').map(
    (post_transform) =>
    c(`two classes, leaves of one each, ${post_transform}`, 'TreeEnsembleClassifier', 3, { ...oneEach(classifier(2, [0, 1])), post_transform }, { outputs: 2, inputs: [float32([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, -1], [4, 3])] }), // prettier-ignore
  ),
  ...['NONE', 'LOGISTIC'].flatMap((post_transform) => [
    c(`two classes by one of positive weights, ${post_transform}`, 'TreeEnsembleClassifier', 3, classifier(2, [0], { post_transform }), { outputs: 2 }), // prettier-ignore
    c(`two classes by one, ${post_transform}`, 'TreeEnsembleClassifier', 3, classifier(2, [0], { post_transform, base_values: floats([0.1]) }, -1), { outputs: 2 }), // prettier-ignore
    c(`two classes by the second, ${post_transform}`, 'TreeEnsembleClassifier', 3, classifier(2, [1], { post_transform }, -1), { outputs: 2 }), // prettier-ignore
  ]),
  c('labels that are strings', 'TreeEnsembleClassifier', 3, { ...classifier(3, [0, 1, 2]), classlabels_int64s: undefined, classlabels_strings: ['a', 'b', 'c'] }, { outputs: 2, compare: [1] }), // prettier-ignore
  c('tensors', 'TreeEnsembleClassifier', 3, {
    ...classifier(3, [0]),
    nodes_values: undefined,
    nodes_values_as_tensor: tensor('float32', 0.5, 0, -0.3, 0, 0, 0.2, 0, 0),
    nodes_hitrates_as_tensor: tensor('float32', 1, 1, 1, 1, 1, 1, 1, 1),
    class_weights: undefined,
    class_weights_as_tensor: tensor('float32', 0.1, 0.2, 0.3, 0.4, 0.5),
    base_values_as_tensor: tensor('float32', 0.25, 0.5, 0),
  }, { outputs: 2 }), // prettier-ignore
];

/** The same two trees as TreeEnsemble-5 has them: three nodes, five leaves. */
const newer = (more: OpCase['attributes'] = {}): OpCase['attributes'] => ({
  nodes_modes: tensor('uint8', 0, 1, 2),
  nodes_featureids: [2, 0, 1],
  nodes_splits: tensor('float32', 0.5, -0.3, 0.2),
  nodes_truenodeids: [0, 1, 3],
  nodes_trueleafs: [1, 1, 1],
  nodes_falsenodeids: [1, 2, 4],
  nodes_falseleafs: [0, 1, 1],
  tree_roots: [0, 2],
  leaf_targetids: [0, 1, 0, 1, 0],
  leaf_weights: tensor('float32', 0.1, 0.2, 0.3, 0.4, 0.35),
  n_targets: 2,
  ...more,
});
const newest: OpCase[] = [
  c('sum', 'TreeEnsemble', 5, newer({ nodes_hitrates: tensor('float32', 1, 1, 1) })),
  ...[0, 2, 3].map((aggregate_function) =>
    c(`aggregate ${aggregate_function}`, 'TreeEnsemble', 5, newer({ aggregate_function })),
  ),
  ...[1, 2, 3].map((post_transform) => c(`transform ${post_transform}`, 'TreeEnsemble', 5, newer({ post_transform }))),
  c('missing values', 'TreeEnsemble', 5, newer({ nodes_missing_value_tracks_true: [1, 0, 0] }), {
    inputs: [float32([1, NaN, NaN, NaN, 2, 3], [2, 3])],
  }),
];

export const cases: OpCase[] = [...regressors, ...classifiers, ...newest];
