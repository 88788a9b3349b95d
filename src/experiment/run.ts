// A run folder: what is trained goes in as files that a further run takes up, figures and verdicts are made from them.
import { join } from 'node:path';
import { adapters } from '../../adapters/index.js';
import { openModel, type Classifier } from '../model/open.js';
import { specialize } from '../compile/specialize.js';
import { ensureWritable, writeAtomically } from '../data/files.js';
import type { Picture } from '../data/resize.js';
import { createOrtEngine, dialectModel, probe } from '../engine/ort.js';
import { exportExplained, exportLan } from '../export/explainer.js';
import { trainLan, type TrainedLan } from '../explain/train-lan.js';
import { classifierGraph, fit } from '../lan/fit.js';
import { createNetwork } from '../lan/network.js';
import type { Samples } from '../lan/samples.js';
import type { TrainProgress } from '../lan/train.js';
import { encodeModel } from '../onnx/codec.js';
import type { PartialCard } from '../model/card.js';
import type { ClassifierConfig, ExplainerConfig } from './kinds.js';

/** Where an experiment puts its files, what it is seeded with, and whom it tells. */
export interface RunOptions {
  readonly folder: string;
  readonly seed: number;
  readonly threads?: number;
  readonly onPhase?: (phase: string) => void;
  readonly onStep?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
  /** Who does pieces that do not need each other; default: this process, one after the other. */
  readonly parts?: Parts;
  /** What is trained here was trained to its end by another process, which is the one that writes. */
  readonly taken?: boolean | undefined;
}

/** Pieces of an experiment that do not need each other. */
export interface Parts {
  /** `count` pieces of part `name`, in their order; `of` gives plain data for each, and finds the run's options for it. Throws as `of` does, and Interrupted. */
  all<T>(name: string, count: number, of: (i: number, run: RunOptions) => Promise<T>, run: RunOptions): Promise<T[]>;
}

/** Does pieces that do not need each other, by whoever is there for it. */
export async function inParts<T>(run: RunOptions, name: string, count: number, of: (i: number, run: RunOptions) => Promise<T>): Promise<T[]> {
  const own = { ...run, parts: undefined, taken: false };
  if (run.parts) return run.parts.all(name, count, of, own);
  const all: T[] = [];
  for (let i = 0; i < count; i++) {
    if (run.signal?.aborted) throw new Interrupted();
    all.push(await of(i, own));
  }
  return all;
} // prettier-ignore

/** A claim of the paper, as it came out here. */
export interface Verdict {
  readonly claim: string;
  readonly value: number;
  /** What was asked: `at least 2.5`. */
  readonly asked: string;
  readonly holds: boolean;
}

/** The verdict on a claim that asks for `limit` or more. */
export const atLeast = (claim: string, value: number, limit: number): Verdict => ({
  claim,
  value,
  asked: `at least ${limit}`,
  holds: value >= limit,
});

/** Differences up to this are of rounding alone. */
const ROUNDING = 1e-9;

/** The verdict on a claim that asks for more than `limit`: what comes out equal, but for rounding, does not bear out a claim of more. */
export const moreThan = (claim: string, value: number, limit: number): Verdict => ({
  claim,
  value,
  asked: `more than ${limit}`,
  holds: value > limit + ROUNDING,
});

/** The verdict on a claim that asks for `limit` or less. */
export const atMost = (claim: string, value: number, limit: number): Verdict => ({
  claim,
  value,
  asked: `at most ${limit}`,
  holds: value <= limit,
});

/** A picture to be drawn, as data (report/figures.ts draws it). */
export type Figure = { readonly file: string; readonly caption: string } & (
  | {
      readonly kind: 'pairs';
      /** Attention [height * width] of the input's size, in [0,1], 1 = needed. */
      readonly items: readonly { readonly input: Picture; readonly attention: Float32Array; readonly caption?: string }[];
      /** Pairs in a row; default 8. */
      readonly columns?: number;
    }
  | { readonly kind: 'maps'; readonly panels: readonly MapPanel[] }
  | {
      readonly kind: 'rows';
      /** A row an input: pictures with captions, those with attention [height * width] (1 = needed) drawn as its colours. */
      readonly rows: readonly {
        readonly label: string;
        readonly tiles: readonly {
          readonly picture: Picture;
          readonly attention?: Float32Array;
          readonly captions: readonly string[];
        }[];
        readonly note?: string;
      }[];
    }
);

