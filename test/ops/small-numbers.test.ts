// Numbers next to zero keep their sign in every engine: tfjs takes them for 0 on wasm, which made the gradient of |x| vanish there.
import { afterAll, expect, test } from '@jest/globals';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';

const X = [1e-20, -1e-20, 1e-8, -1e-8, 1.1e-7, 0, 3, NaN];
const x = float32(X, [1, X.length]);
const opened: { dispose(): Promise<void> }[] = [];
afterAll(async () => {
  for (const model of opened) await model.dispose();
});

test.each([
  ['tfjs', 'wasm'],
  ['tfjs', 'cpu'],
  ['onnxruntime', undefined],
] as const)('Abs, Sign and Mod of small numbers: %s %s', async (engine, backend) => {
  const g = new GraphBuilder('small');
  const input = g.input('x', 'float32', [1, X.length]);
  g.append('Abs', [input], ['abs']);
  g.append('Sign', [input], ['sign']);
  g.append('Mod', [input, g.scalar(2)], ['mod'], { fmod: 1 });
  for (const o of ['abs', 'sign', 'mod']) g.output(o, o, { type: 'float32', dims: [1, X.length] });
  const model = await openModel(encoded(g), { trust: true, engine, backend, output: 'abs' });
  opened.push(model);
  const { outputs, gradients } = await model.vjp({ x }, { abs: float32(new Float32Array(X.length).fill(1), [1, X.length]) });
  const finite = (name: string): number[] => Array.from(toFloat32(outputs[name]!)).slice(0, -1);
  expect(finite('sign')).toEqual([1, -1, 1, -1, 1, 0, 1]);
  expect(finite('mod').map((v, i) => Math.abs(v - (i === 6 ? 1 : Math.fround(X[i]!))))).toEqual(new Array<number>(7).fill(0));
  expect(Array.from(toFloat32(gradients['x']!)).slice(0, -1)).toEqual([1, -1, 1, -1, 1, 0, 1]);
});
