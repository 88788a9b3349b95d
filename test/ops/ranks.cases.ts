// Cases of few and of many axes: vectors, and five or six axes as attention over windows and video have, where tfjs has limits of its own.
import { bool, float32, int64, type Tensor } from '../../src/core/tensor.js';
import { distinct, uniform, uniformAway, type OpCase } from './case.js';

let draw = 1200;
const x = (...dims: number[]): Tensor => uniform(dims, draw++);
const clear = (...dims: number[]): Tensor => uniformAway(dims, draw++, [0]);
const list = (...values: number[]): Tensor => int64(values);
const c = (
  name: string,
  op: string,
  inputs: OpCase['inputs'],
  attributes: OpCase['attributes'] = {},
  more: Partial<OpCase> = {},
): OpCase => ({ name: `${op} of ${name}`, op, opset: 18, inputs, attributes, ...more });

/** Half a gap of `distinct` further on. */
const shifted = (t: Tensor): Tensor => float32((t.data as Float32Array).map((v) => v + 0.02), t.dims); // prettier-ignore

const five = [2, 3, 4, 5, 2];
const six = [2, 3, 2, 4, 2, 3];
const SIGMA = { epsilon: { kind: 'float', value: 0.01 } } as const;

const vectors: OpCase[] = [
  ...['Relu', 'Sigmoid', 'Softplus', 'Abs', 'Elu', 'HardSwish'].map((op) => c('a vector', op, [clear(7)])),
  ...['Softmax', 'LogSoftmax'].map((op) => c('a vector', op, [x(7)])),
  ...['Add', 'Mul', 'Div', 'Max'].map((op) => c('a vector and a number', op, [clear(7), uniform([], draw++, 0.5, 1)])),
  ...['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceLogSumExp'].flatMap((op) => [
    c('a vector', op, [clear(7), list(0)], { keepdims: 0 }),
    c('a number', op, [clear()], { keepdims: 0 }),
  ]),
  c('a vector', 'ReduceMax', [distinct([7], draw++), list(0)], { keepdims: 0 }),
  c('a vector', 'ReduceProd', [clear(7), list(-1)]),
  c('a vector', 'LayerNormalization', [x(7), x(7), x(7)], SIGMA),
  c('a vector', 'Concat', [x(3), x(2)], { axis: 0 }),
  c('a vector', 'Split', [x(7), list(3, 4)], { axis: 0 }, { outputs: 2 }),
  c('a vector', 'Slice', [x(7), list(5), list(0), list(0), list(-2)]),
  c('a vector', 'Pad', [x(7), list(2, 3)]),
  c('a vector', 'Pad', [x(7), list(2, 3)], { mode: 'reflect' }),
  c('a vector to one element', 'Gather', [x(7), int64([-2], [])]),
  c('a vector', 'Gather', [x(7), int64([5, 0, 5, -1], [2, 2])]),
  c('a vector', 'Tile', [x(3), list(4)]),
  c('a number', 'Expand', [x(), list(2, 3)]),
  c('a vector', 'Transpose', [x(7)]),
  c('a number', 'Reshape', [x(), list(1, 1)]),
  c('a vector', 'CumSum', [x(7), int64([0], [])]),
  c('a vector', 'TopK', [distinct([7], draw++), list(3)], {}, { outputs: 2 }),
  c('a vector', 'ArgMax', [distinct([7], draw++)], { axis: 0, keepdims: 0 }),
  c('a number', 'Where', [bool([true], []), x(), x(3)]),
];

