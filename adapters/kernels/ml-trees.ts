// Ensembles of decision trees: every form becomes one TreeEnsembleRegressor of raw sums, with what comes after them in standard ops.
import { float32, int64, toFloat32, toIntegers, type Tensor } from '../../src/core/tensor.js';
import { floats as floatsAttribute, type AttributeInput, type GraphBuilder } from '../../src/onnx/builder.js';
import type { Attribute } from '../../src/onnx/graph.js';
import type { OldNode, StaticNode } from '../op.js';
import {
  bestLabel,
  eitherLabel,
  features,
  floatsOf,
  labelsOf,
  ML,
  transformed,
  transformedSingle,
  type PostTransform,
} from './ml-scores.js';

/** Nodes that the trees of TreeEnsemble-5, which may share nodes, are written out to: so many, or so many times those of the file. */
const MOST_NODES = 2 ** 18;
const MOST_TIMES = 4;
const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];
/** By number. DIFFERS from ONNX (1 SOFTMAX, 2 LOGISTIC), as onnxruntime 1.30 does. */
const TRANSFORMS: readonly PostTransform[] = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'];

const wholeOf = (n: OldNode, name: string): readonly number[] => n.attr<readonly number[]>(name) ?? [];
/** Floats of an attribute, or of the tensor beside it that may hold float64. */
const eitherOf = (n: OldNode, name: string): readonly number[] => {
  const exact = n.attr<Tensor>(`${name}_as_tensor`);
  return exact ? Array.from(toFloat32(exact)) : floatsOf(n, name);
};

/** Sums [N,targets] of the trees that the nodes of `n` make; `of` is what leaf weights are called, `weights` are those, or others in their place. */
function sums(
  n: OldNode,
  of: 'class' | 'target',
  targets: number,
  ids: readonly number[],
  aggregate: string,
  g: GraphBuilder,
  weights: readonly number[] = eitherOf(n, `${of}_weights`),
): string {
  const names = ['nodes_falsenodeids', 'nodes_featureids', 'nodes_missing_value_tracks_true', 'nodes_modes', 'nodes_nodeids', 'nodes_treeids', 'nodes_truenodeids']; // prettier-ignore
  const odd = (n.attr<readonly string[]>('nodes_modes') ?? []).find((m) => m !== 'LEAF' && !MODES.includes(m));
  if (odd !== undefined) n.refuse(`expected nodes_modes of LEAF, ${MODES.join(', ')}, received '${odd}'.`);
  const same = names.map((name): [string, Attribute | undefined] => [name, n.node.attributes[name]]);
  return ensemble(n.x[0]!, g, targets, aggregate, {
    ...Object.fromEntries(same),
    nodes_values: floatsAttribute(eitherOf(n, 'nodes_values')),
    target_ids: ids,
    target_nodeids: wholeOf(n, `${of}_nodeids`),
    target_treeids: wholeOf(n, `${of}_treeids`),
    target_weights: floatsAttribute(weights),
  });
}

const ensemble = (
  x: string,
  g: GraphBuilder,
  targets: number,
  aggregate: string,
  attributes: Record<string, AttributeInput>,
): string =>
  g.op('TreeEnsembleRegressor', [features(x, g)], { ...attributes, n_targets: targets, aggregate_function: aggregate }, ML);

/** Scores plus one base value for each. */
const raised = (scores: string, base: readonly number[], g: GraphBuilder): string =>
  base.some((v) => v !== 0) ? g.add(scores, g.constant(float32(base, [1, base.length]))) : scores;

const finished = (n: OldNode, scores: string, targets: number, post: PostTransform, g: GraphBuilder): string =>
  targets === 1 ? transformedSingle(n, scores, post, 'alone', g) : transformed(scores, post, g);

/** TreeEnsembleRegressor-1 and -3. */
export function treeRegressor(n: OldNode, g: GraphBuilder): string {
  const targets = n.attr('n_targets') ?? 0;
  const raw = sums(n, 'target', targets, wholeOf(n, 'target_ids'), n.attr<string>('aggregate_function') ?? 'SUM', g);
  return finished(n, raised(raw, eitherOf(n, 'base_values'), g), targets, (n.attr<string>('post_transform') ?? 'NONE') as PostTransform, g); // prettier-ignore
}

