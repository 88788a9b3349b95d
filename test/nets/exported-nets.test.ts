// Networks as exporters write them, with their shape arithmetic and constants, at an open batch; and every op of the model zoo in one of the nets.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openSession } from '../../src/engine/ort.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';
import { expectAgreement } from './agrees.js';
import { CLASSICS, type ScaledOptions } from './classics.js';
import { EXPORTED_CONVNETS } from './exported-convnets.js';
import { LARGE } from './large.js';
import { MOBILE } from './mobile.js';
import { withoutWeights } from './net.js';
import { RECURRENT } from './recurrent.js';
import { TEXT } from './text.js';
import { VISION_TRANSFORMERS } from './vision-transformers.js';

const EXPORTED: Readonly<Record<string, () => Model>> = { ...VISION_TRANSFORMERS, ...EXPORTED_CONVNETS, ...TEXT, ...RECURRENT };

test.each(Object.keys(EXPORTED))('%s', (name) => expectAgreement(EXPORTED[name]!()));

test.each(['ViT', 'Swin', 'XCiT', 'EdgeNeXt', 'EfficientNet of TensorFlow', ...Object.keys(RECURRENT)])(
  '%s, two samples in one batch',
  (name) => {
    const model = EXPORTED[name]!();
    const [, ...rest] = model.graph.inputs[0]!.dims as number[];
    return expectAgreement(model, { x: [2, ...rest] });
  },
);

/** The model as onnxruntime saves it after its own optimisation, short of what only fits the machine that it was made on. */
async function optimised(model: Model): Promise<Model> {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-optimised-'));
  const file = join(folder, 'model.onnx');
  try {
    const session = await openSession(encodeModel(model), {
      session: { graphOptimizationLevel: 'extended', optimizedModelFilePath: file },
    });
    await session.dispose();
    return decodeModel(new Uint8Array(readFileSync(file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ['ViT', ['BiasGelu', 'FusedMatMul']],
  ['Swin', ['BiasGelu', 'FusedMatMul']],
  ['BERT', ['BiasGelu', 'FusedGemm', 'FusedMatMul']],
  ['NFNet', ['FusedConv', 'Gelu']],
  ['EfficientNet of TensorFlow', ['FusedConv', 'QuickGelu']],
])('%s as onnxruntime optimises it', async (name, expected) => {
  const model = await optimised(EXPORTED[name]!());
  const fused = new Set(model.graph.nodes.filter((n) => n.domain === 'com.microsoft').map((n) => n.op));
  expect([...fused].sort()).toEqual(expected);
  await expectAgreement(model);
});

/** The ops of the 1,927 classifiers of the ONNX model zoo that were exported by current tools (opset 16 to 18). */
const ZOO =
  'Conv Gemm Add Flatten GlobalAveragePool Mul Constant Relu Concat Transpose Reshape Div Shape Slice ReduceMean MatMul Erf Gather Cast ' +
  'ConstantOfShape Softmax Split MaxPool Expand Sqrt Unsqueeze Squeeze Sigmoid Sub Equal Where LayerNormalization Clip Pow BatchNormalization ' +
  'AveragePool Pad ReduceSum Identity Abs Ceil Cos Sin Tile InstanceNormalization HardSwish HardSigmoid Resize Mod Exp LeakyRelu CumSum Range ' +
  'Not ScatterND LSTM EyeLike';

test('every op of the model zoo is in a net', () => {
  const older: ((options: ScaledOptions) => Model)[] = Object.values({ ...CLASSICS, ...LARGE, ...MOBILE });
  const makers = [...Object.values(EXPORTED), ...older.map((make) => () => make({ depth: 1, width: 1 / 64 }))];
  const models = makers.map(withoutWeights);
  const ops = new Set(models.flatMap((model) => model.graph.nodes.map((n) => n.op)));
  const zoo = ZOO.split(' ');
  expect(new Set(zoo).size).toBe(57);
  expect(zoo.filter((op) => !ops.has(op))).toEqual([]);
});
