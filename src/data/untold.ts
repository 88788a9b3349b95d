// What the headers of a picture say, and neither sharp nor a browser: frames of an animated PNG, colours of a TIFF that sharp would take for RGB.

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Tags that are looked at, and entries of a TIFF's directory at most. */
const [COMPRESSION, PHOTOMETRIC] = [259, 262];
const MOST_TAGS = 4096;
const JPEG = 7;

/** How many frames an animated PNG has (an acTL chunk before its pixels); 1 for any other file. */
export function pngFrames(bytes: Uint8Array): number {
  if (!PNG.every((b, i) => bytes[i] === b)) return 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = PNG.length; at + 12 <= bytes.length;) {
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === 'IDAT') return 1;
    if (kind === 'acTL') return view.getUint32(at + 8);
    at += 12 + view.getUint32(at);
  }
  return 1;
}

/** What the samples of a TIFF are where they are no RGB and nobody converts them: undefined for all others. */
export function foreignColours(bytes: Uint8Array): string | undefined {
  const order = String.fromCharCode(...bytes.subarray(0, 2));
  if ((order !== 'II' && order !== 'MM') || bytes.length < 8) return undefined;
  const little = order === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const directory = view.getUint32(4, little);
  // Of a BigTIFF, whose number is 43, the addresses are wider.
  if (view.getUint16(2, little) !== 42 || directory + 2 > bytes.length) return undefined;
  const tags = new Map<number, number>();
  const count = Math.min(view.getUint16(directory, little), MOST_TAGS);
  for (let i = 0, at = directory + 2; i < count && at + 12 <= bytes.length; i++, at += 12)
    tags.set(view.getUint16(at, little), view.getUint16(at + 8, little));
  const photometric = tags.get(PHOTOMETRIC);
  // JPEG inside a TIFF is converted by the decoder of JPEG.
  if (photometric === 6 && tags.get(COMPRESSION) !== JPEG) return 'its colours are stored as YCbCr';
  return photometric === 32803 ? "it holds a camera's raw mosaic" : undefined;
}
