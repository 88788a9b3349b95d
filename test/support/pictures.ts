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

/** CRC-32, as PNG puts it behind each chunk. */
export function crc32(bytes: Uint8Array): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}

/** A chunk of a PNG. */
function chunkOf(kind: string, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from(kind), ...parts]);
  return Buffer.concat([u32(body.length - 4), body, u32(crc32(body))]);
}

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((v, i) => bytes.writeUInt32BE(v, 4 * i));
  return bytes;
};

/** A PNG of one IDAT chunk as an animation of `frames` times the picture, played without end. */
export function animatedPng(png: Uint8Array, frames: number): Uint8Array {
  const bytes = Buffer.from(png);
  const at = bytes.indexOf('IDAT') - 4;
  const data = bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at));
  // A number, width and height, where it lies, a tenth of a second, and how it is laid over the one before.
  const control = (number: number): Buffer => chunkOf('fcTL', u32(number), bytes.subarray(16, 24), u32(0, 0), Buffer.from([0, 1, 0, 10, 0, 0])); // prettier-ignore
  const further = Array.from({ length: frames - 1 }, (_, k) => [control(2 * k + 1), chunkOf('fdAT', u32(2 * k + 2), data)]);
  const ended = at + 12 + data.length;
  return Buffer.concat([
    bytes.subarray(0, at),
    chunkOf('acTL', u32(frames, 0)),
    control(0),
    bytes.subarray(at, ended),
    ...further.flat(),
    bytes.subarray(ended),
  ]);
}

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
  'a PNG of three frames': async () => animatedPng(await photo().png().toBuffer(), 3),
  'a transparent PNG': () => seeThrough().png().toBuffer(),
  'a PNG of 12 bits in 16': () => grey16(4095),
  'a PNG of 16 bits': () => grey16(65_535),
  'a WebP on its side': () => turned(6).webp({ lossless: true }).toBuffer(),
  'a transparent WebP': () => seeThrough().webp({ lossless: true }).toBuffer(),
  'a WebP of three frames': () => frames().webp({ lossless: true, loop: 0, delay: 100 }).toBuffer(),
  'a GIF of three frames': () => frames().gif({ delay: 100 }).toBuffer(),
  'a GIF as it is': () => photo().gif().toBuffer(),
};
