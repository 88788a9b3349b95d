// Classical classifiers as skl2onnx writes them, of seeded weights: features [N,4] to labels and a map of probabilities.
import { random } from '../../src/core/random.js';
import { float32, int64, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { floats, GraphBuilder } from '../../src/onnx/builder.js';
import type { Model } from '../../src/onnx/graph.js';

export const ML = 'ai.onnx.ml';
export const FEATURES = 4;
export const NAMES = ['setosa', 'versicolor', 'virginica'];

let draw = 0;
const drawn = (length: number, scale = 1): number[] =>
  Array.from(random(5, 14).normal(new Float32Array(length), draw++), (v) => v * scale);
const matrix = (g: GraphBuilder, ...dims: number[]): string =>
  g.constant(float32(drawn(dims.reduce((a, b) => a * b, 1)), dims), 'coefficient');

/** What skl2onnx gives: labels of this type, and probabilities in a ZipMap unless `options={'zipmap': False}`. */
interface Ending {
  readonly labels: 'strings' | 'whole numbers';
  readonly map?: boolean;
}

/** `build` gives the names of the labels and of the probabilities. The batch is open. */
function file(ending: Ending, build: (g: GraphBuilder, x: string) => [label: string, probabilities: string]): Model {
  draw = 0;
  const g = new GraphBuilder('ONNX(sklearn)');
  const [label, probabilities] = build(g, g.input('X', 'float32', [null, FEATURES]));
  const whole = ending.labels === 'whole numbers';
  const classes = whole ? { classlabels_int64s: [0, 1, 2] } : { classlabels_strings: NAMES };
  g.append('Identity', [label], ['output_label']);
  if (ending.map === false) g.append('Identity', [probabilities], ['output_probability']);
  else g.append('ZipMap', [probabilities], ['output_probability'], classes, ML);
  g.output('output_label');
  g.output('output_probability');
  const graph = g.build();
  const outputs = graph.outputs.map((o) =>
    o.name === 'output_label' ? { ...o, type: whole ? ('int64' as const) : ('string' as const), dims: [null] } : o,
  );
  const opsets = new Map([
    ['', 15],
    [ML, 1],
  ]);
  return { irVersion: 8, producer: 'skl2onnx', opsets, metadata: {}, functions: [], graph: { ...graph, outputs } };
}

const classesOf = ({ labels }: Ending) =>
  labels === 'strings' ? { classlabels_strings: NAMES } : { classlabels_ints: [0, 1, 2] };

/** The label by ArgMax and ArrayFeatureExtractor, as the converters of networks and Bayes write it. */
function labelOf(g: GraphBuilder, scores: string, { labels }: Ending): string {
  const best = g.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
  const classes: Tensor = labels === 'strings' ? { type: 'string', dims: [3], data: NAMES } : int64([0, 1, 2]);
  const picked = g.op('ArrayFeatureExtractor', [g.constant(classes), best], {}, ML);
  return g.op('Reshape', [picked, g.ints([-1])]);
}

/** Linear scores through `post`, over their sum. */
function linear(g: GraphBuilder, x: string, ending: Ending, post: string): [string, string] {
  const attributes = { ...classesOf(ending), coefficients: floats(drawn(12)), intercepts: floats(drawn(3)), multi_class: 1, post_transform: post }; // prettier-ignore
  const [label, scores] = g.ops('LinearClassifier', [x], 2, attributes, ML) as [string, string];
  return [label, g.op('Normalizer', [scores], { norm: 'L1' }, ML)];
}

export const logisticRegression = (ending: Ending, post = 'LOGISTIC'): Model =>
  file(ending, (g, x) => linear(g, x, ending, post));

export const scaledRegression = (ending: Ending): Model =>
  file(ending, (g, x) => {
    const scaled = g.op('Scaler', [x], { offset: floats(drawn(FEATURES)), scale: floats(drawn(FEATURES)) }, ML);
    return linear(g, scaled, ending, 'SOFTMAX');
  });

export const supportVectors = (ending: Ending): Model =>
  file(ending, (g, x) => {
    const per = [3, 4, 2];
    const attributes = {
      ...classesOf(ending),
      kernel_type: 'RBF',
      kernel_params: floats([0.3, 0, 3]),
      vectors_per_class: per,
      support_vectors: floats(drawn(9 * FEATURES)),
      coefficients: floats(drawn(18)),
      rho: floats(drawn(3, 0.1)),
      prob_a: floats([-1.5, -2, -1.2]),
      prob_b: floats([0.1, -0.1, 0.05]),
    };
    return g.ops('SVMClassifier', [x], 2, attributes, ML) as [string, string];
  });

export const network = (ending: Ending): Model =>
  file(ending, (g, x) => {
    const hidden = g.op('Relu', [g.add(g.matMul(g.cast(x, 1), matrix(g, FEATURES, 6)), matrix(g, 6))]);
    const p = g.op('Softmax', [g.add(g.matMul(hidden, matrix(g, 6, 3)), matrix(g, 3))]);
    return [labelOf(g, p, ending), p];
  });

export const naiveBayes = (ending: Ending): Model =>
  file(ending, (g, x) => {
    const means = matrix(g, 1, 3, FEATURES);
    const variances = g.constant(
      float32(
        drawn(3 * FEATURES).map((v) => 0.5 + v * v),
        [1, 3, FEATURES],
      ),
    );
    const apart = g.op('Pow', [g.sub(g.op('Unsqueeze', [x, g.ints([1])]), means), g.scalar(2)]);
    const exponent = g.mul(g.reduceSum(g.div(apart, variances), [2], false), g.scalar(-0.5));
    const logs = g.reduceSum(g.op('Log', [g.mul(variances, g.scalar(2 * Math.PI))]), [2], false);
    const joint = g.add(exponent, g.add(g.mul(logs, g.scalar(-0.5)), g.constant(float32([-1, -1.2, -1.1]))));
    const total = g.op('ReduceLogSumExp', [joint], { axes: [1], keepdims: 1 });
    return [labelOf(g, joint, ending), g.op('Exp', [g.sub(joint, total)])];
  });

/** Two trees of one split each, three classes; weights as a forest has them, probabilities over the number of trees. */
export const forest = (ending: Ending): Model =>
  file(ending, (g, x) => {
    const classes = ending.labels === 'strings' ? { classlabels_strings: NAMES } : { classlabels_int64s: [0, 1, 2] };
    const leaves = [1, 2].flatMap((node) => [0, 1, 2].map((id) => [node, id] as const));
    const attributes = {
      ...classes,
      nodes_treeids: [0, 0, 0, 1, 1, 1],
      nodes_nodeids: [0, 1, 2, 0, 1, 2],
      nodes_featureids: [2, 0, 0, 3, 0, 0],
      nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF', 'BRANCH_LEQ', 'LEAF', 'LEAF'],
      nodes_values: floats([0.1, 0, 0, -0.2, 0, 0]),
      nodes_truenodeids: [1, 0, 0, 1, 0, 0],
      nodes_falsenodeids: [2, 0, 0, 2, 0, 0],
      class_treeids: [0, 1].flatMap((tree) => leaves.map(() => tree)),
      class_nodeids: [0, 1].flatMap(() => leaves.map(([node]) => node)),
      class_ids: [0, 1].flatMap(() => leaves.map(([, id]) => id)),
      class_weights: floats([0.4, 0.1, 0, 0, 0.2, 0.3, 0.25, 0.15, 0.1, 0.05, 0.05, 0.4]),
      post_transform: 'NONE',
    };
    return g.ops('TreeEnsembleClassifier', [x], 2, attributes, ML) as [string, string];
  });

/** A seeded sample [1,4]. */
export const sample = (n: number): Tensor => float32(toFloat32(float32(random(6, 15).normal(new Float32Array(FEATURES), n))), [1, FEATURES]); // prettier-ignore
