// A loss that is no number: blamed on the model's gradient and the node where it stops being finite, or on its values, not on the learning rate.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { train } from '../../src/api/train.js';
import { float32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

/** Two logits of x [1,4]: the length of x times 0, or its logarithm, and the sum of x. */
function model(op: 'Sqrt' | 'Log'): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 4]);
  const squares = g.reduceSum(g.mul(x, g.mul(x, g.scalar(op === 'Sqrt' ? 0 : 1))), [1], true);
  g.append(op, [squares], ['root'], {});
  g.output(g.op('Concat', ['root', g.reduceSum(x, [1], true)], { axis: 1 }), 'logits', { type: 'float32', dims: [1, 2] });
  return encodeModel(dialectModel(g.build()));
}
const x = float32([1, 2, 3, 4], [1, 4]);
const FEW = { iterations: 5, draws: 1, evidenceDraws: 2, trust: true } as const;

test('a gradient that is no number at the first step is named with its node, and the learning rate is not blamed', async () => {
  const error = await audit(model('Sqrt'), x, { ...FEW, noise: 'uniform:-1,1' }).catch((e: unknown) => e as Error);
  expect(error).toMatchObject({
    code: 'numbers',
    problem: expect.stringMatching(
      /^The loss became NaN at step 1: the model's gradient at the first step is not finite; it stops being so at Sqrt '/,
    ) as unknown,
    advice: expect.stringMatching(/^No learning rate helps/) as unknown,
  });
});

test('nor is it later on: a root that a draw of the noise happens to bring to 0', async () => {
  // With x = 3 and noise of -1..1 the mix comes below 1 once the mask has grown, and there the root's argument is 0 and its gradient 0 times infinity.
  const g = new GraphBuilder();
  const input = g.input('x', 'float32', [1, 1]);
  const root = g.op('Sqrt', [g.mul(input, g.op('Relu', [g.sub(input, g.scalar(1))]))]);
  g.output(g.op('Concat', [root, g.neg(input)], { axis: 1 }), 'logits', { type: 'float32', dims: [1, 2] });
  const options = { ...FEW, iterations: 200, learningRate: 0.3, beta: 5, noise: 'uniform:-1,1' };
  const error = await audit(encodeModel(dialectModel(g.build())), float32([3], [1, 1]), options).catch(
    (e: unknown) => e as Error,
  );
  const [, step, earlier] = /^The loss became NaN at step (\d+): the model's gradient at step (\d+) is not finite; it stops being so at Sqrt '/.exec((error as Error).message) ?? []; // prettier-ignore
  expect(Number(step)).toBeGreaterThan(1);
  expect(Number(earlier)).toBe(Number(step) - 1);
  expect((error as Error).message).not.toContain('learningRate');
});

test('values that are no numbers before anything has moved are no matter of the learning rate either', async () => {
  const nan = audit(model('Log'), float32([0, 0, 0, 0], [1, 4]), { ...FEW, noise: 'constant:0' });
  await expect(nan).rejects.toMatchObject({ code: 'numbers' });
  await expect(nan).rejects.not.toThrow('learningRate');
});

test('nor is it where a LAN is trained', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-not-finite-'));
  try {
    const data = join(folder, 'x.npy');
    writeFileSync(
      data,
      encodeNpy(
        float32(
          Array.from({ length: 64 }, (_, i) => ((i * 5) % 7) - 3),
          [16, 4],
        ),
      ),
    );
    const options = { iterations: 5, batch: 4, lan: 'FC(mask, sigmoid)', trust: true, out: join(folder, 'lan.onnx') } as const;
    await expect(train(model('Sqrt'), data, options)).rejects.toMatchObject({
      code: 'numbers',
      problem: expect.stringMatching(/at step 1: the model's gradient .* is not finite; it stops being so at Sqrt '/) as unknown,
      advice: expect.stringMatching(/^No learning rate helps/) as unknown,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
