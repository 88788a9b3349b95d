// Broken and hostile ONNX files: one clear message each, whatever is wrong.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { float32, int64 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { openModel } from '../../src/model/open.js';
import { readModel } from '../../src/model/source.js';
import { floats, GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { inlineFunctions } from '../../src/onnx/functions.js';
import type { FunctionBody, Graph, Node } from '../../src/onnx/graph.js';
import { ModelProtoType, type GraphProto, type ModelProto, type TensorProto } from '../../src/onnx/schema.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-bad-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const relu = (name: string, from: string, to: string): Node => ({
  op: 'Relu',
  domain: '',
  name,
  inputs: [from],
  outputs: [to],
  attributes: {},
});
const value = (name: string, dims: readonly (number | string)[] = [1, 4]) =>
  ({ name, kind: 'tensor', type: 'float32', dims }) as const;
const graph = (nodes: Node[], more: Partial<Graph> = {}): Graph => ({
  name: 'g',
  inputs: [value('x')],
  outputs: [value('y')],
  nodes,
  constants: new Map(),
  types: new Map(),
  ...more,
});
// dialectModel renames nodes; here their names are part of the messages.
const bytesOf = (g: Graph): Uint8Array => encodeModel({ ...dialectModel(g), graph: g });
const plain = (): Uint8Array => bytesOf(graph([relu('r', 'x', 'y')]));

/** A model whose only initialiser is the given message. */
function withInitializer(tensor: TensorProto): Uint8Array {
  const nodes = { input: ['x', 'w'], output: ['y'], opType: 'Add', name: 'a' };
  const g: GraphProto = {
    ...(ModelProtoType.toObject(ModelProtoType.decode(plain())) as ModelProto).graph,
    node: [nodes],
    initializer: [tensor],
  };
  return ModelProtoType.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 18 }], graph: g }).finish();
}

describe('bytes that are no model', () => {
  test.each([
    ['nothing', new Uint8Array(), 'Model: no ONNX graph in these 0 bytes. Is it truncated, or another format?'],
    ['text', new TextEncoder().encode('hello, I am a text file'), 'Model: not a readable ONNX file ('],
    ['random bytes', Uint8Array.from({ length: 400 }, (_, i) => (i * 7919 + 13) % 251), 'Model: not a readable ONNX file ('],
    ['a JPEG', Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70]), 'Model: no ONNX file: it is a JPEG picture. Name the model first'], // prettier-ignore
  ])('%s', async (_, bytes, message) => {
    await expect(openModel(bytes)).rejects.toThrow(message);
  });

  test('every truncation of a sound file is refused, or is a shorter sound file', () => {
    const bytes = bytesOf(
      graph([relu('r', 'x', 'm'), relu('s', 'm', 'y')], { constants: new Map([['w', float32(new Float32Array(9))]]) }),
    );
    for (let length = 0; length < bytes.length - 20; length += 3) {
      let message = '';
      try {
        decodeModel(bytes.slice(0, length));
      } catch (error) {
        expect((error as Error).name).toMatch(/^LanErrors?$/);
        message = (error as Error).message;
      }
      expect(message).toMatch(/^model: |^model: initializer/);
    }
  });

  test('a file that is not there', async () => {
    await expect(readModel(join(folder, 'none.onnx'))).rejects.toThrow(
      `Model '${join(folder, 'none.onnx')}': cannot be read (no such file or folder).`,
    );
  });
});

describe('graphs that contradict themselves', () => {
  const refused = (g: Graph, message: string): void => {
    const bytes = bytesOf(g);
    expect(() => decodeModel(bytes, 'm.onnx')).toThrow(message);
  };
  test('a cycle', () => {
    refused(
      graph([relu('a', 'q', 'p'), relu('b', 'p', 'q'), relu('c', 'p', 'y')]),
      "m.onnx: the graph has a cycle of 2 node(s): Relu 'a' -> Relu 'b' -> (first).",
    );
  });
  test('a value written twice', () => {
    refused(
      graph([relu('a', 'x', 'y'), relu('b', 'x', 'y')]),
      "m.onnx: value 'y' is written twice, the second time by Relu 'b'.",
    );
  });
  test('a value from nowhere', () => {
    refused(graph([relu('a', 'ghost', 'y')]), "m.onnx: Relu 'a' reads 'ghost', which no node, input or initializer provides.");
  });
  test('an output from nowhere', () => {
    refused(graph([relu('a', 'x', 'z')]), "m.onnx: output 'y' is produced by no node.");
  });
  test('a long chain is no problem', () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) =>
      relu(`n${i}`, i === 0 ? 'x' : `v${i}`, i === 49_999 ? 'y' : `v${i + 1}`),
    );
    expect(decodeModel(bytesOf(graph(nodes.reverse()))).graph.nodes[0]!.name).toBe('n0');
  });
});

