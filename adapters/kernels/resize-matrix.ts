// Resize along one axis as a matrix [out, in]: every coordinate transformation, rounding, filter and border rule, as onnxruntime computes them.
import { LanError } from '../../src/core/errors.js';
import type { Matrix } from './linalg-axis.js';

/** What Resize-18/19 says about one axis. */
export interface AxisResize {
  readonly length: number;
  readonly resized: number;
  readonly scale: number;
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubicA: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
  /** Start and end of the region of interest in [0, 1], for 'tf_crop_and_resize'. */
  readonly roi: readonly [number, number];
}

/** Resize along one axis as a matrix [resized, length]. */
export interface AxisMatrix {
  readonly matrix: Matrix;
  /** Output positions whose source lies outside the input ('tf_crop_and_resize'); their rows are zero. */
  readonly outside: readonly boolean[];
}

// onnxruntime computes coordinates in float32; at a rounding boundary the last bit decides which pixel is taken.
const f = Math.fround;

/** Position in the input of output position `x`. */
export function sourceCoordinate(x: number, { length, resized, scale, coordinates, roi }: AxisResize): number | undefined {
  const half = f(f(f(x + 0.5) / scale) - 0.5);
  switch (coordinates) {
    case 'half_pixel':
      return half;
    case 'pytorch_half_pixel':
      return resized > 1 ? half : 0;
    case 'half_pixel_symmetric': {
      // Centres the grid where the true output length is not a whole number.
      const adjustment = f(resized / f(scale * length));
      return f(f((length / 2) * (1 - adjustment)) + half);
    }
    case 'asymmetric':
      return f(x / scale);
    case 'align_corners':
      return resized === 1 ? 0 : f(f(x * (length - 1)) / (resized - 1));
    case 'tf_half_pixel_for_nn':
      return f(f(x + 0.5) / scale);
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      const last = length - 1;
      return resized > 1
        ? f(f(start * last) + f(f(f(x * f(end - start)) * last) / (resized - 1)))
        : f(0.5 * (start + end) * last);
    }
    default:
      return undefined;
  }
}

function roundTo(mode: string, x: number): number | undefined {
  switch (mode) {
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    default:
      return undefined;
  }
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** Keys' cubic kernel with coefficient a. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** The most elements of a matrix: an axis of 8,192 for one of as many. */
const MOST = 2 ** 26;

/**
 * The matrix of one axis. Throws LanError (`memory`) above MOST elements: scales and sizes are only numbers in a file. Undefined when a coordinate_transformation_mode, nearest_mode or mode is not known.
 * Rows sum to 1, but for those outside the input.
 */
export function interpolationMatrix(axis: AxisResize): AxisMatrix | undefined {
  const { length, resized, scale, mode, cubicA, excludeOutside } = axis;
  if (!(resized * length <= MOST))
    throw new LanError(
      'memory',
      `Resize of an axis from ${length} to ${resized} takes a matrix of ${resized * length} elements; at most ${MOST} are allowed.`,
    );
  const data = new Float32Array(resized * length);
  const outside: boolean[] = [];
  const cropped = axis.coordinates === 'tf_crop_and_resize';
  const clamp = (i: number): number => Math.min(Math.max(i, 0), length - 1);
  // Antialiasing widens the filter by the factor of reduction.
  const stretch = axis.antialias && scale < 1 ? 1 / scale : 1;
  const support = (mode === 'cubic' ? 2 : 1) * stretch;
  for (let o = 0; o < resized; o++) {
    const source = scale === 1 && !cropped ? o : sourceCoordinate(o, axis);
    if (source === undefined) return undefined;
    outside.push(cropped && (source < 0 || source > length - 1));
    if (outside[o]) continue;
    if (mode === 'nearest') {
      const index = roundTo(axis.nearest, source);
      if (index === undefined) return undefined;
      data[o * length + clamp(index)] = 1;
      continue;
    }
    if (mode !== 'linear' && mode !== 'cubic') return undefined;
    // Linear interpolation clamps its position; a cubic or antialiased one repeats the border pixel, or leaves out what is outside.
    const centre = mode === 'linear' && !axis.antialias ? clamp(source) : source;
    const weights: [number, number][] = [];
    for (let i = Math.ceil(centre - support); i <= Math.floor(centre + support); i++) {
      const distance = (i - centre) / stretch;
      const weight = mode === 'cubic' ? cubic(distance, cubicA) : triangle(distance);
      if (!excludeOutside || (i >= 0 && i < length)) weights.push([clamp(i), weight]);
    }
    const total = weights.reduce((sum, [, w]) => sum + w, 0);
    for (const [i, w] of weights) data[o * length + i]! += w / total;
  }
  return { matrix: { rows: resized, columns: length, data }, outside };
}

/** The whole factor by which the matrix repeats each element, as nearest enlargement mostly does; undefined when it does not. */
export function repeatFactor(matrix: Matrix): number | undefined {
  const { rows, columns, data } = matrix;
  const factor = rows / columns;
  if (!Number.isInteger(factor) || factor < 2) return undefined;
  for (let o = 0; o < rows; o++) {
    const hit = Math.floor(o / factor);
    for (let i = 0; i < columns; i++) if (data[o * columns + i] !== (i === hit ? 1 : 0)) return undefined;
  }
  return factor;
}
