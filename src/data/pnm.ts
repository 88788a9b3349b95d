// PBM, PGM and PPM files (portable bitmaps of Netpbm), which sharp does not decode: black and white, grey or colour, as bytes or as text.
import { LanError } from '../core/errors.js';
import type { Picture } from './resize.js';

const SPACE = new Set([9, 10, 11, 12, 13, 32]);
const [P, HASH, NEWLINE, ZERO, NINE] = [0x50, 0x23, 10, 0x30, 0x39];
/** Kinds P1 to P6: the first three are text; of each three the first is black and white, the second grey, the third colour. */
const [FIRST, LAST] = [0x31, 0x36];

/** Whether bytes begin as a PBM, PGM or PPM file does. */
export const isPnm = (bytes: Uint8Array): boolean =>
  bytes[0] === P && bytes[1]! >= FIRST && bytes[1]! <= LAST && (SPACE.has(bytes[2]!) || bytes[2] === HASH);

/**
 * Decodes the first picture of a file of kind P1 to P6; samples of up to 16 bits are scaled by the largest that the file allows (maxval) to 0..255, as
 * PIL does. `fail` makes the error for a reason, `limit` is in pixels. Throws what `fail` makes for impossible sizes, samples above maxval, and files
 * that are cut short.
 *
 * Source: the Netpbm manual, pbm(5), pgm(5) and ppm(5).
 */
export function decodePnm(bytes: Uint8Array, limit: number, fail: (reason: string) => LanError): Picture {
  const kind = bytes[1]! - FIRST;
  const [text, bits, channels] = [kind < 3, kind % 3 === 0, kind % 3 === 2 ? 3 : 1];
  const short = fail('it is cut short or damaged');
  let at = 2;
  const number = (): number => {
    const value = next();
    if (value === undefined) throw short;
    return value;
  };
  /** The next whole number in text, behind white space and comments; undefined where there is none, or none of up to nine digits. */
  const next = (): number | undefined => {
    while (SPACE.has(bytes[at]!) || bytes[at] === HASH) {
      if (bytes[at] === HASH) while (at < bytes.length && bytes[at] !== NEWLINE) at++;
      else at++;
    }
    const from = at;
    let value = 0;
    for (; bytes[at]! >= ZERO && bytes[at]! <= NINE && at - from < 9; at++) value = 10 * value + bytes[at]! - ZERO;
    return at > from ? value : undefined;
  };
  const [width, height] = [number(), number()];
  const most = bits ? 1 : number();
  if (width < 1 || height < 1 || most < 1 || most > 65535) throw short;
  if (width * height > limit) throw fail(`it has more than ${limit} pixels`);
  // One white space ends the header of bytes.
  if (!text && !SPACE.has(bytes[at++]!)) throw short;
  const wide = most > 255 ? 2 : 1;
  const stride = bits ? Math.ceil(width / 8) : width * channels * wide;
  if (text ? bytes.length - at < width * height * channels : at + stride * height > bytes.length) throw short;

  /** Digits of black and white stand without space between them. */
  const digit = (): number => {
    while (SPACE.has(bytes[at]!)) at++;
    return bytes[at++]! - ZERO;
  };
  const sample = (x: number, y: number): number => {
    if (text) return bits ? digit() : number();
    const row = at + y * stride;
    if (bits) return (bytes[row + (x >> 3)]! >> (7 - (x & 7))) & 1;
    return wide === 1 ? bytes[row + x]! : bytes[row + 2 * x]! * 256 + bytes[row + 2 * x + 1]!;
  };
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * channels; x++) {
      const value = sample(x, y);
      if (!(value >= 0 && value <= most)) throw text ? short : fail(`it holds the sample ${value}, and its largest is said to be ${most}`); // prettier-ignore
      // In black and white 1 is black.
      const shade = bits ? 255 * (1 - value) : Math.round((255 * value) / most);
      const to = channels === 3 ? 3 * y * width + x : 3 * (y * width + x);
      if (channels === 3) pixels[to] = shade;
      else pixels.fill(shade, to, to + 3);
    }
  return { width, height, pixels };
}
