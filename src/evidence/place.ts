// Does attention sit in one place whatever the input? How alike the maps of different inputs are, against the same maps moved anywhere.
import { largest } from '../core/rows.js';
import { random, STREAMS } from '../core/random.js';

/** A map of values, row by row. */
export interface PlaceMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** What placeOf found. */
export interface Place {
  /** Maps that say anything about a place; those that are the same everywhere do not. */
  readonly maps: number;
  /** Mean Pearson correlation of the maps of two different inputs, in [-1/(n-1),1]: 1 = all the same, 0 = no place is common. */
  readonly correlation: number;
  /** The mean of it where each map is moved to a place of its own. */
  readonly moved: number;
  /** How probable so high a correlation is where each map lies anywhere: (1 + moves that reach it) / (1 + moves), at least 0.005. */
  readonly p: number;
  /** Row and column of the mean map's largest value. */
  readonly peak: readonly [row: number, column: number];
  readonly grid: readonly [rows: number, columns: number];
  /** Is that one place: a correlation of ONE_PLACE or more, and p at most 0.01? */
  readonly onePlace: boolean;
}

/** Fewer maps say nothing. */
export const FEWEST = 5;
/** From this mean correlation on attention sits in one place. Photos with their subject in the middle come to about 0.2 to 0.4. */
export const ONE_PLACE = 0.5;
const MOVES = 199;

/** A map of at most `most` rows and `across` columns: each cell the mean of what lies in it. */
export function thinned({ rows, columns, values }: PlaceMap, most: number, across = most): PlaceMap {
  const [r, c] = [Math.min(rows, most), Math.min(columns, across)];
  if (r === rows && c === columns) return { rows, columns, values };
  const sums = new Float64Array(r * c);
  const counts = new Uint32Array(r * c);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const cell = Math.floor((y * r) / rows) * c + Math.floor((x * c) / columns);
      sums[cell]! += values[y * columns + x]!;
      counts[cell]!++;
    }
  return { rows: r, columns: c, values: Float32Array.from(sums, (sum, i) => sum / counts[i]!) };
}

/** Centred and of length 1; undefined where all values are the same. */
function standard(values: Float32Array): Float64Array | undefined {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const centred = Float64Array.from(values, (v) => v - mean);
  const length = Math.sqrt(centred.reduce((a, b) => a + b * b, 0));
  return length > 1e-9 ? centred.map((v) => v / length) : undefined;
}

/** The mean correlation of two of n vectors of length 1, from their sum: (|sum|^2 - n) / (n (n - 1)). */
const meanCorrelation = (sum: Float64Array, n: number): number => (sum.reduce((a, b) => a + b * b, 0) - n) / (n * (n - 1));

/**
 * How far the maps of different inputs agree on a place. The null hypothesis is that each map lies anywhere: every map is moved, round the edges, by
 * rows and columns of its own, 199 times, which keeps its extent and smoothness. `maps`: of one size. Undefined for fewer than FEWEST maps with a place.
 */
export function placeOf(maps: readonly PlaceMap[], seed = 0): Place | undefined {
  const vectors = maps.flatMap(({ values }) => standard(values) ?? []);
  const n = vectors.length;
  if (n < FEWEST) return undefined;
  const { rows, columns } = maps[0]!;
  const size = rows * columns;
  const sum = new Float64Array(size);
  for (const v of vectors) for (let i = 0; i < size; i++) sum[i]! += v[i]!;
  const correlation = meanCorrelation(sum, n);
  const stream = random(seed, STREAMS.place);
  let reached = 0;
  let total = 0;
  for (let move = 0; move < MOVES; move++) {
    const moved = new Float64Array(size);
    vectors.forEach((v, m) => {
      const [down, right] = [stream.integer(rows, move, 2 * m), stream.integer(columns, move, 2 * m + 1)];
      for (let y = 0; y < rows; y++) {
        const to = ((y + down) % rows) * columns;
        for (let x = 0; x < columns; x++) moved[to + ((x + right) % columns)]! += v[y * columns + x]!;
      }
    });
    const by = meanCorrelation(moved, n);
    total += by;
    // Sums in another order differ in the last digit.
    if (by >= correlation - 1e-12) reached++;
  }
  const p = (1 + reached) / (1 + MOVES);
  const peak = largest(Float32Array.from(sum));
  return {
    maps: n,
    correlation,
    moved: total / MOVES,
    p,
    peak: [Math.floor(peak / columns), peak % columns],
    grid: [rows, columns],
    onePlace: correlation >= ONE_PLACE && p <= 0.01,
  };
}
