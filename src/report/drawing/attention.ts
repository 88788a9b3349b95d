// A mask as pictures: attention as a heat map, over the photo, and in the mask's own size.
import { scaleBilinear } from '../../core/bilinear.js';
import { toFloat32, type Tensor } from '../../core/tensor.js';
import type { Picture } from '../../data/resize.js';
import { heatmap, overlay, scaleNearest, type ColourMap } from './colour.js';

/** The pictures of one mask, all as large as the photo. */
export interface DrawnAttention {
  readonly attention: Picture;
  readonly over: Picture;
  /** The heat map before it was grown, its values as squares; `places`: how many there are. */
  readonly own: Picture & { readonly places: string };
}

/**
 * Attention 1 - A as a heat map and over the photo; a full mask is averaged over channels. A mask [1,.,h,w] on a map of the photo is grown bilinearly.
 */
export function drawAttention(photo: Picture, mask: Tensor, map?: ColourMap): DrawnAttention {
  const { width, height } = photo;
  const values = toFloat32(mask);
  const [h, w] = mask.dims.slice(-2) as [number, number];
  const area = h * w;
  const channels = values.length / area;
  const needed = new Float32Array(area);
  for (let i = 0; i < area; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[c * area + i]!;
    needed[i] = 1 - sum / channels;
  }
  const attention = h === height && w === width ? needed : scaleBilinear(needed, h, w, height, width);
  return {
    attention: { width, height, pixels: heatmap(attention, map) },
    over: { width, height, pixels: overlay(photo.pixels, attention, undefined, map) },
    own: { ...scaleNearest({ width: w, height: h, pixels: heatmap(needed, map) }, height, width), places: `${h} x ${w} places` },
  };
}
