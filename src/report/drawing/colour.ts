// Colours for masks: heat maps, attention over a photo, and the scaling of both. Warm is always "needed".
import {
  interpolateCividis,
  interpolateInferno,
  interpolateMagma,
  interpolatePuOr,
  interpolateTurbo,
  interpolateViridis,
  interpolateYlOrBr,
} from 'd3-scale-chromatic';
import { type ColourMapName } from './colour-maps.js';
import { LanError } from '../../core/errors.js';
import { toFloat32, type Tensor } from '../../core/tensor.js';
import type { Picture } from '../../data/resize.js';

/**
 * A map for attention; or `change`: orange, white, purple for what is less, the same, more; or `words`: pale yellow to brown, since a text that is mostly black cannot
 * be read. The colour-blind tell these apart, too.
 */
export type ColourMap = ColourMapName | 'change' | 'words';

const INTERPOLATE: Readonly<Record<ColourMap, (value: number) => string>> = {
  inferno: interpolateInferno,
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  magma: interpolateMagma,
  turbo: interpolateTurbo,
  change: interpolatePuOr,
  words: interpolateYlOrBr,
};
/** What pictures of attention are coloured by unless somebody chooses. */
export const DEFAULT_MAP: ColourMap = 'inferno';

const STEPS = 256;

/** What a value that is not a number looks like: a grey that neither map contains. */
export const NAN_GREY = 128;

/** A colour map as 256 RGB triples, from 0 (replaceable) to 1 (needed). */
export function lookupTable(map: ColourMap = DEFAULT_MAP): Uint8Array {
  const table = new Uint8Array(STEPS * 3);
  for (let i = 0; i < STEPS; i++) {
    // d3 answers '#rrggbb' for one map and 'rgb(r, g, b)' for the other.
    const text = INTERPOLATE[map](i / (STEPS - 1));
    const parts = text.startsWith('#')
      ? text.match(/[0-9a-f]{2}/gi)!.map((h) => parseInt(h, 16))
      : text.match(/\d+/g)!.map(Number);
    table.set(parts.slice(0, 3), i * 3);
  }
  return table;
}

/** Looks a value up: writes its RGB to out[at..at+2]. Values outside [0,1] take the end colours. */
function put(out: Uint8Array, at: number, table: Uint8Array, value: number): void {
  const index = Math.min(STEPS - 1, Math.max(0, Math.round(value * (STEPS - 1)))) * 3;
  for (let c = 0; c < 3; c++) out[at + c] = Number.isNaN(value) ? NAN_GREY : table[index + c]!;
}

/** Values in [0,1] (any count, e.g. H x W; 1 = needed = warm) as RGB, three bytes each. NaN is grey, values outside take the end colours. */
export function heatmap(values: Float32Array, map: ColourMap = DEFAULT_MAP): Uint8Array {
  const table = lookupTable(map);
  const out = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++) put(out, i * 3, table, values[i]!);
  return out;
}

/**
 * Attention over a photo: the photo in dim grey where it was replaceable, taking its heat colour the more it was needed, so that both stay readable.
 * `photo` is RGB of as many pixels as `attention` has values (in [0,1], 1 = needed; NaN is grey); `opacity` in [0,1] is how much colour
 * covers the photo at attention 1. Returns RGB. Throws LanError when the counts differ.
 */
export function overlay(photo: Uint8Array, attention: Float32Array, opacity = 0.6, map: ColourMap = DEFAULT_MAP): Uint8Array {
  if (photo.length !== attention.length * 3) {
    throw new LanError(
      'usage',
      `The overlay has ${attention.length} attention values for a photo of ${photo.length / 3} pixels.`,
    );
  }
  const table = lookupTable(map);
  const out = new Uint8Array(photo.length);
  const colour = new Uint8Array(3);
  for (let i = 0; i < attention.length; i++) {
    const a = attention[i]!;
    const at = i * 3;
    const luma = 0.299 * photo[at]! + 0.587 * photo[at + 1]! + 0.114 * photo[at + 2]!;
    // NaN covers the photo as fully as attention 1 does: it must not pass for "replaceable".
    const fraction = Number.isNaN(a) ? 1 : Math.min(1, Math.max(0, a));
    put(colour, 0, table, a);
    // Dimmed where nothing was needed, full brightness under the colour, where the reader looks.
    const grey = luma * (0.55 + 0.45 * fraction);
    for (let c = 0; c < 3; c++) out[at + c] = Math.round(grey + (colour[c]! - grey) * opacity * fraction);
  }
  return out;
}

/** A picture at another size by repeating or dropping whole pixels. Sizes in pixels. */
export function scaleNearest(picture: Picture, height: number, width: number): Picture {
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * picture.height) / height) * picture.width;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor(((x + 0.5) * picture.width) / width)) * 3;
      const to = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) pixels[to + c] = picture.pixels[from + c]!;
    }
  }
  return { width, height, pixels };
}

/**
 * An image tensor [1, C, H, W] or [C, H, W] (C 1 or 3, values 0..range) as a picture, rounded and cut to bytes; one channel becomes grey.
 * Throws LanError for other shapes.
 */
export function pictureOf(tensor: Tensor, range: 1 | 255): Picture {
  const dims = tensor.dims.length === 4 && tensor.dims[0] === 1 ? tensor.dims.slice(1) : tensor.dims;
  const [channels, height, width] = dims;
  if (dims.length !== 3 || (channels !== 1 && channels !== 3) || !height || !width) {
    throw new LanError(
      'usage',
      `A tensor of shape [${tensor.dims.join(',')}] is no picture. Expected [1,3,height,width] or [1,1,height,width].`,
    );
  }
  const data = toFloat32(tensor);
  const area = height * width;
  const pixels = new Uint8Array(area * 3);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      const value = data[(channels === 1 ? 0 : c) * area + i]!;
      pixels[i * 3 + c] = Math.round(Math.min(255, Math.max(0, (value * 255) / range)));
    }
  }
  return { width, height, pixels };
}
