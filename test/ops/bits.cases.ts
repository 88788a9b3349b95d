// Cases of the bit operations: every width that tfjs holds, signs, broadcasting, shifts by the whole width.
import { int32, int64, type Tensor } from '../../src/core/tensor.js';
import type { OpCase } from './case.js';

const uint8 = (values: readonly number[], dims: readonly number[]): Tensor => ({
  type: 'uint8',
  dims,
  data: Uint8Array.from(values),
});
const uint16 = (values: readonly number[], dims: readonly number[]): Tensor => ({
  type: 'uint16',
  dims,
  data: Uint16Array.from(values),
});
const int8 = (values: readonly number[], dims: readonly number[]): Tensor => ({
  type: 'int8',
  dims,
  data: Int8Array.from(values),
});

const signed = int32([5, -3, 2 ** 31 - 1, -(2 ** 31), 0, 12345], [2, 3]);
const row = int32([6, -1, 1023]);
const bytes = uint8([1, 2, 128, 255, 77, 0], [2, 3]);
const byteRow = uint8([3, 1, 200], [3]);

const shifts: OpCase[] = ['LEFT', 'RIGHT'].flatMap((direction): OpCase[] => [
  {
    name: `BitShift ${direction} of bytes`,
    op: 'BitShift',
    opset: 11,
    inputs: [bytes, uint8([1, 3, 7], [3])],
    attributes: { direction },
  },
  {
    name: `BitShift ${direction} broadcasting both ways, by more than the width`,
    op: 'BitShift',
    opset: 18,
    inputs: [uint8([200, 3, 255], [3, 1]), uint8([0, 4, 8, 1], [4])],
    attributes: { direction },
  },
]);
const binary: OpCase[] = ['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].flatMap((op): OpCase[] => [
  { name: `${op} of int32`, op, opset: 18, inputs: [signed, row] },
  { name: `${op} of int64`, op, opset: 18, inputs: [int64([5, -3, 70000, 8, 0, 1], [2, 3]), int64([6], [1])] },
  { name: `${op} of bytes, the other way round`, op, opset: 18, inputs: [byteRow, bytes] },
]);
const unary: OpCase[] = [signed, bytes, int8([-128, 127, 0, -1, 5, 64], [3, 2]), uint16([0, 65535, 300, 7, 1, 2], [3, 2])].map(
  (x) => ({
    name: `BitwiseNot of ${x.type}`,
    op: 'BitwiseNot',
    opset: 18,
    inputs: [x],
  }),
);

export const cases: OpCase[] = [...shifts, ...binary, ...unary];
