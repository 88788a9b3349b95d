// Pictures of a page as `data:` URLs: small ones as PNG with pixels that stay squares, photos and noise as JPEG, none larger than it is seen.
import { base64 } from '../../core/base64.js';
import { encodePng } from '../../data/images.js';
import { encodeJpeg } from '../../data/jpeg.js';
import { resize, type Picture } from '../../data/resize.js';
import { lookupTable, scaleNearest, type ColourMap } from '../drawing/colour.js';
import type { Legend } from './document.js';

/** Pixels of the longer side: at most, and at least for what is enlarged. */
const LARGEST = 320;
const SMALL = 128;

const urlOf = (type: string, bytes: Uint8Array): string => `data:image/${type};base64,${base64(bytes)}`;

/** As PNG, every pixel as it is. */
export const pngUrl = async (p: Picture): Promise<string> => urlOf('png', await encodePng(p.pixels, p.width, p.height));

/** As JPEG. */
export const jpegUrl = async (p: Picture, quality?: number): Promise<string> => urlOf('jpeg', await encodeJpeg(p, quality));

/** A picture as it is looked at: small ones enlarged by a whole factor, large ones reduced. `exact`: colours that mean something stay as they are. */
export function seen(picture: Picture, exact = false): Promise<string> {
  const longer = Math.max(picture.width, picture.height);
  const by = (factor: number): [height: number, width: number] => [
    Math.max(1, Math.round(picture.height * factor)),
    Math.max(1, Math.round(picture.width * factor)),
  ];
  if (longer <= SMALL) return pngUrl(scaleNearest(picture, ...by(Math.max(1, Math.floor(256 / longer)))));
  const shown = longer > LARGEST ? resize(picture, ...by(LARGEST / longer)) : picture;
  return exact ? pngUrl(shown) : jpegUrl(shown);
}

/** The height and width at which replacing is shown: those of the picture, whole pixels left out where it is large. */
export function shownSize({ width, height }: Picture): readonly [height: number, width: number] {
  const factor = Math.min(1, LARGEST / Math.max(width, height));
  return [Math.max(1, Math.round(height * factor)), Math.max(1, Math.round(width * factor))];
}

/** The colours of a map, and what its ends mean. */
export function legendOf(low: string, high: string, map?: ColourMap): Legend {
  const table = lookupTable(map);
  const hex = (i: number): string => `#${[0, 1, 2].map((c) => table[3 * i + c]!.toString(16).padStart(2, '0')).join('')}`;
  return { low, high, colours: Array.from({ length: 18 }, (_, i) => hex(15 * i)) };
}
