// Samples that are not independent along the first axis: two distinct ones, alone and together, tell; everything then runs one by one.
import { describe, expect, test } from '@jest/globals';
import { float32, int64, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { audit } from '../../src/explain/audit.js';
import { couplingOf } from '../../src/model/batching.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

const weights = (rows: number, columns: number): Tensor =>
  float32(
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(1 + 3 * i)),
    [rows, columns],
  );

type Dims = readonly (number | string)[];

function modelOf(dims: Dims, out: Dims, make: (g: GraphBuilder, x: string) => string): Uint8Array {
  const g = new GraphBuilder('batches');
  g.output(make(g, g.input('x', 'float32', dims)), 'p', { type: 'float32', dims: out });
  return encoded(g);
}

const flat = (g: GraphBuilder, x: string, columns: number): string =>
  g.op('MatMul', [g.op('Flatten', [x], { axis: 1 }), g.constant(weights(12, columns))]);

const MODELS = {
  sound: modelOf(['N', 3, 4], ['N', 5], (g, x) => g.op('Softmax', [flat(g, x, 5)], { axis: 1 })),
  'softmax over the batch': modelOf(['N', 3, 4], ['N', 5], (g, x) => g.op('Softmax', [flat(g, x, 5)], { axis: 0 })),
  'a batch of 1 baked in': modelOf(['N', 3, 4], ['N', 5], (g, x) =>
    g.op('MatMul', [g.reshape(x, [1, 12]), g.constant(weights(12, 5))]),
  ),
  'sums along the batch': modelOf(['N', 3, 4], ['N', 5], (g, x) => g.op('CumSum', [flat(g, x, 5), g.constant(int64([0], []))])),
  'sums from the end of the batch': modelOf(['N', 3, 4], ['N', 5], (g, x) =>
    g.op('CumSum', [flat(g, x, 5), g.constant(int64([0], []))], { reverse: 1, exclusive: 1 }),
  ),
  'sorted along the batch': modelOf(['N', 3, 4], ['N', 5], (g, x) => {
    const y = flat(g, x, 5);
    return g.ops('TopK', [y, g.op('Slice', [g.op('Shape', [y]), g.ints([0]), g.ints([1])])], 2, { axis: 0 })[0]!;
  }),
  'a mean over the batch taken off': modelOf(['N', 3, 4], ['N', 5], (g, x) => {
    const y = flat(g, x, 5);
    return g.sub(y, g.op('ReduceMean', [y, g.ints([0])], { keepdims: 1 }));
  }),
  // Ordinary noise gives 1 for every class, beside others or not.
  'saturated, a maximum over the batch taken off': modelOf(['N', 3, 4], ['N', 5], (g, x) => {
    const y = g.op('Clip', [g.op('Sub', [g.op('Abs', [flat(g, x, 5)]), g.scalar(12)]), g.scalar(0)]);
    return g.op('Sub', [y, g.op('ReduceMax', [y, g.ints([0])], { keepdims: 1 })]);
  }),
  'a fixed batch, coupled': modelOf([3, 3, 4], [3, 5], (g, x) => g.op('Softmax', [flat(g, x, 5)], { axis: 0 })),
} as const;

test.each([
  ['sound', true],
  ['softmax over the batch', false],
  ['a batch of 1 baked in', false],
  ['sums along the batch', false],
  ['sums from the end of the batch', false],
  ['sorted along the batch', false],
  ['a mean over the batch taken off', false],
  ['saturated, a maximum over the batch taken off', false],
] as const)('%s: independent %s; samples of a batch get what they get alone', async (name, independent) => {
  const model = await openModel(MODELS[name]);
  try {
    const samples = [1, 2, 3].map((k) =>
      float32(
        Float32Array.from({ length: 12 }, (_, i) => Math.cos(k * i)),
        [1, 3, 4],
      ),
    );
    const together = await model.predict(
      float32(
        samples.flatMap((s) => [...toFloat32(s)]),
        [3, 3, 4],
      ),
    );
    for (const [i, sample] of samples.entries()) {
      const alone = toFloat32(await model.predict(sample));
      toFloat32(together)
        .subarray(5 * i, 5 * i + 5)
        .forEach((v, j) => expect(v).toBeCloseTo(alone[j]!, 5));
    }
    const notes = model.notes.filter((n) => n.includes('one at a time'));
    expect(notes).toHaveLength(independent ? 0 : 1);
  } finally {
    await model.dispose();
  }
});

