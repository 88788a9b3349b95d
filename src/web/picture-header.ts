// What the first bytes of a JPEG, PNG, WebP or GIF file say of it, which a browser that decodes it keeps to itself.
import type { PictureFacts } from '../data/picture-notes.js';
import { pngFrames } from '../data/untold.js';

/** The facts, and where in the file its orientation stands. */
export interface PictureHeader extends PictureFacts {
  /** Bytes of a 16-bit number, and whether its low byte is first. */
  readonly orientationAt?: { readonly at: number; readonly little: boolean };
}

const PLAIN: PictureHeader = { orientation: 1, frames: 1, cmyk: false, wide: false };

/** What the file says; of other formats, and where it is cut short, that there is nothing to say. */
export function headerOf(bytes: Uint8Array): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint16(0) === 0xffd8) return jpeg(view);
    if (view.getUint32(0) === 0x89504e47) return { ...png(view), frames: pngFrames(bytes) };
    if (textAt(view, 0, 4) === 'RIFF' && textAt(view, 8, 4) === 'WEBP') return webp(view);
    if (textAt(view, 0, 4) === 'GIF8') return { ...PLAIN, frames: framesOfGif(view) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return PLAIN;
}

const textAt = (view: DataView, at: number, length: number): string =>
  String.fromCharCode(...Array.from({ length }, (_, i) => view.getUint8(at + i)));

/** Segments of a JPEG up to its pixels: EXIF in APP1, the number of components in the start of the frame. */
function jpeg(view: DataView): PictureHeader {
  let found = PLAIN;
  for (let at = 2; at + 4 <= view.byteLength;) {
    const marker = view.getUint16(at);
    // Fill bytes may stand before a marker.
    if (marker === 0xffff) at++;
    else {
      if (marker < 0xffc0 || marker === 0xffda) break;
      const length = view.getUint16(at + 2);
      if (marker === 0xffe1 && textAt(view, at + 4, 6) === 'Exif\0\0' && !found.orientationAt)
        found = { ...found, ...orientationIn(view, at + 10, at + 2 + length) };
      // Start of a frame, of whichever coding; between them lie tables.
      if (marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) found = { ...found, cmyk: view.getUint8(at + 9) === 4 };
      at += 2 + length;
    }
  }
  return found;
}

/** Chunks of a PNG: bits of a sample in its header, EXIF before or behind the pixels. */
function png(view: DataView): PictureHeader {
  let found: PictureHeader = { ...PLAIN, wide: view.getUint8(24) === 16 };
  for (let at = 8; at + 8 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const kind = textAt(view, at + 4, 4);
    if (kind === 'eXIf') found = { ...found, ...orientationIn(view, at + 8, at + 8 + view.getUint32(at)) };
    if (kind === 'IEND') break;
  }
  return found;
}

/** Chunks of a WebP: EXIF, a chunk for each frame. */
function webp(view: DataView): PictureHeader {
  let found = PLAIN;
  let frames = 0;
  for (let at = 12; at + 8 <= view.byteLength;) {
    const kind = textAt(view, at, 4);
    const length = view.getUint32(at + 4, true);
    if (kind === 'ANMF') frames++;
    // Some writers put JPEG's six letters in front.
    const prefix = kind === 'EXIF' && length > 6 && textAt(view, at + 8, 4) === 'Exif' ? 6 : 0;
    if (kind === 'EXIF') found = { ...found, ...orientationIn(view, at + 8 + prefix, at + 8 + length) };
    at += 8 + length + (length % 2);
  }
  return { ...found, frames: Math.max(1, frames) };
}

/** Bytes of a table of colours whose size stands in the low bits of `flags`; none where there is none. */
const colours = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

function framesOfGif(view: DataView): number {
  let frames = 0;
  let at = 13 + colours(view.getUint8(10));
  /** Data comes in blocks of up to 255 bytes, the last of which is empty. */
  const skip = (): void => {
    for (let size = view.getUint8(at++); size > 0; size = view.getUint8(at++)) at += size;
  };
  while (at < view.byteLength) {
    const kind = view.getUint8(at);
    if (kind === 0x2c) {
      frames++;
      at += 11 + colours(view.getUint8(at + 9));
    } else if (kind === 0x21) at += 2;
    else break;
    skip();
  }
  return Math.max(1, frames);
}

const ORIENTATION = 0x0112;
const SHORT = 3;

/** The orientation in EXIF data, a TIFF file of its own from `start` to before `end`. */
function orientationIn(view: DataView, start: number, end: number): Partial<PictureHeader> {
  const little = view.getUint16(start) === 0x4949;
  if (!little && view.getUint16(start) !== 0x4d4d) return {};
  const first = start + view.getUint32(start + 4, little);
  if (first + 2 > end) return {};
  for (let i = 0; i < view.getUint16(first, little); i++) {
    const entry = first + 2 + 12 * i;
    if (entry + 12 > end) return {};
    if (view.getUint16(entry, little) !== ORIENTATION || view.getUint16(entry + 2, little) !== SHORT) continue;
    const orientation = view.getUint16(entry + 8, little);
    return orientation >= 1 && orientation <= 8 ? { orientation, orientationAt: { at: entry + 8, little } } : {};
  }
  return {};
}
