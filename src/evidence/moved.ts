// Has attention moved between two models, by more than a change of seed moves it? A permutation test over masks of several seeds.
import { pearson, varies } from '../core/correlation.js';
import { thinned, type PlaceMap } from './place.js';

/** How far the maps of two models are apart, beside how far those of one are. */
export interface Moved {
  /** Mean distance of a map of one model and one of the other: 1 - Pearson correlation, in [0,2]. */
  readonly between: number;
  /** Mean distance of two maps of the same model: the seeds' own noise. */
  readonly within: number;
  /** Of all ways to deal the maps to two groups of this size: the part that are at least as far apart as the models. */
  readonly p: number;
  /** p at most 0.05: more than a change of seed. */
  readonly moved: boolean;
  /** Mean map of the second model minus that of the first, in [-1,1]: above 0 where it needs more. */
  readonly difference: PlaceMap;
  /** Where that is largest and smallest. */
  readonly more: readonly [row: number, column: number];
  readonly less: readonly [row: number, column: number];
}

/** Rows and columns on which maps are compared. */
const GRID = 16;
/** With fewer seeds no deal of the maps is rare enough: C(8,4) = 70 deals, of which two are the models themselves. */
export const FEWEST_SEEDS = 4;

/** 1 - Pearson correlation; of two maps without a place 0, of one of them 1. */
export const distance = (a: Float32Array, b: Float32Array): number => (varies(a) || varies(b) ? 1 - pearson(a, b) : 0);

/** All choices of `k` of the numbers 0..n-1. */
function* choices(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) yield [];
  else for (let i = from; i <= n - k; i++) for (const rest of choices(n, k - 1, i + 1)) yield [i, ...rest];
}

/**
 * Compares the maps that as many seeds gave of two models, FEWEST_SEEDS or more of each, on at most `grid` x `grid` places (16; elements with names keep a place each). The statistic is the mean distance between
 * the models minus that within them; the null hypothesis, that all maps come from one model, deals them anew to two groups in every way. The same seed
 * draws the same noise for both, which brings their maps nearer: the test errs towards `not moved`.
 */
export function movedBetween(first: readonly PlaceMap[], second: readonly PlaceMap[], grid = GRID): Moved {
  // Of two models of different sizes the smaller one decides, side by side, what can be compared.
  const least = (side: 'rows' | 'columns'): number => Math.min(grid, ...[...first, ...second].map((m) => m[side]));
  const most = [least('rows'), least('columns')] as const;
  const maps = [...first, ...second].map((m) => thinned(m, ...most));
  const n = maps.length;
  const k = first.length;
  const apart = maps.map((a) => maps.map((b) => distance(a.values, b.values)));
  const split = (group: readonly number[]): { between: number; within: number } => {
    const own = new Set(group);
    let [between, within, crossing, inside] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++)
        if (own.has(i) === own.has(j)) {
          within += apart[i]![j]!;
          inside++;
        } else {
          between += apart[i]![j]!;
          crossing++;
        }
    return { between: between / crossing, within: within / inside };
  };
  const found = split(Array.from({ length: k }, (_, i) => i));
  let [deals, reached] = [0, 0];
  for (const group of choices(n, k)) {
    const { between, within } = split(group);
    deals++;
    if (between - within >= found.between - found.within - 1e-12) reached++;
  }
  const { rows, columns } = maps[0]!;
  const mean = (of: readonly PlaceMap[]): Float32Array =>
    Float32Array.from({ length: rows * columns }, (_, i) => of.reduce((sum, m) => sum + m.values[i]!, 0) / of.length);
  const [before, after] = [mean(maps.slice(0, k)), mean(maps.slice(k))];
  const values = after.map((v, i) => v - before[i]!);
  const at = (better: (a: number, b: number) => boolean): [number, number] => {
    const best = values.reduce((b, v, i) => (better(v, values[b]!) ? i : b), 0);
    return [Math.floor(best / columns), best % columns];
  };
  const p = reached / deals;
  return {
    ...found,
    p,
    moved: p <= 0.05,
    difference: { rows, columns, values },
    more: at((a, b) => a > b),
    less: at((a, b) => a < b),
  };
}
