// Damaged and hostile tfjs-layers files: one sentence each, and nothing written.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { importTfjs } from '../../src/api/import-tfjs.js';
import { exportedLiteral } from '../../src/import/literal.js';
import { cli } from '../support/command.js';
import { refusal } from '../support/refusal.js';

const folder = mkdtempSync(join(tmpdir(), 'refused-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Layer = { class_name: string; name: string; config: object; inbound_nodes?: unknown };
const input = (shape: unknown = [null, 4, 4, 1]): Layer => ({ class_name: 'InputLayer', name: 'x', config: { batch_input_shape: shape }, inbound_nodes: [] }); // prettier-ignore
const layer = (class_name: string, name: string, config: object, ...reads: string[]): Layer => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: [reads.map((r) => [r, 0, 0, {}])],
});
const spec = (name: string, ...shape: number[]) => ({ name, shape, dtype: 'float32' });

let count = 0;
/** model.json of these layers, with weights of so many zero bytes. */
function model(layers: readonly Layer[], { weights = [] as object[], bytes = 0, paths = ['w.bin'], more = {} } = {}): string {
  const path = join(folder, `m${count++}.json`);
  const config = { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [[layers.at(-1)!.name, 0, 0]] };
  writeFileSync(join(folder, 'w.bin'), new Uint8Array(bytes));
  writeFileSync(path, JSON.stringify({ modelTopology: { class_name: 'Model', config }, weightsManifest: [{ paths, weights }], ...more })); // prettier-ignore
  return path;
}

const dense = (units = 2) => layer('Dense', 'd', { units }, 'f');
const flat = [input(), layer('Flatten', 'f', {}, 'x')];
const weights = [spec('d/kernel', 16, 2), spec('d/bias', 2)];

test('the model that the cases are variants of is imported', async () => {
  expect((await importTfjs(model([...flat, dense()], { weights, bytes: 136 }))).outputs).toEqual([{ name: 'd', shape: ['N', 2] }]); // prettier-ignore
});

