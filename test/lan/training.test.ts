// Training, weights included: a small convolutional network on MNIST digits. The full claim is test/slow/mnist.test.ts.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { createOrtEngine } from '../../src/engine/ort.js';
import { createTfEngine } from '../../src/engine/tf.js';
import { loadDigits, startTraining } from '../nets/digits.js';

const { train, validation } = loadDigits();

test('the digits are split once and for all: 8,004 to learn from, 1,996 for validation, every class in both', () => {
  expect([train, validation].map((d) => [d.labels.length, d.pixels.length / 784, new Set(d.labels).size])).toEqual([
    [8004, 8004, 10],
    [1996, 1996, 10],
  ]);
  const pictures = (d: typeof validation): string[] =>
    Array.from(d.labels, (_, i) => Buffer.from(d.pixels.slice(i * 784, (i + 1) * 784).buffer).toString('latin1'));
  const seen = new Set(pictures(train));
  expect(pictures(validation).filter((p) => seen.has(p))).toEqual([]);
});

test('both engines give the same losses from the same seed', async () => {
  const losses: number[][] = [];
  for (const engine of [createOrtEngine(adapters), await createTfEngine(adapters, { backend: 'wasm' })]) {
    const training = await startTraining(engine, train, 16, 1);
    losses.push([]);
    for (let i = 0; i < 10; i++) losses.at(-1)!.push(await training.step(0.003));
    await training.descent.dispose();
  }
  const [a, b] = losses as [number[], number[]];
  a.forEach((loss, i) => expect(Math.abs(loss - b[i]!)).toBeLessThan(1e-4));
  expect(a.at(-1)).toBeLessThan(a[0]! - 0.3);
});

test('150 steps of 32 digits: above 90 % of the validation digits', async () => {
  const engine = createOrtEngine(adapters);
  const training = await startTraining(engine, train, 32, 1);
  const before = await training.accuracy(engine, validation);
  await training.run(150, 0.003);
  const after = await training.accuracy(engine, validation);
  await training.descent.dispose();
  expect(before).toBeLessThan(0.3);
  expect(after).toBeGreaterThan(0.9);
});
