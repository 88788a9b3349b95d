// A small RGB drawing surface: fill, copy a picture in, draw lines, write; saved as PNG, and as SVG of what was drawn.
import { LanError } from '../../core/errors.js';
import { encodePng } from '../../data/images.js';
import type { Picture } from '../../data/resize.js';
import { svgOf, type Mark } from './svg.js';
import { type Colour, drawText, type TextStyle } from './text.js';

/** A picture that can be drawn on. Positions are in pixels from the upper left corner; whatever reaches outside is cut off. */
export class Canvas implements Picture {
  readonly pixels: Uint8Array;
  /** What was drawn, in order. */
  private readonly marks: Mark[] = [];

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
    this.marks.push({ kind: 'rectangle', colour, box: [x, y, width, height] });
    return this.paint(colour, x, y, width, height);
  }

  private paint(colour: Colour, x: number, y: number, width: number, height: number): this {
    const right = Math.min(this.width, x + width);
    const bottom = Math.min(this.height, y + height);
    for (let row = Math.max(0, y); row < bottom; row++) {
      for (let column = Math.max(0, x); column < right; column++) this.pixels.set(colour, (row * this.width + column) * 3);
    }
    return this;
  }

  /** A straight line, two pixels wide. */
  line([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number], colour: Colour): this {
    this.marks.push({ kind: 'line', colour, ends: [x0, y0, x1, y1] });
    const steps = Math.max(1, Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let i = 0; i <= steps; i++)
      this.paint(colour, Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), 2, 2);
    return this;
  }

  /** Copies a picture in, its upper left corner at (x, y). It must not change before the canvas is saved. */
  blit(picture: Picture, x: number, y: number): this {
    this.marks.push({ kind: 'picture', picture, x, y });
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
    this.marks.push({ kind: 'text', text, style: style ?? {}, x, y });
    return drawText(this, x, y, text, style);
  }

  /** The canvas as an SVG file: text is text, in whatever sans-serif typeface is there. */
  toSvg(): Promise<string> {
    return svgOf(this.marks, this.width, this.height);
  }

  /** The canvas as a PNG file. */
  toPng(): Promise<Uint8Array> {
    return encodePng(this.pixels, this.width, this.height);
  }
}
