// Bit operations. They happen in index arithmetic, which is folded; tfjs runs what is left of them on numbers read back from the backend.
import type { DType } from '../../src/core/tensor.js';
import { defineOp, none, text, type ForwardContext, type OpAdapter, type TfTensor } from '../op.js';
import { detached } from './elementwise-tf.js';
import { broadcasted } from './sizes.js';

const NO_GRADIENT = none('an integer output');

/** A 32 bit result as a whole number of the type, as a C compiler would store it. tfjs holds int64 as int32 everywhere. */
const STORE: Partial<Record<DType, (bits: number) => number>> = {
  int8: (v) => (v << 24) >> 24,
  int16: (v) => (v << 16) >> 16,
  int32: (v) => v | 0,
  int64: (v) => v | 0,
  uint8: (v) => v & 0xff,
  uint16: (v) => v & 0xffff,
};

/** f element by element, broadcasting. tfjs has a kernel for "and" alone, and not on every backend, so this runs in JavaScript. */
function bitByBit({ tf, node }: ForwardContext, x: readonly TfTensor[], f: (a: number, b: number) => number): TfTensor {
  const { type, dims } = node.outputType(0);
  const store = STORE[type] ?? node.refuse(`tfjs has no whole numbers of type ${type}`, 'Use `engine` onnxruntime.');
  return detached(tf, x, (...operands) => {
    const [a, b] = operands.map((t) => tf.broadcastTo(t, [...dims]).dataSync());
    return tf.tensor(
      Int32Array.from(a!, (v, i) => store(f(v, b?.[i] ?? 0))),
      [...dims],
      'int32',
    );
  });
}

const bitwise = (op: string, f: (a: number, b: number) => number): OpAdapter =>
  defineOp({
    op,
    versions: [18],
    attributes: {},
    size: broadcasted,
    grows: true,
    forward: (x, _, context) => [bitByBit(context, x, f)],
    vjp: NO_GRADIENT,
  });

/**
 * BitShift (unsigned types) and the four Bitwise ops, on whole numbers that broadcast. onnxruntime runs all types of ONNX; tfjs refuses uint32 and
 * uint64, and computes int64 in 32 bits. No gradient.
 */
export const bitOps: OpAdapter[] = [
  defineOp({
    op: 'BitShift',
    versions: [11],
    attributes: { direction: text() },
    size: broadcasted,
    grows: true,
    // Unsigned types only. JavaScript takes the amount modulo 32.
    forward: (x, { direction }, context) => [
      bitByBit(context, x, (a, b) => (b > 31 ? 0 : direction === 'LEFT' ? a << b : a >>> b)),
    ],
    vjp: NO_GRADIENT,
  }),
  bitwise('BitwiseAnd', (a, b) => a & b),
  bitwise('BitwiseOr', (a, b) => a | b),
  bitwise('BitwiseXor', (a, b) => a ^ b),
  bitwise('BitwiseNot', (a) => ~a),
];
