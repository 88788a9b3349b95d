// The ONNX codec: round trips that onnxruntime runs identically, functions, subgraphs, sparse tensors, metadata.
import { describe, expect, test } from '@jest/globals';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { dialectModel, openSession } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { inlineFunctions } from '../../src/onnx/functions.js';
import { subgraphs, type Graph, type Model, type ValueInfo } from '../../src/onnx/graph.js';
import {
  ModelProtoType,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../src/onnx/schema.js';
import { densify } from '../../src/onnx/tensors.js';

const info = (name: string, elemType: number, dims: readonly (number | string)[]): ValueInfoProto => ({
  name,
  type: {
    tensorType: { elemType, shape: { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) } },
  },
});
const node = (opType: string, input: string[], output: string[], attribute: AttributeProto[] = [], domain = ''): NodeProto => ({
  opType,
  input,
  output,
  attribute,
  domain,
  name: output[0],
});
const floats = (name: string, dims: number[], values: number[]): TensorProto => ({ name, dims, dataType: 1, floatData: values });

/** Bytes of a model written by hand, field by field, so that the encoder is not its own oracle. */
const bytesOf = (graph: GraphProto, more: Partial<ModelProto> = {}): Uint8Array =>
  ModelProtoType.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 18 }],
    graph: { name: 'g', ...graph },
    ...more,
  }).finish();

const x23: Tensor = { type: 'float32', dims: [2, 3], data: Float32Array.from([-2, -1, -0.5, 0, 1, 3]) };

