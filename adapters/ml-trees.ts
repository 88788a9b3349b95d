// Decision trees of ai.onnx.ml: run, and named as what no gradient passes.
import { defineOp, floats, int, ints, none, tensor, text, type AttributeSpec, type OpAdapter } from './op.js';
import { detached } from './kernels/elementwise-tf.js';
import { ML, postTransform } from './kernels/ml-scores.js';
import { evaluateTrees, treeClassifier, treeEnsemble, treeRegressor } from './kernels/ml-trees.js';

const strings = (): AttributeSpec<readonly string[] | undefined> => ({ kind: 'strings', default: undefined });
const nodes = {
  base_values: floats(),
  base_values_as_tensor: tensor(),
  nodes_falsenodeids: ints(),
  nodes_featureids: ints(),
  nodes_hitrates: floats(),
  nodes_hitrates_as_tensor: tensor(),
  nodes_missing_value_tracks_true: ints(),
  nodes_modes: strings(),
  nodes_nodeids: ints(),
  nodes_treeids: ints(),
  nodes_truenodeids: ints(),
  nodes_values: floats(),
  nodes_values_as_tensor: tensor(),
  post_transform: postTransform,
};
const flat = none('a tree is constant between its thresholds, so its gradient is zero', true);
const restrictions =
  'no gradient: a tree is constant between its thresholds; no float64 thresholds, which are rounded to float32';

/**
 * TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble (ai.onnx.ml). They run in both engines; no gradient passes them, and differences
 * say nothing of it, since a tree jumps from leaf to leaf.
 */
export const trees: OpAdapter[] = [
  // In the dialect it stays, for raw sums alone.
  defineOp({
    op: 'TreeEnsembleRegressor',
    domain: ML,
    versions: [1, 3],
    attributes: {
      ...nodes,
      aggregate_function: text('SUM'),
      n_targets: int(),
      target_ids: ints(),
      target_nodeids: ints(),
      target_treeids: ints(),
      target_weights: floats(),
      target_weights_as_tensor: tensor(),
    },
    size: (n, { n_targets }) => [[n.dims(0)[0]!, n_targets ?? 1]],
    grows: true,
    canonicalize: treeRegressor,
    forward: ([x], { n_targets }, { tf, node }) => [
      detached(tf, [x!], (t) => {
        const [rows, columns] = t.shape as [number, number];
        return tf.tensor(evaluateTrees(node, t.dataSync(), rows, columns), [rows, n_targets!], 'float32');
      }),
    ],
    vjp: flat,
    restrictions,
  }),
  defineOp({
    op: 'TreeEnsembleClassifier',
    domain: ML,
    versions: [1, 3],
    attributes: {
      ...nodes,
      class_ids: ints(),
      class_nodeids: ints(),
      class_treeids: ints(),
      class_weights: floats(),
      class_weights_as_tensor: tensor(),
      classlabels_int64s: ints(),
      classlabels_strings: strings(),
    },
    canonicalize: treeClassifier,
    vjp: flat,
    restrictions,
  }),
  defineOp({
    op: 'TreeEnsemble',
    domain: ML,
    versions: [5],
    attributes: {
      aggregate_function: int(1),
      leaf_targetids: ints(),
      leaf_weights: tensor(),
      n_targets: int(),
      nodes_falseleafs: ints(),
      nodes_falsenodeids: ints(),
      nodes_featureids: ints(),
      nodes_hitrates: tensor(),
      nodes_missing_value_tracks_true: ints(),
      nodes_modes: tensor(),
      nodes_splits: tensor(),
      nodes_trueleafs: ints(),
      nodes_truenodeids: ints(),
      post_transform: int(0),
      tree_roots: ints(),
    },
    canonicalize: treeEnsemble,
    vjp: flat,
    restrictions: `${restrictions}; no membership tests`,
  }),
];
