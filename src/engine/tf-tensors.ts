// Tensors in and out of tfjs, which knows float32, int32 and bool.
import type * as tfc from '@tensorflow/tfjs-core';
import type { Tf, TfTensor } from '../../adapters/op.js';
import { LanError } from '../core/errors.js';
import { toNumbers, type DType, type Tensor } from '../core/tensor.js';

const TF_DTYPES: Partial<Record<DType, 'float32' | 'int32' | 'bool'>> = {
  float32: 'float32',
  float64: 'float32',
  float16: 'float32',
  bfloat16: 'float32',
  int64: 'int32',
  int32: 'int32',
  int16: 'int32',
  int8: 'int32',
  uint8: 'int32',
  uint16: 'int32',
  bool: 'bool',
};

/** Throws LanError for a type that tfjs has no tensors of. */
export function toTf(tf: Tf, tensor: Tensor): TfTensor {
  const dtype = TF_DTYPES[tensor.type];
  if (!dtype) throw new LanError('unsupported', `tfjs has no tensors of type ${tensor.type}.`, "Choose `engine` 'onnxruntime'.");
  const numbers = toNumbers(tensor);
  // INT64_MAX as "to the end" does not fit int32; it is clamped, as every reader of it does.
  const data =
    dtype === 'float32'
      ? numbers instanceof Float32Array
        ? numbers
        : Float32Array.from(numbers)
      : dtype === 'bool'
        ? Uint8Array.from(numbers)
        : Int32Array.from(numbers, (v) => Math.max(-2147483648, Math.min(2147483647, v)));
  return tf.tensor(data, [...tensor.dims], dtype);
}

/** What tfjs computed, in the dtype that the graph says. Narrow whole numbers wrap around as theirs do. */
export function fromTf(data: tfc.TypedArray, type: DType, dims: readonly number[]): Tensor {
  switch (type) {
    case 'int64':
      return { type, dims, data: BigInt64Array.from(data as Int32Array, (v) => BigInt(v)) };
    case 'bool':
    case 'uint8':
      return { type, dims, data: Uint8Array.from(data) };
    case 'int8':
      return { type, dims, data: Int8Array.from(data) };
    case 'int16':
      return { type, dims, data: Int16Array.from(data) };
    case 'uint16':
      return { type, dims, data: Uint16Array.from(data) };
    case 'int32':
      return { type, dims, data: Int32Array.from(data) };
    default:
      // tfjs may hand out a view of its own memory; the caller owns what it gets.
      return { type: 'float32', dims, data: Float32Array.from(data) };
  }
}
