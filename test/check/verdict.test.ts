// What counts as a disagreement of gradients: noise and bends do not, planted errors of 1 % do.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { check } from '../../src/check/check.js';
import { settle, type Measure } from '../../src/check/verdict.js';
import { random } from '../../src/core/random.js';
import { float32, sizeOf } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { agreementText, suiteOf } from '../../src/report/agreement.js';

const weights = (draw: number, dims: number[], size = 1) =>
  float32(random(8, 5).normal(new Float32Array(sizeOf(dims)), draw, 0, size), dims);

/** [1,4] -> Gemm -> Softmax -> each divided by their sum, as scikit-learn's converter writes it: no op says any more that these are probabilities. */
function logisticRegression(size: number): Uint8Array {
  const g = new GraphBuilder();
  const scores = g.op('MatMul', [g.input('x', 'float32', [1, 4]), g.constant(weights(0, [4, 3], size))]);
  const p = g.op('Softmax', [scores], { axis: 1 });
  g.append(
    'Div',
    [p, g.op('ReduceSum', [p, g.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(1n) })], { keepdims: 1 })],
    ['p'],
  );
  g.output('p');
  return encodeModel(dialectModel(g.build()));
}

/** [1,64] -> 6 times (MatMul, Relu) of width 64 -> [1,5]. */
function perceptron(): Uint8Array {
  const g = new GraphBuilder();
  let x = g.input('x', 'float32', [1, 64]);
  for (let i = 0; i < 6; i++) x = g.op('Relu', [g.op('MatMul', [x, g.constant(weights(i, [64, 64], 0.18))])]);
  g.append('MatMul', [x, g.constant(weights(9, [64, 5]))], ['y']);
  g.output('y');
  return encodeModel(dialectModel(g.build()));
}

const measures = (...found: [number, Measure['found']][]): Measure[] => found.map(([error, f]) => ({ error, found: f }));

describe('settle', () => {
  test.each([
    ['all agree', measures([1e-5, 'agrees'], [2e-5, 'agrees']), 'agrees', 2e-5],
    ['noise at one of two', measures([0.3, 'noise'], [2e-5, 'agrees']), 'agrees', 2e-5],
    ['noise everywhere', measures([0.3, 'noise'], [0.2, 'noise']), 'inconclusive', 0.3],
    ['apart once, and never again', measures([0.3, 'apart'], [1e-5, 'agrees'], [1e-6, 'agrees']), 'inconclusive', 0.3],
    ['apart again and again', measures([0.3, 'apart'], [1e-5, 'agrees'], [0.2, 'apart']), 'disagrees', 0.3],
    ['apart, the rest noise', measures([0.3, 'apart'], [0.2, 'noise']), 'disagrees', 0.3],
  ] as const)('%s', (_, given, verdict, maxError) =>
    expect(settle(given)).toMatchObject({ verdict, maxError, ok: verdict !== 'disagrees' }),
  );
});

test('a saturated logistic regression is no disagreement at any of ten seeds', async () => {
  const verdicts = new Set<string>();
  for (let seed = 0; seed < 10; seed++) {
    const { agrees, verdict, blame } = await check(logisticRegression(8), { seed, engine: 'onnxruntime' });
    expect([seed, agrees, blame]).toEqual([seed, true, undefined]);
    verdicts.add(verdict);
  }
  expect(verdicts).toContain('agrees');
});

test('where float32 hides every derivative the check says so, and exits as one that agrees', async () => {
  const result = await check(logisticRegression(14), { engine: 'onnxruntime' });
  expect([result.agrees, result.verdict]).toEqual([true, 'inconclusive']);
  expect(result.gradients[0]).toMatchObject({ verdict: 'inconclusive', ok: true });
  expect(agreementText(result)).toMatch(
    /^inconclusive model .*\n(.*\n)*.* \?\? {2}gradient of 'p', .*hidden by float32 noise or a bend .* at 6 of 6 inputs/,
  );
  expect(suiteOf({ model: 'model', result }).cases.at(-1)!.skipped).toMatch(/^inconclusive: /);
});

