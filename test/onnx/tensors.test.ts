// TensorProto: every dtype in both storages, typed fields and raw bytes, and through the file format.
import { describe, expect, test } from '@jest/globals';
import { numberToHalf } from '../../src/core/half.js';
import { sizeOf, toNumbers, type DType, type Tensor, type TypedArray } from '../../src/core/tensor.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { ModelProtoType, type TensorProto } from '../../src/onnx/schema.js';
import { decodeTensor, dtypeNumber, dtypeOf, encodeTensor } from '../../src/onnx/tensors.js';

/** dtype, the typed field that holds it, the field's entries, and the little-endian bytes of the same two values (ONNX 1.20, TensorProto). */
const STORED: [DType, Partial<TensorProto>, TypedArray][] = [
  ['float32', { floatData: [1.5, -2] }, Float32Array.of(1.5, -2)],
  ['float64', { doubleData: [1.5, -2] }, Float64Array.of(1.5, -2)],
  ['float16', { int32Data: [0x3e00, 0xc000] }, Uint16Array.of(0x3e00, 0xc000)],
  ['bfloat16', { int32Data: [0x3fc0, 0xc000] }, Uint16Array.of(0x3fc0, 0xc000)],
  ['int8', { int32Data: [7, -128] }, Int8Array.of(7, -128)],
  ['int16', { int32Data: [7, -32768] }, Int16Array.of(7, -32768)],
  ['int32', { int32Data: [7, -2147483648] }, Int32Array.of(7, -2147483648)],
  // Longs as protobufjs reads them.
  ['int64', { int64Data: [7, { low: 0, high: -2147483648, toNumber: () => -(2 ** 63) }] }, BigInt64Array.of(7n, -(2n ** 63n))],
  ['uint8', { int32Data: [7, 255] }, Uint8Array.of(7, 255)],
  ['uint16', { int32Data: [7, 65535] }, Uint16Array.of(7, 65535)],
  ['uint32', { uint64Data: [7, 4294967295] }, Uint32Array.of(7, 4294967295)],
  ['uint64', { uint64Data: [7, { low: -1, high: -1, toNumber: () => 2 ** 64 }] }, BigUint64Array.of(7n, 2n ** 64n - 1n)],
  ['bool', { int32Data: [1, 0] }, Uint8Array.of(1, 0)],
  ['complex64', { floatData: [1, 2, 3, 4] }, Float32Array.of(1, 2, 3, 4)],
  ['complex128', { doubleData: [1, 2, 3, 4] }, Float64Array.of(1, 2, 3, 4)],
  ['float8e4m3fn', { int32Data: [0x38, 0xc0] }, Uint8Array.of(0x38, 0xc0)],
  ['float8e4m3fnuz', { int32Data: [0x40, 0xc8] }, Uint8Array.of(0x40, 0xc8)],
  ['float8e5m2', { int32Data: [0x3c, 0xc0] }, Uint8Array.of(0x3c, 0xc0)],
  ['float8e5m2fnuz', { int32Data: [0x40, 0xc4] }, Uint8Array.of(0x40, 0xc4)],
  ['uint4', { int32Data: [0xf7] }, Uint8Array.of(0xf7)],
  ['int4', { int32Data: [0x87] }, Uint8Array.of(0x87)],
];

describe('tensors', () => {
  test.each(STORED)('%s: typed field, raw bytes and what is written agree', (type, fields, expected) => {
    const proto = { name: 't', dims: [2], dataType: dtypeNumber(type) };
    const raw = new Uint8Array(expected.buffer);
    const decoded = [
      decodeTensor({ ...proto, ...fields }, 'initializer'),
      decodeTensor({ ...proto, rawData: raw }, 'initializer'),
      decodeTensor(encodeTensor({ type, dims: [2], data: expected }, 't'), 'initializer'),
    ];
    for (const tensor of decoded) expect(tensor).toEqual({ type, dims: [2], data: expected });
  });

  test.each(STORED)('%s: through the file format', (type, fields, expected) => {
    const initializer = [{ name: 't', dims: [2], dataType: dtypeNumber(type), ...fields }];
    const graph = {
      name: 'g',
      initializer,
      output: [{ name: 't' }],
      node: [{ opType: 'Identity', input: ['t'], output: ['u'] }],
    };
    const bytes = ModelProtoType.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 18 }], graph }).finish();
    const again = decodeModel(encodeModel(decodeModel(bytes)));
    for (const model of [decodeModel(bytes), again]) {
      expect(model.graph.constants.get('t')).toEqual({ type, dims: [2], data: expected });
    }
  });

  test('every dtype has its own number, and every number its dtype', () => {
    const numbers = [...STORED.map(([type]) => type), 'string' as const].map((type) => [type, dtypeNumber(type)] as const);
    expect(new Set(numbers.map(([, n]) => n)).size).toBe(22);
    for (const [type, number] of numbers) expect(dtypeOf(number)).toBe(type);
    expect(dtypeOf(0)).toBeUndefined();
  });

  test('strings keep their UTF-8', () => {
    const tensor: Tensor = { type: 'string', dims: [3], data: ['', 'Zebra', 'čáp 🦓'] };
    expect(decodeTensor(encodeTensor(tensor, 's'), 'initializer')).toEqual(tensor);
  });

  test('raw bytes that are not aligned are read all the same', () => {
    const odd = new Uint8Array(9);
    odd.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
    const tensor = decodeTensor({ dims: [2], dataType: 1, rawData: odd.subarray(1) }, 'initializer');
    expect(tensor.data).toEqual(Float32Array.of(1.5, -2));
  });

  test('scalars have one element, empty tensors none', () => {
    expect(decodeTensor({ dataType: 1, floatData: [3] }, 'i')).toEqual({ type: 'float32', dims: [], data: Float32Array.of(3) });
    expect(decodeTensor({ dims: [0, 4], dataType: 7 }, 'i')).toEqual({ type: 'int64', dims: [0, 4], data: new BigInt64Array(0) });
  });

  test('numbers of the small floats and of both nibbles', () => {
    const numbers = (type: DType, data: TypedArray, n = data.length): number[] =>
      Array.from(toNumbers({ type, dims: [n], data }));
    expect(numbers('float16', Uint16Array.of(0x3e00, 0x0001, 0x7c00))).toEqual([1.5, 2 ** -24, Infinity]);
    expect(numbers('bfloat16', Uint16Array.of(0x3fc0, 0xc000))).toEqual([1.5, -2]);
    expect(numbers('int4', Uint8Array.of(0x87, 0x0f), 3)).toEqual([7, -8, -1]);
    expect(numbers('uint4', Uint8Array.of(0x87, 0x0f), 3)).toEqual([7, 8, 15]);
    expect([1.5, 2 ** -24, 65520, -0].map(numberToHalf)).toEqual([0x3e00, 1, 0x7c00, 0x8000]);
  });
});

test('sizes of shapes', () => {
  expect([sizeOf([]), sizeOf([2, 3]), sizeOf([2, 0])]).toEqual([1, 6, 0]);
});
