// Functions, control flow and shape arithmetic disappear while compiling, and the answers in onnxruntime stay the same.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { float32, int64, scalar, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { dialectModel, openSession, probe } from '../../src/engine/ort.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { float, GraphBuilder } from '../../src/onnx/builder.js';
import type { FunctionBody, Graph, Model, Node } from '../../src/onnx/graph.js';

const model = (graph: Graph, more: Partial<Model> = {}): Model => ({ ...dialectModel(graph), graph, ...more });

describe('what runs in onnxruntime gives the same after canonicalisation', () => {
  const agree = async (m: Model, x: Tensor): Promise<Graph> => {
    const bytes = encodeModel(m);
    const reference = await openSession(bytes);
    const graph = await specialize(canonicalize(decodeModel(bytes), adapters), { x: x.dims }, probe, adapters);
    const ours = await openSession(encodeModel(dialectModel(graph)));
    const [a, b] = [await reference.run({ x }), await ours.run({ x })];
    expect([...toFloat32(b['y']!)]).toEqual([...toFloat32(a['y']!)]);
    expect(toFloat32(a['y']!).some((v) => v !== 0)).toBe(true);
    return graph;
  };
  const x = float32([-2, 3, -0.5, 4], [2, 2]);
  const node = (op: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}, domain = ''): Node => ({
    op,
    domain,
    name: '',
    inputs,
    outputs,
    attributes,
  });

  test('model-local functions, nested, with attributes and defaults', async () => {
    const opsets = new Map([
      ['', 18],
      ['mine', 1],
    ]);
    const leaky: FunctionBody = {
      name: 'Leaky',
      domain: 'mine',
      overload: '',
      inputs: ['a'],
      outputs: ['b'],
      opsets,
      defaults: { slope: float(0.25) },
      nodes: [node('LeakyRelu', ['a'], ['b'], { alpha: { kind: 'reference', type: 1, value: 'slope' } })],
    };
    const twice: FunctionBody = {
      name: 'Twice',
      domain: 'mine',
      overload: '',
      inputs: ['a'],
      outputs: ['c'],
      opsets,
      defaults: {},
      nodes: [node('Leaky', ['a'], ['b'], {}, 'mine'), node('Leaky', ['b'], ['c'], { slope: float(0.5) }, 'mine')],
    };
    const g = new GraphBuilder();
    g.input('x', 'float32', [2, 2]);
    g.append('Twice', ['x'], ['m'], {}, 'mine');
    g.append('Twice', ['m'], ['y'], {}, 'mine');
    const y = { name: 'y', kind: 'tensor', type: 'float32', dims: [2, 2] } as const;
    const graph: Graph = { ...g.build(), nodes: g.nodes, outputs: [y] };
    const compiled = await agree(model(graph, { functions: [leaky, twice], opsets }), x);
    expect(compiled.nodes.map((n) => n.op)).toEqual(['LeakyRelu', 'LeakyRelu', 'LeakyRelu', 'LeakyRelu']);
  });

  test('If on a shape becomes the branch that is taken, captured values included', async () => {
    const branch = (op: string, out: string): Graph => ({
      name: op,
      inputs: [],
      outputs: [{ name: out, kind: 'tensor', type: 'float32' }],
      nodes: [node(op, ['x', 'w'], [out])],
      constants: new Map(),
      types: new Map(),
    });
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 2]);
    g.constants.set('w', scalar(3));
    const rows = g.op('Gather', [g.op('Shape', ['x']), g.constant(int64([0], []))], { axis: 0 });
    const condition = g.op('Greater', [rows, g.constant(int64([1], []))]);
    g.append('If', [condition], ['y'], {
      then_branch: { kind: 'graph', value: branch('Mul', 't') },
      else_branch: { kind: 'graph', value: branch('Sub', 'e') },
    });
    const y = { name: 'y', kind: 'tensor', type: 'float32' } as const;
    const graph: Graph = { ...g.build(), nodes: g.nodes, constants: g.constants, outputs: [y] };
    const many = await agree(model(graph), x);
    expect(many.nodes.map((n) => n.op)).toContain('Mul');
    const one = await agree(model(graph), float32([1, 2], [1, 2]));
    expect(one.nodes.map((n) => n.op)).toContain('Sub');
  });

  test('shape arithmetic is folded away', async () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 2]);
    const rows = g.slice(g.op('Shape', ['x']), [0], [1], [0]);
    const shape = g.op('Concat', [g.op('Div', [g.op('Mul', [rows, g.ints([2])]), g.ints([4])]), g.ints([-1])], { axis: 0 });
    // `y` is a second name for the Reshape, hence the Identity.
    g.output(g.op('Reshape', ['x', shape]), 'y');
    expect((await agree(model(g.build()), x)).nodes.map((n) => n.op)).toEqual(['Reshape', 'Identity']);
  });
});
