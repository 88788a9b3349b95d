// Cases of the matrix products, every definition of each.
import { float32, type Tensor } from '../../src/core/tensor.js';
import { float } from '../../src/onnx/builder.js';
import { caseOf as c, uniform, type OpCase } from './case.js';

let draw = 700;
const x = (...dims: number[]): Tensor => uniform(dims, draw++);

/** alpha A B' + beta C with C broadcast along the rows, by hand: onnxruntime starts at Gemm-7. */
function oldGemm([a, b, c]: readonly Tensor[], alpha: number, beta: number): Tensor {
  const [m, k] = a!.dims as [number, number];
  const n = b!.dims[0]!;
  const [p, q, r] = [a!, b!, c!].map((t) => t.data as Float32Array) as [Float32Array, Float32Array, Float32Array];
  const y = Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += p[i * k + l]! * q[j * k + l]!;
    return alpha * sum + beta * r[j]!;
  });
  return float32(y, [m, n]);
}
const oldOperands = [x(2, 3), x(4, 3), x(4)];
const gemm: OpCase[] = [
  ...[1, 6].map((v) =>
    c(
      'broadcast',
      'Gemm',
      v,
      oldOperands,
      { alpha: float(0.5), beta: float(2), transB: 1, broadcast: 1 },
      { expected: [oldGemm(oldOperands, 0.5, 2)] },
    ),
  ),
  ...[7, 9, 11, 13].map((v) => c('plain', 'Gemm', v, [x(2, 3), x(3, 4), x(4)])),
  ...[0, 1].flatMap((transA) =>
    [0, 1].map((transB) =>
      c(`transA ${transA} transB ${transB}`, 'Gemm', 13, [transA ? x(3, 2) : x(2, 3), transB ? x(4, 3) : x(3, 4), x(2, 1)], {
        alpha: float(0.5),
        beta: float(-1.5),
        transA,
        transB,
      }),
    ),
  ),
  c('a scalar C', 'Gemm', 11, [x(2, 3), x(3, 4), x()]),
  c('a row C', 'Gemm', 13, [x(2, 3), x(3, 4), x(1, 4)]),
  c('one element C', 'Gemm', 13, [x(2, 3), x(3, 4), x(1)], { beta: float(0.5) }),
  c('a trained weight', 'Gemm', 13, [x(2, 3), x(4, 3), x(4)], { transB: 1 }, { initializers: [0] }),
  c('a whole C', 'Gemm', 11, [x(2, 3), x(3, 4), x(2, 4)]),
  c('without C', 'Gemm', 11, [x(2, 3), x(3, 4)], { alpha: float(2) }),
  c('a constant weight', 'Gemm', 13, [x(2, 3), x(4, 3), x(4)], { transB: 1 }, { initializers: [1, 2] }),
];
const matMul: OpCase[] = [
  ...[1, 9, 13].map((v) => c('matrices', 'MatMul', v, [x(2, 3), x(3, 4)])),
  c('a batch and a matrix', 'MatMul', 13, [x(2, 5, 3), x(3, 4)]),
  c('a batch and a constant matrix', 'MatMul', 13, [x(2, 5, 3), x(3, 4)], {}, { initializers: [1] }),
  c('two batches', 'MatMul', 13, [x(2, 3, 4, 5), x(2, 3, 5, 6)]),
  c('two batches, crossed', 'MatMul', 13, [x(2, 1, 4, 5), x(3, 5, 6)]),
  c('a batch of one', 'MatMul', 13, [x(2, 3, 4, 5), x(1, 1, 5, 6)]),
  c('a matrix and a batch', 'MatMul', 13, [x(4, 5), x(2, 3, 5, 6)]),
  c('a batch against more', 'MatMul', 13, [x(3, 4, 5), x(2, 3, 5, 6)]),
  c('a short batch and a batch of one', 'MatMul', 13, [x(4, 5), x(1, 5, 6)]),
  c('vectors', 'MatMul', 13, [x(3), x(3)]),
  c('a vector on the left', 'MatMul', 13, [x(3), x(2, 3, 4)]),
  c('a vector on the right', 'MatMul', 13, [x(2, 4, 3), x(3)]),
];
const einsum: OpCase[] = (
  [
    ['ij,jk->ik', [2, 3], [3, 4]],
    ['ij,jk', [2, 3], [3, 4]],
    ['bhid,bhjd->bhij', [2, 3, 4, 5], [2, 3, 6, 5]],
    ['bhij,bhjd->bhid', [2, 3, 4, 6], [2, 3, 6, 5]],
    ['...ij,...jk->...ik', [2, 3, 4], [1, 4, 5]],
    ['...i,...i->...', [2, 3, 4], [2, 1, 4]],
    ['ij->ji', [2, 3]],
    ['ij->j', [2, 3]],
    ['ij->', [2, 3]],
    ['ii->i', [4, 4]],
    ['bii->b', [2, 4, 4]],
    ['ij,ij->ij', [2, 3], [2, 3]],
    ['i,j->ij', [2], [3]],
    ['bi,bi->b', [2, 3], [2, 3]],
    ['ab,cd->ac', [2, 3], [4, 5]],
    ['ij,jk,kl->il', [2, 3], [3, 4], [4, 5]],
    ['bij,bjk->bik', [1, 3, 4], [2, 4, 5]],
    ['nchw,oc->nohw', [2, 3, 4, 5], [6, 3]],
  ] as [string, ...number[][]][]
).map(([equation, ...dims]) => c(equation, 'Einsum', 12, dims.map((d) => x(...d)), { equation })); // prettier-ignore

export const cases: OpCase[] = [...gemm, ...matMul, ...einsum];
