// 2,000 steps of an audit do not grow the process: neither onnxruntime's buffers nor the heap.
import { expect, test } from '@jest/globals';
import { createLearner } from '../../src/lan/learn.js';
import { createNoise } from '../../src/lan/noise.js';
import type { Model } from '../../src/onnx/graph.js';
import { Net, pictureOf } from '../nets/net.js';
import { openObjective } from '../nets/objective.js';
import { collectGarbage } from '../support/garbage.js';

const SIZE = 32;
/** The noise of one step is 74 kB: were each step's kept, the growth would be three times what is allowed. */
const DRAWS = 6;
const [WARM_UP, STEPS] = [300, 2000];

function small(): Model {
  const n = new Net('small');
  const x = n.conv(n.pool(n.conv(n.input(1, 3, SIZE), 8, 3, { stride: 2 }), 'Max', 2, 2), 16, 3);
  return n.build(n.dense(n.flat(n.mean(x)), 5).name);
}

test('2,000 steps grow the process by less than 50 MB after warm-up', async () => {
  const { classifier, objective } = await openObjective(small(), SIZE, DRAWS, { engine: 'onnxruntime', threads: 1 });
  const learner = await createLearner(classifier.engine, objective);
  const x = pictureOf([1, 3, SIZE, SIZE]);
  const megabytes: number[] = [];
  // What earlier files of this process have left must not be collected in between: that would hide a growth.
  collectGarbage();
  const { history } = await learner.learn({
    x,
    target: await classifier.predict(x),
    noise: createNoise('uniform', { x, low: -2, high: 2 }),
    settings: { beta: 1, iterations: WARM_UP + STEPS, learningRate: 0.1, schedule: 'cosine', seed: 0, start: 0.5, patience: 0 },
    onStep: ({ step }) => {
      if (step + 1 !== WARM_UP && step + 1 !== WARM_UP + STEPS) return;
      megabytes.push(process.memoryUsage.rss() / 2 ** 20);
    },
  });
  await learner.dispose();
  await classifier.dispose();
  expect(history).toHaveLength(WARM_UP + STEPS);
  const [before, after] = megabytes as [number, number];
  expect(after - before).toBeLessThan(50);
}, 60_000);
