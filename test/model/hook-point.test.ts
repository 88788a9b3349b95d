// What is explained: ids of tokens, values inside a model, one of several inputs and outputs; each against closed forms or the whole file.
import { describe, expect, test } from '@jest/globals';
import { random } from '../../src/core/random.js';
import { float32, int64, sizeOf, toFloat32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { audit } from '../../src/explain/audit.js';
import { featureMap } from '../../src/model/feature-map.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { residual } from '../nets/inside.js';

let draw = 0;
const weights = (...dims: number[]) => float32(random(1, 5).normal(new Float32Array(sizeOf(dims)), draw++, 0, 0.3), dims);

/** A deep averaging network: embeddings, their mean under a mask, two classes. Row 7 of the table alone decides for class 1. */
function averaging(): Uint8Array {
  const g = new GraphBuilder();
  const ids = g.input('input_ids', 'int64', ['batch', 'sequence']);
  const given = g.input('attention_mask', 'int64', ['batch', 'sequence']);
  const table = weights(20, 8);
  (table.data as Float32Array).set([9, 0, 0, 0, 0, 0, 0, 0], 7 * 8);
  g.append('Gather', [g.constant(table, 'table'), ids], ['emb']);
  const mask = g.op('Unsqueeze', [g.cast(given, 1), g.ints([2])]);
  const sum = g.op('ReduceSum', [g.mul('emb', mask), g.ints([1])], { keepdims: 0 });
  g.append('Div', [sum, g.op('ReduceSum', [mask, g.ints([1])], { keepdims: 0 })], ['mean']);
  const head = new Float32Array(16);
  head[1] = 8;
  g.append('Gemm', ['mean', g.constant(float32(head, [8, 2])), g.constant(float32([3, -3], [2]))], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

const ids = int64([3, 4, 7, 5, 6, 2], [1, 6]);
const shapes = { input_ids: [1, 6] };

describe('ids of tokens', () => {
  test('the one word that decides is found; the mask has one value a token', async () => {
    const classifier = await openModel(averaging(), { shapes, feeds: { attention_mask: 1 } });
    expect(classifier.hookPoint).toEqual({ name: 'emb', dims: [1, 6, 8], hasSkipPath: false, tokens: true });
    expect(classifier.notes).toEqual([
      "the mask lies on the value 'emb' [1,6,8], the first float value that depends on 'input_ids'",
    ]);
    const { betas, settings, noise } = await audit(classifier, ids, { settings: { betas: [0.5] } });
    expect([settings.maskShape, noise]).toEqual(['token', 'tokens']);
    const { mask } = betas[0]!.learned;
    expect(mask.dims).toEqual([1, 6, 1]);
    const values = toFloat32(mask);
    expect(Math.max(...values.filter((_, i) => i !== 2))).toBeGreaterThan(0.8);
    expect(values[2]).toBeLessThan(Math.min(...values.filter((_, i) => i !== 2)));
    expect(betas[0]!.evidence.hard!.fraction).toBeCloseTo(5 / 6);
    await classifier.dispose();
  });

  test('inputs without a value are named, all at once', async () => {
    const classifier = await openModel(averaging(), { shapes });
    await expect(audit(classifier, ids)).rejects.toThrow(
      "model: 'input_ids' is explained, but its other input(s) have no value:\n" +
        "  - 'attention_mask' int64[1,6]\nGive each a value with `feeds`: an .npy file, or one number for all of it; for example `feeds: { attention_mask: 1 }`.",
    );
    await classifier.dispose();
  });

  test('feeds that do not fit, and names that are none, are refused', async () => {
    const open = (options: object) => openModel(averaging(), { shapes, ...options });
    await expect(open({ feeds: { mask: 1 } })).rejects.toThrow(
      "`feeds` does not fit the model:\n  - 'mask' is no input; the inputs are: input_ids, attention_mask",
    );
    await expect(open({ at: 'foo' })).rejects.toThrow("`at`: model has no value 'foo'. Choose one of: 'emb', ");
    await expect(open({ input: 'foo' })).rejects.toThrow(
      "`input`: model has no input 'foo'. Its inputs are: input_ids, attention_mask.",
    );
    await expect(open({ output: 'foo' })).rejects.toThrow("`output`: model has no output 'foo'. Its outputs are: logits.");
  });
});

describe('a value inside', () => {
  test.each(['relu1', 'sum'])('cut at %s, the parts give what the whole gives', async (at) => {
    const x = float32(random(2, 5).uniform(new Float32Array(192), 0), [1, 3, 8, 8]);
    const card = { input: { range: 1 as const, mean: [0], std: [1] } };
    const model = residual();
    const whole = await openModel(model, { card, output: 'other' });
    const cut = await openModel(model, { card, output: 'other', at });
    expect(cut.hookPoint).toEqual({ name: at, dims: [1, 4, 8, 8], hasSkipPath: at === 'relu1', tokens: false });
    const located = await cut.locate(x);
    expect(located.x.dims).toEqual([1, 4, 8, 8]);
    const [a, b] = [toFloat32(await whole.predict(x)), toFloat32(await located.classifier.predict(located.x))];
    expect(b).toHaveLength(5);
    b.forEach((v, i) => expect(v).toBeCloseTo(a[i]!, 5));
    const { betas } = await audit(cut, x, { settings: { iterations: 5 }, evidenceDraws: 4 });
    expect(betas[0]!.learned.mask.dims).toEqual([1, 1, 8, 8]);
    await Promise.all([whole.dispose(), cut.dispose()]);
  });

  test('its gradient is that of the linear way behind it', async () => {
    const cut = await openModel(residual(), { at: 'sum' });
    const x = float32(new Float32Array(192).fill(0.5), [1, 3, 8, 8]);
    const { gradients } = await cut.vjp({ x }, { logits: float32([1, 0, 0], [1, 3]) });
    const values = toFloat32(gradients['sum']!);
    // The mean of 64 places, then one column of the matrix: the same at each place of a channel.
    expect(gradients['sum']!.dims).toEqual([1, 4, 8, 8]);
    for (let c = 0; c < 4; c++) values.subarray(c * 64, (c + 1) * 64).forEach((v) => expect(v).toBeCloseTo(values[c * 64]!, 6));
    await cut.dispose();
  });
});

describe('a map of the picture', () => {
  /** [1,3,8,12] in bands of convolutions, a shuffle of channels in five axes, attention over places, and what is made of them. */
  function maps(): Uint8Array {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', [1, 3, 8, 12]);
    g.append('Conv', [x, g.constant(weights(4, 3, 3, 3))], ['conv'], { pads: [1, 1, 1, 1], strides: [2, 2] });
    g.append('Reshape', ['conv', g.ints([1, 2, 2, 4, 6])], ['five']);
    g.append('Transpose', ['five'], ['turned'], { perm: [0, 2, 1, 3, 4] });
    g.append('Reshape', ['turned', g.ints([1, 4, 4, 6])], ['shuffled']);
    g.append('GlobalAveragePool', ['shuffled'], ['squeezed']);
    g.append('Mul', ['shuffled', 'squeezed'], ['excited']);
    g.append('Reshape', ['excited', g.ints([1, 2, 2, 24])], ['rows']);
    g.append('MatMul', [g.transpose('rows', [0, 1, 3, 2]), 'rows'], ['scores']);
    g.append('Transpose', ['excited'], ['last'], { perm: [0, 2, 3, 1] });
    const sum = g.op('ReduceSum', ['scores', g.ints([1, 2, 3])], { keepdims: 0 });
    const other = g.op('ReduceSum', ['last', g.ints([1, 2, 3])], { keepdims: 0 });
    g.append('MatMul', [g.reshape(g.add(sum, other), [1, 1]), g.constant(weights(1, 2))], ['logits']);
    g.output('logits');
    return encodeModel(dialectModel(g.build()));
  }

  test.each([
    ['conv', [4, 6]],
    ['shuffled', [4, 6]],
    ['excited', [4, 6]],
    ['squeezed', undefined],
    ['rows', undefined],
    ['scores', undefined],
    ['last', undefined],
  ])('%s: %j', async (at, expected) => {
    const classifier = await openModel(maps(), { at });
    expect(featureMap(classifier)).toEqual(expected);
    await classifier.dispose();
  });
});
