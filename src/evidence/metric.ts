// One figure about an explanation: its value, how sure it is, and which direction is better; and what a figure of a plug-in is.
import { faultOf, requireOf, type PluginLike, withPlugged } from '../core/plugin.js';
import { random, STREAMS } from '../core/random.js';
import type { Tensor } from '../core/tensor.js';
import type { Answer } from './answer.js';
import type { Subject } from './subject.js';

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

/** What a plug-in's metric is measured on: one input, its classifier, and what is claimed. */
export interface MetricSubject extends Subject {
  /** In [0,1], 1 = replaceable; [1,1,H,W] for one value a pixel, [1,T,1] a token, else of the shape of x. */
  readonly mask: Tensor;
  /** 1 - mask: how much each part is needed. */
  readonly need: Tensor;
  readonly answer: Answer;
  /** The plausible range of x. */
  readonly low: number;
  readonly high: number;
  /** The part of the elements that the claim replaces entirely. */
  readonly fraction: number;
}

/** A metric under one name, which `audit` measures besides its own. */
export interface MetricRule extends Pick<Metric, 'name' | 'better' | 'definition'> {
  /** Who defined it. Default: the plug-in's author. */
  readonly source?: string;
  /** The value, with its interval where draws were made: see meanOf for both. */
  measure(of: MetricSubject): number | Pick<Metric, 'value' | 'interval'> | Promise<number | Pick<Metric, 'value' | 'interval'>>;
}

/** The metrics measured, and those of plug-ins. Throws LanError (`plugin`) where one fails, gives no number, or has the name of a built-in one without `override`. */
export async function withOwnMetrics(
  measured: readonly Metric[],
  plugins: readonly PluginLike[] | undefined,
  of: MetricSubject,
): Promise<Metric[]> {
  const all: Metric[] = [];
  for (const metric of withPlugged<Metric | MetricRule>(measured, plugins, 'metrics'))
    all.push('measure' in metric ? await measureBy(metric, of) : metric);
  return all;
}

async function measureBy(rule: MetricRule, of: MetricSubject): Promise<Metric> {
  const { name, better, definition, source = 'a plug-in' } = rule;
  let found: Awaited<ReturnType<MetricRule['measure']>>;
  try {
    found = await rule.measure(of);
  } catch (error) {
    throw faultOf('metrics', name, error);
  }
  const { value, interval } = typeof found === 'number' ? { value: found } : (found ?? {});
  requireOf('metrics', name, Number.isFinite(value) && (interval === undefined || (Array.isArray(interval) && interval.every(Number.isFinite))), 'a finite number, or { value, interval }'); // prettier-ignore
  return { name, value, ...(interval && { interval }), better, definition, source };
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
