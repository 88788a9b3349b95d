// The one value type of the project: a typed array with a dtype and dimensions, the same shape as onnxruntime-common's Tensor.
import { LanError } from './errors.js';

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
  if (type === 'bfloat16') return decode(data as Uint16Array, bfloatToNumber);
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

/** A float tensor in another float type (not bfloat16), rounded half to even; the same tensor where it already has it. */
export function toFloatType(tensor: Tensor, type: 'float16' | 'float32' | 'float64'): Tensor {
  if (tensor.type === type) return tensor;
  const numbers = toNumbers(tensor);
  const data =
    type === 'float16' ? halves(numbers) : type === 'float64' ? Float64Array.from(numbers) : Float32Array.from(numbers);
  return { type, dims: tensor.dims, data };
}

/** The elements in another type, of the same count; fractions are cut where it is one of integers. Throws for strings and sub-byte types. */
export function castTensor(tensor: Tensor, type: DType): Tensor {
  if (tensor.type === type) return tensor;
  if (isIeeeFloat(type)) return toFloatType(tensor, type);
  const numbers = toNumbers(tensor);
  const data = allocate(type, tensor.dims);
  for (let i = 0; i < numbers.length; i++) {
    const value = type === 'bool' ? Number(numbers[i] !== 0) : Math.trunc(numbers[i]!);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
    else data[i] = value;
  }
  return { type, dims: tensor.dims, data };
}

/** A list of whole numbers, e.g. axes or a shape. */
export const toIntegers = (tensor: Tensor): number[] => Array.from(toNumbers(tensor));

/** A loop: Float32Array.from with a function takes ten times as long, and a file may hold a hundred million weights. */
function decode(bits: Uint16Array, number: (bits: number) => number): Float32Array {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = number(bits[i]!);
  return out;
}

/** Every half's number by its bits: looking one up takes a tenth of working it out. Made when there are enough of them. */
let numbersOfHalves: Float32Array | undefined;

function fromHalves(bits: Uint16Array): Float32Array {
  if (numbersOfHalves === undefined && bits.length < 2 ** 14) return decode(bits, halfToNumber);
  const table = (numbersOfHalves ??= Float32Array.from({ length: 2 ** 16 }, (_, i) => halfToNumber(i)));
  const out = new Float32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]!]!;
  return out;
}

function unpack4(bytes: Uint8Array, size: number, signed: boolean): Int8Array {
  const out = new Int8Array(size);
  for (let i = 0; i < size; i++) {
    const nibble = ((bytes[i >> 1] ?? 0) >> ((i & 1) * 4)) & 15;
    out[i] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return out;
}

const scratch = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16 bits to a number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to IEEE 754 binary16 bits, rounding half to even. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const safe = magnitude < 2 ** exponent ? exponent - 1 : magnitude >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  return sign | (((safe + 15) << 10) + roundHalfEven((magnitude / 2 ** safe - 1) * 1024));
}

/** numberToHalf of all; of float32 values on their bits, 30 times as fast: a float16 model gets every picture of an audit this way. */
function halves(values: ArrayLike<number>): Uint16Array {
  if (!(values instanceof Float32Array)) return Uint16Array.from(values, numberToHalf);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const word = words[i]!;
    const sign = (word >>> 16) & 0x8000;
    const biased = (word >>> 23) & 255;
    const exponent = biased - 112;
    const fraction = word & 0x7fffff;
    if (biased === 255 && fraction !== 0) out[i] = 0x7e00;
    else if (exponent >= 31) out[i] = sign | 0x7c00;
    else if (exponent < -10) out[i] = sign;
    else {
      // Below 2^-14 the leading one is written out, and more bits fall off. Rounding up may carry into the exponent, as it has to.
      const drop = exponent > 0 ? 13 : 14 - exponent;
      const kept = exponent > 0 ? (exponent << 10) | (fraction >>> 13) : (fraction | 0x800000) >>> drop;
      const rest = (exponent > 0 ? fraction : fraction | 0x800000) & ((1 << drop) - 1);
      const tie = 1 << (drop - 1);
      out[i] = sign | (kept + (rest > tie || (rest === tie && (kept & 1) === 1) ? 1 : 0));
    }
  }
  return out;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
