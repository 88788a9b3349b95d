// Pictures in and out, the only importer of sharp: any photo file to the RGB tensor that a classifier takes, and pixels to PNG.
import sharp, { type Metadata } from 'sharp';
import { LanError, messageOf } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { readBytes } from './files.js';
import { decodedInput, fit, MAX_PIXELS, onWhite, tooLarge, unreadable, type ImageSpec } from './fit.js';
import { budget } from './memory.js';
import { noPicture, type NoPicture } from './no-picture.js';
import { changesOf, type PictureFacts } from './picture-notes.js';
import { decodePlain, isPlain, mostPixels } from './plain-pictures.js';
import { toPlanes } from './planes.js';
import type { Picture } from './resize.js';
import { foreignColours, pngFrames } from './untold.js';

export { fit, MAX_PIXELS, type ImageSpec } from './fit.js';
export type { Picture } from './resize.js';

/** Sample types that are read: all others would be cut or cast without a word. */
const DEPTHS = new Set<string | undefined>(['uchar', 'ushort', 'float']);
const FORMATS = new Set<string>(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif']);

/** libvips' words for a broken file are of no use to a user; what it is instead, is. */
function reasonForSharp(error: unknown, bytes: Uint8Array): NoPicture {
  const message = messageOf(error);
  if (/unsupported image format/i.test(message))
    return noPicture(bytes) ?? { reason: 'it is not a picture, or not in a known format' };
  if (/pixel limit/i.test(message)) return { reason: `it has more than ${MAX_PIXELS} pixels` };
  return { reason: 'it is cut short or damaged' };
}

/** Bytes of a file, and what messages call it. */
async function bytesOf(source: string | Uint8Array, name: string): Promise<{ label: string; bytes: Uint8Array }> {
  const label = typeof source === 'string' ? source : name;
  const bytes = typeof source === 'string' ? await readBytes(source, 'Image') : source;
  if (!bytes.length) throw unreadable(label, 'it is empty');
  return { label, bytes };
}

/** What sharp says about a file that this project reads; refusals are thrown. */
async function metaOf(bytes: Uint8Array, label: string): Promise<Metadata> {
  const meta = await sharp(bytes, { limitInputPixels: false }).metadata();
  // AV1 is in sharp's binaries, HEVC is not, for its patents.
  if (!FORMATS.has(meta.format) || meta.compression === 'hevc') {
    const { reason = `it is in ${meta.format.toUpperCase()} format`, advice } = noPicture(bytes) ?? {};
    throw unreadable(label, reason, advice);
  }
  if (meta.width * meta.height > MAX_PIXELS) throw tooLarge(label, meta.width, meta.height);
  const foreign = meta.format === 'tiff' ? foreignColours(bytes) : undefined;
  if (foreign !== undefined) throw unreadable(label, foreign, 'Save it in RGB.');
  if (!DEPTHS.has(meta.depth))
    throw unreadable(label, `its samples are of type ${meta.depth}`, 'Expected 8 or 16 bits without a sign, or floats in 0..1.');
  return meta;
}

/** Errors of sharp as this project's. */
async function sound<T>(label: string, bytes: Uint8Array, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LanError) throw error;
    const { reason, advice } = reasonForSharp(error, bytes);
    throw unreadable(label, reason, advice);
  }
}

/** Height and width that a picture (a path, or a file's bytes) has when it is decoded. Throws as decodePixels for what is none. */
export async function pictureSize(source: string | Uint8Array): Promise<readonly [height: number, width: number]> {
  const { label, bytes } = await bytesOf(source, 'from memory');
  const plain = decodePlain(bytes, MAX_PIXELS, (reason) => unreadable(label, reason));
  if (plain) return [plain.height, plain.width];
  const { height, width, orientation = 1 } = await sound(label, bytes, () => metaOf(bytes, label));
  // From 5 on the orientations of EXIF are turned by a quarter.
  return orientation >= 5 ? [width, height] : [height, width];
}

const limits = { failOn: 'error', limitInputPixels: MAX_PIXELS } as const;

/**
 * Decodes a photo at its full size to 8-bit sRGB: upright (EXIF), first frame, transparency put on white, 16 bits reduced to 8, floats in 0..1
 * scaled, CMYK converted. `source` is a path or a file's bytes; `name` stands in messages for bytes. `note` says what was changed that a viewer
 * would not expect. Throws LanError (`data`) "Image 'x.jpg': cannot be read (…). Expected a JPEG, PNG, WebP, GIF, TIFF, BMP, PNM or AVIF file.".
 */
export async function decodePixels(source: string | Uint8Array, name = 'from memory'): Promise<Picture & { note?: string }> {
  const { label, bytes } = await bytesOf(source, name);
  const plain = decodePlain(bytes, MAX_PIXELS, (reason) => unreadable(label, reason));
  if (plain) return plain;
  return sound(label, bytes, async () => {
    const meta = await metaOf(bytes, label);
    if (meta.depth === 'float') return floats(bytes, meta, label);
    // An RGB profile is ignored, as PIL and so every training pipeline does; CMYK has no meaning without one.
    const image = sharp(bytes, { ...limits, ignoreIcc: meta.space !== 'cmyk' });
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { pixels, transparent } = onWhite(data, info.channels);
    const facts = factsOf(meta, bytes);
    const note = changesOf(facts, transparent, facts.wide ? await largestSample(bytes, meta) : undefined);
    return { width: info.width, height: info.height, pixels, ...(note === undefined ? {} : { note }) };
  });
}

