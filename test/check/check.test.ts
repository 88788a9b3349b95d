// The check command and its matcher: inputs of every kind, finding and cutting out what is broken, baselines, and the words of every refusal.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { check as checkAsCalled } from '../../src/api/check.js';
import { openModel } from '../../src/api/opened.js';
import { check } from '../../src/check/check.js';
import { divergence, topKAgreement } from '../../src/check/compare.js';
import type { CheckOptions } from '../../src/check/context.js';
import { inParts } from '../../src/check/intermediates.js';
import { LanError } from '../../src/core/errors.js';
import { random } from '../../src/core/random.js';
import { float32, int64, sizeOf, type Tensor } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { toMatchOnnxRuntime } from '../../src/jest.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { decodeTensorFile, encodeTensorFile } from '../../src/onnx/tensor-file.js';
import { cli } from '../support/command.js';

expect.extend({ toMatchOnnxRuntime });

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-check-'));
const at = (...names: string[]): string => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weights = (draw: number, ...dims: number[]) =>
  float32(random(1, 5).normal(new Float32Array(sizeOf(dims)), draw, 0, 0.5), dims);

/** [1,3,9,8] -> Conv, Relu, Elu, a Reshape by a computed shape, Gemm -> logits [1,7]; opset 13, whatever it says of its batch. */
function network(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', 3, 9, 8]);
  const constant = (name: string, t: Tensor): string => (g.constants.set(name, t), name);
  g.append('Conv', [x, constant('w', weights(0, 4, 3, 3, 3)), constant('b', weights(1, 4))], ['conv1'], { pads: [1, 1, 1, 1] });
  g.append('Relu', ['conv1'], ['relu1']);
  g.append('Elu', ['relu1'], ['elu1']);
  g.append('Shape', [x], ['dims']);
  g.append('Gather', ['dims', constant('first', int64([0]))], ['count']);
  g.append('Concat', ['count', constant('rest', int64([-1]))], ['shape'], { axis: 0 });
  g.append('Reshape', ['elu1', 'shape'], ['flat']);
  g.append('Gemm', ['flat', constant('v', weights(2, 7, 288)), constant('d', weights(3, 7))], ['logits'], { transB: 1 });
  g.output('logits');
  const model = dialectModel(g.build());
  return encodeModel({ ...model, opsets: new Map([['', 13]]) });
}

/** Two inputs, whole numbers and floats. */
function twoInputs(): Uint8Array {
  const g = new GraphBuilder();
  const ids = g.input('ids', 'int64', [1, 3]);
  const x = g.input('x', 'float32', [1, 2]);
  g.constants.set('table', weights(4, 5, 2));
  g.append('Gather', ['table', ids], ['rows']);
  g.append('Add', ['rows', x], ['y']);
  g.output('y');
  return encodeModel(dialectModel(g.build()));
}

const sound = adapters.find((a) => a.op === 'Relu' && !a.domain)!;
const broken = (change: Partial<OpAdapter>): OpAdapter[] => [...adapters, { ...sound, ...change }];
const wrongForward = broken({ forward: (x, _, { tf }) => [tf.mul(tf.relu(x[0]!), 1.01)] });
const wrongRule = broken({ vjp: ({ dy }) => [dy[0]] });

beforeAll(() => {
  writeFileSync(at('net.onnx'), network());
  writeFileSync(at('two.onnx'), twoInputs());
  writeFileSync(at('broken.onnx'), network().subarray(0, 300));
});

const fast = ['--engine', 'onnxruntime', '--no-gradients'];

