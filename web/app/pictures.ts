// Pictures out of files: decoded by the browser to the pixels that Node would read, and what was changed on the way in words.
import type { Pixels } from './protocol.js';

/** A picture that was read. */
export interface Photo extends Pixels {
  readonly name: string;
  /** What a viewer would not expect: reduced, transparency put on white. */
  readonly notes: readonly string[];
}

/** Pixels at most; larger pictures are reduced, which a note says. RGBA of as many takes 64 MB. */
const LARGEST = 2 ** 24;

/** Why a picture cannot be read, and what can. */
export class Unreadable extends Error {
  readonly advice = 'Expected a picture that this browser can show: JPEG, PNG, WebP, GIF, BMP or AVIF.';
  constructor(name: string) {
    super(`'${name}' cannot be read as a picture: it is in another format, cut short or damaged.`);
  }
}

/**
 * Decodes a picture: upright (EXIF), first frame, an embedded profile ignored as every training pipeline ignores it, transparency put on white. Throws Unreadable.
 */
export async function decodePicture(name: string, file: Blob): Promise<Photo> {
  const whole = await bitmapOf(file).catch(() => undefined);
  if (!whole || whole.width * whole.height === 0) throw new Unreadable(name);
  const factor = Math.min(1, Math.sqrt(LARGEST / (whole.width * whole.height)));
  const [width, height] = [whole.width, whole.height].map((side) => Math.max(1, Math.floor(side * factor))) as [number, number];
  const notes: string[] = [];
  let bitmap = whole;
  if (factor < 1) {
    bitmap = await createImageBitmap(whole, { ...AS_STORED, resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
    notes.push(`reduced from ${whole.width} x ${whole.height} to ${width} x ${height} pixels by the browser, for its memory`);
    whole.close();
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  if (onWhite(rgba)) notes.push('transparency put on white');
  return { name, width, height, rgba, notes };
}

/** Values as the file has them: no conversion by a profile, none by transparency. */
const AS_STORED: ImageBitmapOptions = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };

const bitmapOf = (file: Blob): Promise<ImageBitmap> => createImageBitmap(file, { ...AS_STORED, imageOrientation: 'from-image' });

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