test('an infinite gradient is named with its op, and is no engine’s mistake', async () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 4]);
  g.append('Sqrt', [g.op('Relu', [x])], ['root']);
  g.append('ReduceSum', ['root'], ['y'], { keepdims: 1 });
  g.output('y');
  const inputs = [{ feeds: { x: float32([0, 0, 0, 0], [1, 4]) } }];
  const { agrees, blame, gradients } = await check(encodeModel(dialectModel(g.build())), { inputs });
  expect([agrees, blame]).toEqual([true, undefined]);
  for (const row of gradients) expect(row.verdict === 'agrees' || /infinite or NaN from Sqrt/.test(row.reason!)).toBe(true);
});

test('gradients that are NaN in every engine are no disagreement: a reciprocal of an exponential that overflows', async () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 4]);
  const z = g.op('MatMul', [x, g.constant(weights(0, [4, 3], 400))]);
  g.append('Reciprocal', [g.add(g.op('Exp', [g.neg(z)]), g.scalar(2))], ['p']);
  g.output('p');
  const result = await check(encodeModel(dialectModel(g.build())));
  expect([result.agrees, result.verdict, result.blame]).toEqual([true, 'inconclusive', undefined]);
  const between = result.gradients.find((row) => row.cosine !== undefined)!;
  expect([between.cosine, between.reason]).toEqual([NaN, expect.stringMatching(/infinite or NaN from Exp/)]);
});

test('the input at which no gradient is a number need not be the first', async () => {
  const g = new GraphBuilder();
  const z = g.op('MatMul', [g.input('x', 'float32', [1, 4]), g.constant(weights(0, [4, 3], 400))]);
  g.append('Reciprocal', [g.add(g.op('Exp', [g.neg(z)]), g.scalar(2))], ['p']);
  g.output('p');
  const inputs = [0.001, 3, 4, 5].map((size, draw) => ({ feeds: { x: weights(draw + 1, [1, 4], size) } }));
  const result = await check(encodeModel(dialectModel(g.build())), { inputs });
  expect([result.agrees, result.verdict, result.blame]).toEqual([true, 'inconclusive', undefined]);
  expect(result.gradients.some((row) => /infinite or NaN from Exp/.test(row.reason ?? ''))).toBe(true);
});

describe('an error of 1 % in a rule is found', () => {
  const sound = (op: string): OpAdapter => adapters.find((a) => a.op === op && !a.domain)!;
  const off = (op: string): OpAdapter[] => {
    const { vjp, ...rest } = sound(op);
    const rule = vjp as Exclude<typeof vjp, { none: string } | { todo: string } | undefined>;
    const one: OpAdapter = {
      ...rest,
      vjp: (cotangents, attributes, b) =>
        rule(cotangents, attributes, b).map((d) => (d === undefined ? d : b.mul(d, b.scalar(1.01)))),
    };
    return [...adapters, one];
  };

  test.each(['Relu', 'MatMul'])('of %s', async (op) => {
    expect((await check(perceptron())).verdict).toBe('agrees');
    const { agrees, blame } = await check(perceptron(), { adapters: off(op) });
    expect([agrees, blame?.op, blame?.engine]).toEqual([false, op, 'onnxruntime']);
  });
});

test('a reference that changes its mind is not believed', async () => {
  // onnxruntime 1.30's Pad with mode wrap, longer than the axis, reads memory that nobody wrote.
  const g = new GraphBuilder();
  const pads = g.constant({ type: 'int64', dims: [4], data: BigInt64Array.of(0n, 7n, 0n, 7n) });
  g.append('Pad', [g.input('x', 'float32', [1, 3]), pads], ['y'], { mode: 'wrap' });
  g.output('y');
  const { agrees } = await check(encodeModel(dialectModel(g.build())));
  expect(agrees).toBe(true);
});