/** Does every sample reach a leaf with a weight of class 1? Where some tree has one at each of its leaves. */
function secondIsNamed(n: OldNode, ids: readonly number[]): boolean {
  const place = (tree: number | undefined, node: number | undefined): string => `${tree}/${node}`;
  const [trees, nodes] = [wholeOf(n, 'class_treeids'), wholeOf(n, 'class_nodeids')];
  const named = new Set(ids.flatMap((id, i) => (id === 1 ? [place(trees[i], nodes[i])] : [])));
  const [treeOf, nodeOf] = [wholeOf(n, 'nodes_treeids'), wholeOf(n, 'nodes_nodeids')];
  const lacking = new Set<number>();
  (n.attr<readonly string[]>('nodes_modes') ?? []).forEach((mode, i) => {
    if (mode === 'LEAF' && !named.has(place(treeOf[i], nodeOf[i]))) lacking.add(treeOf[i]!);
  });
  return treeOf.some((tree) => !lacking.has(tree));
}

/** TreeEnsembleClassifier-1 and -3: label and scores. */
export function treeClassifier(n: OldNode, g: GraphBuilder): [string, string] {
  const labels = labelsOf(n, 0);
  const k = labels.data.length;
  const ids = wholeOf(n, 'class_ids');
  const post = (n.attr<string>('post_transform') ?? 'NONE') as PostTransform;
  const base = eitherOf(n, 'base_values');
  if (k !== 2) {
    const scores = raised(sums(n, 'class', k, ids, 'SUM', g), base, g);
    return [bestLabel(scores, labels, g), finished(n, scores, k, post, g)];
  }
  const known = new Set(ids);
  if (base.length > (known.size === 1 && known.has(0) ? 1 : 0))
    return n.refuse(`its ${base.length} base_values of two classes mean nothing certain`);
  if (known.size > 1) {
    const scores = sums(n, 'class', 2, ids, 'SUM', g);
    // DIFFERS from ONNX, as onnxruntime does: 1 or 0, by the second class's score alone.
    const second = g.slice(scores, [1], [2], [1]);
    const either = (s: string): string => eitherLabel(g.greater(s, g.zero), labels.type === 'string' ? labels : int64([0, 1]), g);
    if (secondIsNamed(n, ids)) return [either(second), transformed(scores, post, g)];
    // Where no leaf that is reached names the second class, onnxruntime takes the first's score for the second's, and gives the first its opposite.
    const named = g.greater(sums(n, 'class', 1, ids.map(() => 0), 'SUM', g, ids.map((id) => (id === 1 ? 1 : 0))), g.zero); // prettier-ignore
    const first = g.slice(scores, [0], [1], [1]);
    const alone = transformedSingle(n, first, post, 'opposite', g);
    return [either(g.op('Where', [named, second, first])), g.op('Where', [named, transformed(scores, post, g), alone])];
  }
  // One class alone has weights. If it is the first, they are the second's all the same, and the first gets 1 - s, or -s.
  const s = raised(sums(n, 'class', 1, ids.map(() => 0), 'SUM', g), base, g); // prettier-ignore
  const positive = eitherOf(n, 'class_weights').every((w) => w >= 0);
  const label = eitherLabel(g.greater(s, g.scalar(positive ? 0.5 : 0)), labels, g);
  if (known.has(0)) return [label, transformedSingle(n, s, post, positive ? 'complement' : 'opposite', g)];
  return [label, transformed(g.op('Concat', [g.mul(s, g.zero), s], { axis: 1 }), post, g)];
}

/**
 * Inner nodes of the trees at `roots` when no two places share one; may be Infinity. Calls `cycle` where a node is below itself. Counted before any is
 * written: a file of forty nodes may ask for 2^40. With a stack of its own: a hostile file may chain a million nodes.
 */
