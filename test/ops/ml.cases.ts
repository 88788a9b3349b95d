// Cases of ai.onnx.ml: linear models, support vector machines, scaling and encoding, every choice of each.
import { float32, int64, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { float, floats } from '../../src/onnx/builder.js';
import { caseOf, distinct, uniform, uniformAway, type OpCase } from './case.js';

let draw = 7000;
const x = (...dims: number[]): Tensor => uniform(dims, draw++);
const list = (length: number, low = -1, high = 1) => floats(Array.from(toFloat32(uniform([length], draw++, low, high))));
const c = (
  name: string,
  op: string,
  inputs: OpCase['inputs'],
  attributes?: OpCase['attributes'],
  more?: Partial<OpCase>,
): OpCase => caseOf(name, op, 1, inputs, attributes, { domain: 'ai.onnx.ml', ...more });
const whole = (values: number[]) => ({ kind: 'tensor' as const, value: int64(values) });
const encode = (name: string, version: number, input: Tensor, attributes: OpCase['attributes']): OpCase => caseOf(`${name}, version ${version}`, 'LabelEncoder', version, [input], attributes, { domain: 'ai.onnx.ml', wrt: [] }); // prettier-ignore
const POST = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];
/** PROBIT is defined for scores inside (0,1), so its coefficients are small about a half. */
const scale = (post: string): number => (post === 'PROBIT' ? 0.05 : 1);
const half = (count: number) => floats(Array.from({ length: count }, (_, i) => 0.4 + 0.05 * i));

const classifiers: OpCase[] = [
  ...POST.map((post_transform) =>
    c(
      post_transform,
      'LinearClassifier',
      [x(3, 4)],
      {
        coefficients: list(20, -scale(post_transform), scale(post_transform)),
        intercepts: half(5),
        classlabels_ints: [7, 3, 5, 1, 0],
        post_transform,
      },
      { outputs: 2 },
    ),
  ),
  ...['NONE', 'LOGISTIC', 'SOFTMAX'].map(
    (post_transform) =>
    c(`one score for two classes, ${post_transform}`, 'LinearClassifier', [x(3, 4)], { coefficients: list(4), intercepts: floats([0.2]), classlabels_ints: [3, 5], post_transform, multi_class: 1 }, { outputs: 2 }), // prettier-ignore
  ),
  c('labels that are strings', 'LinearClassifier', [x(3, 4)], { coefficients: list(8), intercepts: list(2), classlabels_strings: ['a', 'b'] }, { outputs: 2, compare: [1] }), // prettier-ignore
  c(
    'a vector',
    'LinearClassifier',
    [x(4)],
    { coefficients: list(8), intercepts: list(2), classlabels_ints: [0, 1] },
    { outputs: 2 },
  ),
  c('whole numbers', 'LinearClassifier', [int64([1, -2, 3, 4, 5, 6], [2, 3])], { coefficients: list(6), intercepts: list(2), classlabels_ints: [0, 1] }, { outputs: 2 }), // prettier-ignore
  ...POST.map((post_transform) =>
    c(post_transform, 'LinearRegressor', [x(3, 4)], {
      coefficients: list(8, -scale(post_transform), scale(post_transform)),
      intercepts: half(2),
      targets: 2,
      post_transform,
    }),
  ),
  c('one target, no intercepts', 'LinearRegressor', [x(3, 4)], { coefficients: list(4), post_transform: 'LOGISTIC' }),
];

