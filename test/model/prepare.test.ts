// One way from a file to a static graph: what openModel can open with an option, check and inspect can as well.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { LanError } from '../../src/core/errors.js';
import { random } from '../../src/core/random.js';
import { float32, int64, sizeOf, toFloat32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { dialectModel } from '../../src/engine/ort.js';
import { chooseConvention } from '../../src/model/guess.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import type { PrepareOptions } from '../../src/model/prepare.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const weights = (draw: number, ...dims: number[]) =>
  float32(random(1, 5).normal(new Float32Array(sizeOf(dims)), draw, 0, 0.3), dims);

/** [N,3,H,W], height and width open -> Conv, Sigmoid, global average -> logits [N,4]. */
function openPicture(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', 3, 'height', 'width']);
  const maps = g.op('Sigmoid', [g.op('Conv', [x, g.constant(weights(0, 4, 3, 3, 3))])]);
  g.append('Flatten', [g.op('GlobalAveragePool', [maps])], ['logits'], { axis: 1 });
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/** A vector [N,T] and another input [N,2]; two outputs, the first of which `x` does not reach. */
function twoOfEach(): Uint8Array {
  const g = new GraphBuilder();
  const side = g.input('side', 'float32', ['batch', 2]);
  const x = g.input('x', 'float32', ['batch', 'time']);
  g.append('Tanh', [side], ['echo']);
  const sum = g.op('ReduceMean', [g.op('Sigmoid', [x]), g.ints([1])], { keepdims: 1 });
  g.append('Concat', [g.mul(sum, 'echo'), sum], ['scores'], { axis: 1 });
  g.output('echo');
  g.output('scores');
  return encodeModel(dialectModel(g.build()));
}

/** A picture of open colours and sides, and ids of words [N,count], of which the mean goes beside it. */
function pictureAndWords(): Uint8Array {
  const g = new GraphBuilder();
  const words = g.input('words', 'int64', ['batch', 'count']);
  const pixels = g.input('pixels', 'float32', ['batch', 'num_channels', 'height', 'width']);
  const said = g.op('ReduceMean', [g.op('Gather', [g.constant(weights(1, 9, 4)), words]), g.ints([1])], { keepdims: 0 });
  const seen = g.op('Flatten', [g.op('GlobalAveragePool', [g.op('Conv', [pixels, g.constant(weights(0, 4, 3, 3, 3))])])], {
    axis: 1,
  });
  g.append('Add', [said, seen], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/** Ids and their mask, whose length is one. */
function twoMasks(): Uint8Array {
  const g = new GraphBuilder();
  const mask = g.op('Cast', [g.input('attention_mask', 'int64', ['batch', 'sequence'])], { to: 1 });
  const ids = g.input('ids', 'int64', ['batch', 'sequence']);
  const vectors = g.op('Gather', [g.constant(weights(2, 9, 4)), ids]);
  const kept = g.mul(vectors, g.op('Unsqueeze', [mask, g.ints([2])]));
  g.append('ReduceMean', [kept, g.ints([1])], ['logits'], { keepdims: 0 });
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

const quick = { engine: 'onnxruntime', samples: 1 } as const;
const shapesOf = (report: Awaited<ReturnType<typeof inspect>>) => report.inputs.map((i) => i.shape);

describe('what binds shapes binds them everywhere', () => {
  test.each<[string, () => Uint8Array, PrepareOptions, number[][]]>([
    ["the card's size", openPicture, { card: { input: { size: [9, 12] } } }, [[1, 3, 9, 12]]],
    ['a sample to come', openPicture, { sample: [3, 9, 12] }, [[1, 3, 9, 12]]],
    ['a batch', openPicture, { batch: 2, card: { input: { size: [9, 12] } } }, [[2, 3, 9, 12]]],
    [
      'a feed',
      twoOfEach,
      { feeds: { x: float32([1, 2, 3], [1, 3]) } },
      [
        [1, 2],
        [1, 3],
      ],
    ],
    [
      'a sample of the input that is named',
      twoOfEach,
      { input: 'x', sample: [5] },
      [
        [1, 2],
        [1, 5],
      ],
    ],
  ])('%s', async (_, model, options, shapes) => {
    const feeds = { side: 1, ...options.feeds };
    const all = model === twoOfEach ? { ...options, feeds } : options;
    const classifier = await openModel(model(), { ...all, engine: 'onnxruntime' });
    expect(classifier.inputs.map((i) => i.shape)).toEqual(shapes);
    await classifier.dispose();
    const report = await inspect(model(), all);
    expect([report.notes, report.problems, shapesOf(report)]).toEqual([[], [], shapes]);
    const result = await check(model(), { ...all, ...quick });
    expect(result.agrees).toBe(true);
  });

  test('an axis that stays open: refused by openModel and check, told by inspect', async () => {
    const problem = "Input 'image' leaves axis 2 open: [batch,3,height,width].";
    await expect(openModel(openPicture())).rejects.toMatchObject({ code: 'shape', problem });
    await expect(check(openPicture(), quick)).rejects.toMatchObject({ code: 'shape', problem });
    const { notes, problems, inputs } = await inspect(openPicture());
    expect([notes[0], problems, inputs[0]!.shape]).toEqual([expect.stringContaining(problem), [], undefined]);
  });

  test('colours are suggested where an axis is called so', async () => {
    await expect(openModel(pictureAndWords(), { feeds: { words: int64([1, 2], [1, 2]) } })).rejects.toMatchObject({
      advice: 'Bind it, for example with `shapes` pixels=1,3,224,224.',
    });
  });

  test('beside the picture that is explained, an open text is asked for itself: its shape alone would lead to that question', async () => {
    const size = { pixels: [1, 3, 8, 8] };
    const error = {
      code: 'shape',
      problem: "Input 'words' leaves axis 1 open: [batch,count].",
      advice:
        'Say what goes into it, which binds it: `feeds` words=words.npy. Where its shape is enough, as for `check`: `shapes` words=1,128.',
    };
    await expect(openModel(pictureAndWords(), { shapes: size, trust: true })).rejects.toMatchObject(error);
    const opened = await openModel(pictureAndWords(), { shapes: size, feeds: { words: int64([1, 2, 3], [1, 3]) } });
    expect(opened.inputs.map((i) => i.shape)).toEqual([
      [1, 3],
      [1, 3, 8, 8],
    ]);
    await opened.dispose();
    // What has its axes in common with the explained input is bound with it.
    await expect(openModel(twoMasks())).rejects.toMatchObject({
      advice: 'Bind it, for example with `shapes` attention_mask=1,128.',
    });
  });

  test.each<[string, PrepareOptions, RegExp]>([
    ['a shape of too few axes', { shapes: { image: [1, 3] } }, /received a shape of 2 axes/],
    ['a shape for no input', { shapes: { picture: [1, 3, 8, 8] } }, /the inputs are: image/],
    ['an input that is none', { input: 'picture' }, /no input 'picture'/],
    ['a batch and another one', { batch: 2, shapes: { image: [1, 3, 8, 8] } }, /contradict each other/],
  ])('%s is the mistake of who asks, and no flaw of the model', async (_, options, message) => {
    await expect(openModel(openPicture(), options)).rejects.toThrow(message);
    await expect(inspect(openPicture(), options)).rejects.toThrow(message);
    await expect(check(openPicture(), { ...quick, ...options })).rejects.toThrow(message);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-prepare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('check honours what it is asked about', () => {
  test('gradients of the output that is named, by the input that is named', async () => {
    const shapes = { x: [1, 3] };
    const of = async (options: PrepareOptions) => {
      const { gradients, agrees } = await check(twoOfEach(), { shapes, ...quick, ...options });
      return [agrees, gradients.map((g) => g.output)];
    };
    expect(await of({})).toEqual([true, ['echo']]);
    expect(await of({ output: 'scores' })).toEqual([true, ['scores']]);
    expect(await of({ output: 'scores', input: 'x' })).toEqual([true, ['scores']]);
    await expect(of({ output: 'logits' })).rejects.toThrow("no output 'logits'");
    // 'echo' does not depend on x, which is no disagreement: its gradient is zero, and so are the differences.
    expect((await of({ output: 'echo', input: 'x' }))[0]).toBe(true);
  });

  test('a picture goes to the input that is named, the others are fed', async () => {
    const image = join(folder, 'p.png');
    writeFileSync(image, await encodePng(new Uint8Array(243).fill(200), 9, 9));
    const g = new GraphBuilder();
    const scale = g.input('scale', 'int64', [1]);
    const x = g.input('image', 'float32', ['batch', 3, 'height', 'width']);
    const y = g.op('GlobalAveragePool', [g.mul(x, g.cast(scale, 1))]);
    g.append('Flatten', [y], ['y'], { axis: 1 });
    g.output('y');
    const bytes = encodeModel(dialectModel(g.build()));
    const options = { ...quick, inputs: [{ image }], card: { input: { size: [9, 9] } } } as const;
    await expect(check(bytes, options)).rejects.toThrow(/which is not one picture/);
    const result = await check(bytes, { ...options, feeds: { scale: int64([3], [1]) } });
    expect([result.agrees, result.inputs.at(0)!.kind]).toEqual([true, 'given']);
  });
});

describe('the search for a convention', () => {
  test('gives a classifier of its own on the same sessions, and leaves the one that it was asked about as it is', async () => {
    const model = await openModel(openPicture(), { ...quick, card: { input: { size: [9, 9] } } });
    const before = { card: model.card, assumed: model.cardAssumed };
    const pixels = float32(random(1, 5).uniform(new Float32Array(243), 3).map((v) => 255 * v), [1, 3, 9, 9]); // prettier-ignore
    const { classifier, note } = await chooseConvention(model, pixels);
    expect({ card: model.card, assumed: model.cardAssumed }).toEqual(before);
    expect([classifier.cardAssumed, note]).toEqual([true, expect.stringContaining('assumed ')]);
    const caffe = model.withCard({ ...model.card!, channels: 'BGR', range: 255, mean: [104, 117, 123], std: [1, 1, 1] });
    expect([caffe.cardAssumed, caffe.card!.channels, model.card!.channels]).toEqual([false, 'BGR', 'RGB']);
    // Both orders at once: neither takes the other's card.
    const [a, b] = await Promise.all([caffe.predict(pixels), model.predict(pixels)]);
    expect(toFloat32(a)).not.toEqual(toFloat32(b));
    expect(toFloat32(await model.predict(pixels, caffe.card))).toEqual(toFloat32(a));
    await classifier.dispose();
    await model.dispose();
  });
});

test('a model without inputs is inspected, and refused where an input is to be explained', async () => {
  const g = new GraphBuilder();
  g.append('Add', [g.constant(weights(5, 2, 3)), g.constant(weights(6, 2, 3))], ['y']);
  g.output('y');
  const bytes = encodeModel(dialectModel(g.build()));
  expect((await inspect(bytes)).outputs.map((o) => o.name)).toEqual(['y']);
  await expect(openModel(bytes, quick)).rejects.toThrow(LanError);
});

test('a sample that does not fit, where the file leaves the number of features open, is told as such', async () => {
  const g = new GraphBuilder('open');
  const x = g.input('x', 'float32', ['N', 'F']);
  g.output(g.matMul(g.sub(x, g.constant(weights(0, 4))), g.constant(weights(1, 4, 3))), 'y', { type: 'float32', dims: ['N', 3] });
  const bytes = encodeModel({ irVersion: 8, producer: '', opsets: new Map([['', 18]]), metadata: {}, functions: [], graph: g.build() }); // prettier-ignore
  await expect(openModel(bytes, { sample: [3], trust: true, engine: 'onnxruntime' })).rejects.toMatchObject({
    code: 'input',
    problem: expect.stringContaining("a sample [3] does not go into its input 'x' [N,F], whose open axes it binds"),
  });
  await (await openModel(bytes, { sample: [4], trust: true, engine: 'onnxruntime' })).dispose();
});