test('a fixed batch whose samples are coupled is said to be, and has no answer for one sample', async () => {
  const model = await openModel(MODELS['a fixed batch, coupled']);
  const refused = expect.stringContaining('the answer for a sample changes with the others in its batch') as unknown;
  expect(model.notes).toContainEqual(refused);
  const x = float32(new Float32Array(12).fill(0.5), [1, 3, 4]);
  await expect(model.predict(x)).rejects.toMatchObject({ code: 'unsupported', problem: refused });
  for (const batch of [1, 3])
    await expect(model.logProbabilities(batch)).rejects.toMatchObject({ code: 'unsupported', problem: refused });
  // Whole inputs it takes.
  expect((await model.run({ x: float32(new Float32Array(36), [3, 3, 4]) }))['p']!.dims).toEqual([3, 5]);
  await model.dispose();
});

describe('time first: [12,1,4] to [1,3]', () => {
  const bytes = modelOf([12, 1, 4], [1, 3], (g, x) =>
    g.op('Softmax', [g.op('MatMul', [g.op('ReduceMean', [x, g.ints([0])], { keepdims: 0 }), g.constant(weights(4, 3))])], {
      axis: 1,
    }),
  );

  test('the whole input is one sample', async () => {
    const model = await openModel(bytes);
    try {
      expect(model.sampleShape).toEqual([12, 1, 4]);
      const x = float32(
        Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
        [1, 12, 1, 4],
      );
      const p = await model.predict(x);
      expect(p.dims).toEqual([1, 3]);
      const out = (await model.run({ x: { ...x, dims: [12, 1, 4] } }))['p']!;
      toFloat32(p).forEach((v, i) => expect(v).toBeCloseTo(toFloat32(out)[i]!, 6));
      const result = await audit(model, x, { settings: { iterations: 5, betas: [1] }, evidenceDraws: 8 });
      expect(result.betas[0]!.learned.mask.dims.slice(1).join()).toContain('12');
    } finally {
      await model.dispose();
    }
  });
});

test('the rule itself', async () => {
  const rows = (...values: number[]): Promise<Tensor> => Promise.resolve(float32(values, [values.length, 1]));
  expect(await couplingOf((s) => rows(...s.map((v) => v + 1)))).toBe('independent');
  expect(await couplingOf((s) => rows(...s.map((v) => v + s.length)))).toBe('coupled');
  expect(await couplingOf((s) => (s.length > 1 ? Promise.reject(new Error('no')) : rows(...s)))).toBe('coupled');
  expect(await couplingOf((s) => rows(s[0]!))).toBe('coupled');
  // A row that only the other sample in the batch decides.
  expect(await couplingOf((s) => rows(...s.toReversed()), 2)).toBe('coupled');
  // The first row is spared by sums along the axis, and the last by sums from its end.
  expect(await couplingOf((s) => rows(...s.map((_, i) => s.slice(0, i + 1).reduce<number>((a, b) => a + b, 0))))).toBe('coupled');
  // One that hangs on the sample two places on.
  expect(await couplingOf((s) => rows(...s.map((v, i) => v + 2 * (s[i + 2] ?? v))))).toBe('coupled');
  // Weakly: less than what another size of batch may bring about.
  const sum = (s: readonly number[]): number => s.reduce((a, b) => a + b, 0);
  expect(await couplingOf((s) => rows(...s.map((v) => v + 1 + 1e-5 * (sum(s) - v))))).toBe('coupled');
  expect(await couplingOf((s) => rows(...s.map((v, i) => v + 1 + 1e-5 * sum(s.slice(0, i)))))).toBe('coupled');
  expect(await couplingOf((s) => rows(...s.map((v, i) => v + 1 + 1e-5 * sum(s.slice(0, i)))), 2)).toBe('coupled');
  // Another size of batch rounds otherwise, and a kernel that is not repeatable says nothing.
  expect(await couplingOf((s) => rows(...s.map((v) => v + 1 + 1e-5 * s.length)))).toBe('independent');
  let runs = 0;
  expect(await couplingOf((s) => rows(...s.map((v) => v + 1 + 1e-5 * runs++)))).toBe('independent');
  // Both samples have one answer: nothing is shown.
  expect(await couplingOf((s) => rows(...s.map(() => 1)))).toBe('blind');
  expect(await couplingOf((s) => rows(...s.map(() => -Infinity)))).toBe('blind');
});
