// TensorProto to and from Tensor: every dtype, typed fields and raw bytes; lengths are checked before anything is allocated.
import { LanError } from '../core/errors.js';
import { allocate, bytesOf, lazyTensor, sizeOf, viewBytes, type DType, type Tensor, type TypedArray } from '../core/tensor.js';
import type { Int64, SparseTensorProto, TensorProto } from './schema.js';

/** TensorProto.DataType numbers, ONNX 1.20, but for its 2-bit types, float4e2m1 and float8e8m0. */
const DTYPES: Record<number, DType> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
};
const NUMBERS = new Map(Object.entries(DTYPES).map(([number, dtype]) => [dtype, Number(number)]));

/** The dtype of a TensorProto.DataType number; undefined for one this version does not know. */
export const dtypeOf = (number: number | undefined): DType | undefined =>
  Object.hasOwn(DTYPES, number ?? 0) ? DTYPES[number ?? 0] : undefined;

/** The TensorProto.DataType number of a dtype. */
export const dtypeNumber = (type: DType): number => NUMBERS.get(type)!;

/** protobufjs' 64-bit integer as a number. Beyond 2^53 the value is rounded, which only "to the end" markers reach. */
export const toNumber = (value: Int64 | undefined): number =>
  value === undefined ? 0 : typeof value === 'number' ? value : value.toNumber();

const toBigInt = (v: Int64): bigint => (typeof v === 'number' ? BigInt(v) : (BigInt(v.high) << 32n) | BigInt(v.low >>> 0));

/** Where the bytes of a tensor lie: `location` is relative to `folder`, without links. */
export interface Place {
  readonly folder: string;
  readonly location: string;
  readonly offset: number;
}

/**
 * Finds an external tensor: its place, and what reads its bytes. Throws LanError when the place is missing, outside the folder or too short;
 * reading throws one when it has changed since.
 */
export type ExternalReader = (
  proto: TensorProto,
  bytes: number,
  name: string,
) => { readonly place: Place; readonly read: () => Uint8Array };

/** External tensors of fewer bytes are kept once they are read. */
const SMALL = 2 ** 16;

/** The file that an external tensor as decoded lies in; undefined for all others, also for those made from it. */
export const placeOf = (tensor: Tensor): Place | undefined => (tensor as { place?: Place }).place;

/**
 * Decodes a tensor. Raw data is viewed where aligned, else copied, and external data is read, when somebody asks for the elements.
 * Throws LanError for an unknown dtype, a negative dimension, or data whose length does not fit the shape.
 */
export function decodeTensor(proto: TensorProto, where: string, external?: ExternalReader): Tensor {
  const name = `${where} '${proto.name ?? ''}'`;
  const type = dtypeOf(proto.dataType);
  if (!type)
    throw new LanError('model', `${name}: unknown element type ${proto.dataType ?? 0}. Known are 1 (float32) to 22 (int4).`);
  const dims = (proto.dims ?? []).map(toNumber);
  if (dims.some((d) => d < 0 || !Number.isSafeInteger(d)))
    throw new LanError('model', `${name}: impossible shape [${dims.join(',')}].`);
  const size = sizeOf(dims);
  const short = (found: number, unit: string, expected: number): LanError =>
    new LanError(
      'model',
      `${name}: shape [${dims.join(',')}] of ${type} needs ${expected} ${unit}, the file holds ${found}. Is the file truncated?`,
    );

  if (type === 'string') {
    const data = proto.stringData ?? [];
    if (data.length !== size) throw short(data.length, 'strings', size);
    return { type, dims, data: data.map((bytes) => new TextDecoder().decode(bytes)) };
  }
  const expected = bytesOf(type, dims)!;
  if (proto.dataLocation === 1) {
    if (!external)
      throw new LanError('model', `${name}: its data is external, which is not possible here. Open the model by its path.`);
    const { place, read } = external(proto, expected, name);
    const tensor = lazyTensor(type, dims, () => viewBytes(type, read()), expected < SMALL);
    // Not enumerable, so that a tensor spread from this one, with other elements perhaps, has no place.
    return Object.defineProperty(tensor, 'place', { value: place });
  }
  const raw = proto.rawData;
  if (raw && (raw.length > 0 || expected === 0)) {
    if (raw.length !== expected) throw short(raw.length, 'bytes', expected);
    return lazyTensor(type, dims, () => viewBytes(type, raw));
  }
  const complex = type.startsWith('complex') ? 2 : 1;
  const packed = type === 'int4' || type === 'uint4';
  const count = packed ? Math.ceil(size / 2) : size * complex;
  const field = typedField(type, proto);
  // int4 values may stand one byte pair an entry or already unpacked; only the former is written by ONNX.
  if (field.length !== count) throw short(field.length, 'values', count);
  if (!Number.isSafeInteger(count)) throw short(field.length, 'values', count);
  const data = allocate(type, dims);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < count; i++) data[i] = toBigInt(field[i]!);
  } else {
    for (let i = 0; i < count; i++) (data as Float32Array)[i] = toNumber(field[i]);
  }
  return { type, dims, data };
}

