// Smooth-edged shapes on a small RGB picture, each of which may sign the pixels that it covers.
import type { Picture } from '../../data/resize.js';

/** A colour; each channel 0..255, fractions allowed. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Signed distance of a point to a shape's edge, in units; negative inside. */
export type Distance = (x: number, y: number) => number;
/** A colour for every point: writes three channels (0..255) to `out`; `distance` is the shape's there. */
export type Shade = (x: number, y: number, out: Float32Array, distance: number) => void;

const { abs, max, min, sqrt, floor } = Math;

/** Math.hypot guards against overflow, which costs ten times this. */
export const length = (x: number, y: number): number => sqrt(x * x + y * y);

/** `a` where `fraction` is 0, `b` where it is 1, and between them in equal steps. */
export const mix = (a: Rgb, b: Rgb, fraction: number): Rgb => [
  a[0] + (b[0] - a[0]) * fraction,
  a[1] + (b[1] - a[1]) * fraction,
  a[2] + (b[2] - a[2]) * fraction,
];

/** Darker (factor < 1) or lighter. */
export const times = (a: Rgb, factor: number): Rgb => [a[0] * factor, a[1] * factor, a[2] * factor];
/** `v`, or the end of [0,1] that it lies beyond. */
export const clamp01 = (v: number): number => (v < 0 ? 0 : v > 1 ? 1 : v);

/** From `a` at y = top to `b` at y = bottom. */
export function gradient(a: Rgb, b: Rgb, top: number, bottom: number): Shade {
  return (_, y, out) => {
    const fraction = clamp01((y - top) / (bottom - top));
    for (let c = 0; c < 3; c++) out[c] = a[c]! + (b[c]! - a[c]!) * fraction;
  };
}

/** A disc around (cx, cy); lengths in units of the picture. */
export const circle =
  (cx: number, cy: number, radius: number): Distance =>
  (x, y) =>
    length(x - cx, y - cy) - radius;

/** A line of `radius` to either side, round at its ends. */
export function capsule(x0: number, y0: number, x1: number, y1: number, radius: number): Distance {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const squared = dx * dx + dy * dy;
  return (x, y) => {
    const t = clamp01(((x - x0) * dx + (y - y0) * dy) / squared);
    return length(x - x0 - t * dx, y - y0 - t * dy) - radius;
  };
}

/** An upright rectangle whose corners are rounded by `radius`. */
export function box(left: number, top: number, right: number, bottom: number, radius: number): Distance {
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const [w, h] = [(right - left) / 2 - radius, (bottom - top) / 2 - radius];
  return (x, y) => {
    const [dx, dy] = [abs(x - cx) - w, abs(y - cy) - h];
    return length(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius;
  };
}

/** A convex polygon, its points clockwise as one sees them (y points down). */
export function convex(...points: readonly (readonly [x: number, y: number])[]): Distance {
  const n = points.length;
  const [nx, ny, offset] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  points.forEach(([x0, y0], i) => {
    const [x1, y1] = points[(i + 1) % n]!;
    const side = length(x1 - x0, y1 - y0);
    nx[i] = (y1 - y0) / side;
    ny[i] = (x0 - x1) / side;
    offset[i] = nx[i] * x0 + ny[i] * y0;
  });
  return (x, y) => {
    let far = -Infinity;
    for (let i = 0; i < n; i++) far = max(far, nx[i]! * x + ny[i]! * y - offset[i]!);
    return far;
  };
}

/** A square picture of 64 x 64 units, whatever its size in pixels; y points down. */
export class Painter {
  private readonly canvas: Float32Array;
  /** Who signed each pixel last, 0 for nobody. */
  readonly owners: Uint8Array;
  private readonly unit: number;
  private readonly colour = new Float32Array(3);

  constructor(readonly size: number) {
    this.canvas = new Float32Array(size * size * 3);
    this.owners = new Uint8Array(size * size);
    this.unit = size / 64;
  }

  /**
   * Paints a shape that lies within `bounds` [left, top, right, bottom] (units), with an edge that is one pixel wide, or `edge` units if that is
   * more. Pixels that are covered by half or more are signed with `owner`.
   */
  paint(bounds: readonly [number, number, number, number], distance: Distance, shade: Rgb | Shade, owner = 0, edge = 0): void {
    const { size, unit, canvas, colour, owners } = this;
    const sharpness = 1 / max(1 / unit, edge);
    const [left, top] = [max(0, floor((bounds[0] - edge) * unit - 1)), max(0, floor((bounds[1] - edge) * unit - 1))];
    const [right, bottom] = [min(size, (bounds[2] + edge) * unit + 1), min(size, (bounds[3] + edge) * unit + 1)];
    const shader = typeof shade === 'function' ? shade : undefined;
    if (!shader) colour.set(shade as Rgb);
    for (let row = top; row < bottom; row++) {
      const y = (row + 0.5) / unit;
      for (let column = left; column < right; column++) {
        const x = (column + 0.5) / unit;
        const d = distance(x, y);
        const cover = clamp01(0.5 - d * sharpness);
        if (cover === 0) continue;
        shader?.(x, y, colour, d);
        const pixel = row * size + column;
        if (cover >= 0.5) owners[pixel] = owner;
        // Channel by channel: a loop here takes twice as long.
        const at = 3 * pixel;
        canvas[at]! += (colour[0]! - canvas[at]!) * cover;
        canvas[at + 1]! += (colour[1]! - canvas[at + 1]!) * cover;
        canvas[at + 2]! += (colour[2]! - canvas[at + 2]!) * cover;
      }
    }
  }

  /** The picture in bytes: all colours times `exposure`, plus `grain[i]` (levels) on the three channels of pixel i. */
  finish(exposure: number, grain: Float32Array): Picture {
    const { size, canvas } = this;
    const pixels = new Uint8Array(canvas.length);
    // Rounds and cuts off by itself.
    const clamped = new Uint8ClampedArray(pixels.buffer);
    for (let i = 0, at = 0; i < grain.length; i++)
      for (let c = 0; c < 3; c++, at++) clamped[at] = canvas[at]! * exposure + grain[i]!;
    return { width: size, height: size, pixels };
  }

  /** 1 where a pixel was signed `owner` last, 0 elsewhere [size * size]. */
  mask(owner: number): Uint8Array {
    const { owners } = this;
    const out = new Uint8Array(owners.length);
    // Written without a branch, which would be guessed wrong along every edge.
    for (let i = 0; i < out.length; i++) out[i] = Number(owners[i] === owner);
    return out;
  }
}
