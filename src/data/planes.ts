// Pixels in planes (channel by channel, as classifiers take them) and in pictures (three bytes a pixel, as photos come).
import type { Picture } from './resize.js';

/** A picture's pixels in planes: RGB [3,H,W], or PIL's luma [1,H,W], (299 R + 587 G + 114 B) / 1000. */
export function toPlanes({ pixels }: Picture, channels: 1 | 3): Uint8Array {
  const area = pixels.length / 3;
  const out = new Uint8Array(channels * area);
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [pixels[3 * i]!, pixels[3 * i + 1]!, pixels[3 * i + 2]!];
    if (channels === 1) {
      // PIL's fixed-point weights (of 65536), so that a grey photo keeps its exact values.
      out[i] = (r * 19595 + g * 38470 + b * 7471 + 32768) >> 16;
    } else {
      out[i] = r;
      out[area + i] = g;
      out[2 * area + i] = b;
    }
  }
  return out;
}

/** Planes [C,H,W] of one or three channels as a picture; one channel becomes grey. */
export function fromPlanes(planes: Uint8Array, [channels, height, width]: readonly number[]): Picture {
  const area = height! * width!;
  const pixels = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = planes[(channels === 1 ? 0 : c) * area + i]!;
  }
  return { width: width!, height: height!, pixels };
}
