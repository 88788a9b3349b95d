// Multiplies one axis of a tensor by a constant matrix, in ONNX nodes and in tfjs: the form of every separable linear op.
import { float32 } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { Tf, TfTensor } from '../op.js';
import { linear, product } from './shape-common.js';

/** A dense row-major matrix: out = matrix * in. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** The matrix whose row o has a single 1, at column indices[o]; a negative index gives a row of zeros. */
export function selection(indices: readonly number[], columns: number): Matrix {
  const data = new Float32Array(indices.length * columns);
  indices.forEach((i, o) => {
    if (i >= 0) data[o * columns + i] = 1;
  });
  return { rows: indices.length, columns, data };
}

/** The transpose, as a copy: [rows, columns] becomes [columns, rows]. */
export function transposed({ rows, columns, data }: Matrix): Matrix {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return { rows: columns, columns: rows, data: out };
}

/** Is the matrix square, with exact ones on its diagonal and zeros elsewhere? */
export const isIdentity = ({ rows, columns, data }: Matrix): boolean =>
  rows === columns && data.every((v, i) => v === (i % (columns + 1) === 0 ? 1 : 0));

/** x of shape `dims` with its axis multiplied by the matrix [out, in]: one MatMul. */
export function alongAxis(g: GraphBuilder, x: string, dims: readonly number[], axis: number, matrix: Matrix): string {
  const post = product(dims.slice(axis + 1));
  const result = dims.map((d, i) => (i === axis ? matrix.rows : d));
  if (post === 1) {
    const right = transposed(matrix);
    const rows = product(dims.slice(0, axis));
    const flat = g.matMul(
      g.reshape(x, [rows, matrix.columns]),
      g.constant(float32(right.data, [right.rows, right.columns]), 'matrix'),
    );
    return g.reshape(flat, result);
  }
  const left = g.constant(float32(matrix.data, [matrix.rows, matrix.columns]), 'matrix');
  if (axis === dims.length - 2) return g.matMul(left, x);
  return g.reshape(g.matMul(left, g.reshape(x, [product(dims.slice(0, axis)), matrix.columns, post])), result);
}

function multiply(tf: Tf, x: TfTensor, axis: number, matrix: Matrix): TfTensor {
  const dims = x.shape;
  const pre = product(dims.slice(0, axis));
  const post = product(dims.slice(axis + 1));
  const m = tf.tensor2d(matrix.data, [matrix.rows, matrix.columns]);
  const y =
    post === 1
      ? tf.matMul(tf.reshape(x, [pre, matrix.columns]), m, false, true)
      : pre === 1
        ? tf.matMul(m, tf.reshape(x, [matrix.columns, post]))
        : tf.matMul(tf.reshape(m, [1, matrix.rows, matrix.columns]), tf.reshape(x, [pre, matrix.columns, post]));
  return tf.reshape(
    y,
    dims.map((d, i) => (i === axis ? matrix.rows : d)),
  );
}

/** The same in tfjs, with the transposed matrix as its gradient. */
export const tfAlongAxis = (tf: Tf, x: TfTensor, axis: number, matrix: Matrix): TfTensor =>
  linear(
    tf,
    x,
    (t) => multiply(tf, t, axis, matrix),
    (dy) => multiply(tf, dy, axis, transposed(matrix)),
  );
