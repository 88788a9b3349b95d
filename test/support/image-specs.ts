// Pictures as small as tests can have them.
import type { ImageSpec } from '../../src/data/images.js';

/** 4 x 4 pixels in colour, 0 to 255. */
export const SPEC: ImageSpec = { width: 4, height: 4, channels: 3, range: 255 };
/** 2 x 2 of them. */
export const SPEC2: ImageSpec = { ...SPEC, width: 2, height: 2 };
