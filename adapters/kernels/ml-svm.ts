// Support vector machines in standard ops: kernels, the scores of pairs of classes, Platt's probabilities and their coupling, as onnxruntime has them.
import { float32, type Tensor } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { OldNode } from '../op.js';
import {
  bestLabel,
  eitherLabel,
  features,
  floatsOf,
  labelsOf,
  matrix,
  transformed,
  transformedSingle,
  type PostTransform,
} from './ml-scores.js';

/** Classes that probabilities are coupled for: each takes some 90 nodes. */
const MOST_CLASSES = 64;
/** Numbers of the matrix of coefficients, by vector and pair of classes. */
const MOST_WEIGHTS = 2 ** 28;
/** Sweeps that the coupling is unrolled to. It ends by itself: after 4 at the most for 2 to 15 classes, of 2,000 random ones each. */
const SWEEPS = 6;

/** The kernel of every row of x [N,F] with every support vector: [N,V]. */
function kernel(n: OldNode, x: string, vectors: string, count: number, g: GraphBuilder): string {
  const [gamma = 0, coef0 = 0, degree = 0] = floatsOf(n, 'kernel_params');
  const type = n.attr<string>('kernel_type') ?? 'LINEAR';
  if (type === 'RBF') {
    // |x - v|^2 = |x|^2 - 2 x.v + |v|^2, both seen from the vectors' mean so that little cancels.
    const mean = g.op('ReduceMean', [vectors, g.ints([0])], { keepdims: 1 });
    const [a, b] = [g.sub(x, mean), g.sub(vectors, mean)];
    const square = (v: string): string => g.reduceSum(g.mul(v, v), [1], true);
    const across = g.op('Gemm', [a, b], { alpha: { kind: 'float', value: -2 }, transB: 1 });
    const distance = g.add(g.add(across, square(a)), g.reshape(square(b), [1, count]));
    return g.op('Exp', [g.mul(g.op('Max', [distance, g.zero]), g.scalar(-gamma))]);
  }
  const product = g.op('Gemm', [x, vectors], { transB: 1 });
  if (type === 'LINEAR') return product;
  const inner = g.add(g.mul(product, g.scalar(gamma)), g.scalar(coef0));
  if (type === 'POLY') return g.op('Pow', [inner, g.scalar(degree)]);
  return type === 'SIGMOID' ? g.op('Tanh', [inner]) : n.refuse(`its kernel_type '${type}' is none of LINEAR, POLY, RBF, SIGMOID`);
}

/** Every pair i < j of k classes, in order. */
const pairsOf = (k: number): [number, number][] =>
  Array.from({ length: k }, (_, i) => i).flatMap((i) =>
    Array.from({ length: k - i - 1 }, (_, d): [number, number] => [i, i + 1 + d]),
  );

/** A vector of `size` zeros but for ones at `at`. */
const marks = (rows: number, columns: number, at: readonly (readonly [number, number])[]): Tensor => {
  const data = new Float32Array(rows * columns);
  for (const [r, c] of at) data[r * columns + c] = 1;
  return float32(data, [rows, columns]);
};

/**
 * Probabilities [N,K] of K classes from those of pairs, p [N,K(K-1)/2] of i against j: the minimum of Wu, Lin and Weng's second method (JMLR 5,
 * 2004) by their Gauss-Seidel sweeps from 1/K on, which each row leaves when no error is above 0.005/K, as in libsvm and onnxruntime.
 */
