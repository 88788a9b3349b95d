// Seeded, counter-based random numbers: value i of a stream depends on (seed, stream, i) alone, so draws can be made in any order.

// Taken once: in a test's sandbox every look-up of a global is a call into C++, which made a net's 11 million weights take 18 s instead of 1.
const { imul, log, sqrt, cos, sin, floor, PI } = Math;

/** The purposes that draw random numbers; each has its own stream, so that evidence never sees the optimiser's noise. */
export const STREAMS = {
  training: 1,
  threshold: 2,
  evidence: 3,
  check: 4,
  initial: 5,
  sanity: 6,
  shuffle: 7,
  dropout: 8,
  bootstrap: 9,
  grid: 10,
  scene: 11,
  split: 12,
  tokens: 13,
  directions: 14,
  nudges: 15,
  fresh: 16,
  noisyCopies: 30,
  occlusionMasks: 31,
  coalitions: 32,
  randomNeed: 33,
  jitter: 34,
  baseline: 35,
  metrics: 40,
  resample: 41,
  otherNoise: 42,
  controls: 43,
  hosts: 44,
  weights: 45,
  place: 50,
  reservoir: 51,
  unigram: 52,
  coins: 53,
  knownFeatures: 60,
  augmentation: 70,
  generator: 80,
  generated: 81,
  contested: 82,
} as const;

/** A stream of independent 32-bit words. */
export interface Random {
  /** Fills with floats uniform in [low, high), word i of `draw` always the same. `draw` counts whole fills of this stream. */
  uniform(out: Float32Array, draw: number, low?: number, high?: number): Float32Array;
  /** Fills with normal floats (Box-Muller). */
  normal(out: Float32Array, draw: number, mean?: number, deviation?: number): Float32Array;
  /** Whole number in [0, below), number `index` of `draw`. */
  integer(below: number, draw: number, index: number): number;
}

/** Puts the values into a seeded order (Fisher and Yates), in place; another `draw`, another order. */
export function shuffle(values: Uint32Array | Float64Array, stream: Random, draw = 0): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = stream.integer(i + 1, draw, i);
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
}

/** `count` of the numbers 0..length-1 without repeats, in seeded order: the first steps of a shuffle from the front. */
export function choose(length: number, count: number, stream: Random): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + stream.integer(length - i, 0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, count);
}

/** 32-bit finaliser with full avalanche (the "lowbias32" constants of C. Wellons' hash prospector). */
function mix(x: number): number {
  x = imul(x ^ (x >>> 16), 0x7feb352d);
  x = imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/**
 * A stream named by (seed, stream). Word i of fill `draw` is mix(mix(i + key1) ^ key2), the keys being hashes of seed, stream and draw:
 * two rounds of a bijection, good enough for noise and sampling, not for cryptography.
 */
export function random(seed: number, stream: number): Random {
  const base = mix((seed | 0) ^ 0x9e3779b9) ^ mix(floor(seed / 2 ** 32) + 0x85ebca6b);
  const keys = (draw: number): [number, number] => {
    const k = mix(mix(base + imul(stream, 0x632be5ab)) ^ imul(draw + 1, 0x9e3779b1));
    return [mix(k + 0x1b873593), mix(k ^ 0x27d4eb2f)];
  };
  return {
    uniform(out, draw, low = 0, high = 1) {
      const [k1, k2] = keys(draw);
      const scale = (high - low) / 4294967296;
      for (let i = 0; i < out.length; i++) {
        // Rounding to float32 may reach `high` itself, which is harmless for noise and keeps the loop lean.
        let x = imul(i, 0x9e3779b1) + k1;
        x = imul(x ^ (x >>> 16), 0x7feb352d) ^ k2;
        x = imul(x ^ (x >>> 15), 0x846ca68b);
        out[i] = low + ((x ^ (x >>> 16)) >>> 0) * scale;
      }
      return out;
    },
    normal(out, draw, mean = 0, deviation = 1) {
      const [k1, k2] = keys(draw);
      for (let i = 0; i < out.length; i += 2) {
        const u = ((mix(mix(i + k1) ^ k2) >>> 0) + 0.5) / 4294967296;
        const angle = (2 * PI * (mix(mix(i + 1 + k1) ^ k2) >>> 0)) / 4294967296;
        const radius = deviation * sqrt(-2 * log(u));
        out[i] = mean + radius * cos(angle);
        if (i + 1 < out.length) out[i + 1] = mean + radius * sin(angle);
      }
      return out;
    },
    integer(below, draw, index) {
      const [k1, k2] = keys(draw);
      return floor(((mix(mix(index + k1) ^ k2) >>> 0) / 4294967296) * below);
    },
  };
}
