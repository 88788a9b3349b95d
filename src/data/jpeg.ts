// Pictures as JPEG, for pages in which thousands of random pixels would fill megabytes as PNG.
import sharp from 'sharp';
import type { Picture } from './resize.js';

/** RGB as a JPEG file of this quality (1 to 100), colours as sharp as brightness. */
export const encodeJpeg = ({ pixels, width, height }: Picture, quality = 88): Promise<Uint8Array> =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer();
