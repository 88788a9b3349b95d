// Whole tfjs-layers models: Sequential, nested, shared layers, quantised weights in shards, JavaScript modules, and the file with its card.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs';
import { importTfjs } from '../../src/api/import-tfjs.js';
import { openModel } from '../../src/model/open.js';
import { cli } from '../support/command.js';
import { both, error, randomise, saveTo, tf } from '../support/tfjs-layers.js';

const folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
beforeAll(() => tf.setBackend('cpu'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const l = tf.layers;

/** A small classifier of pictures with five classes. */
function classifier(): LayersModel {
  const model = tf.sequential({
    layers: [
      l.conv2d({ inputShape: [12, 10, 3], filters: 6, kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
      l.batchNormalization(),
      l.reLU({ maxValue: 6 }),
      l.depthwiseConv2d({ kernelSize: 3, padding: 'same' }),
      l.globalAveragePooling2d({}),
      l.dropout({ rate: 0.5 }),
      l.dense({ units: 5, activation: 'softmax' }),
    ],
  });
  randomise(model, 1);
  return model;
}

test('Sequential', async () => {
  const model = classifier();
  expect(error(await both(model, await saveTo(join(folder, 'sequential'), model)))).toBeLessThan(1e-5);
});

test.each(['uint8', 'uint16', 'float16'] as const)(
  'weights quantised to %s, in shards that end within a weight',
  async (quantised) => {
    const path = await saveTo(join(folder, quantised), classifier(), { quantised, shard: 67 });
    const { weightsManifest, modelTopology } = JSON.parse(readFileSync(path, 'utf8')) as { weightsManifest: { paths: string[]; weights: [] }[]; modelTopology: object }; // prettier-ignore
    expect(weightsManifest[0]!.paths.length).toBeGreaterThan(3);
    const bytes = Buffer.concat(weightsManifest[0]!.paths.map((p) => readFileSync(join(folder, quantised, p))));
    // What tfjs makes of the quantised weights is the oracle, not the model that was saved.
    const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData: new Uint8Array(bytes).buffer })); // prettier-ignore
    expect(error(await both(model, path))).toBeLessThan(1e-5);
  },
);

test('a layer used twice, and a model within a model that is used twice', async () => {
  const inner = tf.sequential({ name: 'features' });
  inner.add(l.conv2d({ inputShape: [8, 6, 4], filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', name: 'inside' }));
  inner.add(l.maxPooling2d({ poolSize: 2 }));
  const input = tf.input({ shape: [8, 6, 4] });
  const shared = l.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'shared' });
  const twice = shared.apply(shared.apply(input)) as SymbolicTensor;
  const seen = inner.apply(l.add().apply([twice, input])) as SymbolicTensor;
  const again = inner.apply(input) as SymbolicTensor;
  const flat = l.flatten().apply(l.concatenate().apply([again, seen]));
  const output = l.dense({ units: 3, activation: 'sigmoid', name: 'scores' }).apply(flat) as SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  randomise(model, 7);
  const path = await saveTo(join(folder, 'nested'), model);
  expect(error(await both(model, path))).toBeLessThan(1e-5);
  expect((await importTfjs(path)).card.output).toBe('sigmoid');
});

test('a picture of open size is bound by `size`, and refused without', async () => {
  const input = tf.input({ shape: [null, null, 3] });
  const y = l.globalMaxPooling2d({}).apply(l.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }).apply(input));
  const model = tf.model({ inputs: input, outputs: y as SymbolicTensor });
  const path = await saveTo(join(folder, 'open'), model);
  await expect(importTfjs(path)).rejects.toThrow(`Model '${path}': input '${input.name}' leaves sizes open: [?, ?, 3]. Give its height and width with \`size\`.`); // prettier-ignore
  expect((await importTfjs(path, { size: [9, 8] })).inputs).toEqual([{ name: input.name, shape: ['N', 9, 8, 3] }]);
});

/** The model as npm packages carry it: bundled, minified modules. */
function asModules(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const json = JSON.parse(readFileSync(join(from, 'model.json'), 'utf8')) as { weightsManifest: { paths: string[] }[] };
  const bundle = (data: string): string =>
    `!function(a){if("object"==typeof exports&&"undefined"!=typeof module)module.exports=a()}(function(){var c={exports:{}};return function(n){n.exports=${data}}(c),c.exports});`;
  const minified = JSON.stringify(json)
    .replace(/"([A-Za-z_]\w*)":/g, '$1:')
    .replace(/:true\b/g, ':!0')
    .replace(/:false\b/g, ':!1')
    .replace(/\b0\.(\d)/g, '.$1');
  writeFileSync(join(to, 'model.min.js'), bundle(minified));
  for (const path of json.weightsManifest.flatMap((g) => g.paths))
    writeFileSync(join(to, `${path}.min.js`), bundle(JSON.stringify(readFileSync(join(from, path)).toString('base64'))));
}

test('JavaScript modules give the same file, and are not run', async () => {
  const path = await saveTo(join(folder, 'plain'), classifier(), { quantised: 'uint8', shard: 200 });
  asModules(join(folder, 'plain'), join(folder, 'modules'));
  const [plain, modules] = [await importTfjs(path), await importTfjs(join(folder, 'modules'))];
  expect(Buffer.compare(plain.bytes, modules.bytes)).toBe(0);
  writeFileSync(join(folder, 'modules', 'model.min.js'), 'module.exports={modelTopology:process.exit(3)}');
  await expect(importTfjs(join(folder, 'modules'))).rejects.toThrow('exports more than plain data (at character 37: \'.exit(3)}\').'); // prettier-ignore
});

test('the command writes the file with its card, and a classifier opens from both', async () => {
  const path = await saveTo(join(folder, 'command'), classifier(), { quantised: 'float16' });
  const labels = join(folder, 'labels.txt');
  writeFileSync(labels, 'a\nb\nc\nd\ne\n');
  const out = join(folder, 'made', 'small.onnx');
  const first = await cli('import-tfjs', path, '--range', '1', '--mean', '0', '--std', '1', '--channels', 'RGB', '--labels', labels, '--out', out); // prettier-ignore
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toContain('output dense_Dense');
  const card = JSON.parse(readFileSync(join(folder, 'made', 'small.card.json'), 'utf8')) as object;
  expect(card).toEqual({
    input: { layout: 'NHWC', size: [12, 10], channels: 'RGB', range: 1, mean: [0], std: [1] },
    output: 'probabilities',
    labels: ['a', 'b', 'c', 'd', 'e'],
  });
  const classifierOf = await openModel(out);
  expect(classifierOf.labels).toEqual(['a', 'b', 'c', 'd', 'e']);
  await classifierOf.dispose();
  const again = await cli('import-tfjs', path, '--out', out);
  expect(again.err).toContain('is left as it is');
  expect(JSON.parse(readFileSync(join(folder, 'made', 'small.card.json'), 'utf8'))).toEqual(card);
});
