// What an output holds, told by what its graph ends in: squashed values are no logits, percents no scores, and of several outputs the one of classes counts.
import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import type { LanError } from '../../src/core/errors.js';
import { float32, type Tensor } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

const weights = (rows: number, columns: number): Tensor =>
  float32(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(1 + 3 * i)),
    [rows, columns],
  );
type Dims = readonly (number | string)[];
type Make = (g: GraphBuilder, z: string) => string;

/** Class scores of x [N,4], and what is made of them. */
function model(k: number, make: Make, dims: Dims = ['N', k]): Uint8Array {
  const g = new GraphBuilder('ends');
  const z = g.matMul(g.input('x', 'float32', ['N', 4]), g.constant(weights(4, k)));
  g.output(make(g, z), 'p', { type: 'float32', dims });
  return encoded(g);
}

const sigmoid: Make = (g, z) => g.op('Sigmoid', [z]);
const oneMinus: Make = (g, z) => g.sub(g.scalar(1), sigmoid(g, z));
const clipped: Make = (g, z) => g.op('Clip', [sigmoid(g, z), g.scalar(1e-6), g.scalar(1 - 1e-6)]);
const tanh: Make = (g, z) => g.mul(g.add(g.op('Tanh', [z]), g.scalar(1)), g.scalar(0.5));
const writtenOut: Make = (g, z) => g.op('Reciprocal', [g.add(g.scalar(1), g.op('Exp', [g.neg(z)]))]);
const softmax: Make = (g, z) => g.op('Softmax', [z], { axis: 1 });

const LABELS = /holds values of 0 to 1 that do not add up to 1: taken as labels/;
const SUM = /holds rows that add up to 1: taken as probabilities/;
test.each<[string, Uint8Array, string, RegExp | undefined]>([
  ['a Sigmoid', model(3, sigmoid), 'sigmoid', undefined],
  ['a HardSigmoid', model(3, (g, z) => g.op('HardSigmoid', [z])), 'sigmoid', LABELS],
  ['a Sigmoid that is cut off', model(3, clipped), 'sigmoid', undefined],
  ['one less a Sigmoid', model(3, oneMinus), 'sigmoid', LABELS],
  ['a Tanh moved into 0..1', model(3, tanh), 'sigmoid', LABELS],
  ['Sigmoids side by side', model(3, (g, z) => g.op('Concat', [sigmoid(g, z), oneMinus(g, z)], { axis: 1 }), ['N', 6]), 'sigmoid', LABELS], // prettier-ignore
  ['p beside 1 - p', model(1, (g, z) => g.op('Concat', [sigmoid(g, z), oneMinus(g, z)], { axis: 1 }), ['N', 2]), 'probabilities', SUM], // prettier-ignore
  ['two Sigmoids', model(2, sigmoid), 'sigmoid', undefined],
  ['the Sigmoids of a score and its opposite', model(1, (g, z) => g.op('Sigmoid', [g.op('Concat', [g.neg(z), z], { axis: 1 })]), ['N', 2]), 'probabilities', SUM], // prettier-ignore
  ['a Softmax that is cut off', model(3, (g, z) => g.op('Clip', [softmax(g, z), g.scalar(1e-6), g.scalar(1)])), 'probabilities', undefined], // prettier-ignore
  ['one Sigmoid that is cut off', model(1, clipped), 'sigmoid', undefined],
  ['one less one Sigmoid', model(1, oneMinus), 'sigmoid', undefined],
  ['one Sigmoid, written out', model(1, writtenOut), 'sigmoid', undefined],
  ['Sigmoids, written out', model(3, writtenOut), 'sigmoid', LABELS],
  ['a Tanh as it is', model(3, (g, z) => g.op('Tanh', [z])), 'logits', undefined],
  ['distances', model(3, (g, z) => g.neg(g.op('Abs', [z]))), 'logits', undefined],
])('%s', async (_, bytes, kind, note) => {
  const classifier = await openModel(bytes);
  try {
    expect(classifier.outputKind).toBe(kind);
    const said = classifier.notes.filter((n) => LABELS.test(n) || SUM.test(n));
    expect(said).toHaveLength(note ? 1 : 0);
    if (note) expect(said[0]).toMatch(note);
  } finally {
    await classifier.dispose();
  }
});

test('percents are refused, unless they are said to be scores', async () => {
  const percent = model(3, (g, z) => g.mul(softmax(g, z), g.scalar(100)));
  await expect(openModel(percent)).rejects.toMatchObject({
    code: 'unsupported',
    problem: "model: the rows of its output 'p' add up to 100, as probabilities times 100 do.",
  });
  const classifier = await openModel(percent, { card: { output: 'logits' } });
  expect(classifier.outputKind).toBe('logits');
  await classifier.dispose();
});