const KERNELS = ['LINEAR', 'POLY', 'RBF', 'SIGMOID'];
/** [gamma, coef0, degree]; POLY stays positive, so that any degree is smooth. */
const kernel = (kernel_type: string, degree = 3): OpCase['attributes'] => ({
  kernel_type,
  kernel_params: floats([0.3, kernel_type === 'POLY' ? 4 : 0.1, degree]),
});
const svc = (classes: number, more: OpCase['attributes'] = {}): OpCase['attributes'] => {
  const perClass = [3, 2, 4, 1].slice(0, classes);
  const vectors = perClass.reduce((a, b) => a + b);
  return {
    vectors_per_class: perClass,
    support_vectors: list(vectors * 4),
    coefficients: list(vectors * (classes - 1)),
    rho: list((classes * (classes - 1)) / 2),
    classlabels_ints: [4, 2, 9, 6].slice(0, classes),
    ...more,
  };
};
const platt = (classes: number): OpCase['attributes'] => ({
  prob_a: list((classes * (classes - 1)) / 2, -2, -1),
  prob_b: list((classes * (classes - 1)) / 2),
});
const machines: OpCase[] = [
  ...KERNELS.flatMap((k) => [
    c(`two classes, ${k}`, 'SVMClassifier', [x(3, 4)], svc(2, kernel(k)), { outputs: 2 }),
    c(`four classes, ${k}`, 'SVMClassifier', [x(3, 4)], svc(4, kernel(k)), { outputs: 2 }),
    c(k, 'SVMRegressor', [x(3, 4)], {
      ...kernel(k, 2.5),
      n_supports: 3,
      support_vectors: list(12),
      coefficients: list(3),
      rho: list(1),
    }),
  ]),
  ...[2, 3, 4].map((k) =>
    c(`probabilities of ${k} classes`, 'SVMClassifier', [x(3, 4)], svc(k, { ...kernel('RBF'), ...platt(k) }), { outputs: 2 }),
  ),
  ...POST.slice(1).map(
    (post_transform) =>
    c(`three classes, ${post_transform}`, 'SVMClassifier', [x(3, 4)], svc(3, { ...kernel('RBF'), ...(post_transform === 'PROBIT' ? platt(3) : {}), post_transform }), { outputs: 2 }), // prettier-ignore
  ),
  c('two classes, LOGISTIC', 'SVMClassifier', [x(3, 4)], svc(2, { ...kernel('RBF'), post_transform: 'LOGISTIC' }), {
    outputs: 2,
  }),
  c('labels that are strings', 'SVMClassifier', [x(3, 4)], { ...svc(3, kernel('RBF')), classlabels_ints: undefined, classlabels_strings: ['a', 'b', 'c'] }, { outputs: 2, compare: [1] }), // prettier-ignore
  c('a vector of weights per class', 'SVMClassifier', [x(3, 4)], { ...kernel('LINEAR'), coefficients: list(12), rho: list(1), classlabels_ints: [4, 2, 9], post_transform: 'SOFTMAX' }, { outputs: 2 }), // prettier-ignore
  c('two vectors of weights', 'SVMClassifier', [x(3, 4)], { ...kernel('LINEAR'), coefficients: list(8), rho: list(1), classlabels_ints: [4, 2] }, { outputs: 2 }), // prettier-ignore
  c('two vectors of positive weights', 'SVMClassifier', [x(3, 4)], { ...kernel('LINEAR'), coefficients: list(8, 0, 1), rho: list(1), classlabels_ints: [4, 2] }, { outputs: 2 }), // prettier-ignore
  c('weights', 'SVMRegressor', [x(3, 4)], { ...kernel('LINEAR'), coefficients: list(4), rho: list(1) }),
  // onnxruntime transforms nothing here.
  ...POST.slice(1).map((post_transform) => c(post_transform, 'SVMRegressor', [x(3, 4)], { ...kernel('LINEAR'), coefficients: list(4), rho: list(1), post_transform })), // prettier-ignore
  c('one class', 'SVMRegressor', [x(3, 4)], { ...kernel('LINEAR'), coefficients: list(4), rho: list(1), one_class: 1 }),
];

