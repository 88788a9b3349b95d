// Corners of reverse-mode differentiation: shared values, side paths, constants, what nothing depends on. Expected numbers by hand.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { differentiate } from '../../src/compile/differentiate.js';
import { specialize } from '../../src/compile/specialize.js';
import { bool, float32, int64 } from '../../src/core/tensor.js';
import { gradientOf } from '../../src/engine/engine.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { engines, expectGradients, graphOf, input, numbers, ort, sum, weighted, x } from '../support/corner.js';

describe('a value used more than once', () => {
  test('twice', () =>
    expectGradients(
      (g) => {
        const h = g.mul(input(g), g.scalar(2));
        return g.add(weighted(g, h, [2, 2]), sum(g, h));
      },
      { x },
      { x: [4, 6, 8, 10] },
    ));
  test('three times, one of them behind another', () =>
    expectGradients(
      (g) => {
        const h = g.mul(input(g), g.scalar(2));
        const r = g.op('Relu', [h]);
        return sum(g, g.add(g.add(g.mul(r, h), h), r));
      },
      { x },
      // h relu(h) + h + relu(h) with h = 2x: 2 (2h + 2) above zero, 2 below.
      { x: [12, 2, 28, 36] },
    ));
  test('as an output of the graph as well', async () => {
    const g = new GraphBuilder('corner');
    const h = g.mul(input(g), g.scalar(3));
    g.output(h, 'h');
    g.output(sum(g, g.mul(h, h)), 'loss');
    const graph = await specialize(g.build(), {}, probe, adapters);
    for (const engine of engines) {
      const results = await (await engine.gradient(graph, 'loss', ['x'])).run({ x });
      expect(numbers(results.h!)).toEqual([3, -6, 9, 12]);
      expect(numbers(results[gradientOf('x')]!)).toEqual([18, -36, 54, 72]);
    }
  });
});

describe('the same value as both inputs of one op', () => {
  const positive = float32([1, 2, 3, 4], [2, 2]);
  test.each<[string, (g: GraphBuilder, x: string) => string, readonly number[]]>([
    ['Add', (g, v) => g.add(v, v), [2, 4, 6, 8]],
    ['Mul', (g, v) => g.mul(v, v), [2, 8, 18, 32]],
    ['Sub', (g, v) => g.sub(v, v), [0, 0, 0, 0]],
    ['Div', (g, v) => g.div(v, v), [0, 0, 0, 0]],
    // dy x' + x' dy with dy = [[1, 2], [3, 4]].
    ['MatMul', (g, v) => g.matMul(v, v), [5 + 10, 11 + 14, 11 + 14, 25 + 20]],
    ['Gemm, three times', (g, v) => g.op('Gemm', [v, v, v]), [16, 27, 28, 49]],
    // dy + dy': the product of x and its own transpose, times x.
    ['Gemm, transposed', (g, v) => g.op('Gemm', [v, v], { transB: 1 }), [2 + 15, 4 + 20, 5 + 24, 10 + 32]],
    ['Max: the first takes all', (g, v) => g.op('Max', [v, v]), [1, 2, 3, 4]],
    ['Sum of three', (g, v) => g.op('Sum', [v, v, v]), [3, 6, 9, 12]],
    ['Mean of three and a fourth', (g, v) => g.op('Mean', [v, v, v, g.scalar(1)]), [0.75, 1.5, 2.25, 3]],
    ['Where', (g, v) => g.where(g.constant(bool([true, false])), v, v), [1, 2, 3, 4]],
    ['Where by itself', (g, v) => g.where(g.greater(v, g.scalar(2)), v, g.mul(v, g.scalar(5))), [5, 10, 3, 4]],
  ])('%s', (_name, op, gradient) =>
    expectGradients((g) => weighted(g, op(g, input(g)), [2, 2]), { x: positive }, { x: gradient }),
  );

  test('Concat', () =>
    expectGradients((g) => weighted(g, g.op('Concat', [input(g), 'x'], { axis: 1 }), [2, 4]), { x }, { x: [4, 6, 12, 14] }));
  test('Pow: x^x (log x + 1)', () =>
    expectGradients(
      (g) => weighted(g, g.op('Pow', [input(g), 'x']), [2, 2]),
      { x: positive },
      { x: [1, 2, 3, 4].map((v, i) => (i + 1) * v ** v * (Math.log(v) + 1)) },
      3,
    ));
  test('PRelu: x below zero has slope x, so x^2', () =>
    expectGradients((g) => sum(g, g.op('PRelu', [input(g), 'x'])), { x }, { x: [1, -4, 1, 1] }));
  test('Conv of a picture with itself', () =>
    expectGradients(
      // One output: the sum of squares.
      (g) => sum(g, g.op('Conv', [input(g, 'x', [1, 1, 2, 2]), 'x'])),
      { x: float32([1, -2, 3, 4], [1, 1, 2, 2]) },
      { x: [2, -4, 6, 8] },
    ));
});