describe('figures', () => {
  test('top-k counts what the k largest have in common', () => {
    const a = float32([9, 8, 7, 6, 5, 0, 1], [1, 7]);
    expect(topKAgreement(float32([8, 9, 7, 6, 5, 0, 1], [1, 7]), a, 5)).toBe(1);
    expect(topKAgreement(float32([9, 8, 7, 1, 5, 0, 6], [1, 7]), a, 5)).toBe(0.8);
    expect(topKAgreement(float32([NaN, 8, 7, 1, 5, 0, 6], [1, 7]), a, 2)).toBe(0.5);
    expect(topKAgreement(float32([1, 2, 3, 4, 5]), float32([1, 2, 3, 4, 5]), 5)).toBeUndefined();
  });

  test('KL of probabilities, logits and sigmoids, by hand', () => {
    const p = float32([0.5, 0.5, 0.25, 0.75], [2, 2]);
    const q = float32([0.25, 0.75, 0.25, 0.75], [2, 2]);
    const expected = 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3);
    expect(divergence(q, p, 'probabilities')).toBeCloseTo(expected / 2, 12);
    const logs = (t: Tensor): Tensor => float32((t.data as Float32Array).map(Math.log), t.dims);
    expect(divergence(logs(q), logs(p), 'logits')).toBeCloseTo(expected / 2, 6);
    expect(divergence(logs(q), logs(p), 'log-probabilities')).toBeCloseTo(expected / 2, 6);
    expect(divergence(float32([0.25], [1, 1]), float32([0.5], [1, 1]), 'sigmoid')).toBeCloseTo(expected, 6);
    expect(divergence(float32([1, 0], [1, 2]), float32([1, 0], [1, 2]), 'probabilities')).toBe(0);
    expect(divergence(float32([3], [1, 1]), float32([2], [1, 1]), 'logits')).toBeUndefined();
  });

  test('values come in parts of at most 64 MiB, in order, each at least one', () => {
    const of = (mebi: number) => ({ type: 'float32' as const, dims: [2 ** 18 * mebi] });
    expect(inParts([30, 30, 30, 100, 1, 63, 1], of)).toEqual([[30, 30], [30], [100], [1, 63], [1]]);
    expect(inParts([], of)).toEqual([]);
  });

  test('a tensor file holds what was written; half of it is refused', () => {
    const t = float32([1, 2, 3, 4, 5, 6], [2, 3]);
    const bytes = encodeTensorFile(t, 'x');
    expect(decodeTensorFile(bytes, 'x.pb')).toEqual(t);
    const cut = encodeTensorFile({ ...t, data: new Float32Array(3) }, 'x');
    expect(() => decodeTensorFile(cut, 'x.pb')).toThrow(
      new LanError(
        'usage',
        "Tensor 'x.pb' 'x': shape [2,3] of float32 needs 24 bytes, the file holds 12. Is the file truncated?",
      ),
    );
    expect(() => decodeTensorFile(Uint8Array.of(255, 255), 'x.pb')).toThrow(
      /^Tensor 'x\.pb': not a readable TensorProto \(.*\)\. Is it truncated, or another format\?$/,
    );
  });
});

