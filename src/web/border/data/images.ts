// Pictures in and out, by the browser: any photo that it can show to the RGB tensor that a classifier takes, and pixels to PNG.
import { LanError } from '../../../core/errors.js';
import type { Tensor } from '../../../core/tensor.js';
import { decodedInput, MAX_PIXELS, onWhite, tooLarge, unreadable, type ImageSpec } from '../../../data/fit.js';
import { decodePlain } from '../../../data/plain-pictures.js';
import type { Picture } from '../../../data/resize.js';
import { browser } from '../../browser.js';
import { decode } from '../../decode.js';
import { notShown } from '../../not-shown.js';
import { readBytes } from './files.js';

export type { ImageSpec } from '../../../data/fit.js';
export type { Picture } from '../../../data/resize.js';

/** Decodes a photo at its full size to 8-bit sRGB, as Node does (see decode). Throws LanError (`data`) for what the browser cannot show. */
export async function decodePixels(source: string | Uint8Array, name = 'from memory'): Promise<Picture & { note?: string }> {
  const label = typeof source === 'string' ? source : name;
  const bytes = typeof source === 'string' ? await readBytes(source, 'Image') : source;
  const plain = decodePlain(bytes, MAX_PIXELS, (reason) => unreadable(label, reason));
  if (plain) return plain;
  const found = await decode(bytes, (width, height) => {
    if (width * height > MAX_PIXELS) throw tooLarge(label, width, height);
    return [width, height];
  });
  if (!found) {
    const { reason, advice } = notShown(bytes);
    throw unreadable(label, reason, advice);
  }
  const { width, height, rgba, note } = found;
  const { pixels } = onWhite(new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length), 4);
  return { width, height, pixels, ...(note === undefined ? {} : { note }) };
}

/** Height and width that a picture has when it is decoded. Throws as decodePixels. */
export async function pictureSize(source: string | Uint8Array): Promise<readonly [height: number, width: number]> {
  const { height, width } = await decodePixels(source);
  return [height, width];
}

/** A photo as a classifier's input: see decodedInput. Throws as decodePixels and fit. */
export async function readImage(
  source: string | Uint8Array,
  spec: ImageSpec,
  name?: string,
): Promise<{ tensor: Tensor; note?: string }> {
  return decodedInput(await decodePixels(source, name), spec, typeof source === 'string' ? source : name);
}

const canvas = (width: number, height: number): InstanceType<typeof browser.OffscreenCanvas> =>
  new browser.OffscreenCanvas(width, height);

/** RGB pixels as a file of this type. Throws LanError (`data`) when the count does not fit the size. */
export async function encode(
  pixels: Uint8Array,
  width: number,
  height: number,
  type: string,
  quality?: number,
): Promise<Uint8Array> {
  if (pixels.length !== width * height * 3 || pixels.length === 0)
    throw new LanError('data', `A picture of ${width} x ${height} takes ${width * height * 3} bytes of RGB, received ${pixels.length}.`); // prettier-ignore
  const target = canvas(width, height);
  const context = target.getContext('2d')!;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[3 * i + c]!;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return new Uint8Array(await (await target.convertToBlob({ type, quality })).arrayBuffer());
}

/** RGB pixels (height x width x 3 bytes) as a PNG file. Throws LanError when the count does not fit the size. */
export const encodePng = (pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> =>
  encode(pixels, width, height, 'image/png');
