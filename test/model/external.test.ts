// External data behind links, as caches keep it: read below the model's folder or below that of the file itself, and nowhere else.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { readModel } from '../../src/model/source.js';
import { openModel } from '../../src/model/open.js';
import { assemble } from '../../src/onnx/assemble.js';

let folder = '';
const at = (name: string): string => join(folder, name);
const link = (name: string, target: string): void => {
  mkdirSync(dirname(at(name)), { recursive: true });
  symlinkSync(relative(dirname(at(name)), at(target)), at(name));
};

const shape = { dim: [{ dimValue: 1 }, { dimValue: 3 }] };
/** y = x + w [1,3], w in a file of its own. */
const model = (location: string): Uint8Array =>
  assemble({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: {
      name: 'g',
      node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape } } }],
      output: [{ name: 'y', type: { tensorType: { elemType: 1, shape } } }],
      initializer: [
        { name: 'w', dims: [1, 3], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: location }] },
      ],
    },
  });
const data = new Uint8Array(Float32Array.of(1, 2, 3).buffer);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-external-'));
  for (const name of ['blobs', 'elsewhere']) mkdirSync(at(name));
  writeFileSync(at('blobs/aa'), model('model.onnx_data'));
  writeFileSync(at('blobs/bb'), data);
  writeFileSync(at('elsewhere/secret'), data);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weight = async (path: string): Promise<number[]> => [
  ...toFloat32((await readModel(at(path))).model.graph.constants.get('w')!),
];

test('a cache of links: model and data are links into one folder', async () => {
  link('snapshots/abc/onnx/model.onnx', 'blobs/aa');
  link('snapshots/abc/onnx/model.onnx_data', 'blobs/bb');
  expect(await weight('snapshots/abc/onnx/model.onnx')).toEqual([1, 2, 3]);
  expect(await weight('snapshots/abc')).toEqual([1, 2, 3]);
  const opened = await openModel(at('snapshots/abc'), { engine: 'onnxruntime' });
  const { y } = await opened.run({ x: float32([1, 1, 1], [1, 3]) });
  expect([...toFloat32(y!)]).toEqual([2, 3, 4]);
  await opened.dispose();
});

test('a linked model whose data lies beside the file itself', async () => {
  mkdirSync(at('store'));
  writeFileSync(at('store/m.onnx'), model('m.data'));
  writeFileSync(at('store/m.data'), data);
  link('here/m.onnx', 'store/m.onnx');
  expect(await weight('here/m.onnx')).toEqual([1, 2, 3]);
});

test.each([
  [
    'a link to outside both',
    'escape/model.onnx',
    () => (link('escape/model.onnx', 'blobs/aa'), link('escape/model.onnx_data', 'elsewhere/secret')),
  ],
  [
    'a plain model whose data is a link to outside',
    'plain/model.onnx',
    () => (
      mkdirSync(at('plain')),
      writeFileSync(at('plain/model.onnx'), model('model.onnx_data')),
      link('plain/model.onnx_data', 'blobs/bb')
    ),
  ],
  [
    'a path that climbs out of both',
    'climb/model.onnx',
    () => (writeFileSync(at('blobs/cc'), model('../elsewhere/secret')), link('climb/model.onnx', 'blobs/cc')),
  ],
])('%s is refused', async (_, path, make) => {
  make();
  await expect(readModel(at(path))).rejects.toThrow(
    /: its data '.*' lies outside the model's folder; refused\. Copy it beside the model\.$/,
  );
});