describe('tensors', () => {
  test.each<[string, TensorProto, string]>([
    [
      'raw data shorter than the shape',
      { name: 'w', dims: [2, 4], dataType: 1, rawData: new Uint8Array(12) },
      "initializer 'w': shape [2,4] of float32 needs 32 bytes, the file holds 12. Is the file truncated?",
    ],
    [
      'typed data shorter than the shape',
      { name: 'w', dims: [5], dataType: 7, int64Data: [1, 2] },
      "initializer 'w': shape [5] of int64 needs 5 values, the file holds 2. Is the file truncated?",
    ],
    [
      'a shape of terabytes',
      { name: 'w', dims: [1_000_000, 1_000_000], dataType: 1, rawData: new Uint8Array(4) },
      "initializer 'w': shape [1000000,1000000] of float32 needs 4000000000000 bytes, the file holds 4.",
    ],
    [
      'a shape of terabytes without data',
      { name: 'w', dims: [1_000_000, 1_000_000], dataType: 1 },
      "initializer 'w': shape [1000000,1000000] of float32 needs 1000000000000 values, the file holds 0.",
    ],
    ['a negative axis', { name: 'w', dims: [-3], dataType: 1 }, "initializer 'w': impossible shape [-3]."],
    ['an unknown type', { name: 'w', dims: [1], dataType: 99 }, "initializer 'w': unknown element type 99."],
    [
      'external data without a path',
      { name: 'w', dims: [1], dataType: 1, dataLocation: 1 },
      "initializer 'w': its data is external, which is not possible here. Open the model by its path.",
    ],
  ])('%s', (_, tensor, message) => {
    expect(() => decodeModel(withInitializer(tensor), 'm.onnx')).toThrow(`m.onnx: ${message}`);
  });

  test('an input of terabytes', async () => {
    const bytes = bytesOf(graph([relu('r', 'x', 'y')], { inputs: [value('x', [1, 1_000_000, 1_000_000])] }));
    await expect(openModel(bytes)).rejects.toThrow(
      "Input 'x' of shape [1,1000000,1000000] asks for 3725.3 GiB; at most 2 are allowed.",
    );
  });

  test('a constant of terabytes', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [1, 4]);
    g.output(g.add(x, g.op('ConstantOfShape', [g.constant(int64([1_000_000, 1_000_000]))])), 'y');
    await expect(openModel(bytesOf(g.build()))).rejects.toThrow(
      /^ConstantOfShape '.*' asks for 3725.3 GiB; at most 2 are allowed.$/,
    );
  });
});

const call = (op: string, from: string, to: string): Node => ({ ...relu('', from, to), op, domain: 'f' });
/** Functions F0, F1 ..., from `a` to `b`, each made of calls of the next; the last one is a Relu. */
const nested = (count: number, body: (next: string) => Node[]): FunctionBody[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `F${i}`,
    domain: 'f',
    overload: '',
    inputs: ['a'],
    outputs: ['b'],
    defaults: {},
    nodes: i === count - 1 ? [relu('', 'a', 'b')] : body(`F${i + 1}`),
    opsets: new Map([['', 18]]),
  }));

