// What inspect promises of an op: nothing of values that are no ops, of control flow that is resolved, and of gradients that end in a tree.
import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dialectModel } from '../../src/engine/ort.js';
import { inspect } from '../../src/model/inspect.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { float32 } from '../../src/core/tensor.js';
import { main } from '../../src/cli/main.js';
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

test('numbers that a classical model has learned count as parameters, in attributes as they are', async () => {
  const model = forest({ labels: 'strings' });
  const node = model.graph.nodes.find((n) => n.op === 'TreeEnsembleClassifier')!;
  const floats = (name: string): number => (node.attributes[name]!.value as readonly number[]).length;
  const { parameters } = await inspect(encodeModel(model));
  expect(parameters).toBe(floats('nodes_values') + floats('class_weights'));
  expect(parameters).toBeGreaterThan(0);
});

test('a producer of many lines is told on one, and not at any length', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lan-producer-'));
  try {
    const g = new GraphBuilder();
    g.append('Relu', [g.input('x', 'float32', [1, 4])], ['y']);
    g.output('y');
    const producer = `Boost info:\n    Commit: 123\n${'    Author: somebody\n'.repeat(20)}\nopset      99`;
    writeFileSync(join(folder, 'm.onnx'), encodeModel({ ...dialectModel(g.build()), producer }));
    let out = '';
    await main(['inspect', join(folder, 'm.onnx')], { out: (t) => void (out += t), err: () => undefined, terminal: false });
    const line = out.split('\n').find((l) => l.startsWith('producer'))!;
    expect(line).toMatch(/^producer {3}Boost info: Commit: 123 Author: somebody .*…$/);
    expect(line.length).toBeLessThan(100);
    expect(out.match(/^ {4}Author/m)).toBeNull();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
