// Matrix products: Gemm, MatMul, and Einsum, which becomes the other ones.
import { defineOp, float, int, text, type OpAdapter } from './op.js';
import { einsumDims, lowerEinsum } from './kernels/linalg-einsum.js';
import { broadcastDims, tfMatMul } from './kernels/linalg-matmul.js';
import { product, range } from './kernels/shape-common.js';
import { matMulDims } from './kernels/sizes.js';

const gemm = defineOp({
  op: 'Gemm',
  versions: [1, 6, 7, 9, 11, 13],
  attributes: { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
  // Before 7, `broadcast` allowed what is always allowed since.
  legacy: { broadcast: 'int' },
  size: (n, { transA, transB }) => [[n.dims(0)[transA ? 1 : 0]!, n.dims(1)[transB ? 0 : 1]!]],
  grows: true,
  fits: (n, { transA, transB }, y) => {
    const [a, b] = [n.dims(0), n.dims(1)];
    // The bias [N], [M, N] or with ones is broadcast to the result [M, N].
    const bias = n.has(2) ? n.dims(2) : [];
    const added = bias.length < 3 && bias.every((d, i) => d === 1 || d === y[i + 2 - bias.length]);
    return a.length === 2 && b.length === 2 && a[transA ? 0 : 1] === b[transB ? 1 : 0] && added;
  },
  macs: (n, { transA }) => product(n.outputType(0).dims) * n.type(0).dims[transA ? 0 : 1]!,
  hazard: 'mixes',
  canonicalize: (n, g) => {
    if (n.version >= 7) return undefined;
    const keep = Object.fromEntries(Object.entries(n.node.attributes).filter(([name]) => name !== 'broadcast'));
    return g.op('Gemm', n.node.inputs, keep);
  },
  forward: ([a, b, c], { alpha, beta, transA, transB }, { tf }) => {
    const y = tf.matMul(a!, b!, transA === 1, transB === 1);
    const scaled = alpha === 1 ? y : tf.mul(y, alpha);
    return [c ? tf.add(scaled, beta === 1 ? c : tf.mul(c, beta)) : scaled];
  },
  vjp: (n, { alpha, beta, transA, transB }, g) => {
    const dy = n.dy[0]!;
    const [a, b] = n.x as [string, string];
    const multiply = (p: string, q: string, tp: number, tq: number): string =>
      g.op('Gemm', [p, q], { alpha: { kind: 'float', value: alpha }, transA: tp, transB: tq });
    const dC = (): string => {
      const sum = g.unbroadcast(dy, n.outputType(0).dims, n.type(2).dims);
      return beta === 1 ? sum : g.mul(sum, g.scalar(beta));
    };
    return [
      n.needs[0] ? (transA ? multiply(b, dy, transB, 1) : multiply(dy, b, 0, 1 - transB)) : undefined,
      n.needs[1] ? (transB ? multiply(dy, a, 1, transA) : multiply(a, dy, 1 - transA, 0)) : undefined,
      n.needs[2] ? dC() : undefined,
    ];
  },
});

const matMul = defineOp({
  op: 'MatMul',
  versions: [1, 9, 13],
  attributes: {},
  size: (n) => [matMulDims(n.dims(0), n.dims(1))],
  grows: true,
  fits: (n) => n.dims(0).length > 1 && n.dims(1).length === 2 && n.dims(0).at(-1) === n.dims(1)[0],
  macs: (n) => product(n.outputType(0).dims) * (n.type(0).dims.at(-1) ?? 1),
  hazard: 'mixes',
  lower: (n, _, g) => {
    const [a, b] = [n.type(0).dims, n.type(1).dims];
    if (a.length > 1 && b.length > 1) return undefined;
    // A vector is a matrix of one row (left) or one column (right), and that axis goes again.
    const left = a.length === 1 ? g.reshape(n.x[0]!, [1, ...a]) : n.x[0]!;
    const right = b.length === 1 ? g.reshape(n.x[1]!, [...b, 1]) : n.x[1]!;
    return g.reshape(g.matMul(left, right), n.outputType(0).dims);
  },
  forward: ([a, b], _, { tf }) => [tfMatMul(tf, a!, b!)],
  vjp: (n, _, g) => {
    const dy = n.dy[0]!;
    const [a, b] = [n.type(0).dims, n.type(1).dims];
    const [m, k, columns] = [a.at(-2)!, a.at(-1)!, b.at(-1)!];
    if (b.length === 2) {
      // All rows against one matrix: Gemm packs a constant one once and transposes it on the way.
      const rows = product(a.slice(0, -1));
      const flat = a.length === 2 ? dy : g.reshape(dy, [rows, columns]);
      const dA = (): string => {
        const product2 = g.op('Gemm', [flat, n.x[1]!], { transB: 1 });
        return a.length === 2 ? product2 : g.reshape(product2, a);
      };
      const left = (): string => (a.length === 2 ? n.x[0]! : g.reshape(n.x[0]!, [rows, k]));
      return [n.needs[0] ? dA() : undefined, n.needs[1] ? g.op('Gemm', [left(), flat], { transA: 1 }) : undefined];
    }
    const batch = broadcastDims(a.slice(0, -2), b.slice(0, -2));
    // onnxruntime fuses a Transpose of the last two axes into the MatMul behind it.
    const swapped = (x: string, rank: number): string => g.transpose(x, [...range(rank - 2), rank - 1, rank - 2]);
    return [
      n.needs[0] ? g.unbroadcast(g.matMul(dy, swapped(n.x[1]!, b.length)), [...batch, m, k], a) : undefined,
      n.needs[1] ? g.unbroadcast(g.matMul(swapped(n.x[0]!, a.length), dy), [...batch, k, columns], b) : undefined,
    ];
  },
});

const einsum = defineOp({
  op: 'Einsum',
  versions: [12],
  attributes: { equation: text('') },
  size: einsumDims,
  grows: true,
  hazard: 'mixes',
  lower: (n, { equation }, g) => lowerEinsum(n, equation, g),
});

/** Gemm and MatMul, which both engines run as they are, and Einsum, which is written in MatMul, reductions and reshapes. */
export const linalg: OpAdapter[] = [gemm, matMul, einsum];