const away = uniformAway([3, 4], draw++, [0]);
const holes = float32([1, NaN, 2, 3, NaN, NaN, 0.5, -1], [2, 4]);
const preparation: OpCase[] = [
  c('per feature', 'Scaler', [x(3, 4)], { offset: list(4), scale: list(4) }),
  c('one for all', 'Scaler', [x(3, 4)], { offset: list(1), scale: list(1) }),
  c('whole numbers', 'Scaler', [int64([1, 2, 3, 4, 5, 6], [2, 3])], { offset: floats([0.5]), scale: floats([2]) }),
  c('MAX', 'Normalizer', [distinct([3, 4], draw++, 0.3)], { norm: 'MAX' }),
  ...['L1', 'L2'].map((norm) => c(norm, 'Normalizer', [away], { norm })),
  ...['MAX', 'L1', 'L2'].map((norm) => c(`${norm}, a row of zeros`, 'Normalizer', [float32([0, 0, 0, 1, -2, 3], [2, 3])], { norm }, { wrt: [] })), // prettier-ignore
  c('a vector', 'Normalizer', [float32([1, -2, 4])], { norm: 'L2' }),
  c('NaN, per feature', 'Imputer', [holes], { imputed_value_floats: floats([5, 6, 7, 8]), replaced_value_float: float(NaN) }, { wrt: [] }), // prettier-ignore
  c('a number, one for all', 'Imputer', [x(3, 4)], { imputed_value_floats: floats([5]), replaced_value_float: float(0.25) }),
  c('whole numbers', 'Imputer', [int64([1, -1, 3, -1, 5, 6], [2, 3])], {
    imputed_value_int64s: [7, 8, 9],
    replaced_value_int64: -1,
  }),
  c('as they are', 'FeatureVectorizer', [x(3, 2), x(3, 4)], { inputdimensions: [2, 4] }),
  c('cut and filled up', 'FeatureVectorizer', [x(3, 5), x(3, 1)], { inputdimensions: [2, 4] }),
  c('vectors', 'FeatureVectorizer', [x(2), x(4)], { inputdimensions: [2, 4] }),
  c('a threshold', 'Binarizer', [away], { threshold: float(0.5) }, { wrt: [0] }),
  c('columns', 'ArrayFeatureExtractor', [x(3, 4), int64([2, 0, 3])], {}, { initializers: [1] }),
  c('of a vector', 'ArrayFeatureExtractor', [x(4), int64([2, 0], [1, 2])], {}, { initializers: [1] }),
  c('whole numbers', 'OneHotEncoder', [int64([1, 2, 3, 4, 5, 6], [2, 3])], { cats_int64s: [4, 2, 9, 1], zeros: 1 }),
  c('floats', 'OneHotEncoder', [float32([4, 2.5, 1, 1], [1, 4])], { cats_int64s: [4, 2, 1], zeros: 0 }, { wrt: [] }),
  ...[2, 4].flatMap((version) => [
    encode('whole numbers to floats', version, int64([3, 1, 2, 7], [2, 2]), {
      keys_int64s: [1, 2, 3],
      values_floats: floats([0.5, -1, 4]),
      default_float: float(9),
    }),
    encode('floats to whole numbers, a key given twice', version, float32([1.5, NaN, 2, 1.5, 7, NaN], [2, 3]), {
      keys_floats: floats([2, 1.5, 1.5, NaN]),
      values_int64s: [7, 8, 9, 10],
      default_int64: -3,
    }),
    encode('whole numbers, the default by itself', version, int64([0, 5], [2]), { keys_int64s: [5], values_int64s: [2] }),
    encode('another default, of strings', version, int64([0, 5], [2]), { keys_int64s: [5], values_int64s: [2], default_string: 'of values that are strings' }), // prettier-ignore
  ]),
  encode('tensors', 4, int64([1, 2, 3, 9], [2, 2]), { keys_tensor: whole([3, 2]), values_tensor: whole([30, 20]), default_tensor: whole([-7]) }), // prettier-ignore
];

// JavaScript receives no maps: what they are made of stands for them.
const table = x(2, 3);
const zipMaps: OpCase[] = [
  c('whole numbers', 'ZipMap', [table], { classlabels_int64s: [3, 4, 5] }, { expected: [table] }),
  c('strings', 'ZipMap', [table], { classlabels_strings: ['a', 'b', 'c'] }, { expected: [table] }),
];

export const cases: OpCase[] = [...classifiers, ...machines, ...preparation, ...zipMaps];
