// Weights shuffled from the top.
import { expect, test } from '@jest/globals';
import { float32, int64, toFloat32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { randomised, weightsFromTop } from '../../src/explain/randomise.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';

const counted = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i);
function model(): Model {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 6]);
  const hidden = g.add(
    g.op('MatMul', [x, g.constant(float32(counted(30), [6, 5]), 'first')]),
    g.constant(float32(counted(5)), 'bias'),
  );
  const y = g.op('MatMul', [
    g.op('Reshape', [hidden, g.constant(int64([1, 5]), 'shape')]),
    g.constant(float32(counted(20), [5, 4]), 'last'),
  ]);
  g.output(y, 'y');
  return decodeModel(encodeModel(dialectModel(g.build())));
}

test('weights from the top, without biases and shapes; each keeps its values in another order, the others stay', () => {
  const whole = model();
  const [last, first] = weightsFromTop(whole) as [string, string];
  expect(weightsFromTop(whole).map((name) => whole.graph.constants.get(name)!.dims)).toEqual([
    [5, 4],
    [6, 5],
  ]);
  const valuesOf = (layers: number, name: string): number[] => [
    ...toFloat32(decodeModel(randomised(whole, layers, 3)).graph.constants.get(name)!),
  ];
  expect([valuesOf(1, first), valuesOf(0, last)]).toEqual([[...counted(30)], [...counted(20)]]);
  expect(valuesOf(1, last)).not.toEqual([...counted(20)]);
  expect(valuesOf(1, last).toSorted((a, b) => a - b)).toEqual([...counted(20)]);
  expect(valuesOf(2, first)).not.toEqual([...counted(30)]);
  expect(valuesOf(2, last)).toEqual(valuesOf(1, last));
  // The model at hand is as it was.
  expect([...toFloat32(whole.graph.constants.get(last)!)]).toEqual([...counted(20)]);
});
