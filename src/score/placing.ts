// Objects put on backgrounds at every position: pixels in planes, with alpha, cut off at the edges.
import { LanError } from '../core/errors.js';
import { fromPlanes, toPlanes } from '../data/planes.js';
import { resize } from '../data/resize.js';

/** Something to place: uint8 pixels [channels,height,width], 0..255, and how opaque each pixel is (default: 255, wholly). */
export interface PlacedObject {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
  /** [height,width] */
  readonly alpha?: Uint8Array;
  /** The model output that is right for it. */
  readonly label?: number;
}

/** The object at `size` [height,width] and with `channels`. Throws LanError where its arrays do not fit its size. */
export function prepared(object: PlacedObject, channels: 1 | 3, size?: readonly [number, number]): PlacedObject {
  const { height, width, pixels, alpha } = object;
  const area = height * width;
  if (pixels.length !== object.channels * area || (alpha && alpha.length !== area))
    throw new LanError(
      'data',
      `An object of ${object.channels} x ${height} x ${width} takes ${object.channels * area} pixel values and ${area} of alpha, received ${pixels.length} and ${alpha?.length ?? 'none'}.`,
    );
  const [h, w] = size ?? [height, width];
  if (h === height && w === width && channels === object.channels) return object;
  const grown = (planes: Uint8Array, from: 1 | 3, to: 1 | 3): Uint8Array =>
    toPlanes(resize(fromPlanes(planes, [from, height, width]), h, w), to);
  return {
    ...object,
    channels,
    height: h,
    width: w,
    pixels: grown(pixels, object.channels, channels),
    ...(alpha ? { alpha: grown(alpha, 1, 1) } : {}),
  };
}

/** The object's upper left corner when it is centred at a pixel: of an even side the pixel after the middle lies there. */
export const cornerOf = (centre: number, side: number): number => centre - Math.floor(side / 2);

/** Blends the object into `image` [channels,H,W], its centre at (row, column); what lies outside is cut off. Channels must agree. */
export function place(image: Uint8Array, height: number, width: number, object: PlacedObject, row: number, column: number): void {
  const top = cornerOf(row, object.height);
  const left = cornerOf(column, object.width);
  for (let y = Math.max(0, -top); y < Math.min(object.height, height - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(object.width, width - left); x++) {
      const from = y * object.width + x;
      const alpha = object.alpha ? object.alpha[from]! : 255;
      for (let c = 0; c < object.channels; c++) {
        const to = (c * height + top + y) * width + left + x;
        const value = object.pixels[c * object.height * object.width + from]!;
        image[to] = alpha === 255 ? value : Math.round((value * alpha + image[to]! * (255 - alpha)) / 255);
      }
    }
  }
}

/** Centres along one axis: every `stride`-th pixel; without clipping only where the whole object lies inside. */
export function centres(side: number, object: number, stride: number, clip: boolean): number[] {
  const first = clip ? 0 : Math.floor(object / 2);
  const last = clip ? side - 1 : side - object + Math.floor(object / 2);
  return Array.from({ length: Math.max(0, Math.floor((last - first) / stride) + 1) }, (_, i) => first + i * stride);
}
