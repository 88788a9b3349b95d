// The search for the fraction of an input that can be replaced entirely, or that changes the answer, along one order of its elements.
import { descending } from '../core/correlation.js';
import type { Find } from '../lan/choices.js';
import type { Trials } from './trials.js';

/** Fractions of the input that are tried: replaced, or left as they are while all else is replaced. */
export const FRACTIONS = [0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99];

/** The same, where what is not replaced is left: a thousandth of a picture may be all that it takes. */
const LEFT = [...FRACTIONS, 0.995, 0.998, 0.999];

/** Of a binary mask that takes a little too much, these parts of what it says are tried before the fractions below it. */
const LESS = [0.99, 0.98, 0.96];

/** Between the best fraction and the next one that did not hold the middle is tried so often. */
const HALVINGS = 2;

/** What was tried: the fraction that was replaced, and on how many of `draws` choosing draws the answer was kept. */
export interface Tried {
  readonly fraction: number;
  readonly kept: number;
  readonly draws: number;
}

/** Elements by how little they are needed, and how many of them are found not to be. */
export interface Found {
  /** Elements that are not needed; undefined where no fraction held. */
  readonly count: number | undefined;
  readonly tried: readonly Tried[];
}

/** The elements of a mask in the order of its values, and the two masks that a number of them makes. */
export class Ranking {
  private readonly ranked: ArrayLike<number>;

  /** `values`: the largest are needed least; of equals the first. */
  constructor(private readonly values: Float32Array) {
    this.ranked = descending(values);
  }

  get length(): number {
    return this.values.length;
  }

  /** 1 where an element is replaced: the `count` that are needed least ('keep'), or all others ('delete'). */
  mask(count: number, find: Find): Float32Array {
    const mask = new Float32Array(this.length).fill(find === 'keep' ? 0 : 1);
    for (let i = 0; i < count; i++) mask[this.ranked[i]!] = find === 'keep' ? 1 : 0;
    return mask;
  }

  /** The value from which on elements are among the `count` that are needed least. */
  threshold(count: number): number {
    return this.values[this.ranked[count - 1]!]!;
  }
}

/** Where a search begins, and what it looks for. */
export interface Search {
  readonly find: Find;
  /** Elements that a binary mask says are not needed. */
  readonly own?: number;
  /** Only more than so many elements are of interest. */
  readonly above?: number;
}

/**
 * The largest number of elements that are not needed, on choosing draws: with all of them replaced the answer is kept, or with all others replaced it is
 * changed. From a binary mask's own number upwards while it clearly does (see Trials.choosing), else downwards until it does, and then between the last two that
 * were tried; without one every fraction is tried, since replacement is not monotone in the fraction.
 */
export async function search(trials: Trials, ranking: Ranking, { find, own, above = 0 }: Search): Promise<Found> {
  const n = ranking.length;
  const tried: Tried[] = [];
  const tryOut = async (count: number): Promise<{ readonly holds: boolean; readonly clear: boolean }> => {
    const { kept, draws, holds, clear } = await trials.choosing(ranking.mask(count, find), find);
    tried.push({ fraction: (find === 'keep' ? count : n - count) / n, kept, draws });
    return { holds, clear };
  };
  const holds = async (count: number): Promise<boolean> => (await tryOut(count)).holds;
  // Near the edge the best of several is easily one that was lucky: beyond a binary mask's own number, 61 of 64 chose .98 of a tank's picture (kept on 242 of 256
  // draws that chose nothing), and between two fractions 62 of 64 chose .842 of a hot dog's (231 of 256).
  const clear = async (count: number): Promise<boolean> => (await tryOut(count)).clear;
  const last = find === 'keep' ? n : n - 1;
  const all = [...new Set((find === 'keep' ? FRACTIONS : LEFT).map((f) => Math.round(f * n)))].filter(
    (c) => c > above && c <= last,
  );
  let count: number | undefined;
  if (own === undefined) {
    for (const c of all) if (await holds(c)) count = c;
    return { count, tried };
  }
  let failed: number | undefined;
  const first = Math.max(own, above + 1);
  if (own > 0 && first <= last && (await holds(first))) {
    count = first;
    for (const c of all.filter((c) => c > first)) {
      if (!(await clear(c))) {
        failed = c;
        break;
      }
      count = c;
    }
  } else if (own > above) {
    failed = own;
    const smaller = [...all, ...LESS.map((part) => Math.floor(part * own))].filter((c) => c > above && c < own);
    for (const c of new Set(smaller.sort((a, b) => b - a))) {
      if (await holds(c)) {
        count = c;
        break;
      }
      failed = c;
    }
  }
  for (let i = 0; i < HALVINGS && count !== undefined && failed !== undefined && failed - count > 1; i++) {
    const middle = Math.round((count + failed) / 2);
    if (await clear(middle)) count = middle;
    else failed = middle;
  }
  return { count, tried };
}
