// Pictures as JPEG, by the browser.
import type { Picture } from '../../../data/resize.js';
import { encode } from './images.js';

/** RGB as a JPEG file of this quality (1 to 100). */
export const encodeJpeg = ({ pixels, width, height }: Picture, quality = 88): Promise<Uint8Array> =>
  encode(pixels, width, height, 'image/jpeg', quality / 100);
