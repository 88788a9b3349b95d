// Pictures as training samples, each time turned, scaled and moved a little (Appendix B: small random affine transformations).
import { random, STREAMS } from '../../core/random.js';
import type { Samples } from '../../lan/samples.js';
import { BYTES, SIDE, type Pictures } from './cifar-pictures.js';

/** How far a picture may be moved; all 0: not at all. */
export interface Augmentation {
  /** Degrees to either side. */
  readonly turn: number;
  /** Share by which it becomes larger or smaller. */
  readonly scale: number;
  /** Pixels in each direction. */
  readonly shift: number;
}

/** How pixels become a network's input: (x - mean) / deviation. */
export interface Normalisation {
  readonly mean: number;
  readonly deviation: number;
}

/** Pictures [n,3,32,32] as floats, 0 to 255 or normalised. Throws nothing. */
export function pictureSamples(
  { pixels, labels }: Pictures,
  { mean, deviation }: Normalisation = { mean: 0, deviation: 1 },
): Samples {
  // prettier-ignore
  return {
    count: labels.length,
    shape: [3, SIDE, SIDE],
    labels,
    read(indices) {
      const out = new Float32Array(indices.length * BYTES);
      for (let i = 0; i < indices.length; i++)
        for (let k = 0; k < BYTES; k++) out[i * BYTES + k] = (pixels[indices[i]! * BYTES + k]! - mean) / deviation;
      return out;
    },
  };
}

/**
 * The same, every look at a picture another affine transformation of it, which depends on the seed, the draw and its place in the batch: bilinear, what lies
 * outside of the picture being its nearest pixel.
 */
export function augmented(pictures: Pictures, how: Augmentation, seed: number, normalisation?: Normalisation): Samples {
  const { mean, deviation } = normalisation ?? { mean: 0, deviation: 1 };
  const stream = random(seed, STREAMS.augmentation);
  const plain = pictureSamples(pictures, normalisation);
  return {
    ...plain,
    read(indices, draw) {
      const out = new Float32Array(indices.length * BYTES);
      // Of each picture: turn, scale, shift down and right, in [-1,1).
      const moves = stream.uniform(new Float32Array(4 * indices.length), draw, -1, 1);
      for (let i = 0; i < indices.length; i++) {
        const [turn, scale, down, right] = moves.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
        const picture = pictures.pixels.subarray(indices[i]! * BYTES, (indices[i]! + 1) * BYTES);
        const angle = (turn * how.turn * Math.PI) / 180;
        const placed = { angle, scale: 1 + scale * how.scale, down: down * how.shift, right: right * how.shift };
        transform(picture, placed, out.subarray(i * BYTES, (i + 1) * BYTES));
      }
      for (let k = 0; k < out.length; k++) out[k] = (out[k]! - mean) / deviation;
      return out;
    },
  };
}

/** Turned by `angle` (radians), enlarged `scale` times about the middle, and moved by pixels, into `out` [3,32,32]. */
export function transform(
  picture: Uint8Array,
  { angle, scale, down, right }: { readonly angle: number; readonly scale: number; readonly down: number; readonly right: number }, // prettier-ignore
  out: Float32Array,
): void {
  const area = SIDE * SIDE;
  const middle = (SIDE - 1) / 2;
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const within = (v: number): number => Math.min(SIDE - 1, Math.max(0, v));
  for (let r = 0; r < SIDE; r++)
    for (let c = 0; c < SIDE; c++) {
      const [y, x] = [r - middle - down, c - middle - right];
      const [row, column] = [within(middle + cos * y - sin * x), within(middle + sin * y + cos * x)];
      const [r0, c0] = [Math.floor(row), Math.floor(column)];
      const [r1, c1] = [Math.min(SIDE - 1, r0 + 1), Math.min(SIDE - 1, c0 + 1)];
      const [fr, fc] = [row - r0, column - c0];
      const weights = [(1 - fr) * (1 - fc), (1 - fr) * fc, fr * (1 - fc), fr * fc] as const;
      const places = [r0 * SIDE + c0, r0 * SIDE + c1, r1 * SIDE + c0, r1 * SIDE + c1] as const;
      for (let plane = 0; plane < 3 * area; plane += area)
        out[plane + r * SIDE + c] =
          weights[0] * picture[plane + places[0]]! +
          weights[1] * picture[plane + places[1]]! +
          weights[2] * picture[plane + places[2]]! +
          weights[3] * picture[plane + places[3]]!;
    }
}
