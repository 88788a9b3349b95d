// Resizing of 8-bit RGB pictures, equal to PIL's byte for byte, because that is what classifiers were trained and measured with.
import { LanError } from '../core/errors.js';

/** 8-bit RGB pixels, rows from the top, three bytes a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Named as in PIL and in Hugging Face cards (resample 2, 3, 1, 4, 5 and 0). */
export type Resample = 'bilinear' | 'bicubic' | 'lanczos' | 'box' | 'hamming' | 'nearest';

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Weight at distance x from the centre, and the distance from which on it is 0. */
const FILTERS: Record<Exclude<Resample, 'nearest'>, { support: number; weight: (x: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic with a = -0.5.
  bicubic: {
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    },
  },
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: { support: 1, weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** PIL's fixed point: 8 bits of value and 2 of headroom leave 22 of a 32-bit sum. */
const PRECISION = 22;

interface Taps {
  /** First source index of every output index, and where its weights start (one more entry than outputs). */
  readonly first: Int32Array;
  readonly offset: Int32Array;
  readonly weights: Int32Array;
}

/** PIL's precompute_coeffs and normalize_coeffs_8bpc (Resample.c): the filter is stretched when reducing, which is the antialiasing. */
function tapsOf(from: number, to: number, { support, weight }: { support: number; weight: (x: number) => number }): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const first = new Int32Array(to);
  const offset = new Int32Array(to + 1);
  const weights: number[] = [];
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - reach + 0.5));
    const high = Math.min(from, Math.trunc(centre + reach + 0.5));
    const row = Array.from({ length: high - low }, (_, k) => weight((k + low - centre + 0.5) / stretch));
    const total = row.reduce((a, b) => a + b, 0);
    for (const w of row) weights.push(Math.trunc((w / total) * 2 ** PRECISION + (w < 0 ? -0.5 : 0.5)));
    first[i] = low;
    offset[i + 1] = weights.length;
  }
  return { first, offset, weights: Int32Array.from(weights) };
}

/**
 * Resamples one axis: `lines` lines of `to` outputs. Strides are in bytes; channels lie side by side.
 * The result is rounded to bytes after each axis, as PIL does.
 */
function pass(
  source: Uint8Array,
  out: Uint8Array,
  taps: Taps,
  lines: number,
  to: number,
  step: number,
  sourceLine: number,
  outLine: number,
): void {
  const { first, offset, weights } = taps;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < to; i++) {
      const [start, end] = [offset[i]!, offset[i + 1]!];
      for (let c = 0; c < 3; c++) {
        let sum = 1 << (PRECISION - 1);
        let at = line * sourceLine + first[i]! * step + c;
        for (let k = start; k < end; k++, at += step) sum += source[at]! * weights[k]!;
        out[line * outLine + i * step + c] = Math.min(255, Math.max(0, sum >> PRECISION));
      }
    }
  }
}

/**
 * The picture at `height` x `width` pixels, equal to `PIL.Image.resize((width, height), resample)` of the same pixels in Pillow up to 12
 * (from 13 on Pillow starts with the rows where the height shrinks far more than the width, which moves single values by a rounding).
 * Throws LanError for a size below 1 or not whole.
 */
export function resize(picture: Picture, height: number, width: number, resample: Resample = 'bilinear'): Picture {
  if (![height, width].every((n) => Number.isInteger(n) && n > 0)) {
    throw new LanError('data', `A picture cannot be resized to ${width} x ${height} pixels. Expected whole numbers above 0.`);
  }
  if (resample === 'nearest') return nearest(picture, height, width);
  let { pixels } = picture;
  if (width !== picture.width) {
    const out = new Uint8Array(width * picture.height * 3);
    pass(pixels, out, tapsOf(picture.width, width, FILTERS[resample]), picture.height, width, 3, picture.width * 3, width * 3);
    pixels = out;
  }
  if (height !== picture.height) {
    const out = new Uint8Array(width * height * 3);
    // One line per column here: neighbours along the axis are a whole row apart.
    pass(pixels, out, tapsOf(picture.height, height, FILTERS[resample]), width, height, width * 3, 3, 3);
    pixels = out;
  }
  return { width, height, pixels };
}

/** Every pixel is the one of the source under its centre. */
function nearest(picture: Picture, height: number, width: number): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * picture.height) / height) * picture.width;
    for (let x = 0; x < width; x++) {
      const from = 3 * (row + Math.floor(((x + 0.5) * picture.width) / width));
      pixels.set(picture.pixels.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { width, height, pixels };
}

/** The part of a picture whose upper left corner is (left, top). Throws LanError when it reaches outside. */
export function crop(picture: Picture, left: number, top: number, width: number, height: number): Picture {
  if (left < 0 || top < 0 || left + width > picture.width || top + height > picture.height) {
    throw new LanError(
      'data',
      `A crop of ${width} x ${height} at (${left}, ${top}) reaches outside a picture of ${picture.width} x ${picture.height} pixels.`,
    );
  }
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3;
    pixels.set(picture.pixels.subarray(start, start + width * 3), y * width * 3);
  }
  return { width, height, pixels };
}
