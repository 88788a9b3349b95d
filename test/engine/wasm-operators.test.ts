// tfjs wasm keeps XNNPACK operators by the data of their weights. One piece of data under two shapes, in both orders, again and after its end.
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { gradientOf, type Engine } from '../../src/engine/engine.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

let engine: Engine;
beforeAll(async () => {
  engine = await createTfEngine(adapters, { backend: 'wasm' });
});
afterEach(() => {
  tf.disposeVariables();
});

/** Inputs and weights of any rank: the table knows which. */
const tensorOf = (values: number[], dims: number[]): never => tf.tensor(values, dims) as never;
const numbers = (n: number, start: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(start + i));
type Shapes = readonly [number[], number[]];

/** Uses of 48 numbers as the weights of an op, under a shape; each on an input of its own. */
const OPS: Readonly<Record<string, { shapes: Shapes; use: (w: tf.Tensor) => tf.Tensor }>> = {
  matMul: {
    shapes: [[12, 4], [3, 16]], // prettier-ignore
    use: (w) => tf.matMul(tensorOf(numbers(5 * w.shape[0], 1), [5, w.shape[0]]), w),
  },
  'matMul, one row and one column': {
    shapes: [[48, 1], [1, 48]], // prettier-ignore
    use: (w) => tf.matMul(tensorOf(numbers(3 * w.shape[0], 1), [3, w.shape[0]]), w),
  },
  _fusedMatMul: {
    shapes: [[12, 4], [3, 16]], // prettier-ignore
    use: (w) =>
      tf.fused.matMul({
        a: tensorOf(numbers(5 * w.shape[0], 1), [5, w.shape[0]]),
        b: w,
        bias: tf.tensor1d(numbers(w.shape[1]!, 2)),
        activation: 'relu',
      }),
  },
  conv2d: {
    shapes: [[2, 2, 3, 4], [1, 2, 4, 6]], // prettier-ignore
    use: (w) => tf.conv2d(tensorOf(numbers(25 * w.shape[2]!, 3), [1, 5, 5, w.shape[2]!]), w as never, 1, 'valid'),
  },
  'conv2d 1x1': {
    shapes: [[1, 1, 12, 4], [1, 1, 6, 8]], // prettier-ignore
    use: (w) => tf.conv2d(tensorOf(numbers(25 * w.shape[2]!, 3), [1, 5, 5, w.shape[2]!]), w as never, 1, 'valid'),
  },
  depthwiseConv2d: {
    shapes: [[2, 2, 12, 1], [2, 2, 4, 3]], // prettier-ignore
    use: (w) => tf.depthwiseConv2d(tensorOf(numbers(25 * w.shape[2]!, 4), [1, 5, 5, w.shape[2]!]), w as never, 1, 'valid'),
  },
  prelu: {
    shapes: [[48], [1, 48]],
    use: (w) => tf.prelu(tensorOf(numbers(96, 5), [2, 48]), w),
  },
};

describe.each(Object.keys(OPS))('%s with the same data under two shapes', (op) => {
  const { shapes, use } = OPS[op]!;

  test.each([
    ['one way', shapes],
    ['the other way', shapes.toReversed() as unknown as Shapes],
  ])('%s', (_, [first, second]) => {
    for (let round = 0; round < 3; round++) {
      tf.tidy(() => {
        const shared = tensorOf(numbers(48, 10 * round), first);
        const apart = tensorOf(numbers(48, 10 * round), second);
        const expected = [use(shared), use(apart)].map((t) => t.dataSync());
        const other = tf.reshape(shared, second);
        const copied = [use(other), use(shared), use(other.clone())].map((t) => t.dataSync());
        expect(copied[0]).toEqual(expected[1]);
        expect(copied[1]).toEqual(expected[0]);
        expect(copied[2]).toEqual(expected[1]);
      });
    }
  });

  test('leaves nothing behind', () => {
    const once = (): void => {
      tf.tidy(() => {
        const shared = tensorOf(numbers(48, 1), shapes[0]);
        use(shared);
        use(tf.reshape(shared, shapes[1]));
      });
    };
    const count = (): number => (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
    once();
    const before = count();
    once();
    expect(count()).toBe(before);
  });
});

test.each([
  [
    [2, 0],
    [0, 3],
  ],
  [
    [0, 3],
    [3, 2],
  ],
  [
    [1, 2, 0],
    [1, 0, 3],
  ],
])('a product over no elements is zero: %j x %j', (a, b) => {
  // What was in this memory before must not show.
  tf.tidy(() => tf.fill([6], 7));
  const y = tf.tidy(() => tf.matMul(tf.zeros(a), tf.zeros(b)));
  expect(y.shape).toEqual([...a.slice(0, -1), b.at(-1)]);
  expect([...y.dataSync()].every((v) => v === 0)).toBe(true);
  y.dispose();
});

/** x [6] once as a column and once as a row on the right of a product: a shape that Reshape gave, or a Transpose that moves nothing. */
async function dotThenRow(order: 'column first' | 'row first', by: 'Reshape' | 'Transpose'): Promise<Record<string, number[]>[]> {
  const g = new GraphBuilder('dot');
  const x = g.input('x', 'float32', [6, 1]);
  const row = by === 'Reshape' ? g.reshape(x, [1, 6]) : g.transpose(x, [1, 0]);
  const left = (dims: number[]): string => g.input(`a${dims.join('x')}`, 'float32', dims);
  const column = (): string => g.matMul(left([2, 6]), x);
  const rows = (): string => g.matMul(left([2, 1]), row);
  const products = order === 'column first' ? [column(), rows()] : [rows(), column()];
  const sums = products.map((p) => g.reduceSum(g.mul(p, p), [0, 1], false));
  products.forEach((p, i) => g.output(p, `y${i}`));
  g.output(g.add(sums[0]!, sums[1]!), 'loss');
  const graph = await specialize(g.build(), {}, probe, adapters);
  const feeds = Object.fromEntries(
    graph.inputs.map((i, k) => {
      const dims = i.dims as number[];
      return [i.name, float32(Float32Array.from(numbers(dims[0]! * dims[1]!, k)), dims)];
    }),
  );
  const results: Record<string, number[]>[] = [];
  for (const e of [engine, createOrtEngine(adapters, { threads: 1 })]) {
    const program = await e.gradient(graph, 'loss', ['x']);
    let out = await program.run(feeds);
    // Twice: the second run finds what the first one kept.
    out = await program.run(feeds);
    results.push(Object.fromEntries(['y0', 'y1', gradientOf('x')].map((n) => [n, [...toFloat32(out[n]!)]])));
    await program.dispose();
  }
  return results;
}

describe.each(['Reshape', 'Transpose'] as const)('in a graph, the shape by %s', (by) => {
  test.each(['column first', 'row first'] as const)('%s', async (order) => {
    const [wasm, ort] = await dotThenRow(order, by);
    for (const [name, expected] of Object.entries(ort!)) {
      expect(wasm![name]).toHaveLength(expected.length);
      expected.forEach((v, i) => expect(wasm![name]![i]).toBeCloseTo(v, 4));
    }
  });
});