describe('graphs of a few bytes that ask for gigabytes', () => {
  const side = 30_000;
  const ints = (g: GraphBuilder, ...values: number[]): string => g.constant(int64(values));
  /** The same, but known only by running. */
  const computed = (g: GraphBuilder, ...values: number[]): string => g.cast(g.constant(float32(values)), 7);
  const line = (g: GraphBuilder): string => g.op('Range', [g.scalar(0), g.scalar(side), g.scalar(1)]);
  test.each<[string, (g: GraphBuilder, x: string) => string, string?]>([
    ['ConstantOfShape', (g) => g.op('ConstantOfShape', [computed(g, side, side)])],
    ['Expand', (g) => g.op('Expand', [g.scalar(1), computed(g, side, side)])],
    ['Tile', (g, x) => g.op('Tile', [x, ints(g, 1, 1, side / 8, side / 8)])],
    ['Tile', (g, x) => g.op('Tile', [x, computed(g, 1, 1, side / 8, side / 8)])],
    ['Pad', (g, x) => g.op('Pad', [x, computed(g, 0, 0, 0, 0, 0, 0, side - 8, side - 8)])],
    ['Resize', (g, x) => g.op('Resize', [x, '', '', ints(g, 1, 1, side, side)], { mode: 'nearest' })],
    ['Resize', (g, x) => g.op('Resize', [x, '', g.constant(float32([1, 1, side / 8, side / 8]))], { mode: 'linear' })],
    ['Range', (g) => g.op('Range', [g.scalar(0), g.op('Pow', [g.scalar(side), g.scalar(2)]), g.scalar(1)])],
    ['OneHot', (g) => g.op('OneHot', [ints(g, 1, 2, 3), computed(g, side ** 2 / 3), g.constant(float32([0, 1]))])],
    ['Add', (g) => g.add(g.reshape(line(g), [side, 1]), line(g))],
    ['MatMul', (g) => g.matMul(g.reshape(line(g), [side, 1]), g.reshape(line(g), [1, side]))],
    ['Einsum', (g) => g.op('Einsum', [line(g), line(g)], { equation: 'i,j->ij' })],
    [
      'Gather',
      (g) =>
        g.op('Gather', [g.op('Expand', [line(g), ints(g, 2, side)]), g.cast(g.op('Expand', [g.scalar(0), ints(g, side)]), 7)]),
    ],
    ['Conv', (g, x) => g.op('Conv', [x, g.constant(float32([1], [1, 1, 1, 1]))], { pads: Array(4).fill(side / 2 - 4) })],
    ['MaxPool', (g, x) => g.op('MaxPool', [x], { kernel_shape: [1, 1], pads: Array(4).fill(side / 2 - 4) })],
    [
      'ConvTranspose',
      (g, x) => g.op('ConvTranspose', [x, g.constant(float32([1], [1, 1, 1, 1]))], { output_shape: [side, side] }),
    ],
    // A small output, by way of a matrix of 8 * 8 positions times 4000 * 4000 kernel elements.
    ['ConvTranspose', (g, x) => g.op('ConvTranspose', [x, g.op('ConstantOfShape', [ints(g, 1, 1, 4000, 4000)])]), '3.8'],
    // A forest of one leaf, for that many targets.
    [
      'ai.onnx.ml.TreeEnsembleRegressor',
      (g, x) =>
        g.op(
          'TreeEnsembleRegressor',
          [x],
          { n_targets: side ** 2, nodes_treeids: [0], nodes_nodeids: [0], nodes_featureids: [0], nodes_modes: ['LEAF'], nodes_values: floats([0]), nodes_truenodeids: [0], nodes_falsenodeids: [0], target_treeids: [0], target_nodeids: [0], target_ids: [0], target_weights: floats([1]) }, // prettier-ignore
          'ai.onnx.ml',
        ),
    ],
    ['Pad', (g, x) => g.op('FeatureVectorizer', [x], { inputdimensions: [side ** 2] }, 'ai.onnx.ml')],
    ['NonZero', (g) => g.op('NonZero', [g.op('Expand', [g.scalar(1), ints(g, 1, 1, 1, 1, 1, 1, 6000, 6000)])]), '2.1'],
  ])('%s', async (op, make, size = '3.4') => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [1, 1, 8, 8]);
    g.output(g.add(g.op('ReduceSum', [x], { keepdims: 0 }), g.cast(make(g, x), 1)), 'y');
    const asked = new RegExp(`^${op} '.*' asks for ${size} GiB; at most 2 are allowed.$`);
    await expect(openModel(bytesOf(g.build()))).rejects.toThrow(asked);
  });
  test('many values, none of them too large alone', async () => {
    const g = new GraphBuilder();
    let y = g.op('Expand', [g.op('ReduceSum', [g.input('x', 'float32', [1, 4])], { keepdims: 0 }), ints(g, 16_000, 16_000)]);
    for (let i = 0; i < 9; i++) y = g.op('Relu', [y]);
    g.output(y, 'y');
    await expect(openModel(bytesOf(g.build()))).rejects.toThrow(
      "The values of the graph up to Relu 'Relu_5' take 4.8 GiB; at most 4 are allowed. Give a smaller input or batch (`shapes`).",
    );
  });
  test('many inputs', async () => {
    const inputs = ['x', 'a', 'b'].map((name) => value(name, [1, 500_000_000]));
    await expect(openModel(bytesOf(graph([relu('r', 'x', 'y')], { inputs })))).rejects.toThrow(
      'The inputs together ask for 5.6 GiB; at most 4 are allowed.',
    );
  });
  test('functions that call the next one twice, forty times', () => {
    const functions = nested(40, (next) => [call(next, 'a', 'm'), call(next, 'm', 'b')]);
    const model = { ...dialectModel(graph([])), graph: graph([call('F0', 'x', 'y')]), functions };
    // Their bodies come to nothing at the end, but are walked all the same.
    const hollow = functions.map((f, i) => (i === 39 ? { ...f, outputs: ['a'], nodes: [] } : f));
    expect(() => inlineFunctions({ ...model, functions: hollow })).toThrow(
      "Inlining the model's functions gives more than 200000 nodes.",
    );
  });
  test('a chain of functions, each calling the next', () => {
    const call = (op: string): Node => ({ ...relu('', 'a', 'b'), op, domain: 'f' });
    const functions = Array.from({ length: 20_000 }, (_, i) => ({
      name: `F${i}`,
      domain: 'f',
      overload: '',
      inputs: ['a'],
      outputs: ['b'],
      defaults: {},
      nodes: [i === 19_999 ? relu('', 'a', 'b') : call(`F${i + 1}`)],
      opsets: new Map([['', 18]]),
    }));
    const model = { ...dialectModel(graph([])), graph: graph([{ ...call('F0'), inputs: ['x'], outputs: ['y'] }]), functions };
    expect(() => inlineFunctions(model)).toThrow("Functions are nested more than 200 deep, at 'F200'.");
  });
});

