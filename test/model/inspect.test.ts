// What inspect promises of an op: nothing of values that are no ops, of control flow that is resolved, and of gradients that end in a tree.
import { expect, test } from '@jest/globals';
import { dialectModel } from '../../src/engine/ort.js';
import { inspect } from '../../src/model/inspect.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { float32 } from '../../src/core/tensor.js';
import { forest } from '../nets/sklearn.js';

const supportOf = async (bytes: Uint8Array, op: string): Promise<string[]> => {
  const { ops } = await inspect(bytes);
  const row = ops.find((o) => o.op.endsWith(op))!;
  return [row.tfjsForward, row.tfjsGradient, row.onnxruntimeGradient];
};

test('a Constant is no op that is missing, whether or not the shapes are bound', async () => {
  for (const width of ['wide', 4] as const) {
    const g = new GraphBuilder();
    g.input('x', 'float32', [1, width]);
    g.append('Constant', [], ['c'], { value: { kind: 'tensor', value: float32([2], [1]) } });
    g.append('Mul', ['x', 'c'], ['y']);
    g.output('y');
    const bytes = encodeModel(dialectModel(g.build()));
    expect(await supportOf(bytes, 'Constant')).toEqual(['-', '-', '-']);
    expect(await supportOf(bytes, 'Mul')).toEqual(['yes', 'yes', 'yes']);
  }
});

test('no gradient is promised for trees', async () => {
  const none = 'none: a tree is constant between its thresholds, so its gradient is zero';
  expect(await supportOf(encodeModel(forest({ labels: 'strings' })), 'TreeEnsembleClassifier')).toEqual(['yes', none, none]);
});
