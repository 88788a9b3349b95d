// A small RGB drawing surface: fill, copy a picture in, write, save as PNG.
import { LanError } from '../../core/errors.js';
import { encodePng } from '../../data/images.js';
import type { Picture } from '../../data/resize.js';
import { type Colour, drawText, type TextStyle } from './text.js';

/** A picture that can be drawn on. Positions are in pixels from the upper left corner; whatever reaches outside is cut off. */
export class Canvas implements Picture {
  readonly pixels: Uint8Array;

  /** A canvas of one colour (default white). Throws LanError for sizes that are not whole numbers above 0. */
  constructor(
    readonly width: number,
    readonly height: number,
    colour: Colour = [255, 255, 255],
  ) {
    if (![width, height].every((n) => Number.isInteger(n) && n > 0)) {
      throw new LanError('usage', `A canvas cannot be ${width} x ${height} pixels. Expected whole numbers above 0.`);
    }
    this.pixels = new Uint8Array(width * height * 3);
    this.fill(colour);
  }

  /** Paints a rectangle (default: everything). */
  fill(colour: Colour, x = 0, y = 0, width = this.width, height = this.height): this {
    const right = Math.min(this.width, x + width);
    const bottom = Math.min(this.height, y + height);
    for (let row = Math.max(0, y); row < bottom; row++) {
      for (let column = Math.max(0, x); column < right; column++) this.pixels.set(colour, (row * this.width + column) * 3);
    }
    return this;
  }

  /** Copies a picture in, its upper left corner at (x, y). */
  blit(picture: Picture, x: number, y: number): this {
    const left = Math.max(0, x);
    const right = Math.min(this.width, x + picture.width);
    for (let row = Math.max(0, y); row < Math.min(this.height, y + picture.height) && left < right; row++) {
      const from = ((row - y) * picture.width + left - x) * 3;
      this.pixels.set(picture.pixels.subarray(from, from + (right - left) * 3), (row * this.width + left) * 3);
    }
    return this;
  }

  /** Writes one line of text, its upper left corner at (x, y); see text.ts. Returns the x where it ends. */
  drawText(x: number, y: number, text: string, style?: TextStyle): number {
    return drawText(this, x, y, text, style);
  }

  /** The canvas as a PNG file. */
  toPng(): Promise<Uint8Array> {
    return encodePng(this.pixels, this.width, this.height);
  }
}
