// Classical models as scikit-learn exports write them (ai.onnx.ml): linear, support vectors, scaling and encoding, in standard ops.
import { float32, int64, isFloat, sizeOf, toFloat32, type Tensor } from '../src/core/tensor.js';
import type { GraphBuilder } from '../src/onnx/builder.js';
import {
  DATA_TYPE,
  defineOp,
  float,
  floats,
  int,
  ints,
  tensor,
  text,
  type AttributeSpec,
  type OldNode,
  type OpAdapter,
} from './op.js';
import {
  asFloat,
  asRows,
  bestLabel,
  eitherLabel,
  features,
  floatsOf,
  labelsOf,
  matrix,
  ML,
  postTransform,
  transformed,
  transformedSingle,
  type PostTransform,
} from './kernels/ml-scores.js';
import { svmClassifier, svmRegressor } from './kernels/ml-svm.js';

const strings = (): AttributeSpec<readonly string[] | undefined> => ({ kind: 'strings', default: undefined });
const svm = {
  coefficients: floats(),
  kernel_params: floats(),
  kernel_type: text('LINEAR'),
  post_transform: postTransform,
  rho: floats(),
  support_vectors: floats(),
};
const postOf = (n: OldNode): PostTransform => (n.attr<string>('post_transform') ?? 'NONE') as PostTransform;

/** [N,F] times coefficients [targets,F], plus intercepts. */
function linear(n: OldNode, targets: number, intercepts: readonly number[], g: GraphBuilder): string {
  const w = matrix(n, 'coefficients', targets, floatsOf(n, 'coefficients').length / targets, g);
  const b = intercepts.length === targets ? g.constant(float32(intercepts), 'intercepts') : '';
  return g.op('Gemm', [features(n.x[0]!, g), w, b], { transB: 1 });
}

function linearClassifier(n: OldNode, g: GraphBuilder): [string, string] {
  const intercepts = floatsOf(n, 'intercepts');
  const k = intercepts.length;
  if (k === 0) return n.refuse('it has no intercepts, which onnxruntime counts its classes by');
  const scores = linear(n, k, intercepts, g);
  const labels = labelsOf(n, k === 1 ? 2 : k);
  if (k > 1) return [bestLabel(scores, labels, g), transformed(scores, postOf(n), g)];
  if (labels.data.length !== 2) return n.refuse(`it has one score and ${labels.data.length} class labels; expected 2`);
  return [eitherLabel(g.greater(scores, g.zero), labels, g), transformedSingle(n, scores, postOf(n), 'complement', g)];
}

/** Rows over their norm; a row of norm 0 stays. DIFFERS from ONNX, as onnxruntime does: MAX is the largest number, not the largest size. */
function normalizer(n: OldNode, g: GraphBuilder): string {
  const x = asFloat(n.x[0]!, g);
  const norm = n.attr<string>('norm') ?? 'MAX';
  const last = g.ints([-1]);
  const over = (divisor: string): string => g.div(x, divisor);
  const nonZero = (v: string): string => g.where(g.op('Equal', [v, g.zero]), g.one, v);
  if (norm === 'MAX') return over(nonZero(g.op('ReduceMax', [x, last], { keepdims: 1 })));
  if (norm === 'L1') return over(nonZero(g.reduceSum(g.op('Abs', [x]), [-1], true)));
  if (norm === 'L2') return over(g.op('Sqrt', [nonZero(g.reduceSum(g.mul(x, x), [-1], true))]));
  return n.refuse(`its norm '${norm}' is none of MAX, L1, L2`);
}

function scaler(n: OldNode, g: GraphBuilder): string {
  const [offset, scale] = [floatsOf(n, 'offset'), floatsOf(n, 'scale')];
  if (offset.length !== scale.length || scale.length === 0)
    return n.refuse(`it has ${offset.length} offsets and ${scale.length} scales; expected as many of both`);
  return g.mul(g.sub(asFloat(n.x[0]!, g), g.constant(float32(offset))), g.constant(float32(scale)));
}

