// Pictures out of files: decoded to the pixels that Node would read, and what was changed on the way in words.
import { LanError } from '../../src/core/errors.js';
import { decodePlain } from '../../src/data/plain-pictures.js';
import { decode, type Decoded } from '../../src/web/decode.js';
import { notShown } from '../../src/web/not-shown.js';
import type { Pixels } from './protocol.js';

/** A picture that was read. */
export interface Photo extends Pixels {
  readonly name: string;
  /** What a viewer would not expect: reduced, transparency put on white. */
  readonly notes: readonly string[];
}

/** Pixels at most; larger pictures are reduced, which a note says. RGBA of as many takes 64 MB. */
const LARGEST = 2 ** 24;

/** Why a picture cannot be read, and what can. */
export class Unreadable extends Error {
  readonly advice: string;
  constructor(name: string, bytes: Uint8Array) {
    const { reason, advice } = notShown(bytes);
    super(`'${name}' cannot be read as a picture: ${reason}.`);
    this.advice = advice;
  }
}

/** Decodes a picture (see decode), reduced where it is too large for a page. Throws Unreadable. */
export async function decodePicture(name: string, file: Blob): Promise<Photo> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const notes: string[] = [];
  const found =
    plain(bytes) ??
    (await decode(bytes, (width, height) => {
      const factor = Math.min(1, Math.sqrt(LARGEST / (width * height)));
      if (factor === 1) return [width, height];
      const [w, h] = [width, height].map((side) => Math.max(1, Math.floor(side * factor))) as [number, number];
      notes.push(`reduced from ${width} x ${height} to ${w} x ${h} pixels by the browser, for its memory`);
      return [w, h];
    }));
  if (!found) throw new Unreadable(name, bytes);
  const { width, height, rgba, note } = found;
  return { name, width, height, rgba, notes: [...notes, ...(note === undefined ? [] : [note])] };
}

/** BMP and PNM as Node reads them; undefined for what else a browser may know. */
function plain(bytes: Uint8Array): Decoded | undefined {
  let found: ReturnType<typeof decodePlain>;
  try {
    found = decodePlain(bytes, LARGEST, (reason) => new LanError('data', reason));
  } catch {
    return undefined;
  }
  if (!found) return undefined;
  const { width, height, pixels } = found;
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
  return { width, height, rgba, note: undefined };
}
