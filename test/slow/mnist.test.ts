// The claim: a small convolutional network learns MNIST digits to above 97 % on validation ones in under two minutes, by onnxruntime alone.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { createOrtEngine } from '../../src/engine/ort.js';
import { loadDigits, startTraining } from '../nets/digits.js';

const STEPS = 1500;

// 8,004 digits to learn from, 1,996 for validation, all of them from MNIST's training half (test/nets/digits.ts); six epochs in batches of 32.
test('above 97 % of the validation digits in under two minutes', async () => {
  const { train, validation } = loadDigits();
  const engine = createOrtEngine(adapters);
  const start = performance.now();
  const training = await startTraining(engine, train, 32, 1);
  await training.run(STEPS, 0.003);
  const seconds = (performance.now() - start) / 1000;
  const accuracy = await training.accuracy(engine, validation);
  await training.descent.dispose();
  process.stderr.write(
    `${(100 * accuracy).toFixed(2)} % of ${validation.labels.length} validation digits after ${seconds.toFixed(1)} s, ${(STEPS / seconds).toFixed(0)} steps a second\n`,
  );
  expect(accuracy).toBeGreaterThan(0.97);
  expect(seconds).toBeLessThan(120);
}, 300_000);
