// Exports of gradients and steps at values inside a model: in bare onnxruntime, their gradients against the tape of tfjs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import { main } from '../../src/cli/main.js';
import { random } from '../../src/core/random.js';
import { float32, int64, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { exportGradient } from '../../src/export/gradient.js';
import { exportStep } from '../../src/export/step.js';
import type { Classifier } from '../../src/model/classifier.js';
import { openModel, type OpenOptions } from '../../src/model/open.js';
import { bert, residual } from '../nets/inside.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-export-inside-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CARD = { input: { range: 1 as const, mean: [0.5], std: [0.25] } };
const uniform = (seed: number, ...dims: number[]): Tensor =>
  float32(random(seed, 5).uniform(new Float32Array(sizeOf(dims)), 0), dims);
const tensorOf = ({ type, dims, data }: Tensor): ort.Tensor => new ort.Tensor(type as 'float32', data as Float32Array, dims);

async function runBare(bytes: Uint8Array, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(bytes);
  const given = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, tensorOf(tensor)]));
  const results = await session.run(given);
  await session.release();
  return results;
}

async function using<T>(model: Uint8Array, options: OpenOptions, body: (classifier: Classifier) => Promise<T>): Promise<T> {
  const classifier = await openModel(model, options);
  try {
    return await body(classifier);
  } finally {
    await classifier.dispose();
  }
}

/** d(-sum target log softmax(z)) / dz. */
function cotangentOf(logits: Tensor, target: Tensor): Tensor {
  const z = toFloat32(logits);
  const sum = z.reduce((s, v) => s + Math.exp(v), 0);
  return float32(
    z.map((v, i) => Math.exp(v) / sum - toFloat32(target)[i]!),
    logits.dims,
  );
}

function close(received: Tensor, expected: Tensor): void {
  expect(received.dims).toEqual(expected.dims);
  const wanted = toFloat32(expected);
  const largest = wanted.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  expect(largest).toBeGreaterThan(1e-6);
  toFloat32(received).forEach((v, i) => expect(Math.abs(v - wanted[i]!)).toBeLessThanOrEqual(1e-4 * largest));
}

test('ids of tokens: the file takes them, and gives their vectors and the gradient by these', async () => {
  const options = { shapes: { input_ids: [1, 6] }, output: 'logits' };
  const exported = await using(bert(), options, (c) => exportGradient(c));
  expect(exported.inputs.map((v) => `${v.name} ${v.type}[${v.shape.join(',')}]`)).toEqual([
    'input_ids int64[1,6]',
    'attention_mask int64[1,6]',
    'token_type_ids int64[1,6]',
    'target float32[1,2]',
  ]);
  expect(exported.outputs.map((v) => v.name)).toEqual(['other', 'logits', 'loss', 'words', 'words_grad']);
  expect(exported.outputs.slice(3).map((v) => v.meaning)).toEqual(["the value 'words' inside the model", 'd loss / d words']);
  expect(exported.settings).toMatchObject({ at: 'words', output: 'logits' });
  const feeds = {
    input_ids: int64([3, 4, 7, 5, 6, 0], [1, 6]),
    attention_mask: int64([1, 1, 1, 1, 1, 0], [1, 6]),
    token_type_ids: int64([0, 0, 0, 1, 1, 1], [1, 6]),
  };
  const target = float32([0.3, 0.7], [1, 2]);
  const results = await runBare(exported.bytes, { ...feeds, target });
  await using(bert(), { ...options, engine: 'tfjs', backend: 'cpu' }, async (tfjs) => {
    const { outputs, gradients } = await tfjs.vjp(feeds, { logits: cotangentOf(results['logits']!, target) });
    close(results['logits']!, outputs['logits']!);
    close(results['other']!, outputs['other']!);
    close(results['words_grad']!, gradients['words']!);
  });
});

test.each([
  ['relu1', true],
  ['pool1', false],
])('pictures, at %s: the whole model with the gradient by the value inside', async (point, pixels) => {
  const options = { card: CARD, at: point };
  const exported = await using(residual(), options, (c) => exportGradient(c, { pixels }));
  expect(exported.inputs.map((v) => v.name)).toEqual(['x', 'target']);
  expect(exported.outputs.map((v) => v.name)).toEqual(['logits', 'other', 'loss', point, `${point}_grad`]);
  const x = uniform(3, 1, 3, 8, 8);
  // What the model itself takes.
  const own = pixels ? float32(toFloat32(x).map((v) => (v - 0.5) / 0.25), x.dims) : x; // prettier-ignore
  const target = float32([0.2, 0.5, 0.3], [1, 3]);
  const results = await runBare(exported.bytes, { x, target });
  await using(residual(), { ...options, engine: 'tfjs', backend: 'cpu' }, async (tfjs) => {
    const { outputs, gradients } = await tfjs.vjp({ x: own }, { logits: cotangentOf(results['logits']!, target) });
    close(results['logits']!, outputs['logits']!);
    close(results['other']!, outputs['other']!);
    close(results[`${point}_grad`]!, gradients[point]!);
  });
});

test('a step at a value inside says what x is, and holds no card', () =>
  using(residual(), { card: CARD, at: 'pool1' }, async (classifier) => {
    const { inputs, settings, notes } = await exportStep(classifier, { settings: { draws: 1 } });
    expect(inputs[0]).toEqual({
      name: 'x',
      type: 'float32',
      shape: [1, 4, 4, 4],
      meaning: "the input to explain: the value 'pool1' inside the model",
    });
    expect(settings).toMatchObject({ at: 'pool1' });
    expect(settings).not.toHaveProperty('card');
    expect(notes).toEqual([]);
  }));

test('a step where a path goes round the point is refused', () =>
  using(residual(), { card: CARD, at: 'relu1' }, (classifier) =>
    expect(exportStep(classifier)).rejects.toThrow(
      "model: a path goes round 'relu1', so a step there belongs to one sample and cannot be exported. Choose another `at`.",
    ),
  ));

test('export-gradient from the command line: --at, and no --feed', async () => {
  const run = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const code = await main(argv, { out: (t) => void (out += t), err: (t) => void (err += t), terminal: false });
    return { code, out, err };
  };
  writeFileSync(at('bert.onnx'), bert());
  const argv = ['export-gradient', at('bert.onnx'), '--shape', 'input_ids=1,6', '--out', at('grad.onnx')];
  const { code, out } = await run(...argv, '--at', 'context', '--output', 'logits');
  expect(code).toBe(0);
  expect(out).toMatch(/^ {2}output {2}context_grad +float32\[1,8\] +d loss \/ d context$/m);
  expect(readFileSync(at('grad.onnx')).length).toBeGreaterThan(100);
  expect(await run(...argv, '--feed', 'attention_mask=1')).toEqual({
    code: 2,
    out: '',
    err: 'lan-onnx: --feed: an exported file keeps all inputs of the model. Bind open axes with --shape, and feed the inputs when you run the file.\n',
  });
});