describe('inputs', () => {
  const pixels = Uint8Array.from({ length: 8 * 9 * 3 }, (_, i) => (i * 37) % 256);
  beforeAll(async () => {
    writeFileSync(at('photo.png'), await encodePng(pixels, 8, 9));
    writeFileSync(at('x.npy'), encodeNpy(weights(9, 3, 9, 8)));
  });

  test('pictures and arrays, in the place of random inputs; random ones too where they are asked for', async () => {
    const argv = ['check', at('net.onnx'), '--image', at('photo.png'), '--tensor', at('x.npy'), '--json', ...fast];
    const { code, out } = await cli(...argv);
    expect(code).toBe(0);
    const given = [
      { name: at('photo.png'), kind: 'given' },
      { name: at('x.npy'), kind: 'given' },
    ];
    expect((JSON.parse(out) as { models: unknown[] }).models[0]).toMatchObject({ samples: 0, inputs: given });
    const more = await cli(...argv.filter((a) => a !== '--json'), '--samples', '1', '--edge-cases');
    expect(more.out).toMatch(/^agrees {3}.* \(2 given inputs, 1 random input, 5 edge cases, seed 0; /);
    expect(more.out).toMatch(/max error 0, 100 % within 1\.0e-4, top-1 same in 100 %, top-5 in 100 %, KL 0$/m);
  });

  test('a picture without a card: what is assumed is said, of a path as of an opened model', async () => {
    const inputs = [{ image: at('photo.png') }, { image: at('photo.png') }];
    const options = { inputs, gradients: false, engine: 'onnxruntime', trust: true } as const;
    const assumed = /^no model card: assumed RGB, 0\.\.1, mean 0\.485 .*, since a check compares the same numbers on both sides/;
    const notesOf = async (model: Parameters<typeof checkAsCalled>[0], more: CheckOptions = {}): Promise<readonly string[]> =>
      (await checkAsCalled(model, { ...options, ...more })).notes;
    expect(await notesOf(network())).toEqual([expect.stringMatching(assumed)]);
    expect(await notesOf(network(), { card: { input: { range: 255, mean: [1, 2, 3] } } })).toEqual([
      'the card leaves channels, std open: taken channels RGB, std 1',
    ]);
    expect(await notesOf(network(), { card: { input: { channels: 'RGB', range: 1, mean: [0], std: [1] } } })).toEqual([]);
    const model = await openModel(network(), { trust: true });
    expect(await notesOf(model)).toEqual([expect.stringMatching(assumed)]);
    await model.dispose();
  });

  test('an answer that does not change puts no gradient to the test, which is said', async () => {
    const head = (weight: number): Uint8Array => {
      const g = new GraphBuilder();
      const w = g.constant(float32(Array.from({ length: 6 }, (_, i) => i * weight), [3, 2])); // prettier-ignore
      g.output(g.matMul(g.input('x', 'float32', [1, 3]), w), 'y');
      return encodeModel(dialectModel(g.build()));
    };
    const notes = async (weight: number): Promise<readonly string[]> => (await check(head(weight), { samples: 1 })).notes;
    const said = expect.stringContaining("the gradient of 'y' is 0 at every input that was tried") as unknown;
    expect(await notes(0)).toContainEqual(said);
    expect(await notes(1)).not.toContainEqual(said);
  });

  test('edge cases of a card are those of its pixels, and what is twice there is tried once', async () => {
    const options: CheckOptions = { engine: 'onnxruntime', gradients: false, edgeCases: true, samples: 0 };
    const names = async (from: Uint8Array, more: CheckOptions = {}): Promise<string[]> =>
      (await check(from, { ...options, ...more })).inputs.map((i) => i.name);
    const all = ['zeros', 'lowest', 'highest', 'one element', 'checkerboard'];
    expect(await names(network())).toEqual(all);
    // Black pixels are zeros, with this card.
    const card = { input: { range: 1, mean: [0], std: [1] } } as const;
    expect(await names(network(), { card })).toEqual(all.filter((n) => n !== 'lowest'));
    const result = await check(network(), { ...options, gradients: true });
    expect(result.notes).toEqual(['gradients not checked: all inputs are edge cases']);
  });

  test('a folder of tensors, in the order of the inputs', async () => {
    mkdirSync(at('set'));
    writeFileSync(at('set', 'input_0.pb'), encodeTensorFile(int64([4, 0, 2], [1, 3]), 'ids'));
    writeFileSync(at('set', 'input_1.pb'), encodeTensorFile(float32([1, -2], [1, 2]), 'x'));
    expect((await cli('check', at('two.onnx'), '--tensor', at('set'), ...fast)).code).toBe(0);
    writeFileSync(at('set', 'input_1.pb'), encodeTensorFile(float32([1, -2, 3], [1, 3]), 'x'));
    expect(await cli('check', at('two.onnx'), '--tensor', at('set'), ...fast)).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        `: Tensor '${at('set', 'input_1.pb')}': expected float32[1,2] for input 'x', received float32[1,3].\n`,
      ),
    });
  });

  test('what does not fit is no wrong usage: the code says which input, picture or shape it is', async () => {
    writeFileSync(at('x.npy'), encodeNpy(float32([1, 2], [1, 2])));
    for (const [input, code, advice] of [
      [{ feeds: { x: float32([1, 2], [1, 2]) } }, 'input', 'Give a tensor for each of: ids, x.'],
      [{ feeds: { ids: int64([1, 2, 3], [1, 3]), x: float32([1, 2, 3], [1, 3]) } }, 'shape', undefined],
      [{ tensor: at('x.npy') }, 'input', 'Give a folder with input_0.pb to input_1.pb, in this order.'],
      [{ image: 'none.png' }, 'data', expect.stringContaining('`tensor`')],
    ] as const)
      await expect(check(at('two.onnx'), { inputs: [input] })).rejects.toMatchObject({ name: 'LanError', code, advice });
  });

  test.each([
    ['net.onnx --image none.png', `Image 'none.png': cannot be read (no such file or folder).`],
    ['net.onnx --tensor none.npy', `Tensor 'none.npy': cannot be read (no such file or folder).`],
    [
      'two.onnx --image none.png',
      `Image 'none.png': the model takes 'ids' int64[1,3], 'x' float32[1,2], which is not one picture. Give an array (.npy, .pb) with --tensor, and the model's other inputs with --feed.`,
    ],
    [
      'two.onnx --tensor x.npy',
      `Tensor 'x.npy': the model has 2 inputs (ids, x). Give a folder with input_0.pb to input_1.pb, in this order.`,
    ],
  ])('%s is refused', async (line, message) => {
    const [model, ...argv] = line.split(' ');
    const { code, out, err } = await cli('check', at(model!), ...argv, ...fast);
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(`${at(model!)} ...\nlan-onnx: ${at(model!)}: ${message}\n`);
  });
});

