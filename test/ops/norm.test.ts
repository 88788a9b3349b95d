// Every op of the family norm at every definition, in both engines, against onnxruntime and finite differences.
import { expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { LanError } from '../../src/core/errors.js';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { float, GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { testFamilies } from './runner.js';

await testFamilies('norm');

/** x [1,3,6,6] through a Conv whose weights [4,3,3,3] a BatchNormalization in training mode standardises, as timm's NFNet has it; or through that op itself. */
function standardising(what: 'weights' | 'input'): Uint8Array {
  const g = new GraphBuilder();
  const vector = (values: readonly number[]): string => g.constant(float32(values));
  const x = g.input('x', 'float32', [1, 3, 6, 6]);
  const four = [vector([1, 0.5, 2, 1.5]), vector([0.1, 0, -0.2, 0.3]), vector([0, 0, 0, 0]), vector([1, 1, 1, 1])];
  const three = [vector([1, 2, 3]), vector([0, 0, 0]), vector([0, 0, 0]), vector([1, 1, 1])];
  const weights = g.constant(
    float32(
      Array.from({ length: 108 }, (_, i) => Math.sin(7 * i)),
      [1, 4, 27],
    ),
  );
  const training = { training_mode: 1, epsilon: float(1e-3) };
  const kernel = what === 'weights' ? g.op('BatchNormalization', [weights, ...four], training) : weights;
  const seen = what === 'input' ? g.op('BatchNormalization', [x, ...three], training) : x;
  g.append('Flatten', [g.op('GlobalAveragePool', [g.op('Tanh', [g.op('Conv', [seen, g.reshape(kernel, [4, 3, 3, 3])])])])], ['y'], { axis: 1 }); // prettier-ignore
  g.output('y');
  return encodeModel(dialectModel(g.build()));
}

test('BatchNormalization in training mode over constant weights is what onnxruntime computes; over the input it is refused', async () => {
  const result = await check(standardising('weights'), { samples: 2 });
  expect([result.agrees, result.gradients.map((o) => o.verdict)]).toEqual([true, result.gradients.map(() => 'agrees')]);
  expect(result.outputs.length).toBe(2);
  const refused = await check(standardising('input'), { samples: 1 }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(LanError);
  expect((refused as LanError).message).toContain('it is in training mode: its output depends on the batch');
});