/** Values [height,width] as colours from `low` to `high` (default: their own least and greatest); masked ones are left dark. */
export interface MapPanel {
  readonly title: string;
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly low?: number;
  readonly high?: number;
  readonly masked?: (index: number) => boolean;
}

/** Figures in rows, written as CSV and shown. */
export interface Table {
  readonly file: string;
  readonly caption: string;
  readonly columns: readonly string[];
  /** As long as `columns` each. */
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A document, its words, and those that masks of it keep (Tables 1 to 4). */
export interface ExplainedDocument {
  readonly name: string;
  readonly topic: string;
  /** What the classifier says of it. */
  readonly answer: string;
  /** Different ones, in no order that says anything. */
  readonly words: readonly string[];
  /** By kind of mask: the words that it replaces least, least first, with the mask's value. */
  readonly masks: readonly {
    readonly by: string;
    readonly top: readonly { readonly word: string; readonly mask: number; readonly inDocument: boolean }[];
  }[];
}

/** What an experiment found. */
export interface Findings {
  readonly title: string;
  readonly data: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly verdicts: readonly Verdict[];
  readonly figures: readonly Figure[];
  readonly tables?: readonly Table[];
  readonly documents?: readonly ExplainedDocument[];
  /** Seconds of each phase; they stay out of the run folder, which repeats byte for byte. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** Raised when a run was broken off; what was trained lies in checkpoints. */
export class Interrupted extends Error {}

/**
 * Trains F, or takes it up where its checkpoint left it, and opens classifier.onnx as any third party's model. Throws as `fit` does, and
 * Interrupted.
 */
export async function trainedClassifier(
  config: ClassifierConfig,
  samples: Samples,
  validation: Samples,
  data: string,
  card: PartialCard,
  run: RunOptions,
): Promise<{ classifier: Classifier; accuracy: number; seconds: number }> {
  await ensureWritable(run.folder);
  run.onPhase?.(`training the classifier, ${config.iterations} steps`);
  const network = createNetwork(config.network, samples.shape);
  const result = await fit({
    engine: createOrtEngine(adapters, { threads: run.threads }),
    specialize: (graph) => specialize(graph, {}, probe, adapters),
    network,
    samples,
    validation,
    data,
    settings: { ...config, seed: run.seed },
    files: {
      checkpoint: join(run.folder, 'classifier.checkpoint'),
      metrics: join(run.folder, 'classifier.metrics.jsonl'),
      resume: true,
      taken: run.taken,
    },
    onStep: run.onStep,
    signal: run.signal,
  });
  if (!result.finished) throw new Interrupted();
  const path = join(run.folder, 'classifier.onnx');
  if (!run.taken) {
    await writeAtomically(path, encodeModel(dialectModel(classifierGraph(network, result.parameters))));
    await writeAtomically(join(run.folder, 'classifier.card.json'), `${JSON.stringify(card, null, 2)}\n`);
  }
  return {
    classifier: await openModel(path, { engine: 'onnxruntime', threads: run.threads }),
    accuracy: result.validation?.['accuracy'] ?? NaN,
    seconds: result.seconds,
  };
}

/** Trains A for the classifier, or takes it up; writes lan.onnx and lan.fused.onnx. Throws as `trainLan` does, and Interrupted. */
export async function trainedExplainer(
  config: ExplainerConfig,
  classifier: Classifier,
  samples: Samples,
  validation: Samples,
  data: string,
  run: RunOptions,
): Promise<TrainedLan & { readonly lan: Uint8Array }> {
  run.onPhase?.(`training the LAN, ${config.iterations} steps`);
  const { lan, noise, ...settings } = config;
  const trained = await trainLan(classifier, samples, {
    lan,
    noise,
    validation,
    data,
    // Masks as Eq. 2 has them.
    settings: { maskValues: 'soft', ...settings, seed: run.seed },
    files: { checkpoint: join(run.folder, 'lan.checkpoint'), metrics: join(run.folder, 'lan.metrics.jsonl'), resume: true, taken: run.taken }, // prettier-ignore
    onStep: run.onStep,
    signal: run.signal,
  });
  if (!trained.finished) throw new Interrupted();
  const file = exportLan(classifier, trained);
  if (run.taken) return { ...trained, lan: file };
  await writeAtomically(join(run.folder, 'lan.onnx'), file);
  await writeAtomically(join(run.folder, 'lan.fused.onnx'), (await exportExplained(classifier, trained)).bytes);
  return { ...trained, lan: file };
}
