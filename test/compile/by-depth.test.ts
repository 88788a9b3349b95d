import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { byDepth } from '../../src/compile/by-depth.js';
import { differentiate } from '../../src/compile/differentiate.js';
import { float32 } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { sortNodes, type Graph, type Node } from '../../src/onnx/graph.js';

/** The gradient of so many layers of a product with a scalar and Tanh. */
function gradientOfChain(layers: number): Graph {
  const g = new GraphBuilder('chain');
  let x = g.input('x', 'float32', [1]);
  for (let i = 0; i < layers; i++) {
    const product = g.mul(x, g.constant(float32([0.5 + i / layers], [1])));
    g.types.set(product, { type: 'float32', dims: [1] });
    x = g.op('Tanh', [product]);
    g.types.set(x, { type: 'float32', dims: [1] });
  }
  g.output(x, 'y');
  return differentiate(g.build(), { of: 'y', wrt: [{ name: 'x', as: 'dx' }] }, adapters);
}

/** The most nodes that wait at a time, all of their inputs being there, where the first in the order goes first: what onnxruntime's list holds. */
function mostWaiting(nodes: readonly Node[]): number {
  const made = new Map(nodes.flatMap((n, i) => n.outputs.map((o) => [o, i])));
  // From the last of its inputs on until its own turn.
  const begins = nodes.map((n) => Math.max(-1, ...n.inputs.map((name) => made.get(name) ?? -1)));
  let most = 0;
  for (let turn = 0; turn < nodes.length; turn++) {
    let waiting = 0;
    for (let i = turn + 1; i < nodes.length; i++) if (begins[i]! <= turn) waiting++;
    most = Math.max(most, waiting);
  }
  return most;
}

describe('byDepth', () => {
  const graph = gradientOfChain(100);

  test('few nodes wait at a time, however many layers there are', () => {
    expect(mostWaiting(graph.nodes)).toBeGreaterThan(90);
    expect(mostWaiting(byDepth(graph, 0).nodes)).toBeLessThan(6);
  });

  test('holds the same nodes, each behind those that it reads', () => {
    const { nodes } = byDepth(graph, 0);
    expect(new Set(nodes)).toEqual(new Set(graph.nodes));
    const known = ['x', ...graph.constants.keys()];
    expect(sortNodes(nodes, known, 'graph')).toEqual(nodes);
  });

  test('a value that only the body of an If reads comes first', () => {
    const node = (op: string, inputs: string[], outputs: string[]): Node => ({ op, domain: '', name: op, inputs, outputs, attributes: {} }); // prettier-ignore
    const body: Graph = { ...graph, inputs: [], constants: new Map(), nodes: [node('Neg', ['late'], ['n'])], outputs: [{ name: 'n', kind: 'tensor' }] }; // prettier-ignore
    const branch: Node = { ...node('If', ['c'], ['b']), attributes: { then_branch: { kind: 'graph', value: body } } };
    const nodes = [node('Abs', ['x'], ['a']), node('Exp', ['a'], ['late']), branch];
    expect(byDepth({ ...graph, nodes }, 0).nodes.map((n) => n.op)).toEqual(['Abs', 'Exp', 'If']);
  });

  test('a small graph stays as it is', () => {
    expect(byDepth(graph)).toBe(graph);
  });
});
