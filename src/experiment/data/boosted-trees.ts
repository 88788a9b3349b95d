// Gradient-boosted trees of two classes (Friedman, 2001; Newton steps as in XGBoost, Chen and Guestrin, 2016), and their ONNX-ML form.
import { floats, GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';

/** How an ensemble is grown. */
export interface BoostSettings {
  readonly trees: number;
  /** Questions between root and leaf. */
  readonly depth: number;
  /** What each tree's leaves are multiplied by. */
  readonly learningRate: number;
  /** The least sum of p (1 - p) over the samples of a leaf. */
  readonly leastWeight: number;
}

/** A question to a feature, or a leaf. Node 0 is the root. */
type TreeNode =
  | { readonly feature: number; readonly threshold: number; readonly below: number; readonly above: number }
  | { readonly value: number };

/** Trees whose leaves add up to the log-odds of class 1. */
export interface Ensemble {
  readonly features: number;
  readonly trees: readonly (readonly TreeNode[])[];
}

/** Values that a feature is cut at, at most. */
const BINS = 64;
/** Added to each leaf's weight: a leaf of few samples says little. */
const RIDGE = 1;

/**
 * Fits `trees` one after the other to what the ones before leave over of the labels (0 or 1) of x [n,features]: each question is the one of greatest gain of
 * all features and of up to 63 quantiles of each. `onTree` is told of each tree; nothing here draws random numbers.
 */
export function boost(
  x: Float32Array,
  labels: ArrayLike<number>,
  features: number,
  { trees, depth, learningRate, leastWeight }: BoostSettings,
  onTree?: (done: number) => void,
): Ensemble {
  const n = labels.length;
  const cuts = Array.from({ length: features }, (_, f) => quantiles(x, features, f));
  const bins = cuts.map((own, f) => Uint8Array.from({ length: n }, (_, i) => binOf(own, x[i * features + f]!)));
  const odds = new Float64Array(n);
  const [gradient, weight] = [new Float64Array(n), new Float64Array(n)];
  const made: TreeNode[][] = [];
  for (let t = 0; t < trees; t++) {
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-odds[i]!));
      gradient[i] = labels[i]! - p;
      weight[i] = p * (1 - p);
    }
    const place = new Int32Array(n);
    const tree = grow(bins, cuts, gradient, weight, place, { depth, leastWeight }).map((node) =>
      'value' in node ? { value: Math.fround(node.value * learningRate) } : node,
    );
    for (let i = 0; i < n; i++) odds[i]! += (tree[place[i]!] as { value: number }).value;
    made.push(tree);
    onTree?.(t + 1);
  }
  return { features, trees: made };
}

/** Up to BINS - 1 thresholds between values of a feature, ascending, in float32 as ONNX has them. */
function quantiles(x: Float32Array, features: number, f: number): Float32Array {
  const own = Float32Array.from({ length: x.length / features }, (_, i) => x[i * features + f]!).sort();
  const cuts = new Set<number>();
  for (let b = 1; b < BINS; b++) cuts.add(own[Math.floor((b * own.length) / BINS)]!);
  return Float32Array.from([...cuts].filter((cut) => cut < own.at(-1)!));
}