describe('external data', () => {
  const inside = join(folder, 'model');
  mkdirSync(inside, { recursive: true });
  writeFileSync(join(folder, 'secret.bin'), new Uint8Array(16));
  writeFileSync(join(inside, 'short.bin'), new Uint8Array(8));
  writeFileSync(join(inside, 'good.bin'), new Uint8Array(Float32Array.from([9, 9, 1, 2, 3, 4]).buffer));
  symlinkSync(join(folder, 'secret.bin'), join(inside, 'link.bin'));
  const open = (location: string, offset?: string): ReturnType<typeof readModel> => {
    const externalData = [{ key: 'location', value: location }, ...(offset ? [{ key: 'offset', value: offset }] : [])];
    const path = join(inside, 'm.onnx');
    writeFileSync(path, withInitializer({ name: 'w', dims: [1, 4], dataType: 1, dataLocation: 1, externalData }));
    return readModel(path);
  };
  const outside = (location: string): string =>
    `initializer 'w': its data '${location}' lies outside the model's folder; refused. Copy it beside the model.`;
  test.each([
    ['../secret.bin', outside('../secret.bin')],
    [join(folder, 'secret.bin'), outside(join(folder, 'secret.bin'))],
    ['link.bin', outside('link.bin')],
    ['gone.bin', "initializer 'w': its data file 'gone.bin' is missing. It must lie beside the model."],
    ['short.bin', "initializer 'w': needs bytes 0 to 16 of 'short.bin', which has 8. Is it truncated?"],
    ['.', outside('.')],
  ])('%s is refused', async (location, message) => {
    await expect(open(location)).rejects.toThrow(message);
  });
  test('a file beside the model is read, from its offset', async () => {
    const { model } = await open('good.bin', '8');
    expect([...(model.graph.constants.get('w')!.data as Float32Array)]).toEqual([1, 2, 3, 4]);
  });
});