function writtenOut(roots: readonly number[], childrenOf: (at: number) => readonly number[], cycle: () => never): number {
  const counts = new Map<number, number | 'open'>();
  for (const root of roots) {
    const path = [root];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const children = childrenOf(at);
      if (typeof counts.get(at) === 'number') path.pop();
      else if (counts.get(at) === 'open') {
        counts.set(
          at,
          children.reduce((sum, child) => sum + (counts.get(child) as number), 1),
        );
        path.pop();
      } else {
        counts.set(at, 'open');
        for (const child of children) {
          if (counts.get(child) === 'open') cycle();
          if (!counts.has(child)) path.push(child);
        }
      }
    }
  }
  return roots.reduce((sum, root) => sum + (counts.get(root) as number), 0);
}

/** TreeEnsemble-5, whose leaves are apart from its nodes, written out tree by tree. */
export function treeEnsemble(n: OldNode, g: GraphBuilder): string {
  const [features5, yes, no] = ['nodes_featureids', 'nodes_truenodeids', 'nodes_falsenodeids'].map((name) => wholeOf(n, name));
  const [yesLeaf, noLeaf] = ['nodes_trueleafs', 'nodes_falseleafs'].map((name) => wholeOf(n, name));
  const missing = wholeOf(n, 'nodes_missing_value_tracks_true');
  const modes = toIntegers(n.attr<Tensor>('nodes_modes') ?? float32([]));
  const splits = toFloat32(n.attr<Tensor>('nodes_splits') ?? float32([]));
  const weights = toFloat32(n.attr<Tensor>('leaf_weights') ?? float32([]));
  const targets = wholeOf(n, 'leaf_targetids');
  if (modes.some((m) => MODES[m] === undefined)) return n.refuse('membership tests (BRANCH_MEMBER) are not supported');
  const childrenOf = (at: number): readonly number[] => {
    if (modes[at] === undefined) n.refuse(`its trees lead to node ${at}, and there are ${modes.length}`);
    return [...(yesLeaf![at] === 1 ? [] : [yes![at]!]), ...(noLeaf![at] === 1 ? [] : [no![at]!])];
  };
  const written = writtenOut(wholeOf(n, 'tree_roots'), childrenOf, () => n.refuse('its trees have a cycle'));
  const most = Math.max(MOST_NODES, MOST_TIMES * modes.length);
  if (written > most) n.refuse(`its trees share nodes, and have more than ${most} when each has its own`);
  const nodes: {
    tree: number;
    id: number;
    feature: number;
    mode: string;
    value: number;
    yes: number;
    no: number;
    missing: number;
  }[] = [];
  const leaves: { tree: number; id: number; target: number; weight: number }[] = [];
  wholeOf(n, 'tree_roots').forEach((root, tree) => {
    let count = 0;
    // An explicit stack: a hostile file may chain a million nodes.
    const pending = [{ at: root, leaf: false, id: count++ }];
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { at, leaf, id } = next;
      if (leaf) {
        nodes.push({ tree, id, feature: 0, mode: 'LEAF', value: 0, yes: 0, no: 0, missing: 0 });
        leaves.push({ tree, id, target: targets[at] ?? 0, weight: weights[at] ?? 0 });
        continue;
      }
      const children = { yes: count++, no: count++ };
      nodes.push({ tree, id, feature: features5![at]!, mode: MODES[modes[at]!]!, value: splits[at]!, ...children, missing: missing[at] ?? 0 }); // prettier-ignore
      pending.push({ at: yes![at]!, leaf: yesLeaf![at] === 1, id: children.yes });
      pending.push({ at: no![at]!, leaf: noLeaf![at] === 1, id: children.no });
    }
  });
  const count = n.attr('n_targets') ?? 0;
  const aggregate = ['AVERAGE', 'SUM', 'MIN', 'MAX'][n.attr('aggregate_function') ?? 1] ?? n.refuse('its aggregate_function is none of 0 to 3'); // prettier-ignore
  const raw = ensemble(n.x[0]!, g, count, aggregate, {
    nodes_treeids: nodes.map((v) => v.tree),
    nodes_nodeids: nodes.map((v) => v.id),
    nodes_featureids: nodes.map((v) => v.feature),
    nodes_modes: nodes.map((v) => v.mode),
    nodes_values: floatsAttribute(nodes.map((v) => v.value)),
    nodes_truenodeids: nodes.map((v) => v.yes),
    nodes_falsenodeids: nodes.map((v) => v.no),
    nodes_missing_value_tracks_true: nodes.map((v) => v.missing),
    target_treeids: leaves.map((v) => v.tree),
    target_nodeids: leaves.map((v) => v.id),
    target_ids: leaves.map((v) => v.target),
    target_weights: floatsAttribute(leaves.map((v) => v.weight)),
  });
  return finished(
    n,
    raw,
    count,
    TRANSFORMS[n.attr('post_transform') ?? 0] ?? n.refuse('its post_transform is none of 0 to 4'),
    g,
  );
}

