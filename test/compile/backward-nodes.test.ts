// The graph that differentiating makes: no more nodes than a gradient reaches, a reason where a rule is missing, rules that have rules.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { defineOp, todo } from '../../adapters/op.js';
import { differentiate } from '../../src/compile/differentiate.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { gradientOf } from '../../src/engine/engine.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { graphOf, input, numbers, ort, sum, weighted, x } from '../support/corner.js';
import { uniform } from '../ops/case.js';

describe('only the nodes that a gradient reaches', () => {
  /** Ops that name a value or spread the cotangent of a sum; how often they are needed is not the point. */
  const PLACING = new Set(['Identity', 'Reshape', 'Expand']);
  /** The other ops that differentiating added, in order. */
  async function added(build: (g: GraphBuilder) => string, ...wrt: string[]): Promise<string[]> {
    const graph = await graphOf(build);
    const made = differentiate(graph, { of: 'loss', wrt: wrt.map((name) => ({ name, as: gradientOf(name) })) }, adapters);
    const before = new Set(graph.nodes.flatMap((n) => n.outputs));
    expect(graph.nodes.every((n) => made.nodes.some((m) => m.outputs.join() === n.outputs.join()))).toBe(true);
    return made.nodes.filter((n) => !before.has(n.outputs[0]!) && !PLACING.has(n.op)).map((n) => n.op);
  }

  const branches = (g: GraphBuilder): string => {
    const a = g.op('Tanh', [input(g, 'a')]);
    const b = g.op('Sigmoid', [g.op('Exp', [g.op('Sin', [input(g, 'b')])])]);
    return sum(g, g.mul(a, b));
  };
  test('a branch that does not depend on the inputs asked for has no backward nodes', async () => {
    // The sum's cotangent spread, times the other operand, then Tanh: dy (1 - y y).
    expect(await added(branches, 'a')).toEqual(['Mul', 'Mul', 'Sub', 'Mul']);
    const other = await added(branches, 'b');
    expect(other).not.toContain('Tanh');
    // The sum and the product as before; Sigmoid: Mul, Sub, Mul; Exp: Mul; Sin: Cos, Mul.
    expect(other).toEqual(['Mul', 'Mul', 'Sub', 'Mul', 'Mul', 'Cos', 'Mul']);
    // What both share is made once.
    expect((await added(branches, 'a', 'b')).length).toBe(4 + 7);
  });

  test('a branch that does not lead to the loss has none', async () => {
    const build = (g: GraphBuilder): string => {
      g.output(g.op('Softmax', [g.op('Exp', [input(g)])]), 'aside');
      return sum(g, g.op('Neg', ['x']));
    };
    expect(await added(build, 'x')).toEqual(['Neg']);
  });

  test('a product with a constant weight has no gradient of the weight', async () => {
    const build = (g: GraphBuilder): string => sum(g, g.matMul(input(g), g.constant(uniform([2, 3], 50))));
    expect(await added(build, 'x')).toEqual(['Gemm']);
  });

  test('an input of no influence costs nothing', async () => {
    const build = (g: GraphBuilder): string => {
      input(g, 'aside', [3]);
      return sum(g, g.cast(g.cast(input(g), 6), 1));
    };
    expect(await added(build, 'x', 'aside')).toEqual([]);
  });

  test('of the parts of a Concat and of the outputs of a Split only those on the way', async () => {
    const concat = (g: GraphBuilder): string =>
      sum(g, g.op('Exp', [g.op('Concat', [input(g, 'a'), input(g, 'b'), input(g, 'c')], { axis: 0 })]));
    expect((await added(concat, 'b')).filter((op) => op === 'Slice' || op === 'Split')).toEqual(['Slice']);
    expect((await added(concat, 'a', 'b', 'c')).filter((op) => op === 'Slice' || op === 'Split')).toEqual(['Split']);
    const split = (g: GraphBuilder): string =>
      sum(g, g.op('Exp', [g.ops('Split', [input(g, 'a', [2, 6]), g.ints([1, 3, 2])], 3, { axis: 1 })[1]!]));
    expect(await added(split, 'a')).toEqual(['Mul', 'Pad']);
  });
});

describe('an op without a rule', () => {
  const bare = [...adapters, defineOp({ op: 'Tanh', versions: [13], attributes: {}, vjp: todo('nobody wrote it') })];
  test('is named when it is on the way, and so is every other', async () => {
    const graph = await graphOf((g) => sum(g, g.mul(g.op('Tanh', [input(g)]), g.op('Tanh', [g.neg('x')]))));
    const [first, second] = graph.nodes.filter((n) => n.op === 'Tanh').map((n) => n.name);
    const reason = 'no gradient rule: nobody wrote it';
    expect(() => differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, bare)).toThrow(
      `No gradient can be derived in ONNX:\n  - Tanh '${second}': ${reason}\n  - Tanh '${first}': ${reason}`,
    );
  });
  test('is named behind another one too', async () => {
    const graph = await graphOf((g) => sum(g, g.op('Tanh', [g.op('Exp', [g.op('Tanh', [input(g)])])])));
    const [first, second] = graph.nodes.filter((n) => n.op === 'Tanh').map((n) => `Tanh '${n.name}'`);
    const message = (): string => {
      try {
        differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, bare);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(message()).toContain(first);
    expect(message()).toContain(second);
  });
  test('is no matter elsewhere', async () => {
    const graph = await graphOf((g) => sum(g, g.mul(input(g), g.op('Tanh', [input(g, 'other')]))));
    const made = differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, bare);
    const results = await (await ort.compile(made)).run({ x, other: float32([0, 0, 0, 0], [2, 2]) });
    expect(numbers(results.dx!)).toEqual([0, 0, 0, 0]);
  });
});

describe('gradients of gradients', () => {
  test('the rules emit ops that have rules: second derivatives of x^3 and of log softmax', async () => {
    const second = async (build: (g: GraphBuilder) => string, feed: Tensor): Promise<number[]> => {
      const first = differentiate(await graphOf(build), { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, adapters);
      const g = GraphBuilder.from(first);
      g.output(weighted(g, 'dx', feed.dims), 'slope');
      const graph = await specialize(g.build(), {}, probe, adapters);
      const program = await ort.gradient(graph, 'slope', ['x']);
      return numbers((await program.run({ x: feed }))[gradientOf('x')]!);
    };
    expect(await second((g) => sum(g, g.mul(g.mul(input(g), 'x'), 'x')), x)).toEqual([6, -24, 54, 96]);
    // -log p0 has the Hessian diag(p) - p p', here times (1, 2).
    const p = 1 / (1 + Math.exp(1));
    const made = await second(
      (g) => g.neg(sum(g, g.slice(g.op('LogSoftmax', [input(g, 'x', [1, 2])], { axis: 1 }), [0], [1], [1]))),
      float32([1, 2], [1, 2]),
    );
    const v = p * (1 - p);
    expect(made).toEqual([expect.closeTo(v - 2 * v, 6), expect.closeTo(-v + 2 * v, 6)]);
  });
});