const many: OpCase[] = [five, six].flatMap((dims) => {
  const rank = dims.length;
  const name = `${rank} axes`;
  const column = dims.map((d, i) => (i % 2 ? d : 1));
  const inner = dims.slice(0, -1);
  const zeros = dims.map(() => 0);
  const some = (values: number[]): Tensor =>
    list(...zeros.map((z, i) => values[i] ?? z), ...zeros.map((z, i) => values[rank - 1 - i] ?? z));
  return [
    ...['Relu', 'Tanh', 'HardSigmoid', 'Erf'].map((op) => c(name, op, [clear(...dims)])),
    ...['Add', 'Sub', 'Mul', 'Div'].map((op) => c(name, op, [clear(...dims), uniform(column, draw++, 0.5, 1)])),
    // Multiples of 0.05 against numbers in between: no ties.
    ...['Max', 'Min'].map((op) => c(name, op, [distinct(dims, draw++), shifted(distinct(column, draw++, 0.5))])),
    ...['Add', 'Mul'].map((op) => c(`${name}, crossed`, op, [x(...column), x(...dims.map((d, i) => (i % 2 ? 1 : d)))])),
    c(name, 'PRelu', [clear(...dims), x(...column)]),
    c(name, 'Where', [bool([true, false, true, false, true].slice(0, dims.at(-1)), [dims.at(-1)!]), x(...dims), x(...column)]),
    ...[-1, 1].flatMap((axis) => ['Softmax', 'LogSoftmax'].map((op) => c(`${name}, axis ${axis}`, op, [x(...dims)], { axis }))),
    ...['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceLogSumExp', 'ReduceProd'].flatMap((op) => [
      c(`${name}, two of them`, op, [clear(...dims), list(1, -1)]),
      c(`${name}, the first`, op, [clear(...dims), list(0)], { keepdims: 0 }),
    ]),
    c(name, 'ReduceMax', [distinct(dims, draw++), list(1, 3)], { keepdims: 0 }),
    c(name, 'Concat', [x(...dims), x(...dims.map((d, i) => (i === 2 ? 3 : d)))], { axis: 2 }),
    c(name, 'Split', [x(...dims), list(1, dims[3]! - 1)], { axis: 3 }, { outputs: 2 }),
    c(name, 'Slice', [x(...dims), list(1, 0, -1), list(3, 4, -9), list(1, 3, -1), list(1, 2, -1)]),
    c(name, 'Pad', [x(...dims), some([0, 1, 0, 2])]),
    c(name, 'Pad', [x(...dims), some([0, 1, 0, 1])], { mode: 'reflect' }),
    c(name, 'Pad', [x(...dims), some([1, 0, 2])], { mode: 'edge' }),
    c(name, 'Expand', [x(...column), list(...dims)]),
    c(name, 'Tile', [x(...dims), list(...dims.map((_, i) => (i === 1 ? 2 : i === 3 ? 3 : 1)))]),
    c(name, 'Transpose', [x(...dims)], { perm: dims.map((_, i) => (i + 2) % rank) }),
    c(`${name}, one swap`, 'Transpose', [x(...dims)], { perm: dims.map((_, i) => (i === 1 ? 3 : i === 3 ? 1 : i)) }),
    c(name, 'Gather', [x(...dims), int64([2, 0, -1, 2], [2, 2])], { axis: 3 }),
    c(`${name}, constant`, 'Gather', [x(...dims), list(1, 0, 1)], { axis: 2 }, { initializers: [1] }),
    c(name, 'GatherND', [x(...dims), int64([1, 2, 0, -1], [2, 2])]),
    c(name, 'CumSum', [x(...dims), int64([1], [])]),
    c(name, 'TopK', [distinct(dims, draw++), list(2)], { axis: 3 }, { outputs: 2 }),
    c(name, 'ArgMax', [distinct(dims, draw++)], { axis: 2 }),
    c(name, 'LayerNormalization', [x(...dims), x(dims.at(-1)!), x(dims.at(-1)!)], SIGMA),
    c(`${name}, two normalised`, 'LayerNormalization', [x(...dims), x(...dims.slice(-2)), x(...dims.slice(-2))], {
      ...SIGMA,
      axis: -2,
    }),
    c(name, 'InstanceNormalization', [x(...dims), x(3), x(3)], SIGMA),
    c(name, 'BatchNormalization', [x(...dims), x(3), x(3), x(3), uniform([3], draw++, 0.5, 2)], SIGMA, {
      initializers: [1, 2, 3, 4],
    }),
    // onnxruntime pools three spatial axes at most.
    ...(rank > 5 ? [] : [c(name, 'GlobalAveragePool', [x(...dims)]), c(name, 'GlobalMaxPool', [distinct(dims, draw++)])]),
    c(name, 'MatMul', [x(...dims), x(...dims.slice(2, -2), dims.at(-1)!, 7)]),
    c(`${name} and a matrix`, 'MatMul', [x(...dims), x(dims.at(-1)!, 7)]),
    c(`${name}, crossed`, 'MatMul', [
      x(...inner.map((d, i) => (i === 0 ? 1 : d)), 4),
      x(...inner.slice(0, -1).map((d, i) => (i === 1 ? 1 : d)), 4, 3),
    ]),
    c(name, 'Flatten', [x(...dims)], { axis: 3 }),
    c(name, 'Squeeze', [x(...dims.slice(0, -1), 1), list(-1)]),
    c(name, 'Unsqueeze', [x(...inner), list(2)]),
  ];
});

/** Seven and eight axes: more than wasm's arithmetic holds. */
const beyond: OpCase[] = [
  [2, 3, 2, 2, 2, 3, 2],
  [2, 1, 3, 2, 2, 2, 2, 2],
].flatMap((dims) => {
  const name = `${dims.length} axes`;
  return [
    ...['Relu', 'Sigmoid', 'HardSigmoid', 'Exp', 'Abs'].map((op) => c(name, op, [clear(...dims)])),
    ...['Add', 'Sub', 'Mul', 'Div', 'Pow'].flatMap((op) => [
      c(`${name} and the last two`, op, [uniform(dims, draw++, 0.5, 2), uniform(dims.slice(-2), draw++, 0.5, 1)]),
      c(`${name}, the first three alike`, op, [
        uniform(dims, draw++, 0.5, 2),
        uniform([1, 1, 1, ...dims.slice(3)], draw++, 0.5, 1),
      ]),
    ]),
    c(name, 'Where', [bool([true, false, true, false].slice(0, dims.at(-1)), [dims.at(-1)!]), x(...dims), x(...dims)]),
    ...[-1, 2].flatMap((axis) => ['Softmax', 'LogSoftmax'].map((op) => c(`${name}, axis ${axis}`, op, [x(...dims)], { axis }))),
    ...['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceLogSumExp'].flatMap((op) => [
      c(`${name}, three of them`, op, [clear(...dims), list(1, 2, -2)]),
      c(`${name}, the last`, op, [clear(...dims), list(-1)], { keepdims: 0 }),
    ]),
  ];
});

export const cases: OpCase[] = [...vectors, ...many, ...beyond];
