// The one value type of the project: a typed array with a dtype and dimensions, the same shape as onnxruntime-common's Tensor.
import { LanError } from './errors.js';
import { fromBfloats, fromHalves, halves } from './half.js';

/** dtype names are onnxruntime's. 4-bit types stay packed, two a byte; (b)float16 stay as their 16 bits in a Uint16Array. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'int4'
  | 'uint4'
  | 'complex64'
  | 'complex128'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz';

/** Is it a float type, of any width and format: float8, bfloat16, or one of IEEE 754? Not so of complex numbers. */
export const isFloat = (type: DType | undefined): boolean => type !== undefined && /^b?float/.test(type);

/** Is it a float type of IEEE 754, of 16, 32 or 64 bits? Between these `toFloatType` converts. */
export const isIeeeFloat = (type: DType | undefined): type is 'float16' | 'float32' | 'float64' =>
  type === 'float16' || type === 'float32' || type === 'float64';

/** What the numbers of a tensor lie in; bits of float16 and bfloat16 in a Uint16Array, bool as 0 and 1 in a Uint8Array. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** The elements of a tensor, row by row: numbers, or strings. */
export type TensorData = TypedArray | readonly string[];

/** A dense, row-major tensor. `dims` is empty for a scalar. Structurally compatible with onnxruntime's `Tensor` (CPU). */
export interface Tensor {
  readonly type: DType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

type ArrayConstructor = {
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
};

const STORAGE: Record<Exclude<DType, 'string'>, { array: ArrayConstructor; bits: number }> = {
  float32: { array: Float32Array, bits: 32 },
  float64: { array: Float64Array, bits: 64 },
  float16: { array: Uint16Array, bits: 16 },
  bfloat16: { array: Uint16Array, bits: 16 },
  int8: { array: Int8Array, bits: 8 },
  int16: { array: Int16Array, bits: 16 },
  int32: { array: Int32Array, bits: 32 },
  int64: { array: BigInt64Array, bits: 64 },
  uint8: { array: Uint8Array, bits: 8 },
  uint16: { array: Uint16Array, bits: 16 },
  uint32: { array: Uint32Array, bits: 32 },
  uint64: { array: BigUint64Array, bits: 64 },
  bool: { array: Uint8Array, bits: 8 },
  int4: { array: Uint8Array, bits: 4 },
  uint4: { array: Uint8Array, bits: 4 },
  complex64: { array: Float32Array, bits: 64 },
  complex128: { array: Float64Array, bits: 128 },
  float8e4m3fn: { array: Uint8Array, bits: 8 },
  float8e4m3fnuz: { array: Uint8Array, bits: 8 },
  float8e5m2: { array: Uint8Array, bits: 8 },
  float8e5m2fnuz: { array: Uint8Array, bits: 8 },
};

/** Number of elements of a shape: 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  let size = 1;
  for (const d of dims) size *= d;
  return size;
}

/** Bytes that `dims` elements of `type` take; 4-bit types are packed two a byte. Undefined for strings. */
export function bytesOf(type: DType, dims: readonly number[]): number | undefined {
  if (type === 'string') return undefined;
  return Math.ceil((sizeOf(dims) * STORAGE[type].bits) / 8);
}

/** A zero-filled array able to hold `dims` elements of `type`. */
export function allocate(type: DType, dims: readonly number[]): TypedArray {
  if (type === 'string') throw new LanError('usage', 'A string tensor has no typed array.');
  const { array, bits } = STORAGE[type];
  const bytes = Math.ceil((sizeOf(dims) * bits) / 8);
  return new array(bytes / (array as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT);
}

/** A tensor whose elements are read or made when they are asked for; kept from then on, or with `keep` false only while somebody uses them. */
export function lazyTensor(type: DType, dims: readonly number[], make: () => TensorData, keep = true): Tensor {
  let data: TensorData | undefined;
  let used: WeakRef<TensorData> | undefined;
  return {
    type,
    dims,
    get data() {
      const present = data ?? used?.deref();
      if (present) return present;
      const made = make();
      if (keep) data = made;
      else used = new WeakRef(made);
      return made;
    },
  };
}

/** Little-endian bytes seen as elements of `type`; copies only where alignment asks for it. */
export function viewBytes(type: Exclude<DType, 'string'>, bytes: Uint8Array): TypedArray {
  const { array } = STORAGE[type];
  const width = (array as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  // Not bytes.slice(): a Node Buffer's slice shares memory and stays misaligned.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / width));
}

/**
 * A float32 tensor from numbers; `dims` defaults to one axis. Throws when the count does not fit.
 *
 * @example
 * float32([1, 2, 3, 4], [2, 2]);
 */
export function float32(data: ArrayLike<number>, dims: readonly number[] = [data.length]): Tensor {
  return checked({ type: 'float32', dims, data: data instanceof Float32Array ? data : Float32Array.from(data) });
}

/** An int64 tensor from whole numbers; `dims` defaults to one axis. */
export function int64(data: readonly number[], dims: readonly number[] = [data.length]): Tensor {
  return checked({ type: 'int64', dims, data: BigInt64Array.from(data, (v) => BigInt(v)) });
}

/** An int32 tensor from whole numbers; `dims` defaults to one axis. */
export function int32(data: readonly number[], dims: readonly number[] = [data.length]): Tensor {
  return checked({ type: 'int32', dims, data: Int32Array.from(data) });
}

/** A bool tensor; `dims` defaults to one axis. */
export function bool(data: readonly boolean[], dims: readonly number[] = [data.length]): Tensor {
  return checked({ type: 'bool', dims, data: Uint8Array.from(data, Number) });
}

/** A float32 scalar (no axes). */
export const scalar = (value: number): Tensor => float32([value], []);

function checked(tensor: Tensor): Tensor {
  const size = sizeOf(tensor.dims);
  if (tensor.data.length !== size) {
    throw new LanError(
      'usage',
      `A tensor of shape [${tensor.dims.join(',')}] holds ${size} elements, received ${tensor.data.length}.`,
    );
  }
  return tensor;
}

/** The tensor's elements as JavaScript numbers; float16 and bfloat16 are decoded. Throws for strings and sub-byte types. */
export function toNumbers(tensor: Tensor): ArrayLike<number> {
  const { type, data } = tensor;
  if (type === 'string') throw new LanError('usage', 'Expected numbers, received a string tensor.');
  if (type === 'int4' || type === 'uint4') return unpack4(data as Uint8Array, sizeOf(tensor.dims), type === 'int4');
  if (type === 'float16') return fromHalves(data as Uint16Array);
  if (type === 'bfloat16') return fromBfloats(data as Uint16Array);
  if (type.startsWith('float8'))
    throw new LanError('usage', `Expected numbers, received a ${type} tensor, which this version only stores.`);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data as BigInt64Array, Number);
  return data as unknown as ArrayLike<number>;
}

/** The tensor's elements as float32 (the same array when it already is one). */
export function toFloat32(tensor: Tensor): Float32Array {
  const numbers = toNumbers(tensor);
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** Has the tensor no NaN and no infinity? Throws LanError for strings. */
export const isFiniteTensor = (tensor: Tensor): boolean => toFloat32(tensor).every(Number.isFinite);

/** A float tensor in another float type (not bfloat16), rounded half to even; the same tensor where it already has it. */
export function toFloatType(tensor: Tensor, type: 'float16' | 'float32' | 'float64'): Tensor {
  if (tensor.type === type) return tensor;
  const numbers = toNumbers(tensor);
  const data =
    type === 'float16' ? halves(numbers) : type === 'float64' ? Float64Array.from(numbers) : Float32Array.from(numbers);
  return { type, dims: tensor.dims, data };
}

/**
 * The elements in another type, of the same count. Throws LanError (`data`) where it is one of integers that cannot hold them: a fraction, NaN, a number out
 * of its range, for 0.6 that goes in as 0 gives another answer; and for strings and sub-byte types.
 */
export function castTensor(tensor: Tensor, type: DType): Tensor {
  if (tensor.type === type) return tensor;
  if (isIeeeFloat(type)) return toFloatType(tensor, type);
  const numbers = toNumbers(tensor);
  const data = allocate(type, tensor.dims);
  for (let i = 0; i < numbers.length; i++) {
    if (type === 'bool') data[i] = Number(numbers[i] !== 0);
    else setWhole(data, i, numbers[i]!, type);
  }
  return { type, dims: tensor.dims, data };
}

/** Writes an integer into an array of an integer type. Throws LanError (`data`) where that cannot hold it: typed arrays cut fractions and wrap around. */
export function setWhole(data: TypedArray, index: number, value: number, type: DType): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    if (Number.isInteger(value)) data[index] = BigInt(value);
  } else data[index] = value;
  if (Number(data[index]) === value) return;
  throw new LanError(
    'data',
    `Whole numbers of type ${type} are needed, and ${value} is none.`,
    'Where an array was scaled or normalised, give it as it was before; round it yourself where that is what you mean.',
  );
}

/** A list of whole numbers, e.g. axes or a shape. Throws LanError for others: a damaged file may give floats where integers belong. */
export function toIntegers(tensor: Tensor): number[] {
  const numbers = Array.from(toNumbers(tensor));
  const other = numbers.find((v) => !Number.isInteger(v));
  if (other !== undefined) throw new LanError('shape', `Expected whole numbers, received ${other} in a ${tensor.type} tensor.`);
  return numbers;
}

function unpack4(bytes: Uint8Array, size: number, signed: boolean): Int8Array {
  const out = new Int8Array(size);
  for (let i = 0; i < size; i++) {
    const nibble = ((bytes[i >> 1] ?? 0) >> ((i & 1) * 4)) & 15;
    out[i] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return out;
}
