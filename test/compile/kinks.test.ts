// Where a function bends there is no derivative: which of the values around it both engines take, so that they agree there too.
import { describe, test } from '@jest/globals';
import { float32, int64 } from '../../src/core/tensor.js';
import { float, type GraphBuilder } from '../../src/onnx/builder.js';
import { expectGradients, input, weighted } from '../support/corner.js';

/** Element by element: the op, the points, the derivative at each. */
const BENDS: readonly [string, (g: GraphBuilder, x: string) => string, readonly number[], readonly number[]][] = [
  ['Relu: 0', (g, x) => g.op('Relu', [x]), [-1, 0, 1], [0, 0, 1]],
  ['LeakyRelu: alpha', (g, x) => g.op('LeakyRelu', [x], { alpha: float(0.25) }), [-1, 0, 1], [0.25, 0.25, 1]],
  ['LeakyRelu of negative alpha', (g, x) => g.op('LeakyRelu', [x], { alpha: float(-0.5) }), [-1, 0, 1], [-0.5, -0.5, 1]],
  ['PRelu: the slope', (g, x) => g.op('PRelu', [x, g.scalar(0.25)]), [-1, 0, 1], [0.25, 0.25, 1]],
  ['Elu: alpha', (g, x) => g.op('Elu', [x], { alpha: float(0.5) }), [0, 1], [0.5, 1]],
  ['Elu of alpha 1 is smooth', (g, x) => g.op('Elu', [x]), [0, 1], [1, 1]],
  ['ThresholdedRelu: 0', (g, x) => g.op('ThresholdedRelu', [x], { alpha: float(0.5) }), [0.25, 0.5, 0.75], [0, 0, 1]],
  ['Shrink: 0', (g, x) => g.op('Shrink', [x], { lambd: float(0.5), bias: float(0.25) }), [-1, -0.5, 0, 0.5, 1], [1, 0, 0, 0, 1]],
  ['Clip: 0 at both bounds', (g, x) => g.op('Clip', [x, g.scalar(-1), g.scalar(2)]), [-2, -1, 0, 2, 3], [0, 0, 1, 0, 0]],
  ['Clip from below alone', (g, x) => g.op('Clip', [x, g.scalar(-1)]), [-2, -1, 0], [0, 0, 1]],
  ['Clip from above alone', (g, x) => g.op('Clip', [x, '', g.scalar(2)]), [1, 2, 3], [1, 0, 0]],
  [
    'HardSigmoid: 0',
    (g, x) => g.op('HardSigmoid', [x], { alpha: float(0.25), beta: float(0.5) }),
    [-3, -2, 0, 2, 3],
    [0, 0, 0.25, 0, 0],
  ],
  ['HardSwish', (g, x) => g.op('HardSwish', [x]), [-4, -3, 0, 3, 4], [0, 0, 0.5, 1, 1]],
  ['Abs: 0', (g, x) => g.op('Abs', [x]), [-2, 0, 2], [-1, 0, 1]],
  ['Softsign is smooth', (g, x) => g.op('Softsign', [x]), [-1, 0, 1], [0.25, 1, 0.25]],
  ['Sign, Floor and Ceil have none', (g, x) => ['Sign', 'Floor', 'Ceil'].map((op) => g.op(op, [x])).reduce((a, b) => g.add(a, b)), [-1, 0, 0.5, 2], [0, 0, 0, 0]], // prettier-ignore
  ['Round of the dialect is straight-through', (g, x) => g.op('Round', [x]), [-1, 0, 0.5, 2], [1, 1, 1, 1]],
  ['Round of a file, which is Floor(Round(x)), has none', (g, x) => g.op('Floor', [g.op('Round', [x])]), [-1, 0, 0.5, 2], [0, 0, 0, 0]], // prettier-ignore
  ['Max with a number: all to the first at a tie', (g, x) => g.op('Max', [x, g.scalar(1)]), [0, 1, 2], [0, 1, 1]],
  ['Max with a number before: nothing at a tie', (g, x) => g.op('Max', [g.scalar(1), x]), [0, 1, 2], [0, 0, 1]],
  ['Min with a number', (g, x) => g.op('Min', [x, g.scalar(1)]), [0, 1, 2], [1, 1, 0]],
  ['Pow 2 at 0', (g, x) => g.op('Pow', [x, g.scalar(2)]), [-1, 0, 1], [-2, 0, 2]],
  ['Pow 3 at 0', (g, x) => g.op('Pow', [x, g.scalar(3)]), [-1, 0, 1], [3, 0, 3]],
  ['Pow by several exponents at 0', (g, x) => g.op('Pow', [x, g.constant(float32([0, 1, 2]))]), [0, 0, 0], [0, 1, 0]],
  ['Mod', (g, x) => g.op('Mod', [x, g.scalar(2)], { fmod: 1 }), [-2, -1, 0, 2], [1, 1, 1, 1]],
];

describe('element by element', () => {
  test.each(BENDS)('%s', async (_name, op, at, slope) => {
    const dims = [at.length];
    const weights = slope.map((s, i) => s * (i + 1) + 0);
    await expectGradients((g) => weighted(g, op(g, input(g, 'x', dims)), dims), { x: float32(at) }, { x: weights });
  });
});