describe('side paths', () => {
  test('an output of Split that nobody uses, and one that only a comparison reads', () =>
    expectGradients(
      (g) => {
        const [first, , third] = g.ops('Split', [input(g, 'x', [2, 6]), g.ints([1, 3, 2])], 3, { axis: 1 });
        return sum(g, g.where(g.greater(first!, g.zero), third!, g.zero));
      },
      { x: float32([1, 2, 3, 4, 5, 6, -1, 2, 3, 4, 5, 6], [2, 6]) },
      { x: [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0] },
    ));
  test('through a bool, back to floats', () =>
    expectGradients((g) => weighted(g, g.mul(input(g), g.cast(g.greater('x', g.zero), 1)), [2, 2]), { x }, { x: [1, 0, 3, 4] }));
  test('through whole numbers, back to floats', () =>
    expectGradients(
      (g) => weighted(g, g.mul(input(g), g.cast(g.cast('x', 7), 1)), [2, 2]),
      { x: float32([1.5, -2.5, 3.25, 4], [2, 2]) },
      { x: [1, -4, 9, 16] },
    ));
  test('step functions: x floor(x), and the sign alone', async () => {
    const at = float32([1.5, -2.5, 3.25, 4.5], [2, 2]);
    await expectGradients((g) => weighted(g, g.mul(input(g), g.op('Floor', ['x'])), [2, 2]), { x: at }, { x: [1, -6, 9, 16] });
    await expectGradients((g) => sum(g, g.op('Sign', [input(g)])), { x: at }, { x: [0, 0, 0, 0] });
  });
  test('an index that the input itself decides', () =>
    expectGradients(
      // Row argmax(x) of a table: the table has a gradient, x has one through the product alone.
      (g) => {
        const row = g.op('Gather', [input(g, 'table', [4, 2]), g.op('ArgMax', [input(g)], { axis: 1, keepdims: 0 })]);
        return weighted(g, g.mul(row, 'x'), [2, 2]);
      },
      { x, table: float32([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]) },
      { x: [1, 4, 9, 16], table: [1, -4, 9, 16, 0, 0, 0, 0] },
    ));
  test('whole numbers as a further input of the model', () =>
    expectGradients(
      (g) => weighted(g, g.op('Gather', [input(g), g.input('i', 'int64', [3])]), [3, 2]),
      { x, i: int64([1, 1, -2]) },
      { x: [5, 6, 4, 6] },
    ));
  test('the shape of the input', () =>
    expectGradients((g) => sum(g, g.mul(input(g), g.cast(g.op('Size', ['x']), 1))), { x }, { x: [4, 4, 4, 4] }));
});

describe('constants', () => {
  test('before, on and behind the path', () =>
    expectGradients(
      (g) => {
        const w = g.constant(float32([1, 2, 3, 4], [2, 2]));
        const h = g.op('Relu', [g.add(g.matMul(w, input(g)), g.op('Exp', [g.zero]))]);
        return sum(g, g.mul(g.matMul(h, w), g.scalar(2)));
      },
      { x: float32([1, 2, 3, 4], [2, 2]) },
      { x: [24, 56, 36, 84] },
    ));
  test('are differentiated by when asked', async () => {
    const g = new GraphBuilder('corner');
    const w = g.constant(float32([2, 1, 0, -1, 3, 1], [2, 3]), 'w');
    g.output(weighted(g, g.op('Gemm', [input(g), w, g.constant(float32([1, 2, 3]), 'b')]), [2, 3]), 'loss');
    const graph = await specialize(g.build(), {}, probe, adapters);
    const wrt = ['x', 'w', 'b'].map((name) => ({ name, as: gradientOf(name) }));
    const results = await (await ort.compile(differentiate(graph, { of: 'loss', wrt }, adapters))).run({ x });
    expect(numbers(results[gradientOf('x')]!)).toEqual([4, 8, 13, 17]);
    expect(numbers(results[gradientOf('w')]!)).toEqual([13, 17, 21, 14, 16, 18]);
    expect(numbers(results[gradientOf('b')]!)).toEqual([5, 7, 9]);
  });
});

describe('what nothing depends on', () => {
  test('an input left aside, one behind whole numbers, one of no effect', () =>
    expectGradients(
      (g) => {
        input(g, 'aside', [3]);
        const whole = g.cast(g.cast(input(g, 'whole', [2, 2]), 6), 1);
        return sum(g, g.mul(g.mul(input(g), whole), g.sub(input(g, 'cancelled', []), 'cancelled')));
      },
      { x, aside: float32([1, 2, 3]), whole: x, cancelled: float32([3], []) },
      { aside: [0, 0, 0], whole: [0, 0, 0, 0], x: [0, 0, 0, 0], cancelled: [0] },
    ));
  test('a loss that is constant', () =>
    expectGradients(
      (g) => {
        input(g);
        return g.op('Exp', [g.zero]);
      },
      { x },
      { x: [0, 0, 0, 0] },
    ));
  test('the loss is an input: 1 by itself, 0 by another', async () => {
    const g = new GraphBuilder('corner');
    input(g, 'x', [1, 1]);
    input(g, 'other', [2]);
    g.output('x', 'y');
    const graph = g.build();
    const wrt = ['x', 'other'].map((name) => ({ name, as: gradientOf(name) }));
    const program = await ort.compile(differentiate(graph, { of: 'x', wrt }, adapters));
    const results = await program.run({ x: float32([7], [1, 1]), other: float32([1, 2]) });
    expect(results[gradientOf('x')]!.dims).toEqual([1, 1]);
    expect([numbers(results.y!), numbers(results[gradientOf('x')]!), numbers(results[gradientOf('other')]!)]).toEqual([
      [7],
      [1],
      [0, 0],
    ]);
    await expectGradients((b) => input(b, 'x', [1, 1]), { x: float32([7], [1, 1]) }, { x: [1] });
  });
  test('the gradient of more than one number is refused', async () => {
    const graph = await graphOf((g) => g.mul(input(g), g.scalar(2)));
    expect(() => differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, adapters)).toThrow(
      "Gradients are taken of one number; 'loss' has shape [2,2].",
    );
  });
});
