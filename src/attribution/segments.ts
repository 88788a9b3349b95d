// Parts of an input that come and go together: cells of a regular grid over pictures, tokens, or single elements.
import { isTokens } from './cam.js';
import type { Run } from './method.js';

/** For each element of the sample the number of its segment, and how many there are. */
export interface Segments {
  readonly of: Int32Array;
  readonly count: number;
}

/**
 * Segments of a run's input: `given` for each mask element where it is not empty; else `cells` x `cells` squares of a picture, as even as they can be; one a
 * token; elsewhere one a mask element. A regular grid and no super-pixels (SLIC): it does not depend on the picture's edges.
 */
export function segmentsOf(run: Run, cells: number, given: readonly number[] = []): Segments {
  const { maskDims, scorer } = run.problem;
  const place = placesOf(maskDims, scorer.scored.sampleShape, cells, given);
  const of = Int32Array.from(run.owners, (owner) => place(owner));
  return { of, count: of.reduce((a, b) => Math.max(a, b), -1) + 1 };
}

function placesOf(
  maskDims: readonly number[],
  sample: readonly number[],
  cells: number,
  given: readonly number[],
): (owner: number) => number {
  if (given.length > 0) return (owner) => given[owner] ?? 0;
  if (isTokens(maskDims, sample) || sample.length !== 3 || maskDims[1] !== 1) return (owner) => owner;
  const [height, width] = maskDims.slice(2) as [number, number];
  const [rows, columns] = [Math.min(cells, height), Math.min(cells, width)];
  return (owner) =>
    Math.floor((Math.floor(owner / width) * rows) / height) * columns + Math.floor(((owner % width) * columns) / width);
}

/** Scores of the input with only some segments there, `present` [n,count] of zeros and ones; the others are the baseline's. */
export async function coalitionScores(run: Run, { of, count }: Segments, present: Uint8Array): Promise<Float32Array> {
  const { x, baseline, per } = run;
  const n = present.length / count;
  const rows = new Float32Array(n * per);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < per; i++) rows[k * per + i] = present[k * count + of[i]!] === 1 ? x[i]! : baseline[i]!;
  return run.scores(rows, n);
}

/** The value of each segment as one of each mask element (the mean over its elements, which share it). */
export function spreadSegments(run: Run, { of }: Segments, values: ArrayLike<number>): Float32Array {
  return run.fold(
    Float32Array.from(of, (s) => values[s]!),
    'mean',
  );
}