/** How many cuts a value lies above. */
function binOf(cuts: Float32Array, value: number): number {
  let [low, high] = [0, cuts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > cuts[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One tree, level by level; `place` ends as the leaf of each sample. */
function grow(
  bins: readonly Uint8Array[],
  cuts: readonly Float32Array[],
  gradient: Float64Array,
  weight: Float64Array,
  place: Int32Array,
  { depth, leastWeight }: Pick<BoostSettings, 'depth' | 'leastWeight'>,
): TreeNode[] {
  const nodes: (TreeNode | undefined)[] = [undefined];
  let open = [0];
  for (let level = 0; open.length > 0; level++) {
    const slot = new Int32Array(nodes.length).fill(-1);
    open.forEach((node, k) => (slot[node] = k));
    const size = open.length * BINS;
    const best = open.map(() => ({ gain: 1e-6, feature: -1, bin: 0 }));
    const totals = open.map((): [number, number] => [0, 0]);
    const own = place.map((node) => slot[node]!);
    for (let i = 0; i < place.length; i++) {
      const k = own[i]!;
      if (k < 0) continue;
      totals[k]![0] += gradient[i]!;
      totals[k]![1] += weight[i]!;
    }
    for (let f = 0; level < depth && f < bins.length; f++) {
      const [g, h] = [new Float64Array(size), new Float64Array(size)];
      const bin = bins[f]!;
      for (let i = 0; i < place.length; i++) {
        const k = own[i]!;
        if (k < 0) continue;
        g[k * BINS + bin[i]!]! += gradient[i]!;
        h[k * BINS + bin[i]!]! += weight[i]!;
      }
      for (let k = 0; k < open.length; k++) {
        const [gAll, hAll] = totals[k]!;
        let [gLow, hLow] = [0, 0];
        for (let bin = 0; bin < cuts[f]!.length; bin++) {
          gLow += g[k * BINS + bin]!;
          hLow += h[k * BINS + bin]!;
          if (hLow < leastWeight || hAll - hLow < leastWeight) continue;
          const gain = score(gLow, hLow) + score(gAll - gLow, hAll - hLow) - score(gAll, hAll);
          if (gain > best[k]!.gain) best[k] = { gain, feature: f, bin };
        }
      }
    }
    const next: number[] = [];
    open.forEach((node, k) => {
      const { feature, bin } = best[k]!;
      if (feature < 0) {
        nodes[node] = { value: totals[k]![0] / (totals[k]![1] + RIDGE) };
        return;
      }
      const [below, above] = [nodes.length, nodes.length + 1];
      nodes[node] = { feature, threshold: cuts[feature]![bin]!, below, above };
      nodes.push(undefined, undefined);
      next.push(below, above);
    });
    for (let i = 0; i < place.length; i++) {
      const k = own[i]!;
      const node = k < 0 ? undefined : nodes[place[i]!];
      if (node && 'feature' in node) place[i] = bins[node.feature]![i]! > best[k]!.bin ? node.above : node.below;
    }
    open = next;
  }
  return nodes as TreeNode[];
}

const score = (g: number, h: number): number => (g * g) / (h + RIDGE);

/** The log-odds of class 1 of a sample [features]. */
export const logOdds = ({ trees }: Ensemble, x: ArrayLike<number>): number =>
  trees.reduce((sum, tree) => {
    let node = tree[0]!;
    while ('feature' in node) node = tree[x[node.feature]! <= node.threshold ? node.below : node.above]!;
    return sum + node.value;
  }, 0);

/** The ensemble as TreeEnsembleClassifier (ai.onnx.ml 1): `x` [batch,features] to `label` [batch] and `probabilities` [batch,2], the softmax of (0, log-odds). */
export function treesGraph({ features, trees }: Ensemble): Graph {
  const nodes = trees.flatMap((tree, t) => tree.map((node, id) => ({ t, id, node })));
  const leaves = nodes.flatMap(({ t, id, node }) => ('value' in node ? [{ t, id, value: node.value }] : []));
  const asked = <T>(of: (node: Extract<TreeNode, { feature: number }>) => T, other: T): T[] =>
    nodes.map(({ node }) => ('feature' in node ? of(node) : other));
  const g = new GraphBuilder('boosted trees');
  const x = g.input('x', 'float32', ['batch', features]);
  const attributes = {
    nodes_treeids: nodes.map(({ t }) => t),
    nodes_nodeids: nodes.map(({ id }) => id),
    nodes_featureids: asked((n) => n.feature, 0),
    nodes_modes: asked(() => 'BRANCH_LEQ', 'LEAF'),
    nodes_values: floats(asked((n) => n.threshold, 0)),
    nodes_truenodeids: asked((n) => n.below, 0),
    nodes_falsenodeids: asked((n) => n.above, 0),
    // Each leaf says something of both classes: runtimes differ in what one class alone means.
    class_treeids: leaves.flatMap(({ t }) => [t, t]),
    class_nodeids: leaves.flatMap(({ id }) => [id, id]),
    class_ids: leaves.flatMap(() => [0, 1]),
    class_weights: floats(leaves.flatMap(({ value }) => [0, value])),
    classlabels_int64s: [0, 1],
    post_transform: 'SOFTMAX',
  };
  g.append('TreeEnsembleClassifier', [x], ['label', 'probabilities'], attributes, 'ai.onnx.ml');
  g.output('label', 'label', { type: 'int64', dims: ['batch'] });
  g.output('probabilities', 'probabilities', { type: 'float32', dims: ['batch', 2] });
  return g.build();
}
