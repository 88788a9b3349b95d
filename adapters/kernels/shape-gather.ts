// Gathering and scattering in tfjs: every op of the family becomes "rows of a matrix by flat int32 index", with its adjoint.
import { toIntegers, type Tensor } from '../../src/core/tensor.js';
import type { Tf, TfTensor } from '../op.js';
import { product, stopped, stridesOf } from './shape-common.js';

/** x[rows]: x [R, M], rows int32 [K] -> [K, M]. The adjoint adds up rows taken more than once. */
export function gatherRows(tf: Tf, x: TfTensor, rows: TfTensor): TfTensor {
  return tf.customGrad((t, save) => {
    const shape = (t as TfTensor).shape;
    (save as (tensors: TfTensor[]) => void)([rows]);
    const gradFunc = (dy: TfTensor, [at]: TfTensor[]): TfTensor => addRows(tf, at!, dy, shape);
    return { value: tf.gather(t as TfTensor, rows), gradFunc };
  })(x);
}

/** Zeros of `shape` [R, M] with `updates` [K, M] added at `rows`. */
const addRows = (tf: Tf, rows: TfTensor, updates: TfTensor, shape: readonly number[]): TfTensor =>
  tf.scatterND(tf.reshape(rows, [rows.size, 1]), updates, [...shape]);

/** data [R, M] with updates [K, M] written ('none') or added ('add') at int32 rows [K]. Rows are distinct for 'none'. */
export function scatterRows(tf: Tf, data: TfTensor, rows: TfTensor, updates: TfTensor, reduction: 'none' | 'add'): TfTensor {
  return tf.customGrad((d, u, save) => {
    const [to, from] = [d as TfTensor, u as TfTensor];
    (save as (tensors: TfTensor[]) => void)([rows]);
    // Not tf.tensorScatterUpdate: on the cpu backend it writes into its own input.
    const written = (at: TfTensor): TfTensor => tf.cast(addRows(tf, at, tf.ones(from.shape), to.shape), 'bool');
    const placed = addRows(tf, rows, from, to.shape);
    const value = reduction === 'add' ? tf.add(to, placed) : tf.where(written(rows), placed, to);
    const gradFunc = (dy: TfTensor, [saved]: TfTensor[]): TfTensor[] => [
      reduction === 'add' ? tf.clone(dy) : tf.where(written(saved!), tf.zerosLike(dy), dy),
      tf.gather(dy, saved as never),
    ];
    return { value, gradFunc };
  })(data, updates);
}

/** An index counted from the front of an axis of `d` elements. Throws where there is no such element: tfjs wasm would write outside of its tensor. */
function fromFront(index: number, d: number): number {
  const front = index < 0 ? index + d : index;
  if (front < 0 || front >= d) throw new Error(`index ${index} is outside of an axis of ${d} elements.`);
  return front;
}

/** int32 indices with negative ones counted from the end of an axis of `d` elements, or of so many in turn. Off the tape. */
export function wrapIndices(tf: Tf, indices: TfTensor, d: number | readonly number[]): TfTensor {
  const lengths = typeof d === 'number' ? [d] : d;
  const values = stopped(tf, indices).dataSync();
  return tf.tensor(Int32Array.from(values, (v, p) => fromFront(v, lengths[p % lengths.length]!)), indices.shape, 'int32'); // prettier-ignore
}

/** For GatherElements/ScatterElements: the flat position in a tensor of shape `dims` of each element of `indices`. */
export function flatElements(
  tf: Tf,
  indices: TfTensor,
  constant: Tensor | undefined,
  at: readonly number[],
  dims: readonly number[],
  axis: number,
): TfTensor {
  const strides = stridesOf(dims);
  const own = stridesOf(at);
  const base = new Int32Array(product(at));
  for (let p = 0; p < base.length; p++) {
    let flat = 0;
    for (let j = 0; j < at.length; j++) if (j !== axis) flat += (Math.floor(p / own[j]!) % at[j]!) * strides[j]!;
    base[p] = flat;
  }
  const d = dims[axis]!;
  const stride = strides[axis]!;
  if (constant) {
    toIntegers(constant).forEach((v, p) => (base[p]! += fromFront(v, d) * stride));
    return tf.tensor1d(base, 'int32');
  }
  const flat = tf.mul(tf.reshape(wrapIndices(tf, indices, d), [base.length]), tf.scalar(stride, 'int32'));
  return tf.add(flat, tf.tensor1d(base, 'int32'));
}

/** For GatherND/ScatterND without batch axes: row numbers [K] in x seen as [R, M], from indices [..., k]. */
export function flatRows(tf: Tf, indices: TfTensor, constant: Tensor | undefined, dims: readonly number[], k: number): TfTensor {
  const lead = dims.slice(0, k);
  const strides = stridesOf(lead);
  if (constant) {
    const values = toIntegers(constant);
    const rows = new Int32Array(values.length / k);
    values.forEach((v, p) => (rows[Math.floor(p / k)]! += fromFront(v, lead[p % k]!) * strides[p % k]!));
    return tf.tensor1d(rows, 'int32');
  }
  const wrapped = wrapIndices(tf, tf.reshape(indices, [indices.size / k, k]), lead);
  return tf.sum(tf.mul(wrapped, tf.tensor1d(strides, 'int32')), 1);
}
