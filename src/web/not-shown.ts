// What a file is that the browser could not show, and what to give in its place.
import { noPicture, type NoPicture } from '../data/no-picture.js';

const EXPECTED = 'Expected a picture that this browser can show, JPEG, PNG, WebP, GIF, BMP or AVIF, or a PNM file.';

/** Why these bytes, which `decode` gave nothing for, are not read as a picture. */
export function notShown(bytes: Uint8Array): Required<NoPicture> {
  // No browser but Safari shows TIFF, and this is asked only where it failed.
  const found = noPicture(bytes, (what) => what !== 'a TIFF picture');
  return { reason: 'it is not a picture, or in no format that this browser can show', advice: EXPECTED, ...found };
}