describe('ops that nobody knows', () => {
  test('all of them are named at once', async () => {
    const node = (op: string, name: string, from: string, to: string): Node => ({ ...relu(name, from, to), op });
    const bytes = bytesOf(
      graph([node('Frobnicate', 'f', 'x', 'a'), node('Gizmo', 'h', 'a', 'b'), node('Frobnicate', 'k', 'b', 'y')]),
    );
    await expect(openModel(bytes)).rejects.toThrow(
      [
        '3 node(s) of the model are not supported:',
        "  - Frobnicate 'f', 'k': no adapter knows this op. Write one (docs/adding-an-op.md) or export the model without it.",
        "  - Gizmo 'h': no adapter knows this op. Write one (docs/adding-an-op.md) or export the model without it.",
      ].join('\n'),
    );
  });
  test('an attribute that is not understood, and an opset from the future', async () => {
    const strange: Node = { ...relu('r', 'x', 'y'), attributes: { sharpness: { kind: 'int', value: 3 } } };
    await expect(openModel(bytesOf(graph([strange])))).rejects.toThrow("Relu 'r': attribute 'sharpness' is not understood");
    const future = encodeModel({ ...dialectModel(graph([])), graph: graph([relu('r', 'x', 'y')]), opsets: new Map([['', 99]]) });
    await expect(openModel(future)).rejects.toThrow(
      "Relu 'r': its definition at opset 99 is newer than opset 25, the newest that was read.",
    );
  });
});

describe('pools with auto_pad SAME where onnxruntime contradicts itself', () => {
  const open = (op: string, attributes: Record<string, number[]>): Promise<unknown> => {
    const g = new GraphBuilder('g');
    g.append(op, [g.input('x', 'float32', [1, 1, 9, 8])], ['y'], { auto_pad: 'SAME_UPPER', ...attributes }, '', 'pool');
    g.output('y');
    return openModel(bytesOf(g.build()));
  };
  test.each(['MaxPool', 'LpPool'])('%s, dilated', async (op) => {
    await expect(open(op, { kernel_shape: [3, 2], dilations: [2, 1] })).rejects.toThrow(
      `${op} 'pool': auto_pad SAME_UPPER together with dilations is not supported. Export it with pads.`,
    );
  });
  test('LpPool, cropping', async () => {
    await expect(open('LpPool', { kernel_shape: [1, 2], strides: [1, 4] })).rejects.toThrow(
      "LpPool 'pool': auto_pad SAME_UPPER with a stride beyond the kernel crops the input in onnxruntime. Export it with pads.",
    );
  });
});

test('a pool larger than its input: onnxruntime would divide by zero and end the process', async () => {
  const g = new GraphBuilder();
  const attributes = { kernel_shape: [4, 4], dilations: [3, 2], pads: [2, 2, 2, 2] };
  g.append('MaxPool', [g.input('x', 'float32', [2, 16, 5, 6])], ['y'], attributes, '', 'p');
  g.output('y');
  await expect(openModel(bytesOf(g.build()))).rejects.toThrow(
    "MaxPool 'p': no window of kernel [4,4] fits its input [2,16,5,6]. Give a larger input (`shapes`).",
  );
});

describe('constants that a rule would write', () => {
  const refused = async (
    op: string,
    inputs: (g: GraphBuilder) => string[],
    attributes: Record<string, readonly number[]>,
    what: string,
  ): Promise<void> => {
    const g = new GraphBuilder();
    g.append(op, inputs(g), ['y'], attributes, '', 'n');
    g.output('y');
    const bytes = encodeModel({ ...dialectModel(g.build()), opsets: new Map([['', 20]]), graph: g.build() });
    await expect(openModel(bytes)).rejects.toThrow(`': its ${what} numbers; at most 16777216 are allowed.`);
  };
  test('AffineGrid', () =>
    refused(
      'AffineGrid',
      (g) => [g.input('x', 'float32', [1, 2, 3]), g.constant(int64([1, 1, 99999, 99999]))],
      {},
      'grid would take 29999400003',
    ));
  test('Col2Im', () =>
    refused(
      'Col2Im',
      (g) => [g.input('x', 'float32', [1, 90000, 1]), g.constant(int64([300, 300])), g.constant(int64([300, 300]))],
      {},
      'block would take 8100000000',
    ));
  test('DFT', () =>
    refused(
      'DFT',
      (g) => [g.input('x', 'float32', [1, 9000, 1]), '', g.constant(int64([1], []))],
      {},
      'transform would take 81000000',
    ));
});

test('an input of strings', async () => {
  const g = new GraphBuilder();
  g.append('Equal', [g.input('x', 'string', [2]), 'x'], ['y'], {}, '', 'e');
  g.output('y');
  const bytes = encodeModel({ ...dialectModel(g.build()), opsets: new Map([['', 19]]), graph: g.build() });
  await expect(openModel(bytes)).rejects.toThrow(
    "Input 'x' holds strings, so no mask can be learned on it. Cut the model behind what reads them.",
  );
});
