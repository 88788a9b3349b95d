// What keeps large models small: constants apart from the model, weights read when asked for, sessions opened when run, products not computed for shapes.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { InferenceSession } from 'onnxruntime-node';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { check } from '../../src/check/check.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { specialize } from '../../src/compile/specialize.js';
import { random } from '../../src/core/random.js';
import { bytesOf, float32, sizeOf } from '../../src/core/tensor.js';
import { dialectModel, openModelSession, openSession, probe } from '../../src/engine/ort.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { readModel } from '../../src/model/source.js';
import { encodeApart } from '../../src/onnx/apart.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { ModelProtoType, type ModelProto } from '../../src/onnx/schema.js';
import { inType } from '../nets/half.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weights = (draw: number, ...dims: number[]) =>
  float32(random(2, 5).normal(new Float32Array(sizeOf(dims)), draw, 0, 0.1), dims);

/** [1,130] -> Gemm -> Relu -> Gemm -> [1,140]: weights of 67 kB and more, biases of less than 1 kB. */
function network(more: (g: GraphBuilder, x: string) => string = (_, x) => x): Model {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 130]);
  const c = (name: string, draw: number, ...dims: number[]): string => {
    g.constants.set(name, weights(draw, ...dims));
    return name;
  };
  g.append('Gemm', [x, c('w0', 0, 130, 150), c('b0', 1, 150)], ['a']);
  g.append('Relu', ['a'], ['r']);
  g.append('Gemm', ['r', c('w1', 2, 140, 150), c('b1', 3, 140)], ['z'], { transB: 1 });
  g.output(more(g, 'z'), 'y');
  return dialectModel(g.build());
}
const x = weights(9, 1, 130);

/** ids [1,5] -> rows of a table [400,120], flat [1,600] -> Gemm -> Relu -> Gemm -> [1,300]; weights of 90 kB and more in float16. */
function ids(): Model {
  const g = new GraphBuilder();
  g.append('Gather', [g.constant(weights(4, 400, 120), 'table'), g.input('ids', 'int64', [1, 5])], ['rows']);
  g.append('Gemm', [g.op('Flatten', ['rows']), g.constant(weights(5, 600, 150), 'w0')], ['a']);
  g.append('Gemm', [g.op('Relu', ['a']), g.constant(weights(6, 150, 300), 'w1')], ['y']);
  g.output('y');
  return dialectModel(g.build());
}

/** The model in a folder of its own, its large weights in `w.bin`. */
function inFolder(name: string, model = network()): string {
  const own = join(folder, name);
  mkdirSync(own);
  const { bytes, files } = encodeApart(model);
  const proto = ModelProtoType.decode(bytes) as ModelProto;
  const parts = files.map((f) => f.data);
  for (const tensor of proto.graph!.initializer!) {
    const at = files.findIndex((f) => tensor.externalData?.some((e) => e.value === f.path));
    if (at < 0) continue;
    const offset = parts.slice(0, at).reduce((sum, p) => sum + p.byteLength, 0);
    tensor.externalData = [
      { key: 'location', value: 'w.bin' },
      { key: 'offset', value: String(offset) },
    ];
  }
  writeFileSync(join(own, 'w.bin'), Buffer.concat(parts));
  writeFileSync(join(own, 'm.onnx'), ModelProtoType.encode(proto).finish());
  return join(own, 'm.onnx');
}

describe('constants apart from the model', () => {
  test('large ones stand in files in memory, and give the same outputs', async () => {
    const model = network();
    const { bytes, files, folder: place } = encodeApart(model);
    expect(files.map((f) => [f.path, f.data.byteLength])).toEqual([
      ['constant-0', 4 * 130 * 150],
      ['constant-1', 4 * 140 * 150],
    ]);
    expect(files[0]!.data.buffer).toBe((model.graph.constants.get('w0')!.data as Float32Array).buffer);
    expect([bytes.byteLength < 3000, place]).toEqual([true, undefined]);
    const whole = await openSession(encodeModel(model));
    const apart = await openModelSession(model);
    expect((await apart.run({ x }))['y']!.data).toEqual((await whole.run({ x }))['y']!.data);
    await Promise.all([whole.dispose(), apart.dispose()]);
  });

  test('those that lie in files stay there, and are not read', async () => {
    const path = inFolder('stay');
    const { model } = await readModel(path);
    const { bytes, files, folder: place } = encodeApart(model);
    expect([files, place?.endsWith('stay'), bytes.byteLength < 3000]).toEqual([[], true, true]);
    const session = await openModelSession(model);
    const whole = await openSession(encodeModel(network()));
    expect((await session.run({ x }))['y']!.data).toEqual((await whole.run({ x }))['y']!.data);
    await Promise.all([whole.dispose(), session.dispose()]);
  });

  test('a tensor made from one that lies in a file does not', async () => {
    const { model } = await readModel(inFolder('made'));
    const constants = new Map(model.graph.constants);
    constants.set('w0', { ...constants.get('w0')!, data: new Float32Array(130 * 150) });
    const session = await openModelSession({ ...model, graph: { ...model.graph, constants } });
    const b0 = weights(1, 150).data as Float32Array;
    const w1 = weights(2, 140, 150).data as Float32Array;
    const b1 = weights(3, 140).data as Float32Array;
    const y = (await session.run({ x }))['y']!.data as Float32Array;
    y.forEach((v, i) => {
      const sum = b0.reduce((s, b, k) => s + Math.max(0, b) * w1[i * 150 + k]!, b1[i]!);
      expect(v).toBeCloseTo(sum, 5);
    });
    await session.dispose();
  });
});