const squares: Make = (g, z) => g.op('ReduceSum', [g.mul(z, z), g.ints([2])], { keepdims: 0 });
const norm: Make = (g, z) => g.op('ReduceL2', [z, g.ints([2])], { keepdims: 0 });
const apart: Make = (g, z) => g.sub(g.reshape(z, [-1, 3, 1]), g.constant(float32([1, 2, 3, 4, 5, 6], [1, 3, 2])));
test.each<[string, Make, string]>([
  ['a negative LogSoftmax', (g, z) => g.neg(g.op('LogSoftmax', [z], { axis: 1 })), 'negative logarithms of probabilities'],
  ['negative logarithms', (g, z) => g.neg(g.op('Log', [softmax(g, z)])), 'negative logarithms of probabilities'],
  [
    'distances',
    (g, z) => g.op('Sqrt', [squares(g, apart(g, z))]),
    'distances (it ends in Sqrt of a difference), of which the smallest is the answer',
  ],
  [
    'their squares',
    (g, z) => squares(g, apart(g, z)),
    'distances (it ends in ReduceSum of a difference), of which the smallest is the answer',
  ],
  ['norms of differences', (g, z) => norm(g, apart(g, z)), 'distances (it ends in ReduceL2 of a difference)'],
  // Of a capsule network the longest vector names the class.
  [
    'lengths of vectors',
    (g, z) => norm(g, g.reshape(z, [-1, 3, 1])),
    'lengths (it ends in ReduceL2), of which the largest is the answer of some',
  ],
  ['a root', (g, z) => g.op('Sqrt', [g.op('Abs', [z])]), 'lengths (it ends in Sqrt)'],
])('%s: the largest may not be the answer, so that no softmax is put on it unless that is said', async (_, make, what) => {
  for (const output of [undefined, 'logits'] as const) {
    const classifier = await openModel(model(3, make), { card: { output }, trust: true, engine: 'onnxruntime' });
    const answer = classifier.predict(float32([1, 2, 3, 4], [1, 4])).then((p) => p.dims, (e: LanError) => e.problem); // prettier-ignore
    expect(await answer).toEqual(output ? [1, 3] : expect.stringContaining(`its output 'p' holds ${what}`));
    await classifier.dispose();
  }
});

test('shares of a sum that may be 0 are probabilities, although some rows are NaN', async () => {
  const shares: Make = (g, z) => {
    const r = g.op('Relu', [z]);
    return g.op('Div', [r, g.op('ReduceSum', [r, g.ints([1])], { keepdims: 1 })]);
  };
  const classifier = await openModel(model(3, shares), { trust: true, engine: 'onnxruntime' });
  expect(classifier.outputKind).toBe('probabilities');
  await classifier.dispose();
});

test('one number that is only cut off at 0 and 1 is not taken for a probability', async () => {
  const classifier = await openModel(model(1, (g, z) => g.op('Clip', [z, g.scalar(0), g.scalar(1)])));
  expect(() => classifier.requireFeeds()).toThrow(/is one number a sample and does not end in a Sigmoid/);
  await classifier.dispose();
});

test.each<[string, Make, string]>([
  ['the logarithm of a Sigmoid', (g, z) => g.op('Log', [sigmoid(g, z)]), 'more'],
  ['a Softplus with its sign turned', (g, z) => g.neg(g.op('Softplus', [z])), 'more'],
  ['a Relu', (g, z) => g.op('Relu', [z]), 'less'],
])('%s is no logit, whoever says so: it would be the same class for every input', async (_, make, side) => {
  for (const card of [{ output: 'logits' }, { labels: ['no', 'yes'] }] as const) {
    const classifier = await openModel(model(1, make), { card, trust: true, engine: 'onnxruntime' });
    expect(() => classifier.requireFeeds()).toThrow(`is never ${side} than 0`);
    await classifier.dispose();
  }
});

describe('an output of several places', () => {
  const places = (end: Make, shape: readonly number[] = [-1, 3, 4]): Uint8Array =>
    model(12, (g, z) => end(g, g.reshape(z, shape)), ['N', ...shape.slice(1)]);
  const asked = async (bytes: Uint8Array, card = {}): Promise<unknown> => {
    const classifier = await openModel(bytes, { card, trust: true, engine: 'onnxruntime' });
    const answer = await classifier.predict(float32([1, 2, 3, 4], [1, 4])).then((p) => p.dims, (e: LanError) => e.problem); // prettier-ignore
    await classifier.dispose();
    return answer;
  };
  const refused = expect.stringContaining("its output 'p' [1,3,4] holds 3 x 4 numbers a sample, several answers and not one");
  test.each<[string, Uint8Array, object, unknown]>([
    ['scores for each', places((_, z) => z), {}, refused],
    ['a Softmax for each', places((g, z) => g.op('Softmax', [z], { axis: 2 })), {}, refused],
    ['a Softmax for each, whatever a card says', places((g, z) => g.op('Softmax', [z], { axis: 2 })), { output: 'logits' }, refused],
    ['one softmax over all, as is said', places((_, z) => z), { output: 'logits' }, [1, 12]],
    ['labels anywhere', places((g, z) => g.op('Sigmoid', [z])), {}, [1, 12]],
    ['one place', places((_, z) => z, [-1, 12, 1, 1]), {}, [1, 12]],
  ])('%s', async (_, bytes, card, expected) => expect(await asked(bytes, card)).toEqual(expected)); // prettier-ignore
});

