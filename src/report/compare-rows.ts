// The table of methods, and their maps in one scale.
import { scaleBilinear } from '../core/bilinear.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Metric } from '../evidence/metric.js';
import type { Comparison } from '../explain/compare.js';

/** One line of the table of methods: figures with their 95 % intervals. */
export interface CompareRow {
  readonly name: string;
  readonly title: string;
  readonly refused?: string;
  /** Largest fraction replaced entirely with the answer kept; undefined where none held. */
  readonly hard?: {
    readonly fraction: number;
    readonly kept: number;
    readonly draws: number;
    readonly interval: readonly [number, number];
  };
  readonly deletion?: Metric;
  readonly insertion?: Metric;
  readonly seconds?: number;
  readonly passes?: { readonly forward: number; readonly backward: number };
  /** Names of what it puts first, where the elements of the input have names. */
  readonly needed?: readonly string[];
}

/** The table, best claim first: the largest fraction, of equals the larger insertion; then those without a claim, then those that were refused. */
export function compareRows({ methods }: Pick<Comparison, 'methods'>): CompareRow[] {
  const rows = methods.map(({ name, title, refused, found }): CompareRow => {
    if (!found) return { name, title, refused };
    const metric = (wanted: string): Metric | undefined => found.metrics.find((m) => m.name === wanted);
    const { hard } = found.claim;
    return {
      name,
      title,
      ...(hard ? { hard: { fraction: hard.fraction, kept: hard.kept, draws: hard.draws, interval: hard.interval } } : {}),
      deletion: metric('deletion'),
      insertion: metric('insertion'),
      seconds: found.seconds,
      passes: found.passes,
      ...(found.needed ? { needed: found.needed.map((n) => n.name) } : {}),
    };
  });
  const rank = (r: CompareRow): number => (r.refused !== undefined ? -2 : (r.hard?.fraction ?? -1));
  return rows.sort((a, b) => rank(b) - rank(a) || (b.insertion?.value ?? 0) - (a.insertion?.value ?? 0));
}

/**
 * A need as [height,width] in [0,1], channels averaged: 0 and 1 are its 1st and 99th percentile, since few pixels tower over all;
 * of values of both signs 0 is 0, since what is below it speaks against the answer.
 */
export function relativeNeed(need: Tensor, height: number, width: number): Float32Array {
  const values = toFloat32(need);
  const [h, w] = need.dims.slice(-2) as [number, number];
  const area = h * w;
  const mean = Float32Array.from({ length: area }, (_, i) => {
    let sum = 0;
    for (let at = i; at < values.length; at += area) sum += values[at]!;
    return (sum * area) / values.length;
  });
  const sorted = Float32Array.from(mean).sort();
  const [least, high] = [sorted[Math.floor(0.01 * (area - 1))]!, sorted[Math.ceil(0.99 * (area - 1))]!];
  const low = high > 0 ? Math.max(0, least) : least;
  const relative = mean.map((v) => (high > low ? Math.min(1, Math.max(0, (v - low) / (high - low))) : 0.5));
  return h === height && w === width ? relative : scaleBilinear(relative, h, w, height, width);
}
