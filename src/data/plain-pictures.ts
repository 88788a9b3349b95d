// Pictures that this project decodes itself, as sharp does not: BMP, PBM, PGM and PPM.
import type { LanError } from '../core/errors.js';
import { decodeBmp, isBmp } from './bmp.js';
import { decodePnm, isPnm } from './pnm.js';
import type { Picture } from './resize.js';

/** Whether bytes begin as such a file does. */
export const isPlain = (bytes: Uint8Array): boolean => isBmp(bytes) || isPnm(bytes);

/** Bits that a pixel of P1 to P6 takes at least. */
const BITS = [8, 8, 24, 1, 8, 24];

/** How many pixels such a file may hold by its length; undefined for any other. */
export function mostPixels(bytes: Uint8Array): number | undefined {
  if (!isPlain(bytes)) return undefined;
  const bits = isBmp(bytes) ? bytes[bytes[14] === 12 ? 24 : 28] : BITS[bytes[1]! - 0x31];
  return (8 * bytes.length) / (bits || 1);
}

/** Decodes such a file; undefined for any other. `limit` is in pixels. Throws what `fail` makes of a reason where the file is unsound. */
export function decodePlain(bytes: Uint8Array, limit: number, fail: (reason: string) => LanError): Picture | undefined {
  if (isBmp(bytes)) return decodeBmp(bytes, limit, fail);
  return isPnm(bytes) ? decodePnm(bytes, limit, fail) : undefined;
}
