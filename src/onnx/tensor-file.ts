// One tensor as a file of its own, a serialised TensorProto: input_0.pb and output_0.pb of ONNX's backend tests.
import { LanError, messageOf } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { TensorProtoType, type TensorProto } from './schema.js';
import { decodeTensor, encodeTensor } from './tensors.js';

/** The bytes of a .pb file that holds the tensor under this name, as raw data. */
export const encodeTensorFile = (tensor: Tensor, name: string): Uint8Array =>
  TensorProtoType.encode(encodeTensor(tensor, name)).finish();

/** The tensor of a .pb file; `path` stands in messages. Throws LanError where the bytes are no tensor, or too few for its shape. */
export function decodeTensorFile(bytes: Uint8Array, path: string): Tensor {
  let proto: TensorProto;
  try {
    proto = TensorProtoType.decode(bytes) as TensorProto;
  } catch (error) {
    throw new LanError(
      'model',
      `Tensor '${path}': not a readable TensorProto (${messageOf(error)}). Is it truncated, or another format?`,
    );
  }
  return decodeTensor(proto, `Tensor '${path}'`);
}