async function run(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Record<string, unknown>> {
  const session = await openSession(bytes);
  const out = await session.run(feeds);
  await session.dispose();
  return Object.fromEntries(
    Object.entries(out).map(([k, t]) => [k, { dims: [...t.dims], data: Array.from(t.data as Float32Array) }]),
  );
}

/** Decoded and encoded again, onnxruntime must compute the same, to the bit. Returns the decoded model. */
async function sameAfterRoundTrip(bytes: Uint8Array, feeds: Record<string, Tensor>): Promise<Model> {
  const model = decodeModel(bytes);
  expect(await run(encodeModel(model), feeds)).toEqual(await run(bytes, feeds));
  return model;
}

describe('sparse initialisers', () => {
  const values = floats('w', [2], [5, 7]);
  const int64s = (dims: number[], data: number[]): TensorProto => ({ dims, dataType: 7, int64Data: data });
  const dense = [0, 0, 5, 7, 0, 0];

  test('indices into the flat tensor, or one per axis', () => {
    for (const indices of [int64s([2], [2, 3]), int64s([2, 2], [0, 2, 1, 0])]) {
      const { name, tensor } = densify({ values, indices, dims: [2, 3] }, 'sparse initializer');
      expect([name, tensor.dims, Array.from(tensor.data as Float32Array)]).toEqual(['w', [2, 3], dense]);
    }
  });

  test('run as onnxruntime runs them', async () => {
    const bytes = bytesOf({
      input: [info('x', 1, [2, 3])],
      output: [info('y', 1, [2, 3])],
      sparseInitializer: [{ values, indices: int64s([2], [2, 3]), dims: [2, 3] }],
      node: [node('Add', ['x', 'w'], ['y'])],
    });
    await sameAfterRoundTrip(bytes, { x: x23 });
  });

  test('an index beyond the end is refused', () => {
    expect(() => densify({ values, indices: int64s([2], [2, 6]), dims: [2, 3] }, 'sparse initializer')).toThrow(
      "sparse initializer 'w': sparse index 6 is outside [0, 6).",
    );
  });

  test('terabytes are refused', () => {
    const sparse = { values, indices: int64s([2], [2, 3]), dims: [1_000_000, 1_000_000] };
    expect(() => densify(sparse, 'sparse initializer')).toThrow(
      "sparse initializer 'w': a sparse tensor of shape [1000000,1000000] is too large.",
    );
  });
});

describe('models', () => {
  test('producer, metadata, opsets, symbolic axes and shapes survive', () => {
    const bytes = bytesOf(
      { input: [info('x', 1, ['batch', 3])], output: [info('y', 1, ['batch', 3])], node: [node('Relu', ['x'], ['y'])] },
      {
        producerName: 'by hand',
        producerVersion: '7',
        metadataProps: [{ key: 'author', value: 'Žofie' }],
        opsetImport: [{ domain: 'ai.onnx', version: 13 }, { domain: 'ai.onnx.ml', version: 3 }], // prettier-ignore
      },
    );
    for (const model of [decodeModel(bytes), decodeModel(encodeModel(decodeModel(bytes)))]) {
      expect(model.irVersion).toBe(8);
      expect(model.producer).toBe('by hand 7');
      expect(model.metadata).toEqual({ author: 'Žofie' });
      expect([...model.opsets]).toEqual([['', 13], ['ai.onnx.ml', 3]]); // prettier-ignore
      const x: ValueInfo = { name: 'x', kind: 'tensor', type: 'float32', dims: ['batch', 3] };
      expect(model.graph.inputs).toEqual([x]);
      expect(model.graph.outputs).toEqual([{ ...x, name: 'y' }]);
    }
  });

  test('attributes of every kind survive, 1 and 1.0 apart', () => {
    const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
    const attribute: AttributeProto[] = [
      { name: 'f', type: 1, f: 1 },
      { name: 'i', type: 2, i: -1 },
      { name: 's', type: 3, s: utf8('SAME_UPPER') },
      { name: 't', type: 4, t: floats('', [2], [1, 2]) },
      { name: 'fs', type: 6, floats: [0.5, 2] },
      { name: 'is', type: 7, ints: [3, -4] },
      { name: 'ss', type: 8, strings: [utf8('a'), utf8('')] },
      { name: 'ts', type: 9, tensors: [floats('', [1], [9])] },
    ];
    const bytes = bytesOf({
      input: [info('x', 1, [1])],
      output: [info('y', 1, [1])],
      node: [node('Odd', ['x', '', 'x'], ['y'], attribute)],
    });
    for (const model of [decodeModel(bytes), decodeModel(encodeModel(decodeModel(bytes)))]) {
      const [odd] = model.graph.nodes;
      expect(odd!.inputs).toEqual(['x', '', 'x']);
      expect(odd!.attributes).toEqual({
        f: { kind: 'float', value: 1 },
        i: { kind: 'int', value: -1 },
        s: { kind: 'string', value: 'SAME_UPPER' },
        t: { kind: 'tensor', value: { type: 'float32', dims: [2], data: Float32Array.of(1, 2) } },
        fs: { kind: 'floats', value: [0.5, 2] },
        is: { kind: 'ints', value: [3, -4] },
        ss: { kind: 'strings', value: ['a', ''] },
        ts: { kind: 'tensors', value: [{ type: 'float32', dims: [1], data: Float32Array.of(9) }] },
      });
    }
  });

  test('initialisers listed as inputs (IR 3) need not be fed', async () => {
    const bytes = bytesOf(
      {
        input: [info('x', 1, [2, 3]), info('w', 1, [3])],
        output: [info('y', 1, [2, 3])],
        initializer: [floats('w', [3], [1, 2, 3])],
        node: [node('Mul', ['x', 'w'], ['y'])],
      },
      { irVersion: 3, opsetImport: [{ domain: '', version: 7 }] },
    );
    const model = decodeModel(bytes);
    expect(model.graph.inputs.map((i) => i.name)).toEqual(['x']);
    expect(await run(encodeModel(model), { x: x23 })).toEqual({ y: { dims: [2, 3], data: [-2, -2, -1.5, 0, 2, 9] } });
  });

  test('nodes out of order are sorted', () => {
    const bytes = bytesOf({
      input: [info('x', 1, [1])],
      output: [info('y', 1, [1])],
      node: [node('Relu', ['b'], ['y']), node('Neg', ['a'], ['b']), node('Abs', ['x'], ['a'])],
    });
    expect(decodeModel(bytes).graph.nodes.map((n) => n.op)).toEqual(['Abs', 'Neg', 'Relu']);
  });

  test('slices "to the end" stay to the end', async () => {
    const int64s = (name: string, data: TensorProto['int64Data']): TensorProto => ({
      name,
      dims: [1],
      dataType: 7,
      int64Data: data,
    });
    const bytes = bytesOf({
      input: [info('x', 1, [2, 3])],
      output: [info('y', 1, [2, 2])],
      initializer: [
        int64s('from', [1]),
        int64s('to', [{ low: -1, high: 0x7fffffff, toNumber: () => 2 ** 63 }]),
        int64s('axis', [1]),
      ],
      node: [node('Slice', ['x', 'from', 'to', 'axis'], ['y'])],
    });
    const model = await sameAfterRoundTrip(bytes, { x: x23 });
    expect(model.graph.constants.get('to')!.data).toEqual(BigInt64Array.of(2n ** 63n - 1n));
  });
});

describe('subgraphs', () => {
  const branch = (op: string): AttributeProto => ({
    name: op === 'Neg' ? 'then_branch' : 'else_branch',
    type: 5,
    g: { name: op, node: [node(op, ['x'], [`${op}_out`])], output: [info(`${op}_out`, 1, [2, 3])] },
  });
  const conditional = bytesOf({
    input: [info('x', 1, [2, 3]), info('c', 9, [])],
    output: [info('y', 1, [2, 3])],
    node: [node('If', ['c'], ['y'], [branch('Neg'), branch('Relu')])],
  });

  test.each([1, 0])('If on %d runs the same, with values captured from outside', async (c) => {
    const model = await sameAfterRoundTrip(conditional, { x: x23, c: { type: 'bool', dims: [], data: Uint8Array.of(c) } });
    expect(subgraphs(model.graph.nodes[0]!).map((g: Graph) => g.nodes[0]!.op)).toEqual(['Neg', 'Relu']);
  });

  test('nesting without end is refused, in one sentence', () => {
    let inner: GraphProto = { name: 'leaf', node: [node('Relu', ['x'], ['leaf'])], output: [info('leaf', 1, [1])] };
    for (let depth = 0; depth < 400; depth++) {
      const out = `v${depth}`;
      inner = {
        name: out,
        node: [node('If', ['c'], [out], [{ name: 'then_branch', type: 5, g: inner }])],
        output: [info(out, 1, [1])],
      };
    }
    // Written from the inside out, since an encoder that recurses would run out of stack itself.
    const bytes = encodeDeep(inner);
    expect(() => decodeModel(bytes, 'm.onnx')).toThrow(
      'm.onnx: not a readable ONNX file (max depth exceeded). Is it truncated, or another format?',
    );
  });
});

/** ModelProto bytes of a chain of nested graphs, without recursion. */
function encodeDeep(outer: GraphProto): Uint8Array {
  const chain: GraphProto[] = [];
  for (let g: GraphProto | undefined = outer; g; g = g.node?.[0]?.attribute?.[0]?.g) chain.push(g);
  const field = (number: number, content: Uint8Array): Uint8Array => {
    const head: number[] = [(number << 3) | 2];
    for (let n = content.length; ; n >>>= 7) {
      head.push(n > 127 ? (n & 127) | 128 : n);
      if (n <= 127) break;
    }
    return Uint8Array.from([...head, ...content]);
  };
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const join = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);
  let graph = new Uint8Array();
  for (const g of chain.reverse()) {
    const n = g.node![0]!;
    // AttributeProto: name 1, g 6, type 20 (two bytes of tag).
    const attribute =
      graph.length > 0 ? field(5, join(field(1, text('then_branch')), field(6, graph), Uint8Array.of(0xa0, 1, 5))) : graph;
    const body = join(field(1, text(n.input![0]!)), field(2, text(n.output![0]!)), field(4, text(n.opType!)), attribute);
    graph = new Uint8Array(join(field(1, body), field(2, text(g.name!)), field(12, field(1, text(n.output![0]!)))));
  }
  return join(Uint8Array.of(8, 8), field(7, graph), field(8, Uint8Array.of(16, 18)));
}

