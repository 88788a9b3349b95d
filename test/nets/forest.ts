// A random forest whose features are known: of six, the third and the fifth alone decide, and the first of all moves a share.
import { dialectModel } from '../../src/engine/ort.js';
import { floats, GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** Class 1 where both of these are above their threshold, in every tree a little elsewhere. */
const TREES = [
  { third: 0.5, fifth: -0.2 },
  { third: 0.4, fifth: -0.1 },
  { third: 0.6, fifth: -0.3 },
  { third: 0.5, fifth: -0.15 },
];

/**
 * x [batch,6] -> shares of the trees [batch,2], as scikit-learn's RandomForestClassifier is exported (TreeEnsembleClassifier-1, weights that add up to 1). Each
 * tree asks for x[2], then x[4]; the last one asks for x[0] besides, which moves a twentieth.
 */
export function forest(): Uint8Array {
  const nodes: Node[] = [];
  const leaves: Leaf[] = [];
  TREES.forEach(({ third, fifth }, tree) => {
    // id, feature, mode, threshold, where it holds (<=), where not
    nodes.push(
      [tree, 0, 2, 'BRANCH_LEQ', third, 1, 2],
      [tree, 1, 0, 'LEAF', 0, 0, 0],
      [tree, 2, 4, 'BRANCH_LEQ', fifth, 3, 4],
      [tree, 3, 0, 'LEAF', 0, 0, 0],
      [tree, 4, 0, 'LEAF', 0, 0, 0],
    );
    const share = 0.95 / TREES.length;
    for (const [leaf, yes] of [
      [1, 0.05],
      [3, 0.1],
      [4, 0.9],
    ] as const)
      // prettier-ignore
      leaves.push([tree, leaf, 0, share * (1 - yes)], [tree, leaf, 1, share * yes]);
  });
  const last = TREES.length;
  nodes.push([last, 0, 0, 'BRANCH_LEQ', 0, 1, 2], [last, 1, 0, 'LEAF', 0, 0, 0], [last, 2, 0, 'LEAF', 0, 0, 0]);
  leaves.push([last, 1, 0, 0.05], [last, 1, 1, 0], [last, 2, 0, 0], [last, 2, 1, 0.05]);
  return ensemble(6, nodes, leaves);
}

/** Ten trees that ask the same of one number: each gives a tenth, and ten tenths in float32 are 1.0000001. */
export function tenTrees(): Uint8Array {
  const trees = Array.from({ length: 10 }, (_, tree) => tree);
  return ensemble(
    1,
    trees.flatMap((tree): Node[] => [[tree, 0, 0, 'BRANCH_LEQ', 0, 1, 2], [tree, 1, 0, 'LEAF', 0, 0, 0], [tree, 2, 0, 'LEAF', 0, 0, 0]]), // prettier-ignore
    trees.flatMap((tree): Leaf[] => [[tree, 1, 0, 0.1], [tree, 1, 1, 0], [tree, 2, 0, 0], [tree, 2, 1, 0.1]]), // prettier-ignore
  );
}

/** Tree, node, feature, mode, threshold, where it holds, where not. */
type Node = readonly [number, number, number, string, number, number, number];
/** Tree, node, class, weight. */
type Leaf = readonly [number, number, number, number];

/** Trees over `features` numbers (a name: as many as are given) as TreeEnsembleClassifier-1: what each leaf gives to each of two classes. */
export function ensemble(features: number | string, nodes: readonly Node[], leaves: readonly Leaf[]): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['batch', features]);
  g.append(
    'TreeEnsembleClassifier',
    [x],
    ['label', 'probabilities'],
    {
      nodes_treeids: nodes.map((n) => n[0]),
      nodes_nodeids: nodes.map((n) => n[1]),
      nodes_featureids: nodes.map((n) => n[2]),
      nodes_modes: nodes.map((n) => n[3]),
      nodes_values: floats(nodes.map((n) => n[4])),
      nodes_truenodeids: nodes.map((n) => n[5]),
      nodes_falsenodeids: nodes.map((n) => n[6]),
      class_treeids: leaves.map((l) => l[0]),
      class_nodeids: leaves.map((l) => l[1]),
      class_ids: leaves.map((l) => l[2]),
      class_weights: floats(leaves.map((l) => l[3])),
      classlabels_int64s: [0, 1],
    },
    'ai.onnx.ml',
  );
  g.output('label');
  g.output('probabilities');
  return encodeModel(dialectModel(g.build()));
}