function typedField(type: DType, proto: TensorProto): readonly Int64[] {
  switch (type) {
    case 'float32':
    case 'complex64':
      return proto.floatData ?? [];
    case 'float64':
    case 'complex128':
      return proto.doubleData ?? [];
    case 'int64':
      return proto.int64Data ?? [];
    case 'uint32':
    case 'uint64':
      return proto.uint64Data ?? [];
    default:
      return proto.int32Data ?? [];
  }
}

/** Encodes a tensor with raw data (strings as string data). The bytes are shared, not copied. */
export function encodeTensor(tensor: Tensor, name: string): TensorProto {
  const proto: TensorProto = { name, dims: [...tensor.dims], dataType: dtypeNumber(tensor.type) };
  if (tensor.type === 'string') {
    proto.stringData = (tensor.data as readonly string[]).map((text) => new TextEncoder().encode(text));
  } else {
    const data = tensor.data as TypedArray;
    proto.rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return proto;
}

/** A sparse initialiser made dense (indices are linear [nnz] or per axis [nnz, rank]). Throws LanError when an index is out of range. */
export function densify(sparse: SparseTensorProto, where: string): { name: string; tensor: Tensor } {
  const values = decodeTensor(sparse.values ?? {}, where);
  const name = sparse.values?.name ?? '';
  const indices = decodeTensor(sparse.indices ?? {}, where);
  const dims = (sparse.dims ?? []).map(toNumber);
  if (dims.some((d) => d < 0 || !Number.isSafeInteger(d)))
    throw new LanError('model', `${where} '${name}': impossible shape [${dims.join(',')}].`);
  const bytes = bytesOf(values.type, dims);
  if (bytes === undefined || !(bytes <= 2 ** 31))
    throw new LanError('model', `${where} '${name}': a sparse tensor of shape [${dims.join(',')}] is too large.`);
  const data = allocate(values.type, dims);
  const rank = indices.dims.length === 2 ? dims.length : 1;
  if (indices.type !== 'int64' || indices.data.length !== rank * values.data.length)
    throw new LanError('model', `${where} '${name}': ${values.data.length} values need ${rank * values.data.length} int64 indices, received ${indices.data.length} of ${indices.type}.`); // prettier-ignore
  const index = indices.data as BigInt64Array;
  for (let i = 0; i < values.data.length; i++) {
    let at = 0;
    for (let a = 0; a < rank; a++) at = rank === 1 ? Number(index[i]) : at * dims[a]! + Number(index[i * rank + a]);
    if (!(at >= 0 && at < data.length))
      throw new LanError('model', `${where} '${name}': sparse index ${at} is outside [0, ${data.length}).`);
    (data as Float32Array)[at] = (values.data as Float32Array)[i]!;
  }
  return { name, tensor: { type: values.type, dims, data } };
}
