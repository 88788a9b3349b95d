// The same claim under noise that the mask was not learned on.
import { descending } from '../core/correlation.js';
import { wilson, type Proportion } from '../core/proportion.js';
import { random, STREAMS } from '../core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { createNoise, type Noise, type NoiseContext } from '../lan/noise.js';
import type { Judge } from './answer.js';
import { blend, spread } from './corrupt.js';
import type { Predict } from './replaceability.js';

/** What a mask proves under one more family of noise: how often the answer is kept, with Wilson intervals; a single draw where it is always the same. */
export interface OtherNoise {
  /** With its parameters. */
  readonly noise: string;
  readonly noiseAlone: Proportion;
  /** The mask as it is, mixed in. */
  readonly soft: Proportion;
  /** The fraction of the hard claim, or the largest that was tried where none held, replaced entirely. */
  readonly hard: Proportion & { readonly fraction: number };
}

/** The family of a noise: `uniform` of `uniform:0,255`. */
const familyOf = (name: string): string => name.split(':')[0]!;

/**
 * Two families that a mask was not learned on (`learned`: the name of its noise). Of pictures gaussian and blur, in place of either of these uniform;
 * elsewhere normal numbers of the mean and deviation of x, and its mean everywhere, in place of either of these uniform. Where it is known what each feature is
 * among other inputs, mean, deviation and range are the feature's own.
 */
export function otherNoises(learned: string, context: NoiseContext): Noise[] {
  const values = toFloat32(context.x);
  const mean = values.reduce((a, b) => a + b / values.length, 0);
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2 / values.length, 0));
  const picture = context.x.dims.length === 4 && Math.min(...context.x.dims.slice(-2)) >= 4;
  const own = context.columns
    ? ['gaussian', 'mean', 'uniform']
    : [`gaussian:${mean},${deviation}`, `constant:${mean}`, 'uniform'];
  const candidates = picture ? ['gaussian', 'blur', 'uniform'] : own;
  return candidates
    .filter((spec) => familyOf(spec) !== familyOf(learned))
    .slice(0, 2)
    .map((spec) => createNoise(spec, context));
}

/** Which part is replaced, and how often each noise is drawn. */
export interface OtherNoiseOptions {
  /** Replaced entirely: this fraction, the largest mask values first, of equals the first. */
  readonly fraction: number;
  readonly judge: Judge;
  /** Default 32. */
  readonly draws?: number;
  readonly seed: number;
}

/**
 * How often the answer is kept under each of `noises`: the mask [mask shape] mixed in, its most replaceable elements replaced entirely, and everything
 * replaced. On draws that neither learning nor a choice has seen.
 */
export async function underOtherNoise(
  predict: Predict,
  x: Tensor,
  mask: Tensor,
  noises: readonly Noise[],
  { fraction, judge, draws = 32, seed }: OtherNoiseOptions,
): Promise<OtherNoise[]> {
  const values = toFloat32(mask);
  const image = toFloat32(x);
  const count = Math.round(fraction * values.length);
  const entirely = new Float32Array(values.length);
  for (const i of descending(values).subarray(0, count)) entirely[i] = 1;
  const masks = [new Float32Array(values.length).fill(1), values, entirely].map((m) => spread(m, mask.dims, x.dims));
  const per = sizeOf(x.dims);
  /** How often each of the masks keeps the answer, all on the same draws. */
  const kept = async (noise: Noise): Promise<Proportion[]> => {
    const total = noise.random ? draws : 1;
    const stream = random(seed, STREAMS.otherNoise);
    const held = masks.map(() => 0);
    const eta = new Float32Array(per);
    for (let at = 0; at < total; at += BATCH) {
      const n = Math.min(BATCH, total - at);
      const batch = new Float32Array(n * masks.length * per);
      for (let i = 0; i < n; i++) {
        noise.fill(eta, stream, at + i);
        masks.forEach((m, k) => {
          const sample = batch.subarray((i * masks.length + k) * per, (i * masks.length + k + 1) * per);
          sample.set(eta);
          blend(sample, image, m);
        });
      }
      const rows = await predict(float32(batch, [n * masks.length, ...x.dims.slice(1)]));
      const width = rows.dims[1]!;
      for (let i = 0; i < n * masks.length; i++)
        if (judge.kept(toFloat32(rows).subarray(i * width, (i + 1) * width))) held[i % masks.length]!++;
    }
    return held.map((k) => ({ kept: k, draws: total, interval: wilson(k, total) }));
  };
  const results: OtherNoise[] = [];
  for (const noise of noises) {
    const [noiseAlone, soft, hard] = (await kept(noise)) as [Proportion, Proportion, Proportion];
    results.push({ noise: noise.name, noiseAlone, soft, hard: { fraction: count / values.length, ...hard } });
  }
  return results;
}

/** Draws judged at once, three samples each. */
const BATCH = 8;
