// Files that people take for a model: each is called by its name, with what to do.
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { externalReader } from '../../src/model/external.js';
import { decodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-other-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 4900000\n';
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

test.each([
  ['a pointer of Git LFS', POINTER, 'it is a pointer of Git LFS, which stands for a file that was not fetched', /git lfs pull/],
  ['a page', '\n<!DOCTYPE html>\n<html lang="en">', 'it is a page of the web (HTML)', /Download the file itself/],
  [
    'an archive',
    'PK\u0003\u0004\u0014\0\0\0',
    'it is a ZIP archive, as PyTorch (.pt, .pth) and Keras (.keras) write them',
    /Export/,
  ],
  ['HDF5', '\u0089HDF\r\n\u001a\n', 'it is HDF5, as Keras writes it (.h5)', /Export/],
  ['a picture', '\u0089PNG\r\n\u001a\n', 'it is a PNG picture', /Name the model first/],
  ['a document', '%PDF-1.7\n', 'it is a PDF document', /Expected an .onnx file/],
  ['TensorFlow Lite', '\u001c\0\0\0TFL3\u0014\0', 'it is TensorFlow Lite', /Export/],
])('%s', (_, text, what, advice) => {
  let thrown: unknown;
  try {
    decodeModel(bytes(text), 'm.onnx');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'model',
    problem: `m.onnx: no ONNX file: ${what}.`,
    advice: expect.stringMatching(advice),
  });
});

test('a pointer in place of weights', () => {
  writeFileSync(join(folder, 'm.onnx'), '');
  writeFileSync(join(folder, 'm.onnx.data'), POINTER);
  const read = externalReader(join(folder, 'm.onnx'));
  const proto = { externalData: [{ key: 'location', value: 'm.onnx.data' }] } as Parameters<typeof read>[0];
  expect(() => read(proto, 4096, 'w')).toThrow(`its data 'm.onnx.data' has ${POINTER.length} bytes: it is a pointer of Git LFS`);
});