describe('model-local functions', () => {
  const scaled = { domain: 'mine', name: 'Scaled', input: ['a'], output: ['b'], attribute: ['slope'] };
  const opsetImport = [{ domain: '', version: 18 }, { domain: 'mine', version: 1 }]; // prettier-ignore
  const leaky: NodeProto = node('LeakyRelu', ['a'], ['t'], [{ name: 'alpha', type: 1, refAttrName: 'slope' }]);
  const call = (input: string, output: string, slope: number): NodeProto =>
    node('Scaled', [input], [output], [{ name: 'slope', type: 1, f: slope }], 'mine');
  const ends = { input: [info('x', 1, [2, 3])], output: [info('y', 1, [2, 3])] };

  test('bodies take attributes from the call; onnxruntime computes the same inlined and not', async () => {
    const functions = [
      { ...scaled, node: [leaky, node('Add', ['t', 'a'], ['b'])], opsetImport },
      {
        domain: 'mine',
        name: 'Twice',
        input: ['p'],
        output: ['q'],
        node: [call('p', 't', 0.5), call('t', 'q', 0.25)],
        opsetImport,
      },
    ];
    const nodes = [call('x', 't', 0.125), node('Twice', ['t'], ['y'], [], 'mine')];
    const bytes = bytesOf({ ...ends, node: nodes }, { functions, opsetImport });
    const model = await sameAfterRoundTrip(bytes, { x: x23 });
    const flat = inlineFunctions(model);
    expect(flat.functions).toEqual([]);
    expect(flat.graph.nodes.map((n) => n.op)).toEqual(['LeakyRelu', 'Add', 'LeakyRelu', 'Add', 'LeakyRelu', 'Add']);
    expect(flat.graph.nodes.filter((n) => n.op === 'LeakyRelu').map((n) => n.attributes['alpha'])).toEqual(
      [0.125, 0.5, 0.25].map((value) => ({ kind: 'float', value })),
    );
    expect(await run(encodeModel(flat), { x: x23 })).toEqual(await run(bytes, { x: x23 }));
  });

  test('a default stands in where the call gives nothing', async () => {
    const attributeProto = [{ name: 'slope', type: 1, f: 0.75 }];
    const functions = [{ ...scaled, attribute: [], attributeProto, node: [leaky, node('Neg', ['t'], ['b'])], opsetImport }];
    const bytes = bytesOf({ ...ends, node: [node('Scaled', ['x'], ['y'], [], 'mine')] }, { functions, opsetImport });
    const flat = inlineFunctions(await sameAfterRoundTrip(bytes, { x: x23 }));
    expect(await run(encodeModel(flat), { x: x23 })).toEqual({ y: { dims: [2, 3], data: [1.5, 0.75, 0.375, -0, -1, -3] } });
  });

  test('a function that calls itself is refused', () => {
    const functions = [{ ...scaled, node: [call('a', 'b', 1)], opsetImport }];
    const bytes = bytesOf({ ...ends, node: [call('x', 'y', 1)] }, { functions, opsetImport });
    expect(() => inlineFunctions(decodeModel(bytes))).toThrow(
      /^mine\.Scaled '.*b': the function calls itself. ONNX functions must not recurse.$/,
    );
  });
});

