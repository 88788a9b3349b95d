// Every layer that is imported, against tfjs-layers itself on random weights and inputs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { io, LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import { LAYERS } from '../../src/import/keras.js';
import { both, error, numbers, randomise, saveTo, tf } from '../support/tfjs-layers.js';

const folder = mkdtempSync(join(tmpdir(), 'layers-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const l = tf.layers;
type Make = (x: SymbolicTensor) => SymbolicTensor;
const on = (layer: { apply(x: unknown): unknown }, x: unknown): SymbolicTensor => layer.apply(x) as SymbolicTensor;

/** One output of a layer on an input [N, 9, 7, 3], or of other dims. Every axis has a length of its own. */
const CASES: readonly (readonly [string, Make, (readonly number[])?])[] = [
  ['Conv2D valid', (x) => on(l.conv2d({ filters: 5, kernelSize: [3, 2], activation: 'relu' }), x)],
  ['Conv2D same', (x) => on(l.conv2d({ filters: 4, kernelSize: [2, 4], padding: 'same', activation: 'tanh' }), x)],
  [
    'Conv2D same strides',
    (x) => on(l.conv2d({ filters: 4, kernelSize: 3, strides: [2, 3], padding: 'same', useBias: false }), x),
  ],
  ['Conv2D same even strides', (x) => on(l.conv2d({ filters: 4, kernelSize: 4, strides: 2, padding: 'same' }), x)],
  ['Conv2D kernel below stride', (x) => on(l.conv2d({ filters: 4, kernelSize: 1, strides: 3, padding: 'same' }), x)],
  ['Conv2D dilated', (x) => on(l.conv2d({ filters: 4, kernelSize: 3, dilationRate: [2, 1], padding: 'same' }), x)],
  ['Conv2D dilated valid', (x) => on(l.conv2d({ filters: 4, kernelSize: 2, dilationRate: 3, activation: 'elu' }), x)],
  ['Conv2D channels first', (x) => on(l.conv2d({ filters: 4, kernelSize: 2, strides: 2, padding: 'same', dataFormat: 'channelsFirst', activation: 'softmax' }), x)], // prettier-ignore
  ['Conv1D', (x) => on(l.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'softplus' }), x), [9, 5]],
  ['Conv2DTranspose valid', (x) => on(l.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2 }), x)],
  ['Conv2DTranspose same', (x) => on(l.conv2dTranspose({ filters: 4, kernelSize: [3, 4], strides: [2, 3], padding: 'same' }), x)],
  ['Conv2DTranspose stride above kernel', (x) => on(l.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 3, padding: 'same' }), x)], // prettier-ignore
  ['Conv2DTranspose valid stride above kernel', (x) => on(l.conv2dTranspose({ filters: 4, kernelSize: [1, 2], strides: 3 }), x)],
  ['DepthwiseConv2D', (x) => on(l.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, strides: 2, padding: 'same', activation: 'relu6' }), x)], // prettier-ignore
  ['SeparableConv2D', (x) => on(l.separableConv2d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'selu' }), x)], // prettier-ignore
  ['SeparableConv2D strides', (x) => on(l.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, useBias: false }), x)],
  ['Dense', (x) => on(l.dense({ units: 6, activation: 'softmax' }), on(l.flatten(), x))],
  ['Dense on planes', (x) => on(l.dense({ units: 6, activation: 'softsign' }), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))],
  ['Dense without bias', (x) => on(l.dense({ units: 6, useBias: false, activation: 'hardSigmoid' }), x), [11]],
  ['BatchNormalization', (x) => on(l.batchNormalization({ epsilon: 0.01 }), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))],
  ['BatchNormalization in order', (x) => on(l.batchNormalization({ scale: false }), x)],
  ['BatchNormalization of rows', (x) => on(l.batchNormalization({ center: false }), x), [11]],
  ['LayerNormalization', (x) => on(l.layerNormalization({ axis: -1 }), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))],
  ['MaxPooling2D', (x) => on(l.maxPooling2d({ poolSize: [3, 2], strides: [2, 1] }), x)],
  ['MaxPooling2D same', (x) => on(l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x)],
  ['AveragePooling2D', (x) => on(l.averagePooling2d({ poolSize: 2 }), x)],
  ['AveragePooling2D same', (x) => on(l.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }), x)],
  ['AveragePooling2D same strides', (x) => on(l.averagePooling2d({ poolSize: 4, strides: 3, padding: 'same' }), x)],
  ['MaxPooling1D', (x) => on(l.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' }), x), [9, 5]],
  ['AveragePooling1D', (x) => on(l.averagePooling1d({ poolSize: 2, padding: 'same' }), x), [9, 5]],
  ['GlobalAveragePooling1D', (x) => on(l.globalAveragePooling1d({}), x), [9, 5]],
  ['GlobalMaxPooling1D', (x) => on(l.globalMaxPooling1d({}), x), [9, 5]],
  ['GlobalAveragePooling2D', (x) => on(l.globalAveragePooling2d({}), x)],
  ['GlobalMaxPooling2D', (x) => on(l.globalMaxPooling2d({ dataFormat: 'channelsFirst' }), x)],
  ['ZeroPadding2D', (x) => on(l.zeroPadding2d({ padding: [[1, 2], [3, 0]] }), x)], // prettier-ignore
  ['ZeroPadding2D one number', (x) => on(l.zeroPadding2d({ padding: 2 }), x)],
  ['Cropping2D', (x) => on(l.cropping2D({ cropping: [[1, 2], [0, 3]] }), x)], // prettier-ignore
  ['UpSampling2D', (x) => on(l.upSampling2d({ size: [2, 3] }), x)],
  ['UpSampling2D bilinear', (x) => on(l.upSampling2d({ size: [3, 2], interpolation: 'bilinear' }), x)],
  ['Activation swish', (x) => on(l.activation({ activation: 'swish' }), x)],
  ['Activation mish', (x) => on(l.activation({ activation: 'mish' }), x)],
  ['Activation gelu', (x) => on(l.activation({ activation: 'gelu' }), x)],
  ['Activation logSoftmax', (x) => on(l.activation({ activation: 'logSoftmax' as 'softmax' }), x), [11]],
  ['Activation softmax on planes', (x) => on(l.activation({ activation: 'softmax' }), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))], // prettier-ignore
  ['Activation sigmoid', (x) => on(l.activation({ activation: 'sigmoid' }), x)],
  ['Activation linear', (x) => on(l.activation({ activation: 'linear' }), x)],
  ['ReLU', (x) => on(l.reLU({}), x)],
  ['ReLU at most', (x) => on(l.reLU({ maxValue: 0.5 }), x)],
  ['LeakyReLU', (x) => on(l.leakyReLU({ alpha: 0.2 }), x)],
  ['LeakyReLU default', (x) => on(l.leakyReLU({}), x)],
  ['ELU', (x) => on(l.elu({}), x)],
  ['PReLU', (x) => on(l.prelu({}), x)],
  ['PReLU shared', (x) => on(l.prelu({ sharedAxes: [1, 2] }), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))],
  ['ThresholdedReLU', (x) => on(l.thresholdedReLU({ theta: 0.25 }), x)],
  ['Softmax', (x) => on(l.softmax({ axis: -1 }), x)],
  ['Flatten channels first', (x) => on(l.flatten({ dataFormat: 'channelsFirst' }), x)],
  ['Flatten planes', (x) => on(l.flatten(), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))],
  ['Flatten one place', (x) => on(l.flatten(), on(l.maxPooling2d({ poolSize: [9, 7] }), x))],
  ['Reshape', (x) => on(l.reshape({ targetShape: [7, -1, 3] }), on(l.conv2d({ filters: 6, kernelSize: [3, 1] }), x))],
  ['Permute', (x) => on(l.permute({ dims: [3, 1, 2] }), on(l.conv2d({ filters: 4, kernelSize: 2 }), x))],
  ['RepeatVector', (x) => on(l.repeatVector({ n: 4 }), x), [11]],
  ['Dropout', (x) => on(l.dropout({ rate: 0.4 }), x)],
  ['SpatialDropout1D', (x) => on(l.spatialDropout1d({ rate: 0.4 }), x), [9, 5]],
  ['AlphaDropout', (x) => on(l.alphaDropout({ rate: 0.4 }), x)],
  ['GaussianDropout', (x) => on(l.gaussianDropout({ rate: 0.4 }), x)],
  ['GaussianNoise', (x) => on(l.gaussianNoise({ stddev: 1 }), x)],
  ['Rescaling', (x) => on(l.rescaling({ scale: 1 / 127.5, offset: -1 }), x)],
  ['Add', (x) => on(l.add(), [x, on(l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), x), x])],
  ['Add planes', (x) => on(l.add(), [1, 2].map(() => on(l.conv2d({ filters: 4, kernelSize: 3 }), x)))], // prettier-ignore
  ['Multiply squeezed', (x) => on(l.multiply(), [x, on(l.reshape({ targetShape: [1, 1, 3] }), on(l.globalAveragePooling2d({}), x))])], // prettier-ignore
  ['Multiply by rows', (x) => on(l.multiply(), [x, on(l.globalAveragePooling2d({}), x)])],
  ['Average', (x) => on(l.average(), [x, on(l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), x), x])],
  ['Maximum', (x) => on(l.maximum(), [x, on(l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), x)])],
  ['Minimum', (x) => on(l.minimum(), [x, on(l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), x)])],
  ['Concatenate', (x) => on(l.concatenate(), [x, on(l.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }), x), x])],
  ['Concatenate planes', (x) => on(l.concatenate(), [4, 5, 2].map((filters) => on(l.conv2d({ filters, kernelSize: 2 }), x)))], // prettier-ignore
  ['Concatenate rows', (x) => on(l.concatenate({ axis: 1 }), [3, 2].map((k) => on(l.conv2d({ filters: 4, kernelSize: [k, 2] }), x)))], // prettier-ignore
];

