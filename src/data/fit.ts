// A decoded photo brought to what a classifier takes: opaque, resized, cropped, as numbers.
import { LanError } from '../core/errors.js';
import { float32, type Tensor } from '../core/tensor.js';
import { toPlanes } from './planes.js';
import { crop, resize, type Picture, type Resample } from './resize.js';

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

const EXPECTED = 'Expected a JPEG, PNG, WebP, GIF, TIFF, BMP, PNM or AVIF file.';

/** A picture that cannot be read: why, and what was expected. */
export const unreadable = (name: string, reason: string, expected = EXPECTED): LanError =>
  new LanError('data', `Image '${name}': cannot be read (${reason}).`, expected);

/** A picture of more pixels than are read. */
export const tooLarge = (name: string, width: number, height: number): LanError =>
  unreadable(
    name,
    `${width} x ${height} pixels are more than the limit`,
    `Expected at most ${MAX_PIXELS} pixels; make it smaller first.`,
  );

/** Raw pixels of 1 to 4 channels (grey, grey + alpha, RGB, RGBA) as RGB over white. */
export function onWhite(data: Uint8Array, channels: number): { pixels: Uint8Array; transparent: boolean } {
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
      `Image '${name}': it is ${columns} x ${rows} pixels after resizing, less than the ${width} x ${height} to crop.`,
      'Choose a larger `resize`.',
    );
  }
  if (rows * columns > MAX_PIXELS) throw tooLarge(name, columns, rows);
  return crop(resize(photo, rows, columns, spec.resample), halfOf(columns - width), halfOf(rows - height), width, height);
}

/** A decoded photo as float32 [1, channels, height, width], RGB order, values 0 (black) to spec.range (white); its note goes along. Throws as fit. */
export function decodedInput(
  { note, ...photo }: Picture & { note?: string },
  spec: ImageSpec,
  name?: string,
): { tensor: Tensor; note?: string } {
  const planes = toPlanes(fit(photo, spec, name), spec.channels);
  const scale = spec.range / 255;
  const data = new Float32Array(planes.length);
  for (let i = 0; i < data.length; i++) data[i] = planes[i]! * scale;
  const tensor = float32(data, [1, spec.channels, spec.height, spec.width]);
  return note === undefined ? { tensor } : { tensor, note };
}
