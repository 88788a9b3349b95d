// Picture files of which something is to be noted, one of each kind.
import sharp, { type Sharp } from 'sharp';

const [WIDTH, HEIGHT] = [20, 12];
/** Every pixel another colour; opaque. */
const photo = (height = HEIGHT): Sharp =>
  sharp(
    Uint8Array.from({ length: 3 * WIDTH * height }, (_, i) => (i * 29) % 251),
    { raw: { width: WIDTH, height, channels: 3 } },
  );
const turned = (orientation: number): Sharp => photo().withMetadata({ orientation });
/** Three frames of their own colours. */
const frames = (): Sharp =>
  sharp(Uint8Array.from({ length: 9 * WIDTH * HEIGHT }, (_, i) => 80 * Math.floor(i / (3 * WIDTH * HEIGHT))), { raw: { width: WIDTH, height: 3 * HEIGHT, channels: 3, pageHeight: HEIGHT } }); // prettier-ignore
const seeThrough = (): Sharp => photo().ensureAlpha(0.5);

/** A PNG of grey samples of 16 bits up to `most`. */
export const grey16 = (most: number): Promise<Uint8Array> =>
  sharp(Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i === 77 ? most : (i * 31) % (most + 1))), { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer(); // prettier-ignore

/** By what they are. */
export const FILES: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  'a JPEG as it is': () => photo().jpeg().toBuffer(),
  'a JPEG on its side': () => turned(6).jpeg().toBuffer(),
  'a JPEG that is mirrored': () => turned(5).jpeg().toBuffer(),
  'a progressive JPEG upside down': () => turned(3).jpeg({ progressive: true }).toBuffer(),
  'a JPEG of CMYK': () => photo().toColourspace('cmyk').jpeg().toBuffer(),
  'a grey JPEG': () => photo().greyscale().jpeg().toBuffer(),
  'a PNG as it is': () => photo().png().toBuffer(),
  'a PNG on its side': () => turned(8).png().toBuffer(),
  'a transparent PNG': () => seeThrough().png().toBuffer(),
  'a PNG of 12 bits in 16': () => grey16(4095),
  'a PNG of 16 bits': () => grey16(65_535),
  'a WebP on its side': () => turned(6).webp({ lossless: true }).toBuffer(),
  'a transparent WebP': () => seeThrough().webp({ lossless: true }).toBuffer(),
  'a WebP of three frames': () => frames().webp({ lossless: true, loop: 0, delay: 100 }).toBuffer(),
  'a GIF of three frames': () => frames().gif({ delay: 100 }).toBuffer(),
  'a GIF as it is': () => photo().gif().toBuffer(),
};
