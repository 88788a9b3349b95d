// Pixels on a canvas.
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { heatmap, lookupTable, overlay } from '../../src/report/drawing/colour.js';
import type { Legend } from '../../src/report/page/document.js';
import type { Pixels } from './protocol.js';

/** A picture of these pixels, as wide as its place. */
export function Canvas({ pixels, label }: { readonly pixels: Pixels; readonly label: string }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = context.createImageData(pixels.width, pixels.height);
    image.data.set(pixels.rgba);
    context.putImageData(image, 0, 0);
  }, [pixels]);
  const small = Math.max(pixels.width, pixels.height) <= 128;
  return (
    <canvas ref={canvas} class={small ? 'small' : ''} width={pixels.width} height={pixels.height} role="img" aria-label={label} />
  );
}

/** Attention, [height,width] in [0,1], over what the network sees; alone where there is nothing to see. */
export function attended(attention: Float32Array, height: number, width: number, seen: Pixels | undefined): Pixels {
  if (!seen) return opaque(heatmap(attention), width, height);
  const over = new Float32Array(seen.width * seen.height);
  for (let y = 0; y < seen.height; y++)
    for (let x = 0; x < seen.width; x++)
      over[y * seen.width + x] =
        attention[Math.floor((y * height) / seen.height) * width + Math.floor((x * width) / seen.width)]!;
  const photo = new Uint8Array(3 * over.length);
  for (let i = 0; i < over.length; i++) for (let c = 0; c < 3; c++) photo[3 * i + c] = seen.rgba[4 * i + c]!;
  return opaque(overlay(photo, over), seen.width, seen.height);
}

function opaque(rgb: Uint8Array, width: number, height: number): Pixels {
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = rgb[3 * i + c]!;
  return { width, height, rgba };
}

function legendOf(table: Uint8Array): Legend {
  const hex = (i: number): string => `#${[...table.slice(3 * i, 3 * i + 3)].map((v) => v.toString(16).padStart(2, '0')).join('')}`;
  return { low: 'replaceable', high: 'needed', colours: Array.from({ length: 18 }, (_, i) => hex(15 * i)) };
} // prettier-ignore

/** What the colours of attention mean. */
export const LEGEND = legendOf(lookupTable());
/** The same for words. */
export const WORDS = legendOf(lookupTable('words'));
