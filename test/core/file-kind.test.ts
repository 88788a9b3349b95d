// Files are known by their first bytes, and what is not known is not called anything.
import { expect, test } from '@jest/globals';
import { fileKind } from '../../src/core/file-kind.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

test.each([
  ['%PDF-1.4\n%\u00e2', 'document', 'a PDF document'],
  ['\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF', 'picture', 'a JPEG picture'],
  ['\u0089PNG\r\n\u001a\n', 'picture', 'a PNG picture'],
  ['RIFF\u0010\0\0\0WEBPVP8 ', 'picture', 'a WebP picture'],
  ['RIFF\u0010\0\0\0WAVEfmt ', 'sound', 'a sound file'],
  ['RIFF\u0010\0\0\0AVI LIST', 'film', 'a film'],
  ['\0\0\0\u0020ftypavif\0\0\0\0', 'picture', 'an AVIF picture'],
  ['\0\0\0\u0020ftypheic\0\0\0\0', 'foreign', 'a HEIC picture, as phones take them'],
  ['\0\0\0\u0020ftypisom\0\0\0\0', 'film', 'a film'],
  ['\0\0\0\u0020ftypM4A \0\0\0\0', 'sound', 'a sound file'],
  ['MM\0*\0\0\0\u0008', 'picture', 'a TIFF picture'],
  ['\u0093NUMPY\u0001\0', 'array', 'an array of NumPy (.npy)'],
  ['<?xml version="1.0"?>\n<!-- made by hand -->\n<svg width="9">', 'foreign', 'an SVG drawing'],
  ['<?xml version="1.0"?><rss>', 'page', 'a page of the web (HTML)'],
  ['<!DOCTYPE html><title>Not found</title><svg>', 'page', 'a page of the web (HTML)'],
  [`${'a'.repeat(257)}ustar`, 'archive', 'a packed archive'],
  ['age,height\n31,1.8\n', 'text', 'a text'],
  // A character of two bytes, cut by the end of what is looked at.
  [`${'a'.repeat(511)}\u00c3\u00a9`, 'text', 'a text'],
])('%j', (text, sort, what) => {
  expect(fileKind(bytes(text))).toEqual({ sort, what });
});

test('nothing is said of what is not known: no bytes, an ONNX file, random ones', () => {
  for (const text of ['', '\u0008\u0007\u0012\u0007pytorch', '\u0007\0\u00fa\u0003', 'abc\0def', 'caf\u00e9'])
    expect([text, fileKind(bytes(text))]).toEqual([text, undefined]);
});
