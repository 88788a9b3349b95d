// Sample-specific masks (Eq. 4) of an experiment: many at once, in pieces that a further run takes up.
import { join } from 'node:path';
import { ensureWritable } from '../data/files.js';
import { float32, sizeOf, type Tensor } from '../core/tensor.js';
import { classifyOnce } from '../explain/objective.js';
import { trainMasks } from '../lan/many-masks.js';
import type { Samples } from '../lan/samples.js';
import type { TrainSettings } from '../lan/train.js';
import type { Classifier } from '../model/open.js';
import { Interrupted, type RunOptions } from './run.js';

/** What is explained, against which noise, and how. */
export interface SpecificOptions {
  readonly classifier: Classifier;
  /** Names the checkpoints: `masks`. */
  readonly name: string;
  /** Samples [n,...sample] as the classifier takes them. */
  readonly x: Float32Array;
  readonly sampleShape: readonly number[];
  readonly maskShape: readonly number[];
  /** Of each sample. */
  readonly betas: readonly number[];
  readonly noise: Samples;
  readonly settings: TrainSettings & { readonly draws: number };
  /** Names the data in checkpoints. */
  readonly data: string;
  /** Samples that are learned together. */
  readonly together: number;
  readonly run: RunOptions;
}

/** Masks [n,...mask], their means [n], and the divergence of the answers on fresh noise in nats [n]; `seconds` of this process, `steps` of all pieces. */
export interface SpecificMasks {
  readonly masks: Float32Array;
  readonly means: Float32Array;
  readonly divergences: Float32Array;
  readonly seconds: number;
}

/** Learns the masks, or takes them up. Throws as trainMasks, and Interrupted. */
export async function specificMasks(options: SpecificOptions): Promise<SpecificMasks> {
  const { classifier, name, x, sampleShape, maskShape, betas, noise, settings, data, together, run } = options;
  const folder = join(run.folder, name);
  await ensureWritable(folder);
  const per = sizeOf(sampleShape);
  const n = betas.length;
  const size = sizeOf(maskShape);
  const found = { masks: new Float32Array(n * size), means: new Float32Array(n), divergences: new Float32Array(n), seconds: 0 };
  const classify = classifyOnce(classifier);
  for (let at = 0, piece = 1; at < n; at += together, piece++) {
    const count = Math.min(together, n - at);
    run.onPhase?.(`masks ${at + 1} to ${at + count} of ${n}, one each (${name}), ${settings.iterations} steps`);
    const part: Tensor = float32(x.slice(at * per, (at + count) * per), [count, ...sampleShape]);
    const made = await trainMasks({
      engine: classifier.engine,
      classifier: classify,
      specialize: (graph) => classifier.specialize(graph),
      x: part,
      maskShape,
      betas: betas.slice(at, at + count),
      noise,
      settings: { ...settings, seed: run.seed },
      identity: { model: classifier.source.sha256, data, first: at },
      files: { checkpoint: join(folder, `${piece}.checkpoint`), metrics: join(folder, `${piece}.metrics.jsonl`), resume: true },
      onStep: run.onStep,
      signal: run.signal,
    });
    if (!made.finished) throw new Interrupted();
    found.masks.set(made.masks, at * size);
    found.means.set(made.means, at);
    found.divergences.set(made.divergences, at);
    found.seconds += made.seconds;
  }
  return found;
}