function imputer(n: OldNode, g: GraphBuilder): string {
  const [values, whole] = [floatsOf(n, 'imputed_value_floats'), n.attr<readonly number[]>('imputed_value_int64s') ?? []];
  const x = n.x[0]!;
  if (values.length > 0) {
    const missing = n.attr('replaced_value_float') ?? 0;
    const test = Number.isNaN(missing) ? g.op('IsNaN', [x]) : g.op('Equal', [x, g.scalar(missing)]);
    return g.where(test, g.constant(float32(values)), x);
  }
  if (whole.length === 0) return n.refuse('it has neither imputed_value_floats nor imputed_value_int64s');
  const missing = g.constant(int64([n.attr('replaced_value_int64') ?? 0], []));
  return g.where(g.op('Equal', [x, missing]), g.constant(int64(whole)), x);
}

/** Each input as rows of its number of features: what is over is cut, what is missing is 0. */
function featureVectorizer(n: OldNode, g: GraphBuilder): string {
  const sizes = n.attr<readonly number[]>('inputdimensions') ?? [];
  if (sizes.length !== n.node.inputs.length)
    return n.refuse(`it has ${n.node.inputs.length} inputs and ${sizes.length} inputdimensions`);
  const parts = sizes.map((size, i) => {
    const x = g.slice(features(n.x[i]!, g), [0], [size], [1]);
    const lacking = g.sub(g.ints([size]), g.op('Slice', [g.op('Shape', [x]), g.ints([1]), g.ints([2])]));
    return g.op('Pad', [x, g.op('Concat', [g.ints([0, 0, 0]), lacking], { axis: 0 })]);
  });
  return g.op('Concat', parts, { axis: 1 });
}

/**
 * What `keys` are looked up as: the value of the first key that an element equals, else the default. From version 4 on NaN equals NaN. Strings are whole numbers by now
 * (compile/strings.ts).
 */
function labelEncoder(n: OldNode, g: GraphBuilder): string {
  const whole = (name: string): Tensor | undefined => {
    const list = n.attr<readonly number[]>(name);
    return list && int64(list);
  };
  const fractions = (name: string): Tensor | undefined => {
    const list = n.attr<readonly number[]>(name);
    return list && float32(list);
  };
  const keys = n.attr<Tensor>('keys_tensor') ?? whole('keys_int64s') ?? fractions('keys_floats');
  const values = n.attr<Tensor>('values_tensor') ?? whole('values_int64s') ?? fractions('values_floats');
  if (!keys || !values || sizeOf(keys.dims) !== sizeOf(values.dims) || sizeOf(keys.dims) === 0)
    return n.refuse('it has no keys and as many values, of numbers or of strings');
  const count = sizeOf(keys.dims);
  const otherwise =
    n.attr<Tensor>('default_tensor') ??
    (values.type === 'int64' ? int64([n.attr<number>('default_int64') ?? -1]) : float32([n.attr<number>('default_float') ?? 0]));
  const x = g.op('Unsqueeze', [n.x[0]!, g.ints([-1])]);
  const key = g.op('CastLike', [g.constant({ ...keys, dims: [count] }), x]);
  const nan = n.version >= 4 && isFloat(keys.type) && toFloat32(keys).some(Number.isNaN);
  const both = (): string => g.op('And', [g.op('IsNaN', [x]), g.op('IsNaN', [key])]);
  const equal = nan ? g.op('Or', [g.op('Equal', [x, key]), both()]) : g.op('Equal', [x, key]);
  // The first of several equal keys weighs most; none leaves 0, which is the place of the default.
  const weights = g.constant(float32(Array.from({ length: count }, (_, i) => count - i)));
  const found = g.op('ReduceMax', [g.mul(g.cast(equal, DATA_TYPE.float32!), weights), g.ints([-1])], { keepdims: 0 });
  const place = g.cast(g.sub(g.scalar(count), found), DATA_TYPE.int64!);
  const flat = (t: Tensor): string => g.constant({ ...t, dims: [sizeOf(t.dims)] });
  return g.op('Gather', [g.op('Concat', [flat(values), flat(otherwise)], { axis: 0 }), place], { axis: 0 });
}

/** DIFFERS: an unknown category gives zeros for zeros = 0 too, where onnxruntime fails. */
function oneHotEncoder(n: OldNode, g: GraphBuilder): string {
  const categories = n.attr<readonly number[]>('cats_int64s') ?? [];
  if (categories.length === 0) return n.refuse('it has no cats_int64s');
  const x = g.op('Unsqueeze', [g.cast(n.x[0]!, DATA_TYPE.int64!), g.ints([-1])]);
  return g.cast(g.op('Equal', [x, g.constant(int64(categories))]), DATA_TYPE.float32!);
}

