// What lies in place of an ONNX file or of its weights where something else does: told by its first bytes, with what to do.
const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

const EXPORT = 'Export the model to ONNX';

/** By first bytes; of pointers and pages, people have them unawares. */
const KINDS: readonly [(bytes: Uint8Array) => boolean, what: string, advice: string][] = [
  [
    (b) => startsWith(b, 'version https://git-lfs'),
    'it is a pointer of Git LFS, which stands for a file that was not fetched',
    'Fetch it in its repository: git lfs pull.',
  ],
  [
    (b) => /^\s*<(!doctype|html|\?xml|!--)/i.test(new TextDecoder().decode(b.subarray(0, 64))),
    'it is a page of the web (HTML)',
    'Download the file itself, on GitHub by "raw" or "download".',
  ],
  [(b) => startsWith(b, 'PK\u0003\u0004'), 'it is a ZIP archive, as PyTorch (.pt, .pth) and Keras (.keras) write them', `${EXPORT}, or unpack it.`], // prettier-ignore
  [(b) => startsWith(b, '\u0089HDF'), 'it is HDF5, as Keras writes it (.h5)', `${EXPORT}, for example by tf2onnx.`],
  [(b) => startsWith(b, 'TFL3', 4), 'it is TensorFlow Lite', `${EXPORT}, for example with tf2onnx.`],
];

/** What a file is that is none of ONNX, and what to do; undefined where its first bytes do not tell. */
export function otherFile(bytes: Uint8Array): { readonly what: string; readonly advice: string } | undefined {
  const [, what, advice] = KINDS.find(([is]) => is(bytes)) ?? [];
  return what === undefined ? undefined : { what, advice: advice! };
}
