// What a Hugging Face folder says of a model's answer: a value, several labels, sound; and what is no classifier although its output looks like one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { card } from '../../src/api/card.js';
import { check } from '../../src/check/check.js';
import { float32, int64, toFloat32 } from '../../src/core/tensor.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'lan-onnx-hugging-face-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A folder with these files in it; texts as they are, all else as JSON. */
function folder(name: string, files: Readonly<Record<string, unknown>>): string {
  const path = join(home, name);
  mkdirSync(join(path, 'onnx'), { recursive: true });
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(path, file), content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}

/** [N,4] to `k` logits of any size. */
function logits(k: number, end = (_: GraphBuilder, z: string): string => z): Uint8Array {
  const g = new GraphBuilder('scores');
  const w = Array.from({ length: 4 * k }, (_, i) => 2 * Math.sin(1 + i));
  g.output(end(g, g.matMul(g.input('x', 'float32', ['N', 4]), g.constant(float32(w, [4, k])))), 'logits', { type: 'float32', dims: ['N', k] }); // prettier-ignore
  return encoded(g);
}

/** Ids [N,length] of ten tokens to their embeddings [N,length,4], and of those what `end` makes. */
function ofTokens(
  name: string,
  dims: readonly (string | number)[],
  end: (g: GraphBuilder, embedded: string) => string,
): Uint8Array {
  const g = new GraphBuilder('tokens');
  const table = Array.from({ length: 40 }, (_, i) => Math.sin(i));
  const ids = g.input('input_ids', 'int64', ['batch', 'length']);
  g.input('attention_mask', 'int64', ['batch', 'length']);
  const seen = g.op('Unsqueeze', [g.cast('attention_mask', 1), g.constant(int64([2], [1]))]);
  g.output(end(g, g.mul(g.op('Gather', [g.constant(float32(table, [10, 4])), ids], { axis: 0 }), seen)), name, { type: 'float32', dims: [...dims] }); // prettier-ignore
  return encoded(g);
}

const X = float32([1, 0.2, -1, 3], [1, 4]);
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const Z = [0, 1, 2].map((j) =>
  [0, 1, 2, 3].reduce((sum, i) => sum + (X.data as Float32Array)[i]! * 2 * Math.sin(1 + 3 * i + j), 0),
);

test('problem_type multi_label_classification: each label has a Sigmoid of its own', async () => {
  const path = folder('labels', {
    'onnx/model.onnx': logits(3),
    'config.json': { problem_type: 'multi_label_classification', id2label: { 0: 'a', 1: 'b', 2: 'c' } },
  });
  const model = await openModel(path);
  try {
    expect([model.outputKind, model.severalLabels, model.classes]).toEqual(['sigmoid-logits', true, 3]);
    const p = toFloat32(await model.predict(X));
    Z.forEach((z, i) => expect(p[i]).toBeCloseTo(sigmoid(z), 6));
    const log = await model.engine.compile(await model.logProbabilities(1));
    const logs = toFloat32(Object.values(await log.run({ x: X }))[0]!);
    [...Z.map((z) => sigmoid(z)), ...Z.map((z) => sigmoid(-z))].forEach((v, i) => expect(logs[i]).toBeCloseTo(Math.log(v), 4));
    await log.dispose();
  } finally {
    await model.dispose();
  }
  const { agrees, outputs } = await check(path, { engine: 'onnxruntime', samples: 1 });
  expect([agrees, outputs[0]!.kl]).toEqual([true, 0]);
});

test('one whose file ends in a Sigmoid has had it', async () => {
  const path = folder('sigmoid', {
    'onnx/model.onnx': logits(3, (g, z) => g.op('Sigmoid', [z])),
    'config.json': { problem_type: 'multi_label_classification' },
  });
  const model = await openModel(path);
  expect([model.outputKind, model.notes.filter((n) => n.includes('the card says'))]).toEqual(['sigmoid', []]);
  await model.dispose();
});

