// Which values may get an infinite gradient, or be replaced behind: near an op without a bounded derivative only, so that networks lose no speed.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { isBlocked } from '../../adapters/kernels/blocked.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { hazardsOf } from '../../src/compile/hazards.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32 } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { CLASSICS } from '../nets/classics.js';
import { openObjective } from '../nets/objective.js';

test.each(Object.keys(CLASSICS) as (keyof typeof CLASSICS)[])('%s: no gate or pool leaves the blocked layout', async (name) => {
  const graph = await specialize(canonicalize(CLASSICS[name]({ size: 64 }), adapters), {}, probe, adapters);
  const { steep } = hazardsOf(graph, adapters);
  const blocked = graph.nodes.filter(
    (n) => ['Relu', 'Clip', 'MaxPool'].includes(n.op) && isBlocked(graph.types.get(n.outputs[0]!)?.dims ?? []),
  );
  expect(blocked.length).toBeGreaterThan(5);
  expect(blocked.filter((n) => steep.has(n.outputs[0]!)).map((n) => n.name)).toEqual([]);
});

test('nor with the objective that explains it behind', async () => {
  const { classifier, objective } = await openObjective(CLASSICS['SqueezeNet 1.1']({ size: 64 }), 64, 2, {
    engine: 'onnxruntime',
    threads: 1,
  });
  const { steep } = hazardsOf(objective.graph, adapters);
  const gates = objective.graph.nodes.filter((n) => ['Relu', 'Clip', 'MaxPool'].includes(n.op));
  expect(gates.length).toBeGreaterThan(5);
  expect(gates.filter((n) => steep.has(n.outputs[0]!))).toEqual([]);
  await classifier.dispose();
});

describe('what is steep', () => {
  const g = new GraphBuilder('steep');
  const x = g.input('x', 'float32', [4, 4]);
  const before = g.op('Relu', [x]);
  const mixed = g.matMul(before, g.constant(float32(new Float32Array(16), [4, 4])));
  const near = g.op('Abs', [mixed]);
  const moved = g.transpose(near, [1, 0]);
  const root = g.op('Sqrt', [moved]);
  const halved = g.div(root, g.scalar(2));
  const squared = g.op('Pow', [halved, g.scalar(2)]);
  g.output(squared, 'y');
  const { steep } = hazardsOf(g.build(), adapters);

  test('as far back as a product', () => {
    expect([mixed, near, moved].every((v) => steep.has(v))).toBe(true);
    expect([x, before].some((v) => steep.has(v))).toBe(false);
  });
  test('not what a constant divides, or a square behind', () => {
    expect([root, halved].some((v) => steep.has(v))).toBe(false);
  });
});