describe('external weights', () => {
  test('gradients are those of the model in one piece', async () => {
    const path = inFolder('inspect');
    const expected = await openModel(encodeModel(network()), { engine: 'onnxruntime' });
    const one = { y: weights(7, 1, 140) };
    const { gradients } = await expected.vjp({ x }, one);
    const classifier = await openModel(path, { engine: 'onnxruntime' });
    expect((await classifier.vjp({ x }, one)).gradients).toEqual(gradients);
    expect((await classifier.predict(x)).data).toEqual((await expected.predict(x)).data);
    await Promise.all([classifier.dispose(), expected.dispose()]);
  });

  test('inspect reads none of 3.6 GB', async () => {
    const g = new GraphBuilder();
    const [name, n] = ['big', 30_000];
    g.append('MatMul', [g.input('x', 'float32', [1, n]), name], ['y']);
    g.output('y');
    const proto = ModelProtoType.decode(encodeModel(dialectModel({ ...g.build(), constants: new Map() }))) as ModelProto;
    const place = [{ key: 'location', value: 'big.bin' }];
    proto.graph!.initializer = [{ name, dims: [n, n], dataType: 1, dataLocation: 1, externalData: place }];
    // A file of this length that takes no room.
    writeFileSync(join(folder, 'big.bin'), '');
    truncateSync(join(folder, 'big.bin'), 4 * n * n);
    writeFileSync(join(folder, 'big.onnx'), ModelProtoType.encode(proto).finish());
    const before = process.memoryUsage.rss();
    const { memory, problems } = await inspect(join(folder, 'big.onnx'));
    expect([memory, problems]).toEqual([{ weights: 3.6e9, forward: 8 * n, gradient: 8 * n }, []]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(1e8);
  });

  test('gone after the model was opened', async () => {
    const path = inFolder('gone');
    const { model } = await readModel(path);
    rmSync(join(folder, 'gone', 'w.bin'));
    expect(() => model.graph.constants.get('w0')!.data).toThrow(
      `Model '${path}': initializer 'w0': 'w.bin' can no longer be read. It must stay beside the model while that is in use.`,
    );
  });
});

describe('check', () => {
  const wrong = [...adapters, { ...adapters.find((a) => a.op === 'Relu' && !a.domain)!, vjp: (({ dy }) => [dy[0]]) as OpAdapter['vjp'] }]; // prettier-ignore
  const options = { engine: 'onnxruntime', nodes: true, samples: 1 } as const;

  test.each([
    ['float32', network()],
    ['ids', ids()],
    ['float16', inType(ids(), 'float16')],
  ])('%s: no session is given a large weight inside its model', async (name, model) => {
    const opened = jest.spyOn(InferenceSession, 'create');
    try {
      const result = await check(inFolder(`check-${name}`, model), { ...options, adapters: wrong });
      // Every path is taken: values, central differences, and each op alone.
      expect([result.nodes[0]!.first, result.gradients.map((g) => g.ok), result.blame?.op]).toEqual([undefined, [false], 'Relu']);
      const models = opened.mock.calls.map(([model]) => model as unknown as string | Uint8Array);
      expect(models.length).toBeGreaterThan(4);
      for (const given of models) if (typeof given !== 'string') expect(given.byteLength).toBeLessThan(2 ** 16);
    } finally {
      opened.mockRestore();
    }
  });

  test('a value is cut out with the weights that it needs', async () => {
    const forward = { forward: (([t], _, { tf }) => [tf.mul(tf.relu(t!), 1.1)]) as OpAdapter['forward'] };
    const result = await check(inFolder('check-cut'), {
      engine: 'tfjs',
      backend: 'cpu',
      samples: 1,
      gradients: false,
      adapters: [...adapters, { ...adapters.find((a) => a.op === 'Relu' && !a.domain)!, ...forward }],
      bisect: join(folder, 'cut', 'model.onnx'),
    });
    expect(result.bisected?.nodes).toEqual(["Relu 'r'"]);
  });
});

describe('probing runs', () => {
  test('no product with weights is computed for shapes, and what is constant is', async () => {
    const ops: string[] = [];
    const graph = await specialize(
      canonicalize(decodeModel(encodeModel(network((g, z) => g.add(z, g.op('Exp', [g.scalar(0)]))))), adapters),
      {},
      (g, feeds, wanted, typesOnly) => {
        ops.push(...g.nodes.map((n) => n.op));
        return probe(g, feeds, wanted, typesOnly);
      },
      adapters,
    );
    expect(ops.filter((op) => op === 'Gemm')).toEqual([]);
    expect(graph.types.get('z')).toEqual({ type: 'float32', dims: [1, 140] });
    expect([...graph.constants.values()].filter((t) => bytesOf(t.type, t.dims) === 4).map((t) => [...(t.data as Float32Array)])).toEqual([[1]]); // prettier-ignore
  });

  test('a product whose shapes do not fit is left to onnxruntime, which says so', async () => {
    const g = new GraphBuilder();
    g.constants.set('w', weights(0, 4, 3, 3, 3));
    g.append('Conv', [g.input('x', 'float32', [1, 5, 6, 7]), 'w'], ['y']);
    g.output('y');
    await expect(openModel(encodeModel(dialectModel(g.build())))).rejects.toThrow(/onnxruntime.*channels/i);
  });
});

describe('the reference', () => {
  test('what onnxruntime refuses when it is first asked is run in canonical form, and a note says so', async () => {
    // Nobody but onnxruntime looks at the version of the file format.
    const classifier = await openModel(encodeModel({ ...network(), irVersion: 99 }), { engine: 'onnxruntime' });
    expect(classifier.notes).toEqual([]);
    await classifier.predict(x);
    expect(classifier.notes).toEqual([
      expect.stringMatching(/^onnxruntime refuses the model: .*IR version.* Its canonical form is run instead\.$/),
    ]);
    await classifier.dispose();
  });
});