test('no input at all is refused, of a model that is given others too', async () => {
  const { err } = await cli('check', at('net.onnx'), '--image', 'none.png', '--samples', '-1');
  expect(err).toBe("lan-onnx: --samples: expected a whole number of at least 0, received '-1'.\n");
  await expect(check(network(), { samples: 0 })).rejects.toThrow('`samples` must be a whole number above 0, received 0.');
});

describe('what is broken is found, named and cut out', () => {
  const options: CheckOptions = { backend: 'cpu', samples: 1 };

  test('a wrong forward: the node, and a model of it alone at the original opset, which fails again', async () => {
    const path = at('forward', 'model.onnx');
    mkdirSync(at('forward', 'test_data_set_0'), { recursive: true });
    writeFileSync(at('forward', 'test_data_set_0', 'input_3.pb'), 'of an earlier case');
    const result = await check(network(), { ...options, adapters: wrongForward, bisect: path });
    expect(result.nodes.map((n) => n.first?.node)).toEqual([undefined, "Relu 'relu1'"]);
    const data = at('forward', 'test_data_set_0');
    expect(result.bisected).toEqual({ model: path, data, nodes: ["Relu 'relu1'"] });
    expect(readdirSync(data).sort()).toEqual(['input_0.pb', 'output_0.pb']);
    const cut = decodeModel(readFileSync(path));
    expect(cut.opsets).toEqual(new Map([['', 13]]));
    expect(cut.graph.nodes.map((n) => n.op)).toEqual(['Relu']);
    expect(cut.graph.inputs).toEqual([{ name: 'conv1', kind: 'tensor', type: 'float32', dims: [1, 4, 9, 8] }]);
    const again = { ...options, inputs: [{ tensor: data }] };
    expect((await check(path, again)).agrees).toBe(true);
    expect((await check(path, { ...again, adapters: wrongForward })).outputs.map((o) => o.ok)).toEqual([true, false]);
  });

  test('weights and shapes stay constants in the cut', async () => {
    const reshape = adapters.find((a) => a.op === 'Reshape' && !a.domain)!;
    const wrong = [...adapters, { ...reshape, forward: (...a: Parameters<typeof twice>) => twice(...a) }];
    const forward = reshape.forward as Exclude<OpAdapter['forward'], undefined | { todo: string }>;
    const twice = (...[x, attributes, context]: Parameters<typeof forward>) =>
      forward(x, attributes, context).map((t) => context.tf.mul(t, 2));
    const path = at('reshape', 'model.onnx');
    const result = await check(network(), {
      ...options,
      engine: 'tfjs',
      gradients: false,
      adapters: wrong,
      bisect: path,
    });
    expect(result.bisected?.nodes).toEqual(["Reshape 'flat'"]);
    const { graph } = decodeModel(readFileSync(path));
    expect([graph.inputs.map((i) => i.name), [...graph.constants.keys()]]).toEqual([['elu1'], ['shape']]);
  });

  test('an error that only shows over two nodes is cut with two', async () => {
    // Wrong by less than the tolerance in each of them, by more in both.
    const elu = adapters.find((a) => a.op === 'Elu')!;
    const off = (of: OpAdapter): OpAdapter => {
      const forward = of.forward as Exclude<OpAdapter['forward'], undefined | { todo: string }>;
      return { ...of, forward: (x, a, c) => forward(x, a, c).map((t) => c.tf.mul(t, 1.007)) };
    };
    const path = at('two', 'model.onnx');
    const wrong = [...adapters, off(sound), off(elu)];
    const more = { engine: 'tfjs', gradients: false, tolerance: 0.01, adapters: wrong, bisect: path } as const;
    const { nodes, bisected } = await check(network(), { ...options, ...more });
    expect(nodes[0]!.first?.node).toBe("Elu 'elu1'");
    expect(bisected?.nodes).toEqual(["Relu 'relu1'", "Elu 'elu1'"]);
  });

  test('a wrong gradient rule: the op, the engine and the element; and the cut fails by its gradient', async () => {
    const path = at('rule', 'model.onnx');
    const result = await check(network(), { ...options, adapters: wrongRule, bisect: path });
    expect(result.outputs.map((o) => o.ok)).toEqual([true, true]);
    expect(result.blame).toMatchObject({ node: "Relu 'relu1'", op: 'Relu', by: 'conv1', engine: 'onnxruntime' });
    expect(result.blame!.derivativeError).toBeGreaterThan(0.1);
    expect(result.blame!.other).toMatchObject({ engine: 'tfjs (cpu)', expected: 0 });
    expect(result.bisected?.nodes).toEqual(["Relu 'relu1'"]);
    const again = await check(path, { ...options, adapters: wrongRule, inputs: [{ tensor: result.bisected!.data }] });
    expect([again.outputs.every((o) => o.ok), again.gradients.map((g) => g.ok)]).toEqual([true, [false, false, true]]);
    const alone = await check(network(), { ...options, engine: 'onnxruntime', adapters: wrongRule });
    expect(alone.blame).toMatchObject({ node: "Relu 'relu1'", engine: 'onnxruntime' });
    expect(alone.blame).not.toHaveProperty('other');
  });

  test('a wrong rule of what the objective adds to the model: a Softmax is checked by its logarithm', async () => {
    const g = new GraphBuilder();
    g.append('Softmax', [g.input('x', 'float32', [2, 5])], ['p'], { axis: 1 });
    g.output('p');
    const softmax = adapters.find((a) => a.op === 'LogSoftmax')!;
    const wrong = [...adapters, { ...softmax, vjp: (({ dy }) => [dy[0]]) as OpAdapter['vjp'] }];
    const { blame } = await check(encodeModel(dialectModel(g.build())), { ...options, adapters: wrong });
    expect(blame).toMatchObject({ op: 'LogSoftmax', by: 'x', engine: 'onnxruntime' });
    const quiet = { ...options, adapters: wrong, blame: false };
    expect(await check(encodeModel(dialectModel(g.build())), quiet)).not.toHaveProperty('blame');
  });

  test('the matcher says what, where and by how much', async () => {
    const failing = async (more: CheckOptions): Promise<string> =>
      (await toMatchOnnxRuntime(network(), { ...options, ...more })).message();
    const number = String.raw`-?[\d.]+(?:e-?\d+)?`;
    expect(await failing({ engine: 'tfjs', nodes: true, gradients: false, adapters: wrongForward })).toMatch(
      new RegExp(
        [
          "^expected 'model' to match onnxruntime, but it does not:",
          `  output 'logits', tfjs \\(cpu\\): max error ${number} \\(at random 1\\), ${number} % within 1\\.0e-4, top-1 same in 100 %, top-5 in 100 %, KL ${number}`,
          `  values, tfjs \\(cpu\\): Relu 'relu1' is the first to diverge: value 'relu1' has error 0\\.01; element \\d+ is ${number}, onnxruntime gives ${number}; inputs: 'conv1' \\[1,4,9,8\\]`,
          '$',
        ].join('\n'),
      ),
    );
    expect(await failing({ adapters: wrongRule })).toMatch(
      new RegExp(
        `^expected 'model' to match onnxruntime, but it does not:\n(?:  gradient of 'logits', .*\n){2}  the gradient of Relu 'relu1' by 'conv1' is wrong in onnxruntime: central differences contradict it by ${number}; element \\d+ is ${number}, tfjs \\(cpu\\) gives 0\n$`,
      ),
    );
    expect(await failing({})).toBe("expected 'model' not to match onnxruntime, but it does");
  });

  test('expect(...).toMatchOnnxRuntime, as a test uses it', async () => {
    await expect(at('net.onnx')).toMatchOnnxRuntime({ nodes: true, gradients: true, backend: 'cpu' });
    await expect(network()).not.toMatchOnnxRuntime({ ...options, gradients: false, adapters: wrongForward });
    await expect(expect(at('net.onnx')).toMatchOnnxRuntime({ ...options, adapters: wrongRule })).rejects.toThrow(
      "the gradient of Relu 'relu1' by 'conv1' is wrong in onnxruntime",
    );
    await expect(expect(at('none.onnx')).not.toMatchOnnxRuntime()).rejects.toThrow(
      `Model '${at('none.onnx')}': cannot be read (no such file or folder).`,
    );
  });

  test('--bisect writes nothing where all agrees, and one model at a time', async () => {
    const { code, out } = await cli('check', at('net.onnx'), '--bisect', at('nothing', 'model.onnx'), ...fast);
    expect([code, existsSync(at('nothing'))]).toEqual([0, false]);
    expect(out).toContain('  ok  values, onnxruntime: 6 compared, all match\n');
    expect(await cli('check', at('net.onnx'), at('two.onnx'), '--bisect', 'x.onnx')).toEqual({
      code: 2,
      out: '',
      err: 'lan-onnx: --bisect writes one file: give one model, received 2.\n',
    });
  });
});