const TESTS: Readonly<Record<string, (x: number, at: number) => boolean>> = {
  BRANCH_LEQ: (x, at) => x <= at,
  BRANCH_LT: (x, at) => x < at,
  BRANCH_GTE: (x, at) => x >= at,
  BRANCH_GT: (x, at) => x > at,
  BRANCH_EQ: (x, at) => x === at,
  BRANCH_NEQ: (x, at) => x !== at,
};

/** What a TreeEnsembleRegressor of raw sums gives for rows x [rows,columns], in plain JavaScript: [rows,targets]. */
export function evaluateTrees(n: StaticNode, x: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const list = <T>(name: string): readonly T[] => (n.node.attributes[name]?.value as readonly T[] | undefined) ?? [];
  const [trees, ids, yes, no, feature] = ['treeids', 'nodeids', 'truenodeids', 'falsenodeids', 'featureids'].map((v) => list<number>(`nodes_${v}`)) as [readonly number[], readonly number[], readonly number[], readonly number[], readonly number[]]; // prettier-ignore
  const [modes, values, missing] = [list<string>('nodes_modes'), list<number>('nodes_values'), list<number>('nodes_missing_value_tracks_true')]; // prettier-ignore
  const place = new Map(ids.map((id, i) => [`${trees[i]}:${id}`, i]));
  const at = (tree: number, id: number): number => place.get(`${tree}:${id}`) ?? n.refuse(`tree ${tree} has no node ${id}`);
  const child = ids.map((_, i) => (modes[i] === 'LEAF' ? undefined : ([at(trees[i]!, yes[i]!), at(trees[i]!, no[i]!)] as const)));
  const inner = new Set(child.flatMap((c) => c ?? []));
  const roots = ids.map((_, i) => i).filter((i) => !inner.has(i));
  const leaves = new Map<number, [target: number, weight: number][]>();
  const targets = list<number>('target_ids');
  list<number>('target_nodeids').forEach((id, i) => {
    const leaf = at(list<number>('target_treeids')[i]!, id);
    leaves.set(leaf, [...(leaves.get(leaf) ?? []), [targets[i]!, list<number>('target_weights')[i]!]]);
  });
  const count = n.node.attributes['n_targets']?.value as number;
  const aggregate = n.node.attributes['aggregate_function']?.value as string;
  const out = new Float32Array(rows * count);
  for (let r = 0; r < rows; r++) {
    const seen = new Set<number>();
    for (const root of roots) {
      let node = root;
      for (let steps = 0; child[node]; steps++) {
        if (steps > ids.length) n.refuse('its nodes make a cycle');
        const value = x[r * columns + feature[node]!]!;
        const test = TESTS[modes[node]!]!(value, values[node]!) || (missing[node] === 1 && Number.isNaN(value));
        node = child[node]![test ? 0 : 1];
      }
      for (const [target, weight] of leaves.get(node) ?? []) {
        const i = r * count + target;
        const first = !seen.has(target);
        if (aggregate === 'MIN') out[i] = first ? weight : Math.min(out[i]!, weight);
        else if (aggregate === 'MAX') out[i] = first ? weight : Math.max(out[i]!, weight);
        else out[i]! += aggregate === 'AVERAGE' ? weight / roots.length : weight;
        seen.add(target);
      }
    }
  }
  return out;
}