/** Linear models, support vectors, scaling and encoding of ai.onnx.ml, each written in standard ops that compute in float32. Trees are in ml-trees.ts. */
export const ml: OpAdapter[] = [
  defineOp({
    op: 'LinearClassifier',
    domain: ML,
    versions: [1],
    attributes: {
      classlabels_ints: ints(),
      classlabels_strings: strings(),
      coefficients: floats(),
      intercepts: floats(),
      multi_class: int(0),
      post_transform: postTransform,
    },
    canonicalize: linearClassifier,
  }),
  defineOp({
    op: 'LinearRegressor',
    domain: ML,
    versions: [1],
    attributes: { coefficients: floats(), intercepts: floats(), post_transform: postTransform, targets: int(1) },
    canonicalize: (n, g) => {
      const targets = n.attr('targets') ?? 1;
      const y = linear(n, targets, floatsOf(n, 'intercepts'), g);
      return targets === 1 ? transformedSingle(n, y, postOf(n), 'alone', g) : transformed(y, postOf(n), g);
    },
  }),
  defineOp({
    op: 'SVMClassifier',
    domain: ML,
    versions: [1],
    attributes: {
      ...svm,
      classlabels_ints: ints(),
      classlabels_strings: strings(),
      prob_a: floats(),
      prob_b: floats(),
      vectors_per_class: ints(),
    },
    canonicalize: svmClassifier,
    restrictions: 'probabilities of at most 64 classes',
  }),
  defineOp({
    op: 'SVMRegressor',
    domain: ML,
    versions: [1],
    attributes: { ...svm, n_supports: int(0), one_class: int(0) },
    canonicalize: svmRegressor,
  }),
  defineOp({
    op: 'Normalizer',
    domain: ML,
    versions: [1],
    attributes: { norm: text('MAX') },
    canonicalize: normalizer,
  }),
  defineOp({ op: 'Scaler', domain: ML, versions: [1], attributes: { offset: floats(), scale: floats() }, canonicalize: scaler }),
  defineOp({
    op: 'Imputer',
    domain: ML,
    versions: [1],
    attributes: {
      imputed_value_floats: floats(),
      imputed_value_int64s: ints(),
      replaced_value_float: float(0),
      replaced_value_int64: int(0),
    },
    canonicalize: imputer,
  }),
  defineOp({
    op: 'FeatureVectorizer',
    domain: ML,
    versions: [1],
    attributes: { inputdimensions: ints() },
    canonicalize: featureVectorizer,
  }),
  defineOp({
    op: 'Binarizer',
    domain: ML,
    versions: [1],
    attributes: { threshold: float(0) },
    canonicalize: (n, g) => {
      const x = n.x[0]!;
      return g.op('CastLike', [g.greater(asFloat(x, g), g.scalar(n.attr('threshold') ?? 0)), x]);
    },
    restrictions: 'no gradient: a step function',
  }),
  defineOp({
    op: 'ArrayFeatureExtractor',
    domain: ML,
    versions: [1],
    attributes: {},
    canonicalize: (n, g) => g.op('Gather', [asRows(n.x[0]!, g), g.reshape(n.x[1]!, [-1])], { axis: -1 }),
  }),
  defineOp({
    op: 'OneHotEncoder',
    domain: ML,
    versions: [1],
    attributes: { cats_int64s: ints(), zeros: int(1) },
    canonicalize: oneHotEncoder,
    restrictions: 'strings of a column (`--csv`) only; no gradient: categories are whole numbers',
  }),
  defineOp({
    op: 'LabelEncoder',
    domain: ML,
    versions: [2, 4],
    attributes: {
      keys_int64s: ints(),
      keys_floats: floats(),
      keys_tensor: tensor(),
      values_int64s: ints(),
      values_floats: floats(),
      values_tensor: tensor(),
      default_int64: int(-1),
      default_float: float(-0),
      default_string: text('_Unused'),
      default_tensor: tensor(),
    },
    canonicalize: labelEncoder,
    restrictions: 'strings of a column (`--csv`) only; no gradient: a key is found or not',
  }),
  // A map, which JavaScript cannot receive: its values are what it was made of, under its own name (classifier/reference.ts cuts it likewise).
  defineOp({
    op: 'ZipMap',
    domain: ML,
    versions: [1],
    attributes: { classlabels_int64s: ints(), classlabels_strings: strings() },
    canonicalize: (n) => n.x[0],
  }),
];