/** What is noted of a file. */
const factsOf = ({ orientation = 1, pages, space, depth }: Metadata, bytes: Uint8Array): PictureFacts => ({
  orientation,
  frames: pages ?? pngFrames(bytes),
  cmyk: space === 'cmyk',
  wide: depth === 'ushort',
});

/** The largest colour of samples of 16 bits. */
async function largestSample(bytes: Uint8Array, { space }: Metadata): Promise<number> {
  const data = await sharp(bytes, { ...limits, ignoreIcc: true }).toColourspace(space).removeAlpha().raw({ depth: 'ushort' }).toBuffer(); // prettier-ignore
  return new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)).reduce(
    (a, b) => Math.max(a, b),
    0,
  );
}

/** A picture of float samples: 0..1 is scaled to 0..255, whole numbers in 0..255 are taken as they are, anything else is refused. */
async function floats(bytes: Uint8Array, meta: Metadata, label: string): Promise<Picture & { note: string }> {
  if (meta.hasAlpha) throw unreadable(label, 'it has float samples and transparency', 'Save it with 8 bits.');
  // In the file's own space, so that no gamma is put on the numbers.
  const { data, info } = await sharp(bytes, { ...limits, ignoreIcc: true })
    .autoOrient()
    .toColourspace(meta.space === 'scrgb' ? 'scrgb' : 'srgb')
    .raw({ depth: 'float' })
    .toBuffer({ resolveWithObject: true });
  const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const unit = low >= 0 && high <= 1;
  if (!unit && !values.every((v) => v >= 0 && v <= 255 && Number.isInteger(v)))
    throw unreadable(
      label,
      `its float samples run from ${low} to ${high}`,
      'Expected 0 to 1; scale them, or save it with 8 bits.',
    );
  const grey = Uint8Array.from(values, (v) => Math.round(unit ? v * 255 : v));
  const { pixels } = onWhite(grey, info.channels);
  return { width: info.width, height: info.height, pixels, note: unit ? 'float samples 0..1 scaled to 0..255' : 'float samples taken as 0..255' }; // prettier-ignore
}

/** Decoded pictures that are held at the same time, in bytes; a larger one is decoded alone. */
const together = budget(2 ** 29);
/** sharp's own copy, ours, what is put on white and half resized. */
const BYTES_PER_PIXEL = 12;

/**
 * A picture file brought to the spec's size, as planes [channels, height, width]. Any number may be asked for at once: as many are decoded together
 * as half a gigabyte holds. Throws as decodePixels and fit.
 */
export async function readPlanes(path: string, spec: Omit<ImageSpec, 'range'>): Promise<Uint8Array> {
  const { bytes, label } = await bytesOf(path, path);
  const area = async (): Promise<number> => sound(label, bytes, () => metaOf(bytes, label)).then((m) => m.width * m.height);
  return together((mostPixels(bytes) ?? (await area())) * BYTES_PER_PIXEL, async () =>
    toPlanes(fit(await decodePixels(bytes, path), spec, path), spec.channels),
  );
}

/** A picture with its opacity: RGB as decodePixels gives it without the white, and one byte of alpha a pixel (255: opaque). Throws as decodePixels. */
export async function decodeSprite(path: string): Promise<Picture & { alpha: Uint8Array }> {
  const { bytes, label } = await bytesOf(path, path);
  // Everything that is refused is refused there.
  const opaque = await decodePixels(bytes, path);
  const { width, height } = opaque;
  const meta = isPlain(bytes) ? undefined : await metaOf(bytes, label);
  if (!meta?.hasAlpha) return { width, height, pixels: opaque.pixels, alpha: new Uint8Array(width * height).fill(255) };
  const data = await sound(label, bytes, () =>
    sharp(bytes, { ...limits, ignoreIcc: meta.space !== 'cmyk' })
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer(),
  );
  const area = width * height;
  const pixels = new Uint8Array(3 * area);
  const alpha = new Uint8Array(area);
  for (let i = 0; i < area; i++) {
    pixels.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
    alpha[i] = data[4 * i + 3]!;
  }
  return { width, height, pixels, alpha };
}

/**
 * A photo as a classifier's input: float32 [1, channels, height, width], RGB order, values 0 (black) to spec.range (white).
 * One channel is PIL's luma, (299 R + 587 G + 114 B) / 1000. See decodePixels for what is accepted, noted and thrown, fit for the geometry.
 *
 * @example
 * const { tensor } = await readImage('dog.jpg', { width: 224, height: 224, channels: 3, range: 1 });
 */
export async function readImage(
  source: string | Uint8Array,
  spec: ImageSpec,
  name?: string,
): Promise<{ tensor: Tensor; note?: string }> {
  return decodedInput(await decodePixels(source, name), spec, typeof source === 'string' ? source : name);
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
