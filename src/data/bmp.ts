// BMP files (Windows bitmaps), which sharp does not decode: 1 to 32 bits a pixel, with a palette or plain, rows from below or from above.
import { LanError } from '../core/errors.js';
import type { Picture } from './resize.js';

/** Whether bytes begin as a BMP file does. */
export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length >= 26;

/** Bytes of the header that says which file, before that of the picture. */
const FILE_HEADER = 14;
const PLAIN = 0;
/** BI_BITFIELDS and BI_ALPHABITFIELDS: masks say where the colours lie. */
const MASKED = [3, 6];

/**
 * Decodes a BMP file of 1, 4, 8, 24 or 32 bits a pixel, uncompressed; 32 bits also with masks of whole bytes. Opacity is not read, as by PIL and
 * most viewers. `fail` makes the error for a reason, `limit` is in pixels.
 * Throws what `fail` makes for compressed and 16-bit files, impossible sizes, and files that are cut short.
 */
export function decodeBmp(bytes: Uint8Array, limit: number, fail: (reason: string) => LanError): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = fail('it is cut short or damaged');
  const headerSize = view.getUint32(FILE_HEADER, true);
  // OS/2's header of 12 bytes has sizes of 16 bits and palettes of three bytes a colour.
  const old = headerSize === 12;
  if (!old && (headerSize < 40 || bytes.length < FILE_HEADER + headerSize)) throw short;
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const signed = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signed);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? PLAIN : view.getUint32(30, true);
  if (width < 1 || height < 1) throw short;
  if (width * height > limit) throw fail(`it has more than ${limit} pixels`);
  const masked = bits === 32 && MASKED.includes(compression);
  if (![1, 4, 8, 24, 32].includes(bits) || (compression !== PLAIN && !masked))
    throw fail(`it is a BMP file of ${bits} bits, compression ${compression}, which is not read`);
  const start = view.getUint32(10, true);
  // Rows are filled up to whole 32-bit words.
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start < FILE_HEADER + headerSize || start + stride * height > bytes.length) throw short;
  const colours = bits <= 8 ? paletteOf(bytes, FILE_HEADER + headerSize, start, old ? 3 : 4) : undefined;
  const order = masked ? bytesOfMasks(view, headerSize, start, fail) : [2, 1, 0];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = start + (signed > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++) {
      const to = 3 * (y * width + x);
      if (colours) {
        const packed = bytes[row + ((x * bits) >> 3)]!;
        const index = (packed >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1);
        // An index behind the palette is black, as decoders have it.
        for (let c = 0; c < 3; c++) pixels[to + c] = colours[3 * index + c] ?? 0;
      } else {
        const from = row + x * (bits / 8);
        for (let c = 0; c < 3; c++) pixels[to + c] = bytes[from + order[c]!]!;
      }
    }
  }
  return { width, height, pixels };
}

/** The palette as RGB; it lies between the headers and the pixels, blue first. */
function paletteOf(bytes: Uint8Array, from: number, to: number, each: number): Uint8Array {
  const count = Math.min(256, Math.floor((to - from) / each));
  const colours = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) colours[3 * i + c] = bytes[from + each * i + 2 - c]!;
  return colours;
}

/** Which byte of a pixel holds red, green and blue. The masks stand behind the first 40 bytes, whether or not the header counts them as its own. */
function bytesOfMasks(view: DataView, headerSize: number, start: number, fail: (reason: string) => LanError): number[] {
  if (start < FILE_HEADER + 52 && headerSize < 52) throw fail('it is cut short or damaged');
  return [0, 1, 2].map((c) => {
    const mask = view.getUint32(FILE_HEADER + 40 + 4 * c, true);
    const byte = [0xff, 0xff00, 0xff0000, 0xff000000].indexOf(mask);
    if (byte < 0) throw fail('it is a BMP file with colours of an odd number of bits, which is not read');
    return byte;
  });
}
