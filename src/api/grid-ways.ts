// Who counts the right answers of a position map: this process, or several of one thread each.
import { startCrew, type Crew } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import type { InputCard } from '../model/card.js';
import type { Classifier, OpenOptions } from '../model/open.js';
import type { OtherCounters, PlaceCounter } from '../score/position-map.js';
import type { SceneOptions } from '../score/scene.js';
import { openingOf } from './opened.js';
import { chooseWay, MOMENT, type Pace, type Way } from './ways.js';

/** What a worker is told first: the scene with the objects that were chosen, and the right output of each. */
export interface GridSetup {
  readonly model: string | Uint8Array;
  readonly opening: OpenOptions;
  readonly card: InputCard | undefined;
  readonly scene: SceneOptions;
  readonly labels: readonly number[];
  readonly batch: number;
}

/** What a worker does: it counts at consecutive positions, or measures for a moment how fast it would from the first on. */
export type GridTask = { readonly first: number; readonly count: number } | { readonly paceOf: number };

/** What comes of it. */
export type GridDone = { readonly counts: number[] } | { readonly pace: Pace };

/** Which position map is spread over processes. */
export interface SpreadGrid extends Omit<GridSetup, 'labels' | 'card'> {
  readonly signal: AbortSignal | undefined;
  readonly onNote: (note: string) => void;
}

/** Positions a second of a counter, `each` at a time, for so many seconds; the first ones warm it up. */
export async function paceOfCounter(counter: PlaceCounter, each: number, seconds = MOMENT): Promise<Pace> {
  await counter.count(0, each);
  const start = performance.now();
  let done = 0;
  for (let i = 0; i < 1 || performance.now() - start < 1000 * seconds; i++) {
    await counter.count(0, each);
    done += each;
  }
  return { rate: (1000 * done) / (performance.now() - start), unit: 'positions' };
}

/** Other processes that count, which have to be ended. */
interface Counters extends PlaceCounter {
  paces(each: number): Promise<readonly Pace[]>;
  close(): Promise<void>;
}

/** The counters of a map with `workers`, told to `onStart` so that they are ended. See PositionMapOptions.workers. */
export function countersOf(
  workers: number | 'auto',
  spread: SpreadGrid,
  classifier: Classifier,
  onStart: (counters: { close(): Promise<void> }) => void,
): OtherCounters {
  const { threads } = spread.opening;
  return async (labels, objects, { total, each, here }) => {
    const start = (way: Way): Counters => {
      const counters = startCounters(way, spread, { labels, objects, card: classifier.card });
      onStart(counters);
      return counters;
    };
    const width = workers === 'auto' ? workers : Math.min(workers, Math.ceil(total / each));
    if (width !== 'auto') return width > 1 ? start({ workers: width, threads: threads ?? 1 }) : undefined;
    return chooseWay({
      left: total,
      pieces: Math.ceil(total / each),
      threads,
      threadsHere: here.threads,
      here: (seconds) => paceOfCounter(here, Math.min(each, total), seconds),
      start,
      paces: (others) => others.paces(Math.min(each, total)),
      onNote: spread.onNote,
    });
  };
}

function startCounters(
  { workers: width, threads }: Way,
  { model, opening, scene, batch, signal, onNote }: SpreadGrid,
  { labels, objects, card }: Pick<GridSetup, 'labels' | 'card'> & Pick<SceneOptions, 'objects'>,
): Counters {
  const setup: GridSetup = { model, opening: { ...openingOf(opening), threads, trust: true }, card, scene: { ...scene, objects, samples: objects.length }, labels, batch }; // prettier-ignore
  const crew: Crew<GridTask, GridDone> = startCrew({
    beside: import.meta.url,
    program: 'grid-worker',
    setup,
    width,
    signal,
    onNote,
  });
  return {
    threads,
    ahead: 3 * width,
    async count(first, count) {
      try {
        return ((await crew.run({ first, count })) as { counts: number[] }).counts;
      } catch (error) {
        if (error instanceof LanError && error.code === 'interrupted') return undefined;
        throw error;
      }
    },
    async paces(each) {
      await crew.ready();
      const all = await Promise.all(Array.from({ length: width }, () => crew.run({ paceOf: each })));
      return all.flatMap((found) => ('pace' in found ? [found.pace] : []));
    },
    close: () => crew.close(),
  };
}