const CASES: readonly (readonly [string, () => string, string])[] = [
  ['a shard that is cut off', () => model([...flat, dense()], { weights, bytes: 135 }), "its weights take 136 bytes, and 'w.bin' holds only 135. A file was cut off, or is one of another model."], // prettier-ignore
  ['a shard that is too long', () => model([...flat, dense()], { weights, bytes: 137 }), "its weights take 136 bytes, and 'w.bin' holds more. A file was cut off, or is one of another model."], // prettier-ignore
  ['a shard that is missing', () => model([...flat, dense()], { weights, paths: ['gone.bin'] }), "gone.bin': cannot be read (no such file or folder). The model in the same folder names them."], // prettier-ignore
  ['a shard outside', () => model([...flat, dense()], { weights, paths: ['../../etc/passwd'] }), "weights '../../etc/passwd' lie outside the model's folder. Copy them beside it."], // prettier-ignore
  ['a weight that is missing', () => model([...flat, dense()], { weights: weights.slice(0, 1), bytes: 128 }), "the weight 'bias' of layer 'd' (Dense) is not there."], // prettier-ignore
  ['a weight that no layer takes', () => model([...flat, dense()], { weights: [...weights, spec('e/kernel', 1)], bytes: 140 }), "no layer takes the weight 'e/kernel'."], // prettier-ignore
  ['a weight of another shape', () => model([...flat, dense(3)], { weights, bytes: 136 }), "Layer 'd' (Dense): its weight 'd/kernel' is [16, 2], expected [16, 3]."], // prettier-ignore
  ['a weight of another type', () => model(flat, { weights: [{ ...spec('d/kernel', 2), dtype: 'int32' }], bytes: 8 }), "weight 'd/kernel' is int32; float32 is known, and float32 quantised to uint8, uint16 or float16."], // prettier-ignore
  ['sizes beyond all files', () => model(flat, { weights: [spec('d/kernel', 2 ** 50, 2 ** 50)], bytes: 8 }), "its weights take 5.070602400912918e+30 bytes, and 'w.bin' holds only 8."], // prettier-ignore
  ['a cycle', () => model([input(), layer('Add', 'a', {}, 'x', 'b'), layer('ReLU', 'b', {}, 'a')]), "layer 'b' reads its own output, by way of 'a'."], // prettier-ignore
  ['a layer that is not there', () => model([input(), layer('ReLU', 'b', {}, 'nobody')]), "reads 'nobody' (use 0), which is not there."], // prettier-ignore
  ['two layers of one name', () => model([input(), layer('ReLU', 'x', {}, 'x')]), "two layers are called 'x'."],
  ['an input that is larger than memory', () => model([input([null, 2 ** 30, 2 ** 30, 3]), layer('ReLU', 'b', {}, 'x')]), 'is larger than the 268435456 elements that are imported.'], // prettier-ignore
  ['padding that is larger than memory', () => model([input(), layer('ZeroPadding2D', 'b', { padding: 2 ** 23 }, 'x')]), "Layer 'b' (ZeroPadding2D): its output of [16777220, 16777220, 1] is larger than the 268435456 elements that are imported."], // prettier-ignore
  ['a window that is larger than the picture', () => model([input(), layer('MaxPooling2D', 'b', { pool_size: 5 }, 'x')]), "Layer 'b' (MaxPooling2D): nothing is left of its input, its output is [0, 0, 1]."], // prettier-ignore
  ['a setting of another type', () => model([input(), layer('MaxPooling2D', 'b', { pool_size: 'big' }, 'x')]), "Layer 'b' (MaxPooling2D): pool_size must be 2 whole numbers of at least 1, received \"big\"."], // prettier-ignore
  ['a step of 0', () => model([input(), layer('MaxPooling2D', 'b', { strides: [0, 1] }, 'x')]), "strides must be 2 whole numbers of at least 1, received [0,1]."], // prettier-ignore
  ['what Keras and tfjs-layers take differently', () => model([input(), layer('ReLU', 'b', { negative_slope: 0.1 }, 'x')]), "Layer 'b' (ReLU): negative_slope 0.1: Keras would go by it, tfjs-layers does not, and which of both is meant cannot be told."], // prettier-ignore
  ['a reshape that does not fit', () => model([input(), layer('Reshape', 'b', { target_shape: [3, -1] }, 'x')]), "Layer 'b' (Reshape): target_shape must be a shape of the 16 elements that come in, received [3,-1]."], // prettier-ignore
  ['inputs that do not fit together', () => model([input(), layer('MaxPooling2D', 'p', {}, 'x'), layer('Add', 'a', {}, 'x', 'p')]), "Layer 'a' (Add): its inputs of [4, 4, 1] and [2, 2, 1] do not fit together."], // prettier-ignore
  ['a graph model', () => model(flat, { more: { format: 'graph-model' } }), "is a graph model of TensorFlow's ops, and only models of layers are imported. Convert the SavedModel that it was made from with tf2onnx."], // prettier-ignore
  ['Keras 3', () => model([input(), { ...layer('ReLU', 'b', {}), inbound_nodes: [{ args: [] }] }]), "layer 'b' names its inputs as Keras 3 does, which tfjs-layers does not read either. Save the model with Keras 2 (tf_keras), and convert that."], // prettier-ignore
  ['no JSON', () => { const path = join(folder, 'bad.json'); writeFileSync(path, '{"modelTopology":'); return path; }, 'cannot be read as JSON (Unexpected end of JSON input).'], // prettier-ignore
  ['another JSON', () => { const path = join(folder, 'other.json'); writeFileSync(path, '{"name":"p"}'); return path; }, 'is no tfjs-layers model (modelTopology: Invalid input: expected record, received undefined).'], // prettier-ignore
  ['a folder without a model', () => folder, 'the folder holds none of model.json, model.min.js, model.js.'],
];