describe('ties', () => {
  const x = float32([3, 1, 3, 2, 5, 5, 5, 0], [2, 4]);
  test.each(['ReduceMax', 'ReduceMin'])('%s: equal shares', async (op) => {
    const v = op === 'ReduceMax' ? x : float32((x.data as Float32Array).map((e) => -e), x.dims); // prettier-ignore
    const third = 2 / 3;
    await expectGradients(
      (g) => weighted(g, g.op(op, [input(g, 'x', [2, 4]), g.ints([1])], { keepdims: 0 }), [2]),
      { x: v },
      { x: [0.5, 0, 0.5, 0, third, third, third, 0] },
      6,
    );
  });
  test('GlobalMaxPool: the first takes all, as in MaxPool', () =>
    expectGradients(
      (g) => weighted(g, g.op('GlobalMaxPool', [input(g, 'x', [1, 2, 2, 2])]), [1, 2, 1, 1]),
      { x: float32([3, 1, 3, 2, 4, 4, 4, 4], [1, 2, 2, 2]) },
      { x: [1, 0, 0, 0, 2, 0, 0, 0] },
    ));
  test('TopK: the first of equals', () =>
    expectGradients(
      (g) => weighted(g, g.ops('TopK', [input(g, 'x', [2, 4]), g.ints([2])], 2)[0]!, [2, 2]),
      { x },
      { x: [1, 0, 2, 0, 3, 4, 0, 0] },
    ));
  test('TopK of the smallest', () =>
    expectGradients(
      (g) => weighted(g, g.ops('TopK', [input(g, 'x', [1, 4]), g.ints([2])], 2, { largest: 0 })[0]!, [1, 2]),
      { x: float32([4, 1, 1, 1], [1, 4]) },
      { x: [0, 1, 2, 0] },
    ));
  test('Max of three', () =>
    expectGradients(
      (g) => weighted(g, g.op('Max', [input(g, 'a', [2]), input(g, 'b', [2]), input(g, 'c', [2])]), [2]),
      { a: float32([1, 0]), b: float32([1, 2]), c: float32([1, 2]) },
      { a: [1, 0], b: [0, 2], c: [0, 0] },
    ));
  test('indices of ties lead to the same rows', () =>
    expectGradients(
      (g) => {
        const first = g.op('ArgMax', [input(g, 'x', [2, 4])], { axis: 1, keepdims: 0 });
        const last = g.op('ArgMax', ['x'], { axis: 1, keepdims: 0, select_last_index: 1 });
        const rows = g.op('Gather', [input(g, 'table', [4]), g.op('Concat', [first, last], { axis: 0 })]);
        return weighted(g, rows, [4]);
      },
      { x, table: float32([1, 2, 3, 4]) },
      { table: [1 + 2, 0, 3 + 4, 0] },
    ));
});

describe('at zero', () => {
  const zero = float32([0, 0, 0], [1, 3]);
  test.each<[string, (g: GraphBuilder, x: string) => string]>([
    ['ReduceL2', (g, x) => g.op('ReduceL2', [x, g.ints([1])])],
    ['ReduceL1', (g, x) => g.op('ReduceL1', [x, g.ints([1])])],
    ['ReduceSumSquare', (g, x) => g.op('ReduceSumSquare', [x, g.ints([1])])],
    ['ReduceProd', (g, x) => g.op('ReduceProd', [x, g.ints([1])])],
  ])('%s has the gradient 0, not NaN', (_name, op) =>
    expectGradients((g) => weighted(g, op(g, input(g, 'x', [1, 3])), [1, 1]), { x: zero }, { x: [0, 0, 0] }),
  );
  test('a number taken twice by Gather counts twice', () =>
    expectGradients(
      (g) => weighted(g, g.op('Gather', [input(g, 'x', [3]), g.input('i', 'int64', [4])]), [4]),
      { x: float32([1, 2, 3]), i: int64([2, -1, 0, 2]) },
      { x: [3, 0, 1 + 2 + 4] },
    ));
});

describe('far out', () => {
  // Saturated to the last bit: the derivative is 0 or 1 (or their limits), never NaN.
  const at = [-200, -60, 60, 200];
  test.each<[string, (g: GraphBuilder, x: string) => string, readonly number[]]>([
    ['Sigmoid', (g, x) => g.op('Sigmoid', [x]), [0, 0, 0, 0]],
    ['Tanh', (g, x) => g.op('Tanh', [x]), [0, 0, 0, 0]],
    ['Softplus', (g, x) => g.op('Softplus', [x]), [0, 0, 3, 4]],
    ['Elu', (g, x) => g.op('Elu', [x]), [0, 0, 3, 4]],
    ['Selu', (g, x) => g.op('Selu', [x], { gamma: float(1) }), [0, 0, 3, 4]],
    ['Celu', (g, x) => g.op('Celu', [x], { alpha: float(0.5) }), [0, 0, 3, 4]],
    ['Mish', (g, x) => g.op('Mish', [x]), [0, 0, 3, 4]],
    ['Erf', (g, x) => g.op('Erf', [x]), [0, 0, 0, 0]],
  ])('%s', async (_name, op, gradient) => {
    await expectGradients((g) => weighted(g, op(g, input(g, 'x', [4])), [4]), { x: float32(at) }, { x: gradient }, 6);
  });
  test('Softmax and LogSoftmax', async () => {
    const x = float32([...at, 500, 0, -500, 100], [2, 4]);
    await expectGradients(
      (g) => weighted(g, g.op('Softmax', [input(g, 'x', [2, 4])]), [2, 4]),
      { x },
      { x: new Array<number>(8).fill(0) },
      6,
    );
    // Weights minus their sum at the one class that has all probability.
    await expectGradients(
      (g) => weighted(g, g.op('LogSoftmax', [input(g, 'x', [2, 4])]), [2, 4]),
      { x },
      { x: [1, 2, 3, 4 - 10, 5 - 26, 6, 7, 8] },
      4,
    );
  });
});