test('large initialisers come back as they were, beside small ones, and run', async () => {
  const g = new GraphBuilder('large');
  // Lengths that protobuf writes in one, three and four bytes.
  const sizes = [3, 20_000, 600_000];
  const parts = sizes.map((n, k) =>
    g.constant(
      float32(
        Float32Array.from({ length: n }, (_, i) => (i % 251) * (k + 1)),
        [n],
      ),
    ),
  );
  const x = g.input('x', 'float32', [1]);
  g.output(
    g.op(
      'Concat',
      parts.map((p) => g.mul(p, x)),
      { axis: 0 },
    ),
    'y',
  );
  const model = dialectModel(g.build());
  const bytes = encodeModel(model);
  const back = decodeModel(bytes);
  for (const [name, tensor] of model.graph.constants) expect(back.graph.constants.get(name)).toEqual(tensor);
  expect(back.graph.constants.size).toBe(sizes.length);
  expect(encodeModel(back)).toEqual(bytes);
  const program = await openSession(bytes);
  const y = (await program.run({ x: float32([2], [1]) }))['y']!.data as Float32Array;
  await program.dispose();
  expect(y).toHaveLength(620_003);
  expect([y[0], y[2], y[3 + 19_999], y[20_003 + 599_999]]).toEqual([0, 4, (19_999 % 251) * 4, (599_999 % 251) * 6]);
});