test('problem_type regression: the one number is taken as it is, its one label is no class, and the caller has the last word', async () => {
  const path = folder('value', {
    'onnx/model.onnx': logits(1),
    'config.json': { problem_type: 'regression', id2label: { 0: 'LABEL_0' } },
  });
  const model = await openModel(path);
  expect([model.task, model.classes]).toEqual(['regression', 1]);
  expect(toFloat32(await model.predict(X))[0]).toBeCloseTo([0, 1, 2, 3].reduce((s, i) => s + (X.data as Float32Array)[i]! * 2 * Math.sin(1 + i), 0), 5); // prettier-ignore
  await model.dispose();
  const asLogit = await openModel(path, { card: { output: 'logits', labels: ['poor', 'good'] } });
  expect([asLogit.task, asLogit.classes, asLogit.labels]).toEqual(['classification', 2, ['poor', 'good']]);
  await asLogit.dispose();
});

test('one number with one label: nobody says what it is, which is said; declared, the label is that of yes', async () => {
  const path = folder('one', { 'onnx/model.onnx': logits(1), 'config.json': { id2label: { 0: 'toxic' } } });
  const model = await openModel(path);
  await expect(model.predict(X)).rejects.toMatchObject({
    code: 'unsupported',
    problem: expect.stringContaining("its output 'logits' is one number a sample and does not end in a Sigmoid"),
  });
  await model.dispose();
  const declared = await openModel(path, { card: { output: 'logits' } });
  expect(declared.labels).toEqual(['not toxic', 'toxic']);
  await declared.dispose();
});

test('sound is no picture, whatever its shape, and no settings of pictures are missed', async () => {
  const g = new GraphBuilder('sound');
  const flat = g.op('Flatten', [g.input('input_values', 'float32', ['N', 3, 8, 8])], { axis: 1 });
  g.output(g.matMul(flat, g.constant(float32(Array.from({ length: 384 }, (_, i) => Math.sin(i)), [192, 2]))), 'logits', { type: 'float32', dims: ['N', 2] }); // prettier-ignore
  const path = folder('sound', {
    'onnx/model.onnx': encoded(g),
    'preprocessor_config.json': { feature_extractor_type: 'ASTFeatureExtractor', do_normalize: true, mean: -4.3, std: 4.6, sampling_rate: 16000 }, // prettier-ignore
  });
  const model = await openModel(path);
  expect([model.card, model.picture]).toEqual([undefined, undefined]);
  expect(model.notes).toContain(
    'preprocessor_config.json prepares sound (16000 samples a second), which is not done here: give what it makes of a recording as `tensor`',
  );
  await model.dispose();
});

test('a number for each token, and an embedding, are no scores of classes; said to be, they are taken as that', async () => {
  const perToken = ofTokens('start_logits', ['batch', 'length'], (g, e) => g.op('ReduceSum', [e, g.constant(int64([2], [1]))], { keepdims: 0 })); // prettier-ignore
  const embedding = ofTokens('pooler_output', ['batch', 4], (g, e) =>
    g.op('ReduceMean', [e, g.constant(int64([1], [1]))], { keepdims: 0 }),
  );
  const opening = { shapes: { input_ids: [1, 6] }, feeds: { attention_mask: 1 } };
  for (const [bytes, words] of [
    [perToken, "its output 'start_logits' holds a number for each place along 'length' of its input, which are no classes."],
    [embedding, "its output 'pooler_output' is an embedding by its name, whose numbers are no scores of classes."],
  ] as const) {
    const model = await openModel(bytes, opening);
    await expect(model.randomTokens(1, 0).then((x) => model.predict(x))).rejects.toMatchObject({
      code: 'unsupported',
      problem: `model: ${words}`,
    });
    await model.dispose();
    const said = await openModel(bytes, { ...opening, card: { output: 'logits' } });
    expect((await said.predict(await said.randomTokens(1, 0))).dims[0]).toBe(1);
    await said.dispose();
  }
});

test('a row of scores for each token is told as that, and not as labels that are too few', async () => {
  const path = folder('tagged', {
    'onnx/model.onnx': ofTokens('logits', ['batch', 'length', 4], (_, e) => e),
    'config.json': { id2label: { 0: 'O', 1: 'B-PER', 2: 'I-PER', 3: 'B-LOC' } },
  });
  await expect(openModel(path, { shapes: { input_ids: [1, 6] } })).rejects.toMatchObject({
    code: 'unsupported',
    problem: `${path}: its output 'logits' [1,6,4] holds 6 x 4 numbers a sample, several answers and not one (a class for each place or step, say).`,
  });
});

