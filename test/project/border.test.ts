// The same core in browsers: what stands for Node's modules there fits them, and the bundle holds nothing of Node's.
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { card } from '../../src/api/card.js';
import { openModel, type Classifier } from '../../src/api/opened.js';
import { readModel } from '../../src/model/source.js';
import * as webFiles from '../../src/web/border/data/files.js';
import * as webPlaces from '../../src/web/border/data/places.js';
import { putModel, withPicture } from '../../src/web/files.js';
import { bytesAt, filesBelow, put, takeAway } from '../../src/web/memory.js';

/** Is what stands for a module, name by name, of the types that its users know? Checked by the compiler alone. */
type Stands<Web, Node> = { readonly [K in keyof Web & keyof Node]: Web[K] extends Node[K] ? true : K }[keyof Web & keyof Node];
const fits = <T extends true>(): T | undefined => undefined;
fits<Stands<typeof import('../../src/web/border/core/breathe.js'), typeof import('../../src/core/breathe.js')>>();
fits<Stands<typeof import('../../src/web/border/core/version.js'), typeof import('../../src/core/version.js')>>();
fits<Stands<typeof webFiles, typeof import('../../src/data/files.js')>>();
fits<Stands<typeof webPlaces, typeof import('../../src/data/places.js')>>();
fits<Stands<typeof import('../../src/web/border/data/images.js'), typeof import('../../src/data/images.js')>>();
fits<Stands<typeof import('../../src/web/border/data/jpeg.js'), typeof import('../../src/data/jpeg.js')>>();
fits<Stands<typeof import('../../src/web/border/engine/tf.js'), typeof import('../../src/engine/tf.js')>>();
fits<Stands<typeof import('../../src/web/border/model/trial.js'), typeof import('../../src/model/trial.js')>>();
fits<
  Stands<typeof import('../../src/web/border/explain/bootstrap-noise.js'), typeof import('../../src/explain/bootstrap-noise.js')>
>();
fits<Stands<typeof import('../../src/web/border/report/page/template-file.js'), typeof import('../../src/report/page/template-file.js')>>(); // prettier-ignore

const root = resolve(import.meta.dirname, '../..');
interface Bundle {
  readonly outputFiles: readonly { readonly path: string; readonly text: string; readonly contents: Uint8Array }[];
  readonly metafile: { readonly inputs: Readonly<Record<string, { readonly imports: readonly { readonly path: string }[] }>> };
}
const builder = (await import(join(root, 'web/build-app.js'))) as {
  worker(): Promise<Bundle>;
};

/** Bytes of the worker without the runtime's WebAssembly, packed as servers do. */
const MOST = 400_000;

