// The names that this project gives to values it adds meet the model's own: under any naming the same numbers come out.
import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { float32 } from '../../src/core/tensor.js';
import { audit } from '../../src/explain/audit.js';
import { exportGradient } from '../../src/export/gradient.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

/** softmax(relu(x W1) W2) of x [N,6], its values called as given. */
function named({ input = 'in', hidden = 'hidden', logits = 'logits', output = 'out' }): Uint8Array {
  const g = new GraphBuilder('named');
  const weights = (rows: number, columns: number) =>
    g.constant(
      float32(
        Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(1 + 3 * i)),
        [rows, columns],
      ),
    );
  const x = g.input(input, 'float32', ['N', 6]);
  g.append('MatMul', [x, weights(6, 5)], ['first'], {});
  g.append('Relu', ['first'], [hidden], {});
  g.append('MatMul', [hidden, weights(5, 4)], [logits], {});
  g.append('Softmax', [logits], [output], { axis: 1 });
  g.output(output);
  return encoded(g);
}

/** Every name that objectives, checks, exports and training steps use. */
const OWN = ['x', 'target', 'loss', 'mask', 'log_probabilities', 'objective', 'cotangent', 'in_grad'];

const settings = { iterations: 5, draws: 2, betas: [2], maskGrids: [] };

async function maskOf(bytes: Uint8Array): Promise<readonly number[]> {
  const model = await openModel(bytes);
  try {
    const result = await audit(model, float32([0.3, -1, 0.7, 2, -0.4, 1], [1, 6]), { settings, evidenceDraws: 4 });
    return Array.from(result.betas[0]!.learned.mask.data as Float32Array);
  } finally {
    await model.dispose();
  }
}

test.each(OWN)('a model with values called %s', async (name) => {
  const plain = await maskOf(named({}));
  for (const where of ['input', 'hidden', 'logits', 'output']) {
    const bytes = named({ [where]: name });
    expect([where, await maskOf(bytes)]).toEqual([where, plain]);
    const { agrees, gradients } = await check(bytes, { engine: 'onnxruntime', samples: 1 });
    expect([where, agrees, gradients.length]).toEqual([where, true, 1]);
  }
});

describe.each(['__proto__', 'constructor', 'toString'])('a value called %s, as every JavaScript object has one', (name) => {
  test.each(['input', 'hidden', 'output'])('as the %s', async (where) => {
    const bytes = named({ [where]: name });
    const { agrees, gradients } = await check(bytes, { engine: 'onnxruntime', samples: 1, trust: true });
    expect([agrees, gradients.length]).toEqual([true, 1]);
    const runs = await Promise.all(
      [bytes, named({})].map(async (file) => {
        const model = await openModel(file, { engine: 'onnxruntime', trust: true });
        const [[input], [output]] = [model.inputs, model.outputs] as const;
        const x = float32([0.3, -1, 0.7, 2, -0.4, 1], [1, 6]);
        const cotangents = Object.fromEntries([[output!.name, float32([1, -1, 2, 0], [1, 4])]]);
        const { outputs, gradients } = await model.vjp(Object.fromEntries([[input!.name, x]]), cotangents);
        await model.dispose();
        return [Object.values(outputs), Object.values(gradients)];
      }),
    );
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]![1]).toHaveLength(1);
  });
});

test('exports keep away from any name of the model, their own included', async () => {
  const model = await openModel(named({ input: 'lan:target', hidden: 'lan:target_1' }), { engine: 'onnxruntime', trust: true });
  const { inputs } = await exportGradient(model);
  await model.dispose();
  expect(inputs.map((i) => i.name)).toEqual(['lan:target', 'target']);
});