function coupled(p: string, k: number, g: GraphBuilder): string {
  const pairs = pairsOf(k);
  const place = (at: (i: number, j: number) => number): string =>
    g.constant(
      marks(
        pairs.length,
        k * k,
        pairs.map(([i, j], row) => [row, at(i, j)] as const),
      ),
    );
  const both = g.add(
    g.matMul(
      p,
      place((i, j) => i * k + j),
    ),
    g.matMul(
      g.sub(g.one, p),
      place((i, j) => j * k + i),
    ),
  );
  const r = g.reshape(both, [-1, k, k]);
  const diagonal = g.reduceSum(g.mul(r, r), [1], true);
  const unit = g.constant(
    marks(
      k,
      k,
      pairsOf(k + 1).flatMap(([i]) => (i < k ? [[i, i] as const] : [])),
    ),
  );
  const q = g.sub(g.mul(unit, diagonal), g.mul(r, g.transpose(r, [0, 2, 1])));
  // Row i of q as [N,K], and its diagonal element as [N,1].
  const rows = Array.from({ length: k }, (_, i) => g.reshape(g.slice(q, [i], [i + 1], [1]), [-1, k]));
  const column = (value: string, i: number): string => g.slice(value, [i], [i + 1], [1]);
  const own = rows.map(column);
  const units = rows.map((_, i) => g.constant(marks(1, k, [[0, i]])));
  let x = g.add(g.mul(g.reduceSum(rows[0]!, [1], true), g.constant(float32(new Float32Array(k), [1, k]))), g.scalar(1 / k));
  let active: string | undefined;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let qx = g.reshape(g.matMul(q, g.reshape(x, [-1, k, 1])), [-1, k]);
    let xqx = g.reduceSum(g.mul(x, qx), [1], true);
    const error = g.op('ReduceMax', [g.op('Abs', [g.sub(qx, xqx)]), g.ints([1])], { keepdims: 1 });
    const open = g.cast(g.op('GreaterOrEqual', [error, g.scalar(Math.fround(0.005) / k)]), 1);
    active = active === undefined ? open : g.mul(active, open);
    for (let i = 0; i < k; i++) {
      const qi = column(qx, i);
      const diff = g.mul(active, g.div(g.sub(xqx, qi), own[i]!));
      const scale = g.add(diff, g.one);
      xqx = g.div(g.div(g.add(xqx, g.mul(diff, g.add(g.mul(diff, own[i]!), g.mul(qi, g.scalar(2))))), scale), scale);
      qx = g.div(g.add(qx, g.mul(diff, rows[i]!)), scale);
      x = g.div(g.add(x, g.mul(diff, units[i]!)), scale);
    }
  }
  return x;
}

/** Numbers as a row constant [1,length]. */
const row = (values: readonly number[], g: GraphBuilder): string => g.constant(float32(values, [1, values.length]));

