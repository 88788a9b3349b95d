// What a node asks for is foretold exactly, against the sizes that onnxruntime really makes; and graphs are run in as few pieces as can be.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { canGrow, extentsOf, type Known } from '../../src/compile/extents.js';
import { adapterTable } from '../../src/compile/static.js';
import { measure, type Probe } from '../../src/compile/measure.js';
import { float32, int64, sizeOf, toNumbers, type Tensor } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder, renameNode } from '../../src/onnx/builder.js';
import type { Graph, Node } from '../../src/onnx/graph.js';
import { feedsOf, modelOf, type OpCase } from '../ops/case.js';

const cases: OpCase[] = [];
for (const file of readdirSync(new URL('../ops/', import.meta.url)).filter((f) => f.endsWith('.cases.ts')))
  for (const value of Object.values((await import(`../ops/${file}`)) as object))
    if (Array.isArray(value)) cases.push(...(value as OpCase[]));

const find = adapterTable(adapters);
const valuesOf = (graph: Graph): string[] => graph.nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));
const seen = new Set<string>();
/** Ops that made more than they were given, and do not say that they grow. */
const unsaid = new Set<string>();

/** Resize that keeps the aspect ratio is bounded, all others are told exactly. */
const bounded = (node: Node): boolean =>
  node.op === 'Resize' && ![undefined, 'stretch'].includes(node.attributes['keep_aspect_ratio_policy']?.value as string);

/** What the rules say of each node of a case, against the values that it really makes. */
function compare(
  { oneCase, feeds, graph }: { oneCase: OpCase; feeds: Record<string, Tensor>; graph: Graph },
  valueOf: (name: string) => Tensor | undefined,
): void {
  const of = (name: string): Tensor | undefined => graph.constants.get(name) ?? feeds[name] ?? valueOf(name);
  const known: Known = { dims: (name) => of(name)?.dims, value: of };
  for (const node of graph.nodes) {
    const adapter = find(node);
    const found = extentsOf(node, known, adapter)?.outputs;
    const where = `${oneCase.name} (opset ${oneCase.opset}): ${node.op}`;
    // A growing op that no rule can tell would run unguarded. What NonZero makes depends on every element: `workspace` bounds it.
    if (canGrow(adapter) && node.op !== 'NonZero') expect([where, found !== undefined]).toEqual([where, true]);
    const given = node.inputs.reduce((sum, name) => sum + sizeOf(of(name)?.dims ?? [0]), 0);
    const makes = Math.max(...node.outputs.map((name) => sizeOf(valueOf(name)?.dims ?? [0])));
    if (makes > given && !canGrow(adapter)) unsaid.add(node.op);
    found?.forEach((dims, i) => {
      const made = valueOf(node.outputs[i] ?? '')?.dims;
      if (!made) return;
      seen.add(node.op);
      if (bounded(node)) expect(sizeOf(dims)).toBeGreaterThanOrEqual(sizeOf(made));
      else expect([where, ...dims]).toEqual([where, ...made]);
    });
  }
}

/** Cases that are run in one session: opening one takes longer than running an op. */
const TOGETHER = 64;

/** Graphs beside each other in one, the values of the i-th under `named(i)`. */
const beside = (graphs: readonly Graph[]): Graph => ({
  ...graphs[0]!,
  inputs: graphs.flatMap((g, i) => g.inputs.map((x) => ({ ...x, name: named(i)(x.name) }))),
  constants: new Map(graphs.flatMap((g, i) => [...g.constants].map(([name, t]) => [named(i)(name), t] as const))),
  nodes: graphs.flatMap((g, i) => g.nodes.map((n) => renameNode(n, named(i)))),
  outputs: [],
  types: new Map(),
});
const named =
  (i: number) =>
  (name: string): string =>
    name === '' ? '' : `${i}/${name}`;

test('every case of every op', async () => {
  for (let from = 0; from < cases.length; from += TOGETHER) {
    const some = cases.slice(from, from + TOGETHER).map((oneCase) => ({
      oneCase,
      feeds: feedsOf(oneCase),
      graph: canonicalize(modelOf(oneCase), adapters),
    }));
    const graph = beside(some.map((c) => c.graph));
    const feeds = some.flatMap((c, i) => Object.entries(c.feeds).map(([name, t]) => [named(i)(name), t] as const));
    const values = await probe(graph, Object.fromEntries(feeds), valuesOf(graph));
    for (const [i, each] of some.entries()) compare(each, (name) => values.get(named(i)(name)));
  }
  expect([...unsaid]).toEqual([]);
  // Ops of which no case was compared would be untested.
  for (const op of [
    'Conv',
    'Split',
    'Slice',
    'ConvTranspose',
    'MaxPool',
    'AveragePool',
    'Resize',
    'Pad',
    'Tile',
    'Expand',
    'Range',
    'OneHot',
    'Einsum',
    'Attention',
    'MultiHeadAttention',
    'FusedMatMul',
  ])
    expect([op, seen.has(op)]).toEqual([op, true]);
}, 120_000);

describe('runs', () => {
  const pieces = (): { runs: number[]; counting: Probe } => {
    const runs: number[] = [];
    return { runs, counting: (graph, feeds, wanted) => (runs.push(graph.nodes.length), probe(graph, feeds, wanted)) };
  };
  const x: Tensor = float32([1, 2, 3, 4, 5, 6], [2, 3]);

  test('a network of known shapes in one piece', async () => {
    const g = new GraphBuilder();
    const input = g.input('x', 'float32', [2, 3]);
    const y = g.add(g.op('Relu', [g.matMul(input, g.constant(float32(new Float32Array(12).fill(1), [3, 4])))]), g.scalar(1));
    g.output(g.op('Tile', [y, g.constant(int64([2, 1]))]), 'y');
    const { runs, counting } = pieces();
    const values = await measure(g.build(), { x }, counting, adapters);
    expect(runs).toEqual([5]);
    expect(values.get('y')!.dims).toEqual([4, 4]);
  });

  test('sizes that are computed: what they depend on first, and the same values as in one run', async () => {
    const g = new GraphBuilder();
    const input = g.input('x', 'float32', [2, 3]);
    // [2,3] + 1, by way of floats: Shape, Cast, Add, Cast must run before anyone can know how much ConstantOfShape asks for.
    const shape = g.cast(g.add(g.cast(g.op('Shape', [input]), 1), g.scalar(1)), 7);
    const filled = g.op('ConstantOfShape', [shape]);
    g.output(g.add(g.op('ReduceSum', [input], { keepdims: 0 }), filled), 'y');
    const { runs, counting } = pieces();
    const values = await measure(g.build(), { x }, counting, adapters);
    expect(runs).toEqual([4, 4]);
    expect(values.get('y')!.dims).toEqual([3, 4]);
    expect(Array.from(toNumbers(values.get('y')!))).toEqual(new Array(12).fill(21));
  });
});