// The library is a part of it.
test('the bundle of the worker holds nothing of Node, and is small', async () => {
  const { outputFiles, metafile } = await builder.worker();
  const modules = Object.keys(metafile.inputs);
  expect(modules).toEqual(expect.arrayContaining(['src/onnx/codec.ts', 'src/compile/differentiate.ts', 'src/lan/learn.ts', 'src/evidence/replaceability.ts'])); // prettier-ignore
  const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  const imported = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.flatMap(({ path }) => (builtin.has(path) ? [`${file}: ${path}`] : [])),
  );
  expect(imported).toEqual([]);
  expect(modules.filter((file) => /sharp|onnxruntime-node|@tensorflow/.test(file))).toEqual([]);
  const [{ text, contents }] = outputFiles as [Bundle['outputFiles'][number]];
  expect(text).not.toMatch(/(from|import|require\()\s*["']node:/);
  expect(gzipSync(contents).length).toBeLessThan(MOST);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
afterEach(() => takeAway('.'));

test('files in memory are found, read and refused as those on disk', async () => {
  put('a/b/x.txt', bytes('one'));
  put('a/c.txt', bytes('two'));
  expect(webPlaces.exists('a/b')).toBe(true);
  expect(webPlaces.isFolder('a/b')).toBe(true);
  expect(webPlaces.isFolder('a/b/x.txt')).toBe(false);
  expect(webPlaces.exists('a/b/y.txt')).toBe(false);
  expect(webPlaces.fileSize('./a/b/../c.txt')).toBe(3);
  expect(webPlaces.namesIn('a')).toEqual(['b', 'c.txt']);
  expect(await webPlaces.entriesIn('a')).toEqual([{ name: 'b', kind: 'folder' }, { name: 'c.txt', kind: 'file' }]); // prettier-ignore
  expect(webFiles.readTextSync('a/c.txt', 'Card')).toBe('two');
  expect(new TextDecoder().decode(webFiles.readPart('a/b/x.txt', 1, 2, 'w'))).toBe('ne');
  expect(() => webFiles.readPart('a/b/x.txt', 1, 3, 'w')).toThrow('w ended early.');
  await expect(webFiles.readBytes('a/none', 'Model', { code: 'model' })).rejects.toMatchObject({
    code: 'model',
    message: "Model 'a/none': cannot be read (no such file or folder).",
  });
  await expect(webFiles.readBytes('a', 'Model')).rejects.toThrow("Model 'a': cannot be read (it is a directory).");
  await expect(webFiles.readBytes('a/c.txt', 'Card', { limit: 2 })).rejects.toThrow('it has 3 bytes, more than the 2');
  await webFiles.writeAtomically('out/x', 'text');
  expect(filesBelow('out')).toEqual(['x']);
  await webFiles.removeFile('out/x');
  expect(webPlaces.exists('out')).toBe(false);
});

test('a hash is that of Node', async () => {
  const { sha256 } = await import('../../src/data/files.js');
  const data = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  expect(webFiles.sha256(data)).toBe(sha256(data));
  expect(webFiles.sha256('é')).toBe(sha256('é'));
});

test('a model is found among the files of a folder, and its files are let go of', () => {
  const one = bytes('x');
  const folder = putModel([
    { name: 'resnet/config.json', bytes: one },
    { name: 'resnet/onnx/model.onnx', bytes: one },
  ]);
  expect(folder.path).toBe('resnet');
  expect(filesBelow('.')).toEqual(['resnet/config.json', 'resnet/onnx/model.onnx']);
  folder.takeAway();
  expect(filesBelow('.')).toEqual([]);
  const single = putModel([
    { name: '../../etc/net.onnx', bytes: one },
    { name: '../../etc/net.onnx.data', bytes: one },
  ]);
  expect([single.path, filesBelow('.')]).toEqual(['etc/net.onnx', ['etc/net.onnx', 'etc/net.onnx.data']]);
  single.takeAway();
  expect(() => putModel([{ name: 'cat.jpg', bytes: one }])).toThrow(
    'Of 1 file(s) none is an ONNX model: no name ends in .onnx. Give one',
  );
  expect(() => putModel([{ name: 'a.onnx', bytes: one }, { name: 'b.onnx', bytes: one }])).toThrow('Of 2 files 2 are ONNX models: a.onnx, b.onnx.'); // prettier-ignore
});

test.each([
  ['a file with its weights', ['net.onnx', 'net.onnx.data'], '.data'],
  ['a folder', ['net/onnx/model.onnx', 'net/onnx/model.onnx_data'], '/onnx/model.onnx_data'],
])('two models open at once keep their own weights, though of one name: %s', (_, names, data) => {
  const [first, second] = [1, 2].map((value) => putModel(names.map((name) => ({ name, bytes: Uint8Array.of(value) }))));
  const weights = [first!, second!].map(({ path }) => bytesAt(path + data)[0]);
  expect(weights).toEqual([1, 2]);
  first!.takeAway();
  expect(bytesAt(second!.path + data)[0]).toBe(2);
  second!.takeAway();
  expect(filesBelow('.')).toEqual([]);
});

test('pixels become a picture on white, of the right size only, for as long as it is looked at', async () => {
  const rgba = Uint8ClampedArray.of(10, 20, 30, 255, 0, 100, 200, 0);
  const seen = await withPicture('a/cat.png', { width: 2, height: 1, rgba }, (path) =>
    Promise.resolve([path, ...bytesAt(path).subarray(-6)]),
  );
  expect(seen).toEqual(['pictures/cat.png', 10, 20, 30, 255, 255, 255]);
  const small = withPicture('x', { width: 2, height: 2, rgba: new Uint8Array(8) }, () => Promise.resolve());
  await expect(small).rejects.toThrow("Image 'x': 2 x 2 pixels take 16 bytes of RGBA, received 8.");
  expect(filesBelow('.')).toEqual([]);
});

test('two pictures of one name are looked at together', async () => {
  const look = (value: number): Promise<number | undefined> =>
    withPicture('picture', { width: 1, height: 1, rgba: Uint8Array.of(value, value, value, 255) }, async (path) => {
      await new Promise(setImmediate);
      return bytesAt(path).at(-1);
    });
  expect(await Promise.all([look(1), look(2)])).toEqual([1, 2]);
});

test('the modules of src read memory where they are bundled for browsers, and disk here', async () => {
  put('models/none.onnx', bytes('x'));
  await expect(readModel('models/none.onnx')).rejects.toThrow(
    "Model 'models/none.onnx': cannot be read (no such file or folder).",
  );
});

// The page holds a model behind an object of its own, which lets go of the model's files as well.
test('a model behind a wrapper is asked about a picture as the model itself', async () => {
  await using opened = await openModel('tank');
  const images = [join(root, 'models/tank/pictures/tank/05.png')];
  const wrapped = Object.assign(Object.create(opened) as Classifier, { dispose: () => Promise.resolve() });
  expect((await card(wrapped, { images })).seen[0]!.answers).toEqual((await card(opened, { images })).seen[0]!.answers);
});
