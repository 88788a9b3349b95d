// A strided maximum pool and the Relu before it change places only where nobody sees the difference.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { poolBeforeConcat, poolBeforeRelu } from '../../src/compile/commute.js';
import { differentiate } from '../../src/compile/differentiate.js';
import { specialize } from '../../src/compile/specialize.js';
import { openSession, createOrtEngine, dialectModel, probe } from '../../src/engine/ort.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Graph } from '../../src/onnx/graph.js';
import { uniform } from '../ops/case.js';

const DIMS = [2, 3, 7, 8];
const pool = (g: GraphBuilder, x: string, stride: number): string =>
  g.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [stride, stride], pads: [1, 1, 1, 1] });

async function graphOf(build: (g: GraphBuilder, x: string) => string): Promise<Graph> {
  const g = new GraphBuilder('commute');
  g.output(build(g, g.input('x', 'float32', DIMS)), 'y');
  return specialize(g.build(), {}, probe, adapters);
}
const ops = (graph: Graph): string[] => graph.nodes.map((n) => n.op).filter((op) => op !== 'Identity');

/** The same numbers from both graphs. */
async function expectSame(before: Graph, after: Graph): Promise<void> {
  const feeds = { x: uniform(DIMS, 700) };
  const [a, b] = await Promise.all(
    [before, after].map(async (graph) => {
      const program = await openSession(encodeModel(dialectModel(graph)), { threads: 1, optimize: 'disabled' });
      const results = await program.run(feeds);
      await program.dispose();
      return results;
    }),
  );
  expect(Object.keys(a!)).toEqual(Object.keys(b!));
  for (const name of Object.keys(a!)) expect(b![name]!.data).toEqual(a![name]!.data);
}

describe('changes places', () => {
  test('behind a Relu', async () => {
    const graph = await graphOf((g, x) => pool(g, g.op('Relu', [g.op('Sin', [x])]), 2));
    const after = poolBeforeRelu(graph);
    expect(ops(after)).toEqual(['Sin', 'MaxPool', 'Relu']);
    await expectSame(graph, after);
  });

  test('behind a Concat of Relus', async () => {
    const graph = await graphOf((g, x) => {
      const parts = ['Sin', 'Cos', 'Tanh'].map((op) => g.op('Relu', [g.op(op, [x])]));
      return pool(g, g.op('Concat', parts, { axis: 1 }), 2);
    });
    const after = poolBeforeRelu(graph);
    expect(ops(after).slice(-3)).toEqual(['Concat', 'MaxPool', 'Relu']);
    expect(ops(after).filter((op) => op === 'Relu')).toHaveLength(1);
    await expectSame(graph, after);
  });

  test('the gradient is that of the graph as it was', async () => {
    const graph = await graphOf((g, x) => {
      const y = pool(g, g.op('Relu', [x]), 2);
      return g.op('ReduceSum', [g.mul(y, y)], { keepdims: 0 });
    });
    const x = uniform(DIMS, 701);
    const program = await createOrtEngine(adapters, { threads: 1 }).compile(
      differentiate(graph, { of: 'y', wrt: [{ name: 'x', as: 'dx' }] }, adapters),
    );
    const dx = (await program.run({ x }))['dx']!.data as Float32Array;
    await program.dispose();
    // By hand: 2 y at the first maximum of each window where it is positive.
    const expected = new Float32Array(dx.length);
    const [n, c, h, w] = DIMS as [number, number, number, number];
    const source = x.data as Float32Array;
    for (let plane = 0; plane < n * c; plane++) {
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 4; j++) {
          let best = -1;
          for (let r = 2 * i - 1; r <= 2 * i + 1; r++)
            for (let s = 2 * j - 1; s <= 2 * j + 1; s++) {
              const at = (plane * h + r) * w + s;
              if (r >= 0 && s >= 0 && r < h && s < w && (best < 0 || source[at]! > source[best]!)) best = at;
            }
          if (source[best]! > 0) expected[best] = expected[best]! + 2 * source[best]!;
        }
      }
    }
    expect(Array.from(dx)).toEqual(Array.from(expected, (v) => expect.closeTo(v, 5)));
  });
});

