// Who scores a dataset: this process, or several of one thread each that open model and data for themselves.
import { startCrew, type Crew } from '../core/crew.js';
import { LanError } from '../core/errors.js';
import type { Dataset } from '../data/dataset.js';
import { matchLabels } from '../data/labels.js';
import type { InputCard } from '../model/card.js';
import type { Classifier, OpenOptions } from '../model/open.js';
import { scorerHere, type Scorer } from '../score/pieces.js';
import { chosen, requireScorable, type OtherScorers, type PieceOf, type ScoreOptions } from '../score/score.js';
import type { Piece } from '../score/score-journal.js';
import { openingOf } from './opened.js';
import { chooseWay, MOMENT, type Pace, type Way } from './ways.js';

/** What a worker is told first. */
export interface ScoreSetup {
  readonly model: string | Uint8Array;
  readonly opening: OpenOptions;
  /** How pictures go in, as it was settled for all. */
  readonly card: InputCard | undefined;
  readonly data: string;
  readonly split: string | undefined;
}

/** What a worker does: it scores a piece, or measures for a moment how fast it would. `size`: samples a run. */
export type ScoreTask = { readonly size: number } & (PieceOf | { readonly paceOf: readonly PieceOf[] });

/** What comes of it. */
export type ScoreDone = { readonly piece: Piece } | { readonly pace: Pace };

/** Which score is spread over processes. */
export interface SpreadScore
  extends Omit<ScoreSetup, 'opening' | 'card'>, Pick<ScoreOptions, 'limit' | 'seed' | 'batch' | 'signal'> {
  readonly opening: OpenOptions;
  readonly onNote: (note: string) => void;
}

/** Other processes, which have to be ended. */
export interface Scorers extends OtherScorers {
  /** How fast each is while all of them score these pieces. */
  paces(pieces: readonly PieceOf[], size: number): Promise<readonly Pace[]>;
  close(): Promise<void>;
}

/** Samples a second of a scorer, on pieces again and again for so many seconds; the first one warms it up. */
export async function paceOfPieces(scorer: Scorer, pieces: readonly PieceOf[], seconds = MOMENT): Promise<Pace> {
  await scorer.begin(pieces[0]!).piece();
  const start = performance.now();
  let samples = 0;
  for (let i = 0; i < 1 || performance.now() - start < 1000 * seconds; i++) {
    const piece = pieces[i % pieces.length]!;
    await scorer.begin(piece).piece();
    samples += piece.indices.length;
  }
  return { rate: (1000 * samples) / (performance.now() - start), unit: 'samples' };
}

/** Samples a run, and runs, by which a pace is measured where nobody says how many. */
const TRIED = { size: 32, runs: 4 } as const;

/** The processes that score in place of this one, where there are to be several, or `auto` finds them to be faster. See ScoreOptions.workers. */
export async function scorersOf(
  workers: number | 'auto',
  spread: SpreadScore,
  classifier: Classifier,
  dataset: Dataset,
): Promise<Scorers | undefined> {
  requireScorable(classifier);
  const order = chosen(dataset.length, spread);
  const start = (way: Way) => startScorers(way, spread, classifier.card, order.length);
  const threads = spread.opening.threads;
  if (workers !== 'auto') return workers > 1 ? start({ workers, threads: threads ?? 1 }) : undefined;
  const { labels } = matchLabels(dataset, classifier.labels, classifier.classes);
  const size = typeof spread.batch === 'number' ? spread.batch : TRIED.size;
  const pieces = Array.from({ length: TRIED.runs }, (_, i): PieceOf => ({ at: i * size, indices: order.slice(i * size, (i + 1) * size) })).filter(({ indices }) => indices.length > 0); // prettier-ignore
  const here = scorerHere(classifier, dataset, labels, size);
  return chooseWay({
    left: order.length,
    pieces: Math.ceil(order.length / size),
    threads,
    threadsHere: classifier.engine.info.threads,
    here: (seconds) => paceOfPieces(here, pieces, seconds),
    start,
    paces: (others) => others.paces(pieces, size),
    onNote: spread.onNote,
  });
}

function startScorers(
  { workers: width, threads }: Way,
  { model, data, split, opening, signal, onNote }: SpreadScore,
  card: InputCard | undefined,
  samples: number,
): Scorers {
  const setup: ScoreSetup = { model, opening: { ...openingOf(opening), threads, trust: true }, card, data, split };
  let started: Crew<ScoreTask, ScoreDone> | undefined;
  // As many as there are pieces, which is known once the size of one is.
  const crewFor = (size: number): Crew<ScoreTask, ScoreDone> =>
    (started ??= startCrew({ beside: import.meta.url, program: 'score-worker', setup, width: Math.min(width, Math.ceil(samples / size)), signal, onNote })); // prettier-ignore
  return {
    threads,
    scorer(size) {
      const crew = crewFor(size);
      return { width: crew.width, ahead: 3 * crew.width, begin: (piece) => begun(crew, { ...piece, size }) };
    },
    async paces(pieces, size) {
      const crew = crewFor(size);
      await crew.ready();
      const all = await Promise.all(Array.from({ length: crew.width }, () => crew.run({ paceOf: pieces, size })));
      return all.flatMap((found) => ('pace' in found ? [found.pace] : []));
    },
    close: async () => started?.close(),
  };
}
/** A piece that is handed to whoever is free; undefined where the run is to end before. */
function begun(crew: Crew<ScoreTask, ScoreDone>, task: PieceOf & { readonly size: number }): ReturnType<Scorer['begin']> {
  const done = crew.run(task).then(
    (found) => (found as { piece: Piece }).piece,
    (error: unknown) => {
      if (error instanceof LanError && error.code === 'interrupted') return undefined;
      throw error;
    },
  );
  // Whoever awaits it sees a failure, in its turn.
  done.catch(() => undefined);
  return { piece: () => done, over: done };
}
