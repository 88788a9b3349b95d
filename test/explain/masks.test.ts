// What a file gives as masks is held within [0,1]: by rounding alone it is moved there, further off it is refused.
import { expect, test } from '@jest/globals';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { openMasks } from '../../src/explain/explainer.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

/** Gives `mask`, whatever its input x [1,4] is. */
function giving(mask: readonly number[]) {
  const g = new GraphBuilder('masks');
  const x = g.input('x', 'float32', [1, 4]);
  g.append('Add', [g.mul(x, g.scalar(0)), g.constant(float32([...mask], [1, mask.length]))], ['mask']);
  g.output('mask', 'mask', { type: 'float32', dims: [1, 4] });
  return openMasks({ bytes: encoded(g), name: 'lan.onnx', settings: {} as never, model: {}, sampleShape: [4] });
}
const x = float32([1, 2, 3, 4], [1, 4]);

test('what a float32 Sigmoid gives beyond its end is 1', async () => {
  const masks = await giving([1.0000001192092896, -1e-7, 0.25, 1]);
  expect(Array.from(toFloat32(await masks.explain(x)))).toEqual([1, 0, 0.25, 1]);
  await masks.dispose();
});

test.each([1.001, -0.001, NaN])('%s is no value of a mask', async (value) => {
  const masks = await giving([0, 1, value, 1]);
  await expect(masks.explain(x)).rejects.toThrow('lan.onnx: gives a mask with the value');
  await masks.dispose();
});
