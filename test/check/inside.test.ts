// check where no input is of floats, or with --at: gradients at a value inside, against a reference that is cut from the original file.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { check, type CheckResult } from '../../src/check/check.js';
import type { CheckOptions } from '../../src/check/context.js';
import { random } from '../../src/core/random.js';
import { float32, int64, sizeOf } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { inType } from '../nets/half.js';
import { bert, residual } from '../nets/inside.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-check-inside-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let draw = 0;
const weights = (...dims: number[]) => float32(random(3, 5).normal(new Float32Array(sizeOf(dims)), draw++, 0, 0.4), dims);
const options: CheckOptions = { backend: 'cpu', samples: 1 };
const words: CheckOptions = { ...options, shapes: { input_ids: [1, 6] } };

/** ids int64 [1,9], 0 is padding -> words [1,9,6], shown [1,9,6], filters of width 3, Relu, the strongest response -> logits [1,4]. */
function textCnn(): Uint8Array {
  const g = new GraphBuilder();
  const ids = g.input('ids', 'int64', [1, 9]);
  g.append('Gather', [g.constant(weights(12, 6), 'table'), ids], ['words']);
  const padding = g.op('Equal', [ids, g.constant(int64([0], []))]);
  const kept = g.op('Unsqueeze', [g.cast(g.op('Not', [padding]), 1), g.ints([2])]);
  g.append('Mul', ['words', kept], ['shown']);
  // Some filters respond nowhere: there a Relu is shut behind the strongest response.
  const bias = g.constant(float32([-3, 0.1, -3, 0.2, 0], [5]));
  g.append('Conv', [g.transpose('shown', [0, 2, 1]), g.constant(weights(5, 6, 3)), bias], ['conv']);
  g.append('Relu', ['conv'], ['relu']);
  g.append('ReduceMax', ['relu', g.ints([2])], ['strongest'], { keepdims: 0 });
  g.append('Gemm', ['strongest', g.constant(weights(5, 4))], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/** attention_mask and ids int64 [1,5], in the order of their names, -> their mean under the mask -> logits [1,3]. */
function maskFirst(): Uint8Array {
  const g = new GraphBuilder();
  const mask = g.input('attention_mask', 'int64', [1, 5]);
  const ids = g.input('ids', 'int64', [1, 5]);
  g.append('Gather', [g.constant(weights(8, 6), 'table'), ids], ['words']);
  g.append('Cast', [mask], ['shown'], { to: 1 });
  const sum = g.op('ReduceSum', [g.mul('words', g.op('Unsqueeze', ['shown', g.ints([2])])), g.ints([1])], { keepdims: 0 });
  g.append('Gemm', [g.op('Tanh', [sum]), g.constant(weights(6, 3))], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/** A picture of bytes, scaled inside. */
function bytes(): Uint8Array {
  const g = new GraphBuilder();
  g.append('Cast', [g.input('pixels', 'uint8', [1, 3, 6, 6])], ['floats'], { to: 1 });
  g.append('Mul', ['floats', g.scalar(1 / 255)], ['scaled']);
  g.append('Conv', ['scaled', g.constant(weights(4, 3, 3, 3))], ['conv']);
  g.append('Gemm', [g.op('Flatten', [g.op('Sigmoid', ['conv'])]), g.constant(weights(64, 3))], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/** Words, rounded to 8 bits, and a layer. */
function quantised(): Model {
  const g = new GraphBuilder();
  g.append('Gather', [g.constant(weights(12, 6), 'table'), g.input('ids', 'int64', [1, 5])], ['words']);
  const point = g.constant({ type: 'uint8', dims: [], data: Uint8Array.of(128) });
  const rounded = g.op('QuantizeLinear', [g.op('Flatten', ['words']), g.scalar(0.01), point]);
  g.append('MatMul', [g.op('DequantizeLinear', [rounded, g.scalar(0.01), point]), g.constant(weights(30, 3))], ['logits']);
  g.output('logits');
  return dialectModel(g.build());
}

const adapter = (op: string): OpAdapter => adapters.find((a) => a.op === op && !a.domain)!;
const broken = (op: string, change: Partial<OpAdapter>): OpAdapter[] => [...adapters, { ...adapter(op), ...change }];
const unchanged: OpAdapter['vjp'] = ({ dy }) => [dy[0]];
const places = (r: CheckResult): unknown[] => r.gradients.map((g) => [g.at, g.what, g.ok]);
const all = (name: string | undefined, ok = [true, true, true]): unknown[] => [
  [name, 'tfjs (cpu) against onnxruntime', ok[0]],
  [name, 'onnxruntime against central differences', ok[1]],
  [name, 'tfjs (cpu) against central differences', ok[2]],
];
const first = (name: string, dims: string, input: string): string =>
  `no input is of floats: gradients are taken at '${name}' [${dims}], the first float value that depends on '${input}'`;

describe('no input of floats', () => {
  test.each([
    ['ids, a mask and types', bert, words, 'words', '1,6,8', 'input_ids'],
    ['ids with a padding that is made of them', textCnn, options, 'words', '1,9,6', 'ids'],
    ['a mask before the ids', maskFirst, options, 'words', '1,5,6', 'ids'],
    ['bytes', bytes, options, 'floats', '1,3,6,6', 'pixels'],
  ])('%s: gradients are compared at the first float value', async (_, model, given, name, dims, input) => {
    const result = await check(model(), given);
    expect(places(result)).toEqual(all(name));
    expect([result.agrees, result.notes]).toEqual([true, [first(name, dims, input)]]);
    // Differences of a function that does not move would agree with anything, but not so closely.
    for (const g of result.gradients) expect(g.maxError).toBeLessThan(3e-3);
  });

  test('where they are not compared, nothing is said of a place', async () => {
    expect((await check(textCnn(), { ...options, gradients: false })).notes).toEqual([]);
    const edges = await check(textCnn(), { ...options, samples: 0, edgeCases: true });
    expect([edges.agrees, edges.notes]).toEqual([true, ['gradients not checked: all inputs are edge cases']]);
  });

  test('nothing of floats before the output', async () => {
    const g = new GraphBuilder();
    g.append('Gather', [g.constant(weights(7, 4), 'table'), g.input('ids', 'int64', [1, 3])], ['y']);
    g.output('y');
    const result = await check(encodeModel(dialectModel(g.build())), options);
    expect([result.agrees, result.gradients]).toEqual([true, []]);
    expect(result.notes).toEqual([
      "gradients not checked: the model has no float32 input, and no float value lies between its inputs and 'y'",
    ]);
  });

  test.each(['float16', 'float64'] as const)('of a %s file', async (type) => {
    const result = await check(encodeModel(inType(decodeModel(bert()), type)), words);
    expect(places(result)).toEqual(all('words'));
    expect(result.agrees).toBe(true);
  });

  test('quantised, with and without rounding', async () => {
    const result = await check(encodeModel(quantised()), options);
    expect(result.gradients.map((g) => [g.at, g.ok])).toEqual(new Array(4).fill(['words', true]));
    expect(result.gradients[1]!.what).toBe('tfjs (cpu) against onnxruntime, without rounding');
  });

  test('of a file that onnxruntime refuses, its canonical form is cut', async () => {
    const result = await check(encodeModel({ ...decodeModel(textCnn()), irVersion: 99 }), options);
    expect(places(result)).toEqual(all('words'));
    expect(result.notes).toEqual([
      expect.stringMatching(/IR version.* The reference is its canonical form in onnxruntime/),
      first('words', '1,9,6', 'ids'),
    ]);
  });
});

describe('what is broken behind it is found', () => {
  test('a rule of the text CNN: the op, the engine, and a cut that fails alone', async () => {
    const wrong = { ...options, adapters: broken('Relu', { vjp: unchanged }) };
    const result = await check(textCnn(), { ...wrong, bisect: at('cut/model.onnx') });
    expect(result.outputs.map((o) => o.ok)).toEqual([true, true]);
    expect(places(result)).toEqual(all('words', [false, false, true]));
    expect(result.blame).toMatchObject({ node: "Relu 'relu'", by: 'conv', engine: 'onnxruntime' });
    expect(result.bisected?.nodes).toEqual(["Relu 'relu'"]);
    const again = await check(at('cut/model.onnx'), { ...wrong, inputs: [{ tensor: result.bisected!.data }] });
    expect(again.gradients.map((g) => [g.at, g.ok])).toEqual([[undefined, false], [undefined, false], [undefined, true]]); // prettier-ignore
  });

  test.each([
    ['Softmax', "Softmax '"],
    ['LayerNormalization', "LayerNormalization '"],
  ])("BERT's %s, also with one engine", async (op, node) => {
    const wrong = { ...words, adapters: broken(op, { vjp: unchanged }) };
    for (const engine of ['auto', 'onnxruntime'] as const) {
      const { blame, gradients } = await check(bert(), { ...wrong, engine });
      expect(gradients.filter((g) => g.what.startsWith('onnxruntime against')).map((g) => g.ok)).toEqual([false]);
      expect(blame).toMatchObject({ node: expect.stringContaining(node), engine: 'onnxruntime' });
    }
  });

  test('a wrong conversion, which both engines share: differences are of the original', async () => {
    const wrong = broken('Relu', {
      canonicalize: (n, g) => g.op('LeakyRelu', [n.x[0]!], { alpha: { kind: 'float', value: 0.7 } }),
    });
    const result = await check(textCnn(), { ...options, adapters: wrong });
    expect(result.outputs.map((o) => o.ok)).toEqual([false, false]);
    expect(places(result)).toEqual(all('words', [true, false, false]));
  });
});

describe('--at', () => {
  test.each(['shown', 'words'])('%s: found from whichever input it depends on', async (name) => {
    expect(places(await check(maskFirst(), { ...options, at: name }))).toEqual(all(name));
  });

  test('of a model of floats: what lies behind it is compared, and nothing else', async () => {
    const wrong = { ...options, adapters: broken('Relu', { vjp: unchanged }) };
    expect(places(await check(residual(), { ...wrong, at: 'conv1' }))).toEqual(all('conv1', [false, false, true]));
    const behind = await check(residual(), { ...wrong, at: 'sum' });
    expect([behind.agrees, places(behind)]).toEqual([true, all('sum')]);
    // The float input itself is no value inside.
    expect(places(await check(residual(), { ...options, at: 'x' }))).toEqual(all(undefined));
  });

  test('of a float16 model, its values are those of the file', async () => {
    const result = await check(residual('float16'), { ...options, at: 'pool1' });
    expect([result.agrees, places(result)]).toEqual([true, all('pool1')]);
  });
});

describe('on the command line', () => {
  const engine = ['--backend', 'cpu', '--samples', '1'];
  beforeAll(() => {
    writeFileSync(at('text.onnx'), textCnn());
    writeFileSync(at('ids.npy'), encodeNpy(int64([3, 1, 4, 1, 5, 9, 2, 6, 0], [1, 9])));
  });

  test('the value is named in the text, JSON, JUnit and the baseline', async () => {
    const { code, out } = await cli('check', at('text.onnx'), ...engine, '--junit', at('c.xml'), '--save', at('base.json'));
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}ok {2}gradient of 'logits' at 'words', onnxruntime against central differences: max error /m);
    expect(out).toContain(`  note  ${first('words', '1,9,6', 'ids')}\n`);
    expect(readFileSync(at('c.xml'), 'utf8')).toContain(`name="gradient of 'logits' at 'words', tfjs (cpu) against onnxruntime"`);
    const { models } = JSON.parse(readFileSync(at('base.json'), 'utf8')) as { models: CheckResult[] };
    expect(models[0]!.gradients.map((g) => g.at)).toEqual(['words', 'words', 'words']);
    expect((await cli('check', at('text.onnx'), ...engine, '--baseline', at('base.json'))).code).toBe(0);
    const elsewhere = await cli('check', at('text.onnx'), ...engine, '--baseline', at('base.json'), '--at', 'conv');
    expect([elsewhere.code, elsewhere.out.includes("at 'words', tfjs (cpu) against onnxruntime: in the baseline, but not compared")]).toEqual([1, true]); // prettier-ignore
  });

  test('given ids', async () => {
    const { code, out } = await cli('check', at('text.onnx'), '--tensor', at('ids.npy'), '--backend', 'cpu', '--edge-cases');
    expect([code, out.match(/gradient of 'logits' at 'words'/g)?.length]).toEqual([0, 3]);
  });

  test.each([
    ['nothing', "has no value 'nothing'"],
    ['ids', "has no value 'ids'"],
    ['logits', "'logits' does not lie between the input 'ids' and the output 'logits', or is folded away"],
  ])('--at %s is refused, and what there is named', async (name, why) => {
    const { code, out, err } = await cli('check', at('text.onnx'), '--at', name, ...engine);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(why);
    expect(err).toContain("Choose one of: 'words', ");
  });
});
