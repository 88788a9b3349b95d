// One number a sample: a logit or the output of a Sigmoid is two classes, no and yes; anything else is refused, never always the same class.
import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { audit } from '../../src/explain/audit.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

/** w x + b of x [N,4], through a Sigmoid or not. */
function oneNumber(sigmoid: boolean): Uint8Array {
  const g = new GraphBuilder('one');
  const z = g.add(
    g.matMul(g.input('x', 'float32', ['N', 4]), g.constant(float32([2, -1, 0.5, 0], [4, 1]))),
    g.constant(float32([-0.3], [1])),
  );
  g.output(sigmoid ? g.op('Sigmoid', [z]) : z, 'out', { type: 'float32', dims: ['N', 1] });
  return encoded(g);
}

const X = float32([1, 0.2, -1, 3, -1, 0.4, 0, 1], [2, 4]);
/** The logits of X, and their sigmoids. */
const YES = [2 - 0.2 - 0.5 - 0.3, -2 - 0.4 - 0.3].map((z) => 1 / (1 + Math.exp(-z)));

describe.each([
  ['a logit that is declared', oneNumber(false), { output: 'logits' as const }],
  ['a logit with two labels', oneNumber(false), { labels: ['cat', 'dog'] }],
  ['a sigmoid', oneNumber(true), {}],
  ['a sigmoid with two labels', oneNumber(true), { labels: ['cat', 'dog'] }],
])('%s', (_, bytes, card) => {
  test('is two classes: no and yes', async () => {
    const model = await openModel(bytes, { card });
    try {
      expect([model.classes, model.severalLabels]).toEqual([2, false]);
      const p = await model.predict(X);
      expect(p.dims).toEqual([2, 2]);
      toFloat32(p).forEach((v, i) => expect(v).toBeCloseTo(i % 2 ? YES[i >> 1]! : 1 - YES[i >> 1]!, 6));
      const log = await model.engine.compile(await model.logProbabilities(2));
      const logs = toFloat32(Object.values(await log.run({ x: X }))[0]!);
      logs.forEach((v, i) => expect(v).toBeCloseTo(Math.log(i % 2 ? YES[i >> 1]! : 1 - YES[i >> 1]!), 5));
      await log.dispose();
      const result = await audit(model, float32((X.data as Float32Array).subarray(4), [1, 4]), {
        settings: { iterations: 20, betas: [1] },
        evidenceDraws: 16,
      });
      expect(result.prediction[0]).toMatchObject({ index: 0, label: 'labels' in card ? 'cat' : 'class 0' });
      expect(result.prediction).toHaveLength(2);
      expect(result.betas[0]!.evidence.soft.kl).toBeGreaterThanOrEqual(0);
    } finally {
      await model.dispose();
    }
  });

  test('check agrees on its gradient', async () => {
    const result = await check(bytes, { engine: 'onnxruntime', card });
    expect([result.agrees, result.gradients.length]).toEqual([true, 1]);
  });
});

test('a model that answers with NaN is said to, and its conversion is not blamed', async () => {
  const g = new GraphBuilder('nan');
  g.output(g.op('Log', [g.input('x', 'float32', ['N', 4])]), 'y', { type: 'float32', dims: ['N', 4] });
  const model = await openModel(encoded(g), { trust: true, engine: 'onnxruntime' });
  await expect(audit(model, float32([1, -2, 3, 4], [1, 4]))).rejects.toMatchObject({
    code: 'numbers',
    problem: expect.stringContaining("onnxruntime, on the file itself, gives NaN or infinite numbers as 'y'"),
  });
  await model.dispose();
});

test('a number that nobody called a logit is refused where an answer is asked for, and run all the same', async () => {
  const model = await openModel(oneNumber(false));
  try {
    await expect(model.predict(X)).rejects.toMatchObject({
      code: 'unsupported',
      problem: expect.stringMatching(/logit of a class, or a regression/),
    });
    await expect(audit(model, float32([1, 2, 3, 4], [1, 4]))).rejects.toMatchObject({ code: 'unsupported' });
    expect((await model.run({ x: float32([1, 2, 3, 4], [1, 4]) }))['out']!.dims).toEqual([1, 1]);
  } finally {
    await model.dispose();
  }
});
