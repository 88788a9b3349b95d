// Pictures decoded by the browser to what Node would read: as they are stored, turned upright, on white, and what was changed on the way in Node's words.
import { changesOf } from '../data/picture-notes.js';
import { browser, type Bitmap } from './browser.js';
import { headerOf, type PictureHeader } from './picture-header.js';
import { largestSample } from './png-samples.js';

/** A decoded picture: RGBA without transparency. */
export interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8ClampedArray;
  /** See changesOf. */
  readonly note: string | undefined;
}

/** Values as the file has them: no conversion by a profile, as every training pipeline ignores it, none by transparency. */
const AS_STORED = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' } as const;

/**
 * Decodes a file; undefined where the browser cannot. `fitted` is told its size and says to which it is to be reduced, or throws. Which orientations a browser knows of differs by
 * format and browser, so that it is kept from it and the turning done here.
 */
export async function decode(
  bytes: Uint8Array,
  fitted: (width: number, height: number) => readonly [width: number, height: number],
): Promise<Decoded | undefined> {
  const header = headerOf(bytes);
  const bitmap = await browser.createImageBitmap(new Blob([unturned(bytes, header)]), AS_STORED).catch(() => undefined);
  if (!bitmap || bitmap.width * bitmap.height === 0) return undefined;
  const quarter = header.orientation >= 5;
  const turned = <T>([a, b]: readonly [T, T]): readonly [T, T] => (quarter ? [b, a] : [a, b]);
  const [width, height] = turned(fitted(...turned([bitmap.width, bitmap.height])));
  const rgba = await pixelsOf(bitmap, width, height);
  const transparent = onWhite(rgba);
  const note = changesOf(header, transparent, header.wide ? await largestSample(bytes) : undefined);
  const [w, h] = turned([width, height]);
  return { width: w, height: h, rgba: header.orientation > 1 ? upright(rgba, width, height, header.orientation) : rgba, note };
}

/** The file with an orientation of 1. */
function unturned(bytes: Uint8Array, { orientation, orientationAt }: PictureHeader): Uint8Array<ArrayBuffer> {
  const own = bytes as Uint8Array<ArrayBuffer>;
  if (!orientationAt || orientation === 1) return own;
  const copy = own.slice();
  new DataView(copy.buffer).setUint16(orientationAt.at, 1, orientationAt.little);
  return copy;
}

async function pixelsOf(whole: Bitmap, width: number, height: number): Promise<Uint8ClampedArray> {
  const same = whole.width === width && whole.height === height;
  const bitmap = same ? whole : await browser.createImageBitmap(whole, { ...AS_STORED, resizeWidth: width, resizeHeight: height, resizeQuality: 'high' }); // prettier-ignore
  const context = new browser.OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  bitmap.close();
  if (!same) whole.close();
  return data;
}

/** Puts what is transparent on white, in place. Was there any? */
export function onWhite(rgba: Uint8ClampedArray): boolean {
  let any = false;
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!;
    if (alpha === 255) continue;
    any = true;
    for (let c = i; c < i + 3; c++) rgba[c] = Math.round((rgba[c]! * alpha + 255 * (255 - alpha)) / 255);
    rgba[i + 3] = 255;
  }
  return any;
}

/** A picture as it is stored, turned by EXIF's orientation 2 to 8. */
export function upright(rgba: Uint8ClampedArray, width: number, height: number, orientation: number): Uint8ClampedArray {
  const [from, to] = [new Uint32Array(rgba.buffer, rgba.byteOffset, width * height), new Uint32Array(width * height)];
  const [w, h] = orientation >= 5 ? [height, width] : [width, height];
  // Which corner of what is stored the first pixel comes from.
  const [right, below] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const [column, row] = orientation >= 5 ? [y, x] : [x, y];
      to[y * w + x] = from[(below ? height - 1 - row : row) * width + (right ? width - 1 - column : column)]!;
    }
  return new Uint8ClampedArray(to.buffer);
}