test.each(CASES)('%s', async (_name, make, message) => {
  expect(await refusal(importTfjs(make()))).toContain(message);
});

test('every unknown layer and activation is named at once', async () => {
  const layers = [
    input(),
    layer('Lambda', 'a', {}, 'x'),
    layer('Lambda', 'b', {}, 'a'),
    layer('LSTM', 'c', { units: 1 }, 'b'),
    layer('Dense', 'd', { units: 1, activation: 'magic' }, 'c'),
  ];
  const path = model(layers);
  const said = await refusal(importTfjs(path));
  expect(said.split('\n').slice(0, 4)).toEqual([
    `Model '${path}': has layers that are not imported:`,
    "  - Lambda is not known (layer 'a' and 1 more)",
    "  - LSTM is not known (layer 'c')",
    `  - the activation "magic" is not known (layer 'd')`,
  ]);
});

test('models within models: nested without end, and doubled by each of them', async () => {
  const wrap = (inner: object, uses: number): object => ({
    class_name: 'Model',
    config: {
      name: 'm',
      layers: [input(), { ...inner, name: 'i', inbound_nodes: Array.from({ length: uses }, (_, k) => [[k === 0 ? 'x' : 'i', k, 0]]) }],
      input_layers: [['x', 0, 0]],
      output_layers: [['i', uses, 0]],
    },
  }); // prettier-ignore
  const write = (levels: number, uses: number): string => {
    let topology: object = { class_name: 'Model', config: { name: 'm', layers: [input(), layer('ReLU', 'r', {}, 'x')], input_layers: [['x', 0, 0]], output_layers: [['r', 0, 0]] } }; // prettier-ignore
    for (let i = 0; i < levels; i++) topology = wrap(topology, uses);
    const path = join(folder, `nested${levels}.json`);
    writeFileSync(path, JSON.stringify({ modelTopology: topology, weightsManifest: [] }));
    return path;
  };
  // Eight of the innermost layer, and the name of the output.
  expect((await importTfjs(write(3, 2))).nodes).toBe(9);
  expect(await refusal(importTfjs(write(40, 1)))).toContain('models within models are nested more than 32 deep.');
  expect(await refusal(importTfjs(write(30, 2)))).toContain('its layers are used more than 100000 times.');
});

test('a module is read as data: depth and names are bounded, texts are unescaped', () => {
  expect(exportedLiteral("module.exports = {a: [1, -.5e1, !0, void 0], 'b\\n': \"\\u0041\\x42'\", /* c */ 3: null,};", 'M')).toEqual({ a: [1, -5, true, null], 'b\n': "AB'", 3: null }); // prettier-ignore
  expect(() => exportedLiteral(`module.exports=${'['.repeat(1e5)}`, 'M')).toThrow('M: its data is nested more than 200 deep.');
  expect(() => exportedLiteral('module.exports={__proto__:{a:1}}', 'M')).toThrow('M: exports more than plain data');
  expect(() => exportedLiteral('module.exports={a:"b', 'M')).toThrow('M: exports more than plain data');
  expect(() => exportedLiteral('run()', 'M')).toThrow('M: exports no plain data.');
});

test('nothing is written where the model is refused, nor over what it is read from', async () => {
  const out = join(folder, 'new', 'out.onnx');
  const cut = model([...flat, dense()], { weights, bytes: 135 });
  const { code, err } = await cli('import-tfjs', cut, '--out', out);
  expect(code).toBe(2);
  expect(err).toMatch(/^lan-onnx: Model .* holds only 135\. .*\n$/);
  expect(existsSync(join(folder, 'new'))).toBe(false);
  const path = model([...flat, dense()], { weights, bytes: 136 });
  expect((await cli('import-tfjs', path, '--out', join(folder, 'w.bin'))).err).toContain('it is an input of the same run');
});
