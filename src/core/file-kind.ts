// What a file is by its first bytes, whatever it is called: told to who gave it in place of a model or a picture.

/** What can be done about a file depends on its sort alone. `picture`: one that lan-onnx reads, if it is whole; `foreign`: one that it does not. */
export type FileSort = 'pointer' | 'page' | 'archive' | 'hdf5' | 'tflite' | 'picture' | 'foreign' | 'document' | 'film' | 'sound' | 'array' | 'text'; // prettier-ignore

/** A kind of file; `what` within a sentence, with its article: `a PDF document`. */
export interface FileKind {
  readonly sort: FileSort;
  readonly what: string;
}

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));
/** Begins as one of these. */
const starts =
  (...texts: string[]) =>
  (bytes: Uint8Array): boolean =>
    texts.some((text) => startsWith(bytes, text));
/** A RIFF file of this form. */
const riff =
  (form: string) =>
  (bytes: Uint8Array): boolean =>
    startsWith(bytes, 'RIFF') && startsWith(bytes, form, 8);
/** A file of ISO boxes whose brand begins as one of these. */
const boxes =
  (...brands: string[]) =>
  (bytes: Uint8Array): boolean =>
    startsWith(bytes, 'ftyp', 4) && brands.some((brand) => startsWith(bytes, brand, 8));

/** Bytes of a text that are looked at. */
const START = 512;
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, START));

/** UTF-8 without the control characters that no text has. */
function isText(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  try {
    // `stream`: of a longer text the last character may be cut.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, START), { stream: bytes.length > START });
    return [...text].every((c) => c >= ' ' || '\t\n\v\f\r\u001b'.includes(c));
  } catch {
    return false;
  }
}

/** The first that fits is what it is. */
const KINDS: readonly [is: (bytes: Uint8Array) => boolean, sort: FileSort, what: string][] = [
  [starts('version https://git-lfs'), 'pointer', 'a pointer of Git LFS, which stands for a file that was not fetched'],
  [(b) => /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*|<!doctype svg[^>]*>\s*)*<svg/i.test(textOf(b)), 'foreign', 'an SVG drawing'],
  [(b) => /^\s*<(!doctype|html|\?xml|!--)/i.test(textOf(b)), 'page', 'a page of the web (HTML)'],
  [starts('PK\u0003\u0004'), 'archive', 'a ZIP archive, as PyTorch (.pt, .pth) and Keras (.keras) write them'],
  [(b) => starts('\u001f\u008b', '7z\u00bc\u00af', 'Rar!')(b) || startsWith(b, 'ustar', 257), 'archive', 'a packed archive'],
  [starts('\u0089HDF'), 'hdf5', 'HDF5, as Keras writes it (.h5)'],
  [(b) => startsWith(b, 'TFL3', 4), 'tflite', 'TensorFlow Lite'],
  [starts('\u00ff\u00d8\u00ff'), 'picture', 'a JPEG picture'],
  [starts('\u0089PNG'), 'picture', 'a PNG picture'],
  [starts('GIF8'), 'picture', 'a GIF picture'],
  [riff('WEBP'), 'picture', 'a WebP picture'],
  [boxes('avi'), 'picture', 'an AVIF picture'],
  [starts('II*\0', 'MM\0*'), 'picture', 'a TIFF picture'],
  [boxes('he', 'mif1', 'msf1'), 'foreign', 'a HEIC picture, as phones take them'],
  [starts('8BPS'), 'foreign', 'a picture of Photoshop (PSD)'],
  [
    starts('\u00ff\u000a', '\0\0\0\u000cJXL', '\0\0\0\u000cjP', '\u00ff\u004f\u00ff'),
    'foreign',
    'a JPEG XL or JPEG 2000 picture',
  ],
  [starts('\0\0\u0001\0'), 'foreign', 'an icon (ICO)'],
  [starts('%PDF'), 'document', 'a PDF document'],
  [starts('\u00d0\u00cf\u0011\u00e0'), 'document', 'an Office document'],
  [(b) => boxes('M4A')(b) || riff('WAVE')(b) || starts('OggS', 'fLaC', 'ID3')(b), 'sound', 'a sound file'],
  [(b) => boxes('')(b) || riff('AVI ')(b) || startsWith(b, '\u001aE\u00df\u00a3'), 'film', 'a film'],
  [starts('\u0093NUMPY'), 'array', 'an array of NumPy (.npy)'],
  [isText, 'text', 'a text'],
];

/**
 * What a file is by its first bytes; undefined where they do not tell. ONNX files have nothing by which to know them, and are undefined, as random bytes are. Pictures that begin with
 * letters (BMP, PNM) are left to their readers.
 */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  const [, sort, what] = KINDS.find(([is]) => is(bytes)) ?? [];
  return sort && { sort, what: what! };
}
