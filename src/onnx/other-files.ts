// What lies in place of an ONNX file or of its weights where something else does: told by its first bytes, with what to do.
import { fileKind, type FileSort } from '../core/file-kind.js';

const EXPORT = 'Export the model to ONNX';

/** Of pointers and pages, people have them unawares. A text is left out: it may be anything. */
const ADVICE: { readonly [sort in FileSort]?: string } = {
  pointer: 'Fetch it in its repository: git lfs pull.',
  page: 'Download the file itself, on GitHub by "raw" or "download".',
  archive: `${EXPORT}, or unpack it.`,
  hdf5: `${EXPORT}, for example by tf2onnx.`,
  tflite: `${EXPORT}, for example with tf2onnx.`,
  picture: 'Name the model first; pictures are what it is asked about.',
  foreign: 'Name the model first; pictures are what it is asked about.',
  document: 'Expected an .onnx file.',
  film: 'Expected an .onnx file.',
  sound: 'Expected an .onnx file.',
  array: 'Expected an .onnx file.',
};

/** What a file is that is none of ONNX, and what to do; undefined where its first bytes do not tell. */
export function otherFile(bytes: Uint8Array): { readonly what: string; readonly advice: string } | undefined {
  const kind = fileKind(bytes);
  const advice = kind && ADVICE[kind.sort];
  return advice === undefined ? undefined : { what: `it is ${kind!.what}`, advice };
}