describe('baselines and tables', () => {
  interface Saved {
    model: string;
    agrees: boolean;
    outputs: { output: string; ok: boolean; maxError: number | string }[];
  }
  /** The result of a model that agrees with onnxruntime, changed by hand. */
  const saved = async (change: (model: Saved, document: { models: Saved[]; agrees: boolean }) => void): Promise<string> => {
    await cli('check', at('net.onnx'), '--save', at('base.json'), '--engine', 'tfjs', '--backend', 'cpu');
    const document = JSON.parse(readFileSync(at('base.json'), 'utf8')) as { models: Saved[]; agrees: boolean };
    change(document.models[0]!, document);
    writeFileSync(at('changed.json'), JSON.stringify(document));
    return at('changed.json');
  };
  const against = (baseline: string, ...more: string[]) =>
    cli('check', at('net.onnx'), '--engine', 'tfjs', '--backend', 'cpu', '--baseline', baseline, ...more);

  test('no worse than before: exit 0', async () => {
    expect(await against(await saved(() => undefined))).toMatchObject({ code: 0, err: `${at('net.onnx')} ...\n` });
  });

  test.each([
    [
      'a model that is gone',
      (m: Saved, d: { models: Saved[] }) => void d.models.push({ ...m, model: 'old.onnx' }),
      'old.onnx: in the baseline, but not checked',
    ],
    [
      'a comparison that is gone',
      (m: Saved) => void m.outputs.push({ ...m.outputs[0]!, output: 'features' }),
      "NET: output 'features', tfjs (cpu): in the baseline, but not compared",
    ],
  ])('%s', async (_, change, sentence) => {
    const { code, out } = await against(await saved(change));
    expect(code).toBe(1);
    expect(out).toContain(`regression ${sentence.replace('NET', at('net.onnx'))}\n`);
  });

  test('an error that has grown, above what is noise', async () => {
    // Agreement, but at the tolerance: 1 % against 2 % allowed.
    const baseline = await saved((m) => (m.outputs[0]!.maxError = 1e-9));
    expect((await against(baseline)).code).toBe(0);
    const { code, out } = await against(baseline, '--tolerance', '1e-9', '--no-gradients');
    expect(code).toBe(1);
    expect(out).toMatch(/^regression .*: output 'logits', tfjs \(cpu\): agreed, and does not any more: max error /m);
    const grown = await saved((m) => (m.outputs[0]!.maxError = 1e-12));
    expect((await against(grown, '--tolerance', '1e-6')).out).toMatch(
      /^regression .*: output 'logits', tfjs \(cpu\): max error \S+, was 1\.0e-12 \(more than 2 times, and above 1\.0e-7\)$/m,
    );
  });

  test('a failure that the baseline knows is shown, skipped in JUnit, and no reason to fail', async () => {
    const baseline = await saved((m, d) => {
      m.outputs[0]!.ok = m.agrees = d.agrees = false;
      m.outputs[0]!.maxError = 'Infinity';
    });
    const argv = ['--tolerance', '0', '--junit', at('known.xml'), '--markdown', at('known.md')];
    const { code, out } = await against(baseline, ...argv);
    expect(code).toBe(0);
    expect(out).toMatch(/^ known output 'logits', tfjs \(cpu\): max error /m);
    expect(readFileSync(at('known.xml'), 'utf8')).toMatch(
      /failures="0" errors="0" skipped="1" .*\n.*\n.*<skipped message="known from the baseline: max/,
    );
    expect(readFileSync(at('known.md'), 'utf8')).toMatch(
      /^### lan-onnx check\n\n\| model \| result \| .*\n\| --- \| --- \| --: .*\n\| `.*net\.onnx` \| \*\*disagrees\*\* \| \S+ \| 100 % \| \S+ \| {2}\| [\d.]+ \|\n\n- `.*net\.onnx`: output 'logits', tfjs \(cpu\): max error /,
    );
    // Without the baseline the same run fails.
    expect((await cli('check', at('net.onnx'), '--tolerance', '0', '--engine', 'tfjs', '--backend', 'cpu')).code).toBe(1);
  });

  test('a model that could be opened and can not any more: regression, and exit 2', async () => {
    const baseline = await saved((m) => (m.model = at('broken.onnx')));
    const { code, out } = await cli('check', at('broken.onnx'), '--baseline', baseline, '--json', '--junit', at('gone.xml'));
    expect(code).toBe(2);
    expect((JSON.parse(out) as { regressions: string[] }).regressions).toEqual([
      `${at('broken.onnx')}: could be checked, and cannot be opened any more`,
    ]);
    expect(readFileSync(at('gone.xml'), 'utf8')).toContain('<testsuite name="baseline" tests="1" failures="1" errors="0"');
  });

  test.each([
    ['none.json', undefined, "Baseline 'FILE': cannot be read (no such file or folder)."],
    ['text.json', 'not json', /^Baseline 'FILE': is not JSON \(.*\)\. Write it anew with --save\.$/],
    [
      'other.json',
      '{"schema": "lan-onnx/check@2"}',
      "Baseline 'FILE': is of schema 'lan-onnx/check@2', expected 'lan-onnx/check@1'. Write it anew with --save.",
    ],
    ['empty.json', '{}', "Baseline 'FILE': is of schema unknown, expected 'lan-onnx/check@1'. Write it anew with --save."],
    [
      'part.json',
      '{"schema": "lan-onnx/check@1", "models": [{"model": "a"}]}',
      "Baseline 'FILE': lacks fields that a result has. Write it anew with --save.",
    ],
  ])('%s is refused before anything runs', async (name, content, message) => {
    if (content !== undefined) writeFileSync(at(name), content);
    const { code, out, err } = await cli('check', at('net.onnx'), '--baseline', at(name));
    expect([code, out]).toEqual([2, '']);
    const said = err
      .replace(/^lan-onnx: /, '')
      .replace(at(name), 'FILE')
      .trimEnd();
    if (typeof message === 'string') expect(said).toBe(message);
    else expect(said).toMatch(message);
  });

  test.each(['--save', '--markdown'])('%s to a place that can not be written', async (flag) => {
    const path = join(at('net.onnx'), 'file');
    const { code, err } = await cli('check', at('net.onnx'), flag, path, ...fast);
    expect([code, err]).toEqual([
      2,
      // Before any work: nothing is compared first.
      `lan-onnx: Cannot write '${at('net.onnx')}': a file of that name is in the way. Choose another place.\n`,
    ]);
  });
});
