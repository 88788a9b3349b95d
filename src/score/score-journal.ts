// What a score keeps of its work, a piece a line, so that a run over thousands of pictures which was killed goes on where it stood.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { z } from 'zod';
import type { Dataset } from '../data/dataset.js';
import { pluginIdentity } from '../core/plugin.js';
import { isImage } from '../data/find-images.js';
import { openJournal, type Header, type Journal } from '../data/journal.js';
import type { Classifier } from '../model/classifier.js';

const whole = z.int().nonnegative();
const seconds = z.number().nonnegative();
/** JSON has no NaN: it is written as null. */
const number = z.number().nullable().transform((v) => v ?? NaN); // prettier-ignore

/** Consecutive samples of a score, read and run together. */
const Piece = z.object({
  /** Place of the first of them in the order of the run. */
  at: whole,
  /** Samples a run. */
  batch: whole.min(1),
  /** Index, label, predicted class, and its probability. */
  answers: z.array(z.tuple([whole, whole, whole, number])),
  unreadable: z.array(z.object({ index: whole, reason: z.string() })),
  inTop5: whole,
  /** Sum of their cross-entropies in nats. */
  entropy: number,
  /** Reading included. */
  seconds,
  modelSeconds: seconds,
});

/** See the fields of the form. */
export type Piece = z.infer<typeof Piece>;

/** What decides the answers of a score; `batch` and `limit` as they were asked for. */
export interface Scored {
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly labels: ArrayLike<number>;
  readonly order: readonly number[];
  readonly batch: 'auto' | number;
  /** Of whoever scores. */
  readonly threads: number | undefined;
}

/** Opens the journal of a score. Throws LanError as openJournal: `data` for one of another model, other samples or settings. */
export function openScoreJournal(
  path: string,
  { classifier, dataset, labels, order, batch, threads }: Scored,
): Promise<Journal<Piece>> {
  const { source, card, outputKind, output } = classifier;
  const plugins = pluginIdentity(classifier.plugins);
  const header: Header = {
    schema: 'lan-onnx/score-journal@2',
    model: source.sha256,
    ...(plugins && { plugins: JSON.stringify(plugins) }),
    card: JSON.stringify(card) ?? null,
    output: `${output.name}, ${outputKind}`,
    samples: digestOf(dataset, labels, order),
    count: order.length,
    batch,
    // Other threads may round otherwise.
    threads: threads ?? null,
  };
  return openJournal(path, header, Piece);
}

/** Names and labels of the samples, and of files also size and time of change: as much as tells other data apart without reading it. */
function digestOf(dataset: Dataset, labels: ArrayLike<number>, order: readonly number[]): string {
  const hash = createHash('sha256');
  const told = (path: string): string => {
    const status = statSync(path, { throwIfNoEntry: false });
    return status?.isFile() ? `${status.size} ${status.mtimeMs}` : '';
  };
  hash.update(`${dataset.format} ${dataset.split ?? ''} ${told(dataset.name)}\n`);
  for (const index of order) {
    const name = dataset.nameOf(index);
    hash.update(`${name} ${labels[index]} ${isImage(name) ? told(name) : ''}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
