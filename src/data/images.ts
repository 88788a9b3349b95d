// Pictures in and out, the only importer of sharp: any photo file to the RGB tensor that a classifier takes, and pixels to PNG.
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { LanError, messageOf } from '../core/errors.js';
import { float32, type Tensor } from '../core/tensor.js';
import { readBytes, reasonOf } from './files.js';
import { toPlanes } from './planes.js';
import { crop, type Picture, type Resample, resize } from './resize.js';

export type { Picture } from './resize.js';

/** How a photo becomes a model's input. Sizes in pixels; a pair is [height, width]. */
export interface ImageSpec {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** One number: the shorter side becomes that long, the aspect stays. A pair: exactly that size. Absent, with no crop: just large enough to cover. */
  readonly resize?: number | readonly [height: number, width: number];
  /** What is kept of the middle. Absent: height x width. */
  readonly crop?: number | readonly [height: number, width: number];
  /** How the resizing weighs pixels; absent: bilinear with antialiasing, torchvision's and PIL's usual choice. */
  readonly resample?: Resample;
  /** What white becomes: values run from 0 to `range`. */
  readonly range: 1 | 255;
}

/** Pictures with more pixels are refused before they are decoded: a small file may unpack to any size. 2^27 pixels take 400 MB as RGB. */
export const MAX_PIXELS = 2 ** 27;

const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);
const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif'];
const EXPECTED = 'Expected a JPEG, PNG, WebP, GIF, TIFF or AVIF file.';

const unreadable = (name: string, reason: string, expected = EXPECTED): LanError =>
  new LanError('data', `Image '${name}': cannot be read (${reason}). ${expected}`);

const tooLarge = (name: string, width: number, height: number): LanError =>
  unreadable(
    name,
    `${width} x ${height} pixels are more than the limit`,
    `Expected at most ${MAX_PIXELS} pixels; make it smaller first.`,
  );

/** libvips' words for a broken file are of no use to a user; which of the two kinds it is, is. */
function reasonForSharp(error: unknown): string {
  const message = messageOf(error);
  if (/unsupported image format/i.test(message)) return 'it is not a picture, or not in a known format';
  if (/pixel limit/i.test(message)) return `it has more than ${MAX_PIXELS} pixels`;
  return 'it is cut short or damaged';
}

/**
 * Decodes a photo at its full size to 8-bit sRGB: upright (EXIF), first frame, transparency put on white, 16 bits reduced to 8, CMYK converted.
 * `source` is a path or a file's bytes; `name` stands in messages for bytes. `note` says what was changed that a viewer would not expect.
 * Throws LanError "Image 'x.jpg': cannot be read (…). Expected a JPEG, PNG, WebP, GIF, TIFF or AVIF file.".
 */
export async function decodePixels(source: string | Uint8Array, name = 'from memory'): Promise<Picture & { note?: string }> {
  const label = typeof source === 'string' ? source : name;
  const bytes = typeof source === 'string' ? await readBytes(source, 'Image') : source;
  if (!bytes.length) throw unreadable(label, 'it is empty');
  try {
    const meta = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (!FORMATS.has(meta.format)) throw unreadable(label, `it is in ${meta.format.toUpperCase()} format`);
    // AV1 is in sharp's binaries, HEVC is not, for its patents.
    if (meta.compression === 'hevc') throw unreadable(label, 'it is in HEIC format');
    if (meta.width * meta.height > MAX_PIXELS) throw tooLarge(label, meta.width, meta.height);
    // An RGB profile is ignored, as PIL and so every training pipeline does; CMYK has no meaning without one.
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS, ignoreIcc: meta.space !== 'cmyk' });
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { pixels, transparent } = onWhite(data, info.channels);
    const notes = [
      meta.orientation !== undefined && meta.orientation > 1 ? `turned upright (EXIF orientation ${meta.orientation})` : '',
      (meta.pages ?? 1) > 1 ? `first of ${meta.pages} frames` : '',
      meta.space === 'cmyk' ? 'CMYK converted to sRGB' : '',
      transparent ? 'transparency put on white' : '',
    ].filter(Boolean);
    return { width: info.width, height: info.height, pixels, ...(notes.length ? { note: notes.join('; ') } : {}) };
  } catch (error) {
    throw error instanceof LanError ? error : unreadable(label, reasonForSharp(error));
  }
}

