// What is named on the command line, as the page gets it: every file that the model needs, and nothing else of the disk.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeApart } from '../../src/onnx/apart.js';
import { givenSite, type GivenList } from '../../src/server/given.js';
import type { Site } from '../../src/server/site.js';
import { refusal } from '../support/refusal.js';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-given-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]): string => join(folder, ...names);
const TANK = join(root, 'models/tank/tank.onnx');
const PICTURE = join(root, 'models/tank/pictures/tank/05.png');

function listOf(site: Site, token: string): GivenList {
  const body = site.get(`/given/${token}/list.json`)!.body;
  return JSON.parse(Buffer.from('bytes' in body ? body.bytes : []).toString()) as GivenList;
}
const pathOf = (site: Site, token: string, address: string): string => {
  const { body, keep } = site.get(`/given/${token}/${address}`)!;
  expect(keep).toBe(false);
  return 'path' in body ? body.path : '';
};

test('nothing named: nothing there', async () => expect(await givenSite({})).toEqual({ token: '', site: new Map() }));

test('a model of the package with a picture; each start has another token', async () => {
  const { site, token } = await givenSite({ model: 'tank', image: PICTURE });
  const { model, image } = listOf(site, token);
  expect(token).toMatch(/^[\w-]{24}$/);
  expect((await givenSite({ model: 'tank' })).token).not.toBe(token);
  expect(model!.files.map((f) => [f.name, f.bytes])).toEqual([['tank.onnx', readFileSync(TANK).length]]);
  expect(pathOf(site, token, model!.files[0]!.address)).toBe(TANK);
  expect([model!.folder, model!.card!.labels, model!.card!.input!.size]).toEqual([undefined, ['no tank', 'tank'], [64, 64]]);
  expect([image!.name, pathOf(site, token, image!.address)]).toEqual(['05.png', PICTURE]);
  expect(site.size).toBe(3);
});

test('a card that is named wins over the one beside the model', async () => {
  writeFileSync(at('other.json'), JSON.stringify({ labels: ['a', 'b'] }));
  const { site, token } = await givenSite({ model: 'tank', card: at('other.json') });
  expect(listOf(site, token).model!.card).toEqual({ labels: ['a', 'b'] });
});

test('a Hugging Face folder: the chosen model, what describes it, and no weights of other frameworks', async () => {
  mkdirSync(at('hf/onnx'), { recursive: true });
  for (const name of ['model.onnx', 'model_quantized.onnx']) copyFileSync(TANK, at('hf/onnx', name));
  for (const name of ['config.json', 'preprocessor_config.json']) writeFileSync(at('hf', name), '{}');
  for (const name of ['pytorch_model.bin', '.env', 'model.safetensors']) writeFileSync(at('hf', name), 'secret');
  const { site, token } = await givenSite({ model: at('hf') });
  const { model } = listOf(site, token);
  expect(model!.files.map((f) => f.name).sort()).toEqual(['config.json', 'onnx/model.onnx', 'preprocessor_config.json']);
  expect([model!.folder, model!.card]).toEqual(['hf', undefined]);
  const quantised = await givenSite({ model: at('hf'), variant: 'quantized' });
  expect(listOf(quantised.site, quantised.token).model!.files[0]!.name).toBe('onnx/model_quantized.onnx');
});

test('data beside the model goes with it, under the name that the model has for it', async () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 20_000]);
  g.output(g.op('Add', [x, g.constant(float32(new Float32Array(20_000).fill(1), [20_000]))]), 'y');
  const { bytes, files: apart } = encodeApart(dialectModel(g.build()));
  mkdirSync(at('external'));
  writeFileSync(at('external/model.onnx'), bytes);
  for (const { path, data } of apart) writeFileSync(at('external', path), data);
  writeFileSync(at('external/other'), 'of something else');
  const { site, token } = await givenSite({ model: at('external/model.onnx') });
  const { files } = listOf(site, token).model!;
  expect(files.map((f) => [f.name, f.bytes])).toEqual([['model.onnx', bytes.length], ['constant-0', 80_000]]); // prettier-ignore
  expect(pathOf(site, token, files[1]!.address)).toBe(at('external/constant-0'));
});

test('what is no model, no picture or no card is refused before anything is served', async () => {
  writeFileSync(at('junk.onnx'), 'junk');
  expect(await refusal(givenSite({ model: at('junk.onnx') }))).toContain('not a readable ONNX file');
  expect(await refusal(givenSite({ model: at('none.onnx') }))).toContain('no such file or folder');
  expect(await refusal(givenSite({ image: at('junk.onnx') }))).toContain('cannot be read');
  expect(await refusal(givenSite({ card: at('other.json') }))).toBe(
    '`card` is about a model, and none is given. Name the model as well.',
  );
});