test.each(CASES)('%s', async (name, make, dims = [9, 7, 3]) => {
  const input = tf.input({ shape: [...dims] });
  const model = tf.model({ inputs: input, outputs: make(input) });
  randomise(model, 11);
  const results = await both(model, await saveTo(join(folder, name.replaceAll(' ', '-')), model));
  expect(results.received.dims).toEqual(results.expected.dims);
  expect(error(results)).toBeLessThan(1e-5);
});

/** The model of a model.json, as tfjs-layers reads it. */
async function loaded(path: string): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = readJson(path);
  const bytes = readFileSync(join(path, '..', weightsManifest[0]!.paths[0]!));
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData: new Uint8Array(bytes).buffer })); // prettier-ignore
}

const readJson = (path: string) =>
  JSON.parse(readFileSync(path, 'utf8')) as {
    modelTopology: { config: { layers: { class_name: string; config: Record<string, unknown> }[] } };
    weightsManifest: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
  };

test('SeparableConv2D with a multiplier, which tfjs-layers reads but does not save', async () => {
  const input = tf.input({ shape: [9, 7, 3] });
  const made = tf.model({ inputs: input, outputs: on(l.separableConv2d({ filters: 5, kernelSize: [3, 2], depthMultiplier: 2 }), input) }); // prettier-ignore
  randomise(made, 3);
  const path = await saveTo(join(folder, 'multiplied'), made);
  const json = readJson(path);
  json.modelTopology.config.layers[1]!.config['depth_multiplier'] = 2;
  writeFileSync(path, JSON.stringify(json));
  expect(error(await both(await loaded(path), path))).toBeLessThan(1e-5);
});

test('BatchNormalization along axis 1, by its formula: on the CPU tfjs-layers normalises the last axis whatever is said', async () => {
  const input = tf.input({ shape: [5, 4, 3] });
  const model = tf.model({ inputs: input, outputs: on(l.batchNormalization({ axis: 1 }), input) });
  randomise(model, 3);
  const { received } = await both(model, await saveTo(join(folder, 'axis-1'), model));
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((name) =>
    model.weights.find((w) => w.name.includes(name))!.read().dataSync(),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array]; // prettier-ignore
  const expected = numbers(2 * 5 * 4 * 3, 5).map((v, i) => {
    const c = Math.floor(i / 12) % 5;
    return ((v - mean[c]!) / Math.sqrt(variance[c]! + 1e-3)) * gamma[c]! + beta[c]!;
  });
  expect(error({ expected: { type: 'float32', dims: received.dims, data: expected }, received })).toBeLessThan(1e-5);
});

test('every layer that is known has a case', () => {
  const covered = new Set(CASES.map(([name]) => name.split(' ')[0]));
  expect(LAYERS.filter((layer) => !covered.has(layer))).toEqual([]);
});
