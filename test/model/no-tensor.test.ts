// A sequence or an optional value beside a good output: that output alone is left out, and told once.
import { expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { float32, int64, toFloat32 } from '../../src/core/tensor.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { ModelProtoType } from '../../src/onnx/schema.js';
import { encoded } from '../support/encoded.js';

type Beside = (g: GraphBuilder, scores: string) => string;

/** Probabilities of x [N,2], and what stands beside them; `declared`: the file says of the other output what it is. */
function model(beside: Beside, declared: boolean, first = false): Uint8Array {
  const g = new GraphBuilder('beside');
  const scores = g.matMul(g.input('x', 'float32', ['N', 2]), g.constant(float32([2, 0, 0, 2], [2, 2])));
  if (first) g.output(beside(g, scores), 'odd');
  g.output(g.op('Softmax', [scores], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 2] });
  if (!first) g.output(beside(g, scores), 'odd');
  const bytes = encoded(g);
  if (!declared) return bytes;
  const proto = ModelProtoType.toObject(ModelProtoType.decode(bytes)) as { graph: { output: { name: string; type?: object }[] } };
  proto.graph.output.find((o) => o.name === 'odd')!.type = { sequenceType: { elemType: { tensorType: { elemType: 1 } } } };
  return ModelProtoType.encode(ModelProtoType.fromObject(proto)).finish();
}

const construct: Beside = (g, scores) => g.op('SequenceConstruct', [scores, scores]);
const split: Beside = (g, scores) => g.op('SplitToSequence', [scores], { axis: 1 });
const insert: Beside = (g, scores) => g.op('SequenceInsert', [construct(g, scores), scores]);
const optional: Beside = (g, scores) => g.op('Optional', [scores]);
const through: Beside = (g, scores) => g.op('Identity', [construct(g, scores)]);

test.each<[string, Uint8Array]>([
  ['a sequence', model(construct, true)],
  ['one before the scores', model(construct, true, true)],
  ['one that the file does not declare', model(construct, false)],
  ['a split', model(split, false)],
  ['one that is put together', model(insert, true)],
  ['one that is handed on', model(through, true)],
  ['an optional value', model(optional, false)],
])('%s', async (_, bytes) => {
  const classifier = await openModel(bytes, { trust: true, threads: 1 });
  try {
    expect(classifier.outputs.map((o) => o.name)).toEqual(['p']);
    expect(classifier.notes.filter((n) => n.includes("'odd'"))).toEqual(["output 'odd' is left out: it is a sequence or an optional value, and no tensor"]); // prettier-ignore
    const p = toFloat32(await classifier.predict(float32([1, 0], [1, 2])));
    expect(p[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  } finally {
    await classifier.dispose();
  }
  const result = await check(bytes, { trust: true, threads: 1, samples: 1, engine: 'onnxruntime' });
  expect(result.verdict).toBe('agrees');
  expect(result.outputs.map((o) => o.output)).toEqual(['p']);
});

test('where nothing is a tensor the model is refused, as there is nothing to explain', async () => {
  const g = new GraphBuilder('alone');
  const x = g.input('x', 'float32', [1, 2]);
  g.output(g.op('SequenceConstruct', [x, x]), 'odd');
  await expect(openModel(encoded(g), { trust: true })).rejects.toThrow("Output 'odd' is a sequence. Export the model with tensors as its outputs."); // prettier-ignore
});

test('an element of a sequence inside the model is a tensor, and stays', async () => {
  const bytes = model((g, scores) => g.op('SequenceAt', [construct(g, scores), g.constant(int64([0], []))]), false);
  const classifier = await openModel(bytes, { trust: true, threads: 1 });
  expect(classifier.outputs.map((o) => o.name)).toEqual(['p', 'odd']);
  await classifier.dispose();
});
