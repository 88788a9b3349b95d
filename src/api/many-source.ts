// Where many inputs come from: files that were named, or a dataset; told to another process as plain data and opened there again.
import { basename, extname } from 'node:path';
import { LanError } from '../core/errors.js';
import type { PluginLike } from '../core/plugin.js';
import { sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { toPixels, wrongShape, type Dataset } from '../data/dataset.js';
import { sha256 } from '../data/files.js';
import { matchLabels } from '../data/labels.js';
import { openDataset } from '../data/open-dataset.js';
import type { Classifier } from '../model/open.js';
import { pictureSpec } from '../score/picture-spec.js';
import { chosen } from '../score/score.js';
import type { Auditor } from './audit.js';
import type { NamedInput } from './audit-all.js';
import { bytesOf, type Sample } from './inputs.js';
import { internals } from './opened.js';

/** Which inputs, in their order. */
export type SourceSpec =
  | { readonly kind: 'files'; readonly inputs: readonly NamedInput[] }
  | {
      readonly kind: 'data';
      readonly path: string;
      readonly split?: string;
      /** At most so many, drawn by `seed`. */
      readonly limit?: number;
      readonly seed: number;
    };

/** Inputs by number. */
export interface Source {
  readonly inputs: readonly NamedInput[];
  readonly notes: readonly string[];
  /** Reads an input for this auditor. Throws as readInput does, LanError (`data`) for a sample of a dataset that cannot be read. */
  read(auditor: Auditor, at: number): Promise<Sample>;
  /** The classes that the data says, as outputs of the model, one an input; and how they were matched, or why they were not. */
  actual(auditor: Auditor): { readonly labels?: Int32Array; readonly note?: string };
  /** Height and width of the pictures, where the data says so. */
  readonly pictureSize?: readonly [number, number];
  close(): Promise<void>;
}

/** Opens the inputs. Throws LanError for what is no dataset, or one that is empty. */
export async function openSource(spec: SourceSpec, plugins?: readonly PluginLike[]): Promise<Source> {
  if (spec.kind === 'files') return files(spec.inputs);
  const dataset = await openDataset(spec.path, { split: spec.split, ...(plugins && { plugins }) });
  if (dataset.length === 0) {
    await dataset.close();
    throw new LanError('data', `Dataset '${dataset.name}': holds no samples.`);
  }
  return samplesOf(dataset, chosen(dataset.length, spec));
}

const files = (inputs: readonly NamedInput[]): Source => ({
  inputs,
  notes: [],
  read: (auditor, at) => auditor.read(inputs[at]!.input ?? inputs[at]!.path, inputs[at]!.is),
  actual: () => ({}),
  close: () => Promise.resolve(),
});

function samplesOf(dataset: Dataset, order: readonly number[]): Source {
  const ofFiles = dataset.format === 'pictures' || dataset.format === 'manifest';
  const [, height, width] = dataset.shape ?? [];
  const inputs = order.map((index): NamedInput =>
    ofFiles ? { path: dataset.nameOf(index), is: 'picture' } : { path: `${dataset.name}[${dataset.nameOf(index)}]` },
  );
  return {
    inputs,
    notes: dataset.notes,
    ...(dataset.shape?.length === 3 ? { pictureSize: [height!, width!] as const } : {}),
    read: (auditor, at) =>
      ofFiles
        ? auditor.read(inputs[at]!.path, 'picture')
        : readSample(dataset, order[at]!, inputs[at]!.path, internals(auditor.model)),
    actual({ model }) {
      if (!dataset.labels) return {};
      try {
        const { labels, note } = matchLabels(dataset, model.labels, model.classes);
        return { labels: Int32Array.from(order, (index) => labels[index]!), note };
      } catch (error) {
        if (!(error instanceof LanError)) throw error;
        return { note: `the data's labels are left out: ${error.problem}` };
      }
    },
    close: () => dataset.close(),
  };
}

/** A sample of a dataset that is no file of its own, as readInput gives one. */
async function readSample(dataset: Dataset, index: number, path: string, classifier: Classifier): Promise<Sample> {
  const { card, inputShape } = classifier;
  const batch = await dataset.read([index], pictureSpec(classifier));
  if (batch.unreadable.length > 0) throw new LanError('data', batch.unreadable[0]!.reason);
  const own = batch.x.dims.slice(1);
  if (sizeOf(own) !== sizeOf(inputShape)) throw wrongShape(dataset.name, own, inputShape);
  const shaped = (t: Tensor): Tensor => ({ type: 'float32', dims: [1, ...inputShape], data: toFloat32(t) });
  const bytes = batch.x.type === 'uint8';
  return {
    path,
    title: `${basename(dataset.name, extname(dataset.name))} ${index}`,
    sha256: sha256(bytesOf(batch.x)),
    x: shaped(card ? toPixels(batch.x, card.range) : batch.x),
    ...(card && bytes ? { pixels: shaped(toPixels(batch.x, 255)), range: card.range } : {}),
    notes: [],
  };
}
