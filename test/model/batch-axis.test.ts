// Samples along another axis than the first: taken one at a time where the names of axes say so, and what to type where they do not.
import { expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { check } from '../../src/check/check.js';
import { batchAxis } from '../../src/compile/batch-axis.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

type Dims = readonly (number | string | null)[];
const numbers = (count: number, step: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(1 + step * i)); // prettier-ignore
const WEIGHTS = numbers(12, 3);
const QUICK = { threads: 1, trust: true } as const;

/** The mean over time of x [7,N,3] to four classes [N,4]. */
function series(dims: Dims, out: Dims = ['N', 4]): Uint8Array {
  const g = new GraphBuilder('series');
  const mean = g.op('ReduceMean', [g.input('x', 'float32', [...dims]), g.ints([0])], { keepdims: 0 });
  g.output(g.op('Softmax', [g.matMul(mean, g.constant(float32(WEIGHTS, [3, 4])))], { axis: 1 }), 'p', { type: 'float32', dims: [...out] }); // prettier-ignore
  return encoded(g);
}

/** Columns x [4,N] to three classes [N,3]. */
function columns(dims: Dims, out: Dims = ['N', 3]): Uint8Array {
  const g = new GraphBuilder('columns');
  const scores = g.matMul(g.constant(float32(WEIGHTS, [3, 4])), g.input('x', 'float32', [...dims]));
  g.output(g.op('Softmax', [g.op('Transpose', [scores], { perm: [1, 0] })], { axis: 1 }), 'p', { type: 'float32', dims: [...out] }); // prettier-ignore
  return encoded(g);
}

function softmax(scores: readonly number[]): number[] {
  const powers = scores.map(Math.exp);
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0));
}

/** What `series` answers to x [7,3]. */
function answer(x: Tensor): number[] {
  const values = toFloat32(x);
  const mean = [0, 1, 2].map((c) => [0, 1, 2, 3, 4, 5, 6].reduce((sum, t) => sum + values[3 * t + c]!, 0) / 7);
  return softmax([0, 1, 2, 3].map((k) => mean.reduce((sum, m, c) => sum + m * WEIGHTS[4 * c + k]!, 0)));
}

test.each<[Dims, readonly Dims[], number]>([
  [['N', 3], [['N', 4]], 0],
  [[7, 'N', 3], [['N', 4]], 1],
  [['T', 'N', 3], [['N', 4], ['N']], 1],
  [[4, 'N'], [['N', 3]], 1],
  [[3, 8, 8, 'N'], [['N', 3]], 3],
  // Tokens of one text and a row for each of them, outputs that contradict each other, and names that say nothing.
  [[1, 'L', 3], [['L', 4]], 0],
  [
    [7, 'N', 3],
    [
      ['N', 4],
      [1, 2],
    ],
    0,
  ],
  [[7, null, 3], [[null, 4]], 0],
  [[7, '', 3], [['', 4]], 0],
  [['T', 'N', 'N'], [['N', 4]], 0],
])('samples of %j with outputs %j lie along axis %i', (dims, outputs, axis) => {
  const declared = outputs.map((own, i) => ({ name: `y${i}`, kind: 'tensor' as const, type: 'float32' as const, dims: own }));
  expect(batchAxis(dims, declared)).toBe(axis);
});

test.each([
  [
    [7, 'N', 3],
    [7, 3],
  ],
  [
    [7, 'N', 3],
    [7, 1, 3],
  ],
  [
    ['T', 'N', 3],
    [7, 3],
  ],
  [
    ['T', 'N', 3],
    [7, 1, 3],
  ],
] as const)('%j takes a sample %j and gives its answer', async (dims, sample) => {
  const x = float32(numbers(21, 2), [...sample]);
  const result = await audit(series(dims), x, { ...QUICK, iterations: 2, evidenceDraws: 8 });
  const expected = answer(x);
  const best = expected.indexOf(Math.max(...expected));
  expect(result.prediction[0]).toMatchObject({ index: best, probability: expect.closeTo(expected[best]!, 5) });
  expect(result.betas[0]!.learned.mask.dims).toEqual([1, 7, 1, 3]);
  expect(result.notes.filter((n) => n.startsWith(`samples lie along axis 1 of 'x' [${dims.join(',')}], as the name of the output's first axis says`))).toHaveLength(1); // prettier-ignore
});

test('columns [4,N]: the answer is that of the column', async () => {
  const values = numbers(4, 5);
  const { prediction } = await audit(columns([4, 'N']), float32(values, [4]), { ...QUICK, iterations: 2, evidenceDraws: 8 });
  const expected = softmax([0, 1, 2].map((k) => values.reduce((sum, v, c) => sum + v * WEIGHTS[4 * k + c]!, 0)));
  for (const { index, probability } of prediction) expect(probability).toBeCloseTo(expected[index]!, 5);
});

test('the axis of samples needs no shape, and another open one is asked for with 1 there', async () => {
  expect((await check(series([7, 'N', 3]), { ...QUICK, samples: 1, engine: 'onnxruntime' })).verdict).toBe('agrees');
  await expect(check(series(['T', 'N', 3]), QUICK)).rejects.toThrow("Input 'x' leaves axis 0 open: [T,N,3]. Bind it, for example with `shapes` x=128,1,3."); // prettier-ignore
});

test('without names it is said what to type, and that is taken', async () => {
  const [fixed, open] = [series([7, null, 3], [null, 4]), series([null, null, 3], [null, 4])];
  await expect(check(fixed, QUICK)).rejects.toThrow("Input 'x' leaves axis 1 open: [7,?,3]. Bind it, for example with `shapes` x=7,128,3, or 7,1,3 where samples lie along that axis."); // prettier-ignore
  const x = float32(numbers(21, 2), [7, 3]);
  const advice = "Where the samples lie along another axis of 'x' (time first, say), say so, with 1 there: `shapes` x=7,1,3.";
  await expect(audit(fixed, x, QUICK)).rejects.toThrow(advice);
  await expect(audit(open, x, QUICK)).rejects.toThrow(advice);
  const whole = float32(numbers(21, 2), [7, 1, 3]);
  await expect(audit(open, whole, QUICK)).rejects.toThrow('Where the array is one sample all the same (time first, say), say so: `shapes` x=7,1,3.'); // prettier-ignore
  for (const sample of [x, whole]) {
    const { prediction } = await audit(open, sample, { ...QUICK, shapes: { x: [7, 1, 3] }, iterations: 2, evidenceDraws: 8 });
    expect(prediction[0]!.probability).toBeCloseTo(Math.max(...answer(x)), 5);
  }
});

test('pictures along the last axis are no batch of grey ones', async () => {
  const g = new GraphBuilder('last');
  const mean = g.op('ReduceMean', [g.input('x', 'float32', [3, 8, 8, 'N']), g.ints([1, 2])], { keepdims: 0 });
  const scores = g.op('Transpose', [mean], { perm: [1, 0] });
  g.output(g.op('Softmax', [scores], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
  const classifier = await openModel(encoded(g), QUICK);
  expect([classifier.card, classifier.sampleShape]).toEqual([undefined, [3, 8, 8, 1]]);
  await classifier.dispose();
});
