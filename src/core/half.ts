// The 16-bit float types, binary16 and bfloat16, to numbers and back.

/** Every half's number by its bits: looking one up takes a tenth of working it out. Made when there are enough of them. */
let numbersOfHalves: Float32Array | undefined;

/** IEEE 754 binary16 bits to numbers. */
export function fromHalves(bits: Uint16Array): Float32Array {
  if (numbersOfHalves === undefined && bits.length < 2 ** 14) return Float32Array.from(bits, halfToNumber);
  const table = (numbersOfHalves ??= Float32Array.from({ length: 2 ** 16 }, (_, i) => halfToNumber(i)));
  const out = new Float32Array(bits.length);
  // A loop: Float32Array.from with a function takes ten times as long, and a file may hold a hundred million weights.
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]!]!;
  return out;
}

/** IEEE 754 binary16 bits to a number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A number to IEEE 754 binary16 bits, rounding half to even. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const safe = magnitude < 2 ** exponent ? exponent - 1 : magnitude >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  return sign | (((safe + 15) << 10) + roundHalfEven((magnitude / 2 ** safe - 1) * 1024));
}

/** numberToHalf of all; of float32 values on their bits, 30 times as fast: a float16 model gets every picture of an audit this way. */
export function halves(values: ArrayLike<number>): Uint16Array {
  if (!(values instanceof Float32Array)) return Uint16Array.from(values, numberToHalf);
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const word = words[i]!;
    const sign = (word >>> 16) & 0x8000;
    const biased = (word >>> 23) & 255;
    const exponent = biased - 112;
    const fraction = word & 0x7fffff;
    if (biased === 255 && fraction !== 0) out[i] = 0x7e00;
    else if (exponent >= 31) out[i] = sign | 0x7c00;
    else if (exponent < -10) out[i] = sign;
    else {
      // Below 2^-14 the leading one is written out, and more bits fall off. Rounding up may carry into the exponent, as it has to.
      const drop = exponent > 0 ? 13 : 14 - exponent;
      const kept = exponent > 0 ? (exponent << 10) | (fraction >>> 13) : (fraction | 0x800000) >>> drop;
      const rest = (exponent > 0 ? fraction : fraction | 0x800000) & ((1 << drop) - 1);
      const tie = 1 << (drop - 1);
      out[i] = sign | (kept + (rest > tie || (rest === tie && (kept & 1) === 1) ? 1 : 0));
    }
  }
  return out;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** bfloat16 bits to numbers: they are the upper half of a float32's. */
export function fromBfloats(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < words.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}