/** A picture with its opacity: RGB as decodePixels gives it without the white, and one byte of alpha a pixel (255: opaque). */
export async function decodeSprite(path: string): Promise<Picture & { alpha: Uint8Array }> {
  // Everything that is refused is refused there.
  const { width, height } = await decodePixels(path);
  const data = await sharp(await readBytes(path, 'Image'), { limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer();
  const area = width * height;
  const pixels = new Uint8Array(3 * area);
  const alpha = new Uint8Array(area);
  for (let i = 0; i < area; i++) {
    pixels.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
    alpha[i] = data[4 * i + 3]!;
  }
  return { width, height, pixels, alpha };
}

/** Raw pixels of 1 to 4 channels (grey, grey + alpha, RGB, RGBA) as RGB over white. */
function onWhite(data: Uint8Array, channels: number): { pixels: Uint8Array; transparent: boolean } {
  if (channels === 3) return { pixels: data, transparent: false };
  const size = data.length / channels;
  const pixels = new Uint8Array(size * 3);
  const hasAlpha = channels === 2 || channels === 4;
  let transparent = false;
  for (let i = 0; i < size; i++) {
    const alpha = hasAlpha ? data[i * channels + channels - 1]! : 255;
    if (alpha < 255) transparent = true;
    for (let c = 0; c < 3; c++) {
      const value = data[i * channels + (channels < 3 ? 0 : c)]!;
      pixels[i * 3 + c] = Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return { pixels, transparent };
}

const pair = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

/** [height, width] that the whole photo is resized to before the crop; torchvision's Resize cuts the longer side's fraction off. */
function resizedTo(photo: Picture, spec: Omit<ImageSpec, 'range'>): readonly [number, number] {
  const { width, height } = photo;
  if (typeof spec.resize === 'number') {
    const n = spec.resize;
    return width <= height ? [Math.floor((n * height) / width), n] : [n, Math.floor((n * width) / height)];
  }
  if (spec.resize) return spec.resize;
  if (spec.crop !== undefined) return [height, width];
  const scale = Math.max(spec.width / width, spec.height / height);
  return [Math.max(spec.height, Math.round(height * scale)), Math.max(spec.width, Math.round(width * scale))];
}

/** Half of a margin, halves to even: Python's round(), which torchvision's CenterCrop uses. */
const halfOf = (margin: number): number => (margin % 4 === 1 ? (margin - 1) / 2 : Math.ceil(margin / 2));

/**
 * Brings a picture to the spec's size: resize, then central crop; equal to torchvision's Resize and CenterCrop of a PIL image.
 * Throws LanError when resize and crop do not lead to spec.height x spec.width.
 */
export function fit(photo: Picture, spec: Omit<ImageSpec, 'range'>, name = 'from memory'): Picture {
  const [rows, columns] = resizedTo(photo, spec);
  const [height, width] = spec.crop === undefined ? [spec.height, spec.width] : pair(spec.crop);
  if (height !== spec.height || width !== spec.width) {
    throw new LanError(
      'data',
      `Image '${name}': a crop of ${width} x ${height} does not give the ${spec.width} x ${spec.height} pixels that the model takes.`,
    );
  }
  if (rows < height || columns < width) {
    throw new LanError(
      'data',
      `Image '${name}': it is ${columns} x ${rows} pixels after resizing, less than the ${width} x ${height} to crop. Choose a larger --resize.`,
    );
  }
  if (rows * columns > MAX_PIXELS) throw tooLarge(name, columns, rows);
  return crop(resize(photo, rows, columns, spec.resample), halfOf(columns - width), halfOf(rows - height), width, height);
}

/**
 * A photo as a classifier's input: float32 [1, channels, height, width], RGB order, values 0 (black) to spec.range (white).
 * One channel is PIL's luma, (299 R + 587 G + 114 B) / 1000. See decodePixels for what is accepted, noted and thrown, fit for the geometry.
 */
export async function readImage(
  source: string | Uint8Array,
  spec: ImageSpec,
  name?: string,
): Promise<{ tensor: Tensor; note?: string }> {
  const { note, ...photo } = await decodePixels(source, name);
  const planes = toPlanes(fit(photo, spec, typeof source === 'string' ? source : name), spec.channels);
  const scale = spec.range / 255;
  const data = new Float32Array(planes.length);
  for (let i = 0; i < data.length; i++) data[i] = planes[i]! * scale;
  const tensor = float32(data, [1, spec.channels, spec.height, spec.width]);
  return note === undefined ? { tensor } : { tensor, note };
}

/** RGB pixels (height x width x 3 bytes) as a PNG file. Throws LanError when the count does not fit the size. */
export async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  if (pixels.length !== width * height * 3 || pixels.length === 0) {
    throw new LanError(
      'data',
      `A picture of ${width} x ${height} takes ${width * height * 3} bytes of RGB, received ${pixels.length}.`,
    );
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** The refusal of a folder without pictures. */
export const noPictures = (folder: string): LanError =>
  new LanError('data', `Folder '${folder}': holds no pictures. Expected files ending in ${EXTENSIONS.join(', ')}.`);

/**
 * Paths of all pictures in a folder and its subfolders, by their endings, sorted; hidden ones are left out, linked folders not entered.
 * None is no error. Throws LanError when the folder cannot be read.
 */
export async function findImages(folder: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const inner = join(path, entry.name);
      if (entry.isDirectory()) await visit(inner);
      else if (isImage(entry.name)) found.push(inner);
    }
  };
  try {
    await visit(folder);
  } catch (error) {
    throw new LanError('data', `Folder '${folder}': cannot be read (${reasonOf(error)}).`);
  }
  return found.sort();
}

/** Whether a file's name ends as a picture's. */
export const isImage = (name: string): boolean => EXTENSIONS.includes(extname(name).toLowerCase());