/** SVMClassifier-1: label and scores. */
export function svmClassifier(n: OldNode, g: GraphBuilder): [string, string] {
  const x = features(n.x[0]!, g);
  const perClass = n.attr<readonly number[]>('vectors_per_class') ?? [];
  const vectors = perClass.reduce((a, b) => a + b, 0);
  const post = (n.attr<string>('post_transform') ?? 'NONE') as PostTransform;
  const labels = labelsOf(n, 0);
  const k = labels.data.length;
  const rho = floatsOf(n, 'rho');
  const coefficients = floatsOf(n, 'coefficients');
  if (k < 1) return n.refuse('it names no classes');
  if (vectors === 0) {
    // One weight vector per class.
    const scores = g.add(g.op('Gemm', [x, matrix(n, 'coefficients', k, coefficients.length / k, g)], { transB: 1 }), g.scalar(rho[0] ?? 0)); // prettier-ignore
    const top = g.op('ReduceMax', [scores, g.ints([1])], { keepdims: 1 });
    const proba = floatsOf(n, 'prob_a').length > 0;
    const bound = g.op('GreaterOrEqual', [top, g.scalar(0.5)]);
    const positive = coefficients.every((v) => v >= 0) ? bound : g.greater(top, g.zero);
    const best = bestLabel(scores, labels, g);
    const second = g.op('Reshape', [positive, g.ints([-1])]);
    const label = k !== 2 || proba || labels.type === 'string' ? best : g.where(second, g.constant(oneLabel(labels, 1)), best);
    return [label, k === 1 ? transformedSingle(n, scores, post, 'alone', g) : transformed(scores, post, g)];
  }
  if (perClass.length !== k) return n.refuse(`it has vectors of ${perClass.length} classes and names ${k}`);
  const support = matrix(n, 'support_vectors', vectors, floatsOf(n, 'support_vectors').length / vectors, g);
  const pairs = pairsOf(k);
  if (coefficients.length < (k - 1) * vectors || rho.length < pairs.length)
    return n.refuse(
      `it has ${coefficients.length} coefficients and ${rho.length} offsets for ${k} classes of ${vectors} vectors`,
    );
  if (vectors * pairs.length > MOST_WEIGHTS) return n.refuse(`its ${k} classes of ${vectors} vectors are too many`);
  // The score of a pair sums each class's vectors by the coefficients against the other: a matrix [V, pairs] that is mostly zeros.
  const starts = perClass.map((_, i) => perClass.slice(0, i).reduce((a, b) => a + b, 0));
  const weights = new Float32Array(vectors * pairs.length);
  pairs.forEach(([i, j], at) => {
    const fill = (of: number, line: number): void => {
      for (let v = starts[of]!; v < starts[of]! + perClass[of]!; v++)
        weights[v * pairs.length + at] = coefficients[line * vectors + v]!;
    };
    fill(i, j - 1);
    fill(j, i);
  });
  const sums = g.matMul(kernel(n, x, support, vectors, g), g.constant(float32(weights, [vectors, pairs.length]), 'coefficients'));
  const scores = g.add(sums, row(rho.slice(0, pairs.length), g));
  const wins = g.cast(g.greater(scores, g.zero), 1);
  const won = g.constant(
    marks(
      pairs.length,
      k,
      pairs.map(([i], at) => [at, i] as const),
    ),
  );
  const lost = g.constant(
    marks(
      pairs.length,
      k,
      pairs.map(([, j], at) => [at, j] as const),
    ),
  );
  const votes = g.add(g.matMul(wins, won), g.matMul(g.sub(g.one, wins), lost));
  const label = k === 2 ? eitherLabel(g.op('LessOrEqual', [scores, g.zero]), labels, g) : bestLabel(votes, labels, g);
  const [a, b] = [floatsOf(n, 'prob_a'), floatsOf(n, 'prob_b')];
  if (a.length === 0) {
    if (k > 2) return [label, transformed(scores, post, g)];
    return [label, transformedSingle(n, scores, post, post === 'NONE' ? 'opposite' : 'complement', g)];
  }
  if (a.length < pairs.length || b.length < pairs.length) return n.refuse(`it has ${a.length} and ${b.length} numbers for the probabilities of ${pairs.length} pairs`); // prettier-ignore
  if (k > MOST_CLASSES) return n.refuse(`it couples the probabilities of ${k} classes; at most ${MOST_CLASSES} are supported`);
  const platt = g.op('Sigmoid', [
    g.neg(g.add(g.mul(scores, row(a.slice(0, pairs.length), g)), row(b.slice(0, pairs.length), g))),
  ]);
  const p = g.op('Clip', [platt, g.scalar(1e-7), g.scalar(1 - 1e-7)]);
  return [label, transformed(coupled(p, k, g), post, g)];
}

const oneLabel = (labels: Tensor, i: number): Tensor => ({
  ...labels,
  dims: [],
  data: (labels.data as BigInt64Array).slice(i, i + 1),
});

/** SVMRegressor-1. DIFFERS from ONNX, as onnxruntime does: its post_transform does nothing. */
export function svmRegressor(n: OldNode, g: GraphBuilder): string {
  const x = features(n.x[0]!, g);
  const vectors = n.attr('n_supports') ?? 0;
  const coefficients = floatsOf(n, 'coefficients');
  const rho = g.scalar(floatsOf(n, 'rho')[0] ?? 0);
  let y: string;
  if (vectors > 0) {
    const support = matrix(n, 'support_vectors', vectors, floatsOf(n, 'support_vectors').length / vectors, g);
    y = g.add(g.matMul(kernel(n, x, support, vectors, g), matrix(n, 'coefficients', vectors, 1, g)), rho);
  } else y = g.add(g.matMul(x, matrix(n, 'coefficients', coefficients.length, 1, g)), rho);
  return n.attr('one_class') ? g.where(g.greater(y, g.zero), g.one, g.scalar(-1)) : y;
}
