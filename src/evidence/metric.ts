// One figure about an explanation: its value, how sure it is, and which direction is better.
import { random, STREAMS } from '../core/random.js';

/** A measured figure. Its formula, source and closed form are in docs/evidence.md under its name. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  /** 95 %, by resampling the draws (`bootstrap`); absent where nothing was drawn, or only once. */
  readonly interval?: readonly [low: number, high: number];
  readonly better: 'higher' | 'lower';
  /** What the value is, in one sentence. */
  readonly definition: string;
  /** Who defined it. */
  readonly source: string;
  /** Of curves: the score after each fraction. */
  readonly curve?: { readonly fraction: readonly number[]; readonly score: readonly number[] };
}

/** Resamples of a bootstrap. */
const RESAMPLES = 1000;

/**
 * The 95 % percentile interval of `statistic` over `count` draws (Efron, 1979): drawn `count` times with replacement, 1,000 times, by `seed`.
 * `statistic` takes indices of draws. Undefined for fewer than two draws, which say nothing about their spread.
 */
export function bootstrap(
  count: number,
  statistic: (draws: Uint32Array) => number,
  seed: number,
): [low: number, high: number] | undefined {
  if (count < 2) return undefined;
  const stream = random(seed, STREAMS.resample);
  const draws = new Uint32Array(count);
  const values = new Float64Array(RESAMPLES);
  for (let r = 0; r < RESAMPLES; r++) {
    for (let i = 0; i < count; i++) draws[i] = stream.integer(count, r, i);
    values[r] = statistic(draws);
  }
  values.sort();
  return [values[Math.round(0.025 * (RESAMPLES - 1))]!, values[Math.round(0.975 * (RESAMPLES - 1))]!];
}

/** The mean of one value a draw, with its interval (see `bootstrap`). */
export function meanOf(values: ArrayLike<number>, seed: number): Pick<Metric, 'value' | 'interval'> {
  const all = Uint32Array.from({ length: values.length }, (_, i) => i);
  const mean = (draws: Uint32Array): number => draws.reduce((sum, d) => sum + values[d]!, 0) / draws.length;
  const interval = bootstrap(values.length, mean, seed);
  return { value: mean(all), ...(interval && { interval }) };
}