test('several rows for one sample are called so', async () => {
  const classifier = await openModel(model(3, (g, z) => g.reshape(z, [-1, 1]), ['M', 1]), { card: { output: 'logits' }, trust: true, engine: 'onnxruntime' }); // prettier-ignore
  await expect(classifier.logProbabilities(1)).rejects.toThrow("for one sample [4] its output 'p' [3,1] has 3 rows");
  await classifier.dispose();
});

test('a Softmax over another axis than that of the classes is called out', async () => {
  const folded = model(6, (g, z) => g.reshape(g.op('Softmax', [g.reshape(z, [-1, 2, 3])], { axis: 1 }), [-1, 6]));
  const classifier = await openModel(folded);
  expect(classifier.notes).toContain(
    "'p' ends in a Softmax over 2 of the 6 values of a sample, which add up to 3 and not 1: its probabilities are not those of 6 classes",
  );
  await classifier.dispose();
});

describe('of several outputs', () => {
  const several = (make: (g: GraphBuilder, x: string) => Record<string, [string, Dims]>): Uint8Array => {
    const g = new GraphBuilder('several');
    for (const [name, [value, dims]] of Object.entries(make(g, g.input('x', 'float32', ['N', 4]))))
      g.output(value, name, { type: 'float32', dims });
    return encoded(g);
  };
  const scores = (g: GraphBuilder, x: string, k: number): string => g.matMul(g.op('Relu', [x]), g.constant(weights(4, k)));
  test.each<[string, Uint8Array, string]>([
    ['a loss made of the scores', several((g, x) => { const z = scores(g, x, 5); return { loss: [g.op('ReduceMean', [z], { keepdims: 0 }), []], z: [z, ['N', 5]] }; }), 'z'], // prettier-ignore
    ['the largest score', several((g, x) => { const z = scores(g, x, 5); return { sure: [g.op('ReduceMax', [z, g.ints([1])], { keepdims: 1 }), ['N', 1]], z: [z, ['N', 5]] }; }), 'z'], // prettier-ignore
    ['an auxiliary head', several((g, x) => ({ aux: [scores(g, x, 5), ['N', 5]], main: [g.op('Neg', [scores(g, x, 5)]), ['N', 5]] })), 'main'], // prettier-ignore
    ['one logit of features', several((g, x) => { const f = scores(g, x, 8); return { f: [f, ['N', 8]], logit: [g.matMul(f, g.constant(weights(8, 1))), ['N', 1]] }; }), 'logit'], // prettier-ignore
  ])('%s', async (_, bytes, expected) => {
    const classifier = await openModel(bytes);
    expect([classifier.output.name, classifier.notes.some((n) => n.startsWith(`explains the output '${expected}', because`))]).toEqual([expected, true]); // prettier-ignore
    await classifier.dispose();
  });
});

describe('time first, with names for its axes', () => {
  const series = (dims: Dims, out: Dims): Uint8Array => {
    const g = new GraphBuilder('series');
    const mean = g.op('ReduceMean', [g.input('x', 'float32', dims), g.ints([0])], { keepdims: 0 });
    g.output(softmax(g, g.matMul(mean, g.constant(weights(4, 3)))), 'p', { type: 'float32', dims: out });
    return encoded(g);
  };
  test.each([
    ['the batch second', ['T', 'N', 4], ['N', 3], [12, 1, 4]],
    ['one sample, any time', ['T', 1, 4], [1, 3], [12, 1, 4]],
    ['the batch first after all', ['N', 'T', 4], ['N', 3], [12, 4]],
  ] as const)('%s', async (_, dims, out, sample) => {
    const bytes = series(dims, out);
    if (sample.length === 2) return expect((await openModel(bytes, { sample })).sampleShape).toEqual(sample);
    const classifier = await openModel(bytes, { sample });
    expect([classifier.sampleShape, classifier.batched]).toEqual([sample, false]);
    return classifier.dispose();
  });
});

describe('rows of nothing but minus infinity', () => {
  const masked = (make: Make): Uint8Array => model(6, (g, z) => g.matMul(make(g, z), g.constant(weights(6, 3))), ['N', 3]);
  const nothing = (g: GraphBuilder, z: string): string => g.add(z, g.constant(float32(new Float32Array(6).fill(-Infinity), [6])));

  test('a logarithm of sums whose exponential is taken has gradient 0 there', async () => {
    const bytes = masked((g, z) => g.add(z, g.op('Exp', [g.op('ReduceLogSumExp', [nothing(g, z), g.ints([1])], { keepdims: 1 })]))); // prettier-ignore
    expect((await check(bytes, { samples: 1, engine: 'onnxruntime' })).verdict).toBe('agrees');
  });

  test('where the model itself gives NaN, check says so and blames nobody', async () => {
    const result = await check(
      masked((g, z) => softmax(g, nothing(g, z))),
      { samples: 1, engine: 'onnxruntime' },
    );
    expect([result.verdict, result.blame]).toEqual(['inconclusive', undefined]);
    for (const g of result.gradients)
      expect(g.reason).toBe('the model itself gives NaN at 5 of 5 inputs, of which there is no gradient');
  });
});