test('inspect and check take some tokens where the file leaves their number open, and say so; card says that texts need none', async () => {
  const bytes = ofTokens('logits', ['batch', 4], (g, e) => g.op('ReduceMean', [e, g.constant(int64([1], [1]))], { keepdims: 0 }));
  const path = folder('texts', { 'onnx/model.onnx': bytes, 'config.json': {}, 'tokenizer.json': {} });
  const note = 'how many tokens go in is open: 16 are taken; say another number with `shapes` input_ids=1,128';
  const seen = await inspect(path);
  expect([seen.inputs.map((i) => i.shape), seen.notes]).toEqual([[[1, 16], [1, 16]], [note]]); // prettier-ignore
  const checked = await check(path, { engine: 'onnxruntime', samples: 1 });
  expect([checked.agrees, checked.notes.filter((n) => n === note)]).toEqual([true, [note]]);
  // One of them said is all of them said: they have a length in common.
  expect((await inspect(path, { shapes: { input_ids: [1, 5] } })).inputs.map((i) => i.shape)).toEqual([[1, 5], [1, 5]]); // prettier-ignore
  await expect(card(path)).rejects.toMatchObject({
    code: 'data',
    problem: `${path}: takes texts, by the tokenizer beside it, and a card says how pictures go in.`,
  });
});

test('a model with places for 12 tokens, which nobody says, is looked at with 8', async () => {
  const places = Array.from({ length: 48 }, (_, i) => Math.cos(i));
  const bytes = ofTokens('logits', ['batch', 4], (g, e) => {
    const length = g.op('Gather', [g.op('Shape', ['input_ids']), g.ints([1])], { axis: 0 });
    const placed = g.add(e, g.op('Slice', [g.constant(float32(places, [12, 4])), g.ints([0]), length, g.ints([0])]));
    return g.op('ReduceMean', [placed, g.ints([1])], { keepdims: 0 });
  });
  const path = folder('twelve-places', { 'onnx/model.onnx': bytes, 'config.json': {}, 'tokenizer.json': {} });
  const note = 'how many tokens go in is open: 8 are taken; say another number with `shapes` input_ids=1,128';
  const seen = await inspect(path);
  expect([seen.problems, seen.inputs[0]!.shape, seen.notes]).toEqual([[], [1, 8], [note]]);
  const checked = await check(path, { engine: 'onnxruntime', samples: 1 });
  expect([checked.agrees, checked.notes.filter((n) => n === note)]).toEqual([true, [note]]);
});

test('the only model of a folder is taken, a variant may be typed as the whole name of its file, and of several one is to be said', async () => {
  const one = folder('one-variant', { 'onnx/model_quantized.onnx': logits(3) });
  expect((await inspect(one)).outputs[0]!.shape).toEqual([1, 3]);
  const two = folder('two-variants', { 'onnx/model_int8.onnx': logits(2), 'onnx/model_fp16.onnx': logits(4) });
  for (const variant of ['int8', 'model_int8.onnx', 'onnx/model_int8.onnx'])
    expect((await inspect(two, { variant })).outputs[0]!.shape).toEqual([1, 2]);
  await expect(inspect(two)).rejects.toMatchObject({ code: 'input', advice: 'Say which with `variant`: fp16, int8.' });
});

test.each(['sigmoid', 'probabilities', 'log-probabilities'] as const)(
  'logits that are called %s are told, and not read as that',
  async (output) => {
    const model = await openModel(logits(3), { card: { output } });
    await expect(model.predict(X)).rejects.toMatchObject({
      code: 'usage',
      problem: expect.stringMatching(
        new RegExp(
          `^model: its output 'logits', read as ${output}, gives (a probability of|probabilities that add up to) -?[\\d.]+\\.$`,
        ),
      ),
    });
    await model.dispose();
  },
);