test.each<[string, (g: GraphBuilder, x: string) => string]>([
  ['a pool of stride 1', (g, x) => pool(g, g.op('Relu', [x]), 1)],
  ['a Relu that something else reads', (g, x) => {
    const r = g.op('Relu', [x]);
    return g.op('Concat', [pool(g, r, 2), pool(g, g.op('Tanh', [r]), 2)], { axis: 1 });
  }], // prettier-ignore
  ['a Concat with another op in it', (g, x) =>
    pool(g, g.op('Concat', [g.op('Relu', [x]), g.op('Tanh', [x])], { axis: 1 }), 2)], // prettier-ignore
  ['a Relu that is a graph output', (g, x) => {
    const r = g.op('Relu', [x]);
    g.output(r, 'seen');
    return pool(g, r, 2);
  }], // prettier-ignore
])('stays: %s', async (_, build) => {
  const graph = await graphOf(build);
  expect(poolBeforeRelu(graph)).toBe(graph);
});

describe('a pool before a Concat', () => {
  const WIDE = [1, 32, 9, 10];
  /** Two convolutions side by side, pooled, and what `end` makes of it. */
  const fire = async (op: 'MaxPool' | 'AveragePool', end: (g: GraphBuilder, pooled: string) => string): Promise<Graph> => {
    const g = new GraphBuilder('fire');
    const x = g.input('x', 'float32', WIDE);
    const conv = (v: string, dims: number[], seed: number): string =>
      g.op('Conv', [v, g.constant(uniform(dims, seed))], { pads: dims[2] === 3 ? [1, 1, 1, 1] : [0, 0, 0, 0] });
    const sides = [g.op('Relu', [conv(x, [16, 32, 1, 1], 710)]), g.op('Relu', [conv(x, [48, 32, 3, 3], 711)])];
    const pooled = g.op(op, [g.op('Concat', sides, { axis: 1 })], { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 1, 0] });
    const made = conv(end(g, pooled), [16, 64, 1, 1], 712);
    g.output(g.reduceSum(g.mul(made, g.op('Sin', [made])), [0, 1, 2, 3], false), 'loss');
    return specialize(g.build(), {}, probe, adapters);
  };
  const gradient = async (graph: Graph): Promise<{ nodes: string[]; dx: Float32Array }> => {
    const made = differentiate(graph, { of: 'loss', wrt: [{ name: 'x', as: 'dx' }] }, adapters);
    const program = await createOrtEngine(adapters, { threads: 1 }).compile(made);
    const { dx } = await program.run({ x: uniform(WIDE, 713) });
    await program.dispose();
    return { nodes: ops(made), dx: dx!.data as Float32Array };
  };

  test.each(['MaxPool', 'AveragePool'] as const)('%s: where convolutions read it, nothing is split', async (op) => {
    // Max with something that is never reached keeps pool and Concat where they are: the same gradient by the other way.
    const graph = await fire(op, (_, pooled) => pooled);
    const after = poolBeforeConcat(graph);
    expect(ops(after).filter((name) => name === op)).toHaveLength(2);
    const feeds = { x: uniform(WIDE, 713) };
    const run = async (of: Graph): Promise<unknown> => {
      const program = await openSession(encodeModel(dialectModel(of)), { threads: 1, optimize: 'disabled' });
      const { loss } = await program.run(feeds);
      await program.dispose();
      return loss!.data;
    };
    expect(await run(after)).toEqual(await run(graph));
    const parts = await gradient(graph);
    expect(parts.nodes).not.toContain('Split');
    const split = await gradient(await fire(op, (g, pooled) => g.op('Max', [pooled, g.scalar(-1e30)])));
    expect(split.nodes).toContain('Split');
    const size = split.dx.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    expect(size).toBeGreaterThan(0.01);
    parts.dx.forEach((v, i) => expect(Math.abs(v - split.dx[i]!)).toBeLessThan(1e-5 * size));
  });

  test.each<[string, (g: GraphBuilder, pooled: string) => string]>([
    ['something else reads the pool', (g, pooled) => g.op('Abs', [pooled])],
    ['the pool is an output', (g, pooled) => g.output(pooled, 'seen')],
  ])('stays where %s', async (_, end) => {
    const graph = await fire('MaxPool', end);
    expect(poolBeforeConcat(graph)).toBe(graph);
  });
});
