// .npy files: the bytes that NumPy writes, round trips, and the exact words of every refusal.
import { describe, expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { decodeNpy, encodeNpy } from '../../src/data/npy.js';

describe('.npy', () => {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  /** A file with any header; `version` 1 or 2. */
  const file = (header: string, data: readonly number[] = [], version = 1): Uint8Array =>
    Uint8Array.from([
      0x93,
      ...Buffer.from('NUMPY'),
      version,
      0,
      header.length & 255,
      header.length >> 8,
      ...(version > 1 ? [0, 0] : []),
      ...Buffer.from(header),
      ...data,
    ]);

  test('the bytes are those that numpy.save writes (NumPy 2.4)', () => {
    const matrix = text(encodeNpy(float32([0, 1, 2, 3, 4, 5], [2, 3])));
    expect(matrix.slice(0, 128)).toBe(
      `\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }${' '.repeat(58)}\n`,
    );
    expect(matrix.slice(128)).toBe('\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@');
    expect(text(encodeNpy({ type: 'bool', dims: [2], data: new Uint8Array([1, 0]) }))).toBe(
      `\x93NUMPY\x01\x00v\x00{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }${' '.repeat(60)}\n\x01\x00`,
    );
    expect(text(encodeNpy({ type: 'int64', dims: [], data: new BigInt64Array([5n]) }))).toBe(
      `\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (), }${' '.repeat(62)}\n\x05\0\0\0\0\0\0\0`,
    );
  });

  test.each<Tensor>([
    float32([0.1, -2, NaN, Infinity, 5, 6], [1, 2, 3]),
    { type: 'float64', dims: [2], data: new Float64Array([Math.PI, -0]) },
    { type: 'int64', dims: [3, 1], data: new BigInt64Array([-1n, 2n ** 62n, 0n]) },
    { type: 'int32', dims: [], data: new Int32Array([-7]) },
    { type: 'uint8', dims: [2, 2], data: new Uint8Array([0, 1, 254, 255]) },
    { type: 'bool', dims: [3], data: new Uint8Array([1, 0, 1]) },
    { type: 'float16', dims: [1], data: new Uint16Array([0x3c00]) },
    { type: 'float32', dims: [0, 4], data: new Float32Array() },
  ])('a $type tensor comes back as it was', (tensor) => {
    const bytes = encodeNpy(tensor);
    expect(decodeNpy(bytes, 'x.npy')).toEqual(tensor);
    // Read from the middle of a larger buffer at an odd offset, as from a pool.
    const pool = new Uint8Array(bytes.length + 3);
    pool.set(bytes, 3);
    expect(decodeNpy(pool.subarray(3), 'x.npy')).toEqual(tensor);
  });

  test("a view's own part is written, not its whole buffer", () => {
    const tensor = float32(new Float32Array([9, 1, 2, 9]).subarray(1, 3));
    expect(decodeNpy(encodeNpy(tensor), 'x')).toEqual(float32([1, 2]));
  });

  test('version 2 and any order of the keys are read', () => {
    const header = "{'shape': (1,), 'fortran_order': False, 'descr': '<f8'}\n";
    expect(decodeNpy(file(header, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], 2), 'x')).toEqual({
      type: 'float64',
      dims: [1],
      data: new Float64Array([1.5]),
    });
  });

  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
  test.each<[string, Uint8Array, string]>([
    [
      'another file',
      Buffer.from('PK\x03\x04 an npz'),
      'is not an .npy file. Save it with numpy.save (one array, not numpy.savez).',
    ],
    ['nothing', new Uint8Array(), 'is not an .npy file. Save it with numpy.save (one array, not numpy.savez).'],
    ['half a magic', file(good).subarray(0, 7), 'is cut short in its header.'],
    ['half a header', file(good).subarray(0, 40), 'is cut short in its header.'],
    ['too little data', file(good, [1, 2, 3]), 'is cut short: shape [2] of float32 takes 8 bytes, received 3.'],
    ['too much data', file(good, Array<number>(9).fill(0)), 'has 1 bytes behind its array. Expected one array in the file.'],
    [
      'Fortran order',
      file(good.replace('False', 'True')),
      'is in Fortran order. Save it with numpy.save(file, numpy.ascontiguousarray(array)).',
    ],
    ['big endian', file(good.replace('<', '>')), "is big endian (dtype '>f4'). Save it with array.astype('<f4')."],
    [
      'objects',
      file(good.replace('<f4', '|O')),
      "has dtype '|O'. Expected one of float32, float64, float16, int64, int32, int16, int8, uint64, uint32, uint16, uint8, bool; convert it with array.astype('float32').",
    ],
    ['records', file(good.replace("'<f4'", "[('a', '<f4')]")), 'holds records (a structured dtype). Expected plain numbers.'],
    ['a strange header', file('{}\n'), 'has a header that is not understood.'],
    ['version 9', file(good, [], 9), 'has .npy format version 9. Expected 1, 2 or 3.'],
    [
      'an impossible shape',
      file(good.replace('(2,)', '(99999999999, 99999999999)')),
      'has the impossible shape [99999999999,99999999999].',
    ],
  ])('refused: %s', (_, bytes, problem) => {
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(new LanError('data', `Array 'x.npy': ${problem}`));
  });

  test('strings cannot be written', () => {
    expect(() => encodeNpy({ type: 'string', dims: [1], data: ['a'] })).toThrow(
      'An .npy file cannot hold a string tensor. Expected one of float32, float64, float16, int64, int32, int16, int8, uint64, uint32, uint16, uint8, bool.',
    );
  });
});
