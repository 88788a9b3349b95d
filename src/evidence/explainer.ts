// A trained LAN as ONNX files: alone, and fused with the model that it explains; and such a file opened again.
import { basename } from 'node:path';
import type { Classifier } from '../classifier/open.js';
import { X } from '../classifier/pixels.js';
import { LanError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import { readBytes } from '../data/files.js';
import { dialectModel, openSession } from '../engine/ort.js';
import { appendMask, type Explainer } from '../lan/amortised.js';
import { giveParameters } from '../lan/network.js';
import { GraphBuilder } from '../onnx/builder.js';
import { decodeModel, encodeModel } from '../onnx/codec.js';
import { inPixels } from './export-gradient.js';
import { cardNotes, publish, sampleMeaning, type ExportedModel } from './exported.js';

const MASK = 'mask';
const MEANING = 'the mask, in [0,1]: 1 = replaceable by noise, 0 = needed';

/** What a LAN was trained with; in its file as JSON. */
export interface ExplainerSettings {
  readonly beta: number;
  readonly noise: string;
  readonly [name: string]: unknown;
}

/**
 * The LAN alone: `x` [batch,...sample] in pixel space to `mask` [batch,...mask shape], any batch. metadata_props as those of other exports
 * (exported.ts), `lan-onnx.kind` = explainer.
 */
export function exportLan(
  classifier: Classifier,
  explainer: Explainer,
  parameters: Readonly<Record<string, Float32Array>>,
  settings: ExplainerSettings,
): Uint8Array {
  const g = new GraphBuilder('lan');
  const x = g.input(X, 'float32', ['batch', ...classifier.sampleShape]);
  giveParameters(g, explainer.network, parameters);
  g.output(appendMask(g, explainer, x), MASK, { type: 'float32', dims: ['batch', ...explainer.maskShape] });
  const model = dialectModel(g.build());
  const metadata = {
    'lan-onnx.version': version(),
    'lan-onnx.kind': 'explainer',
    'lan-onnx.model': basename(classifier.source.path ?? classifier.source.name),
    'lan-onnx.sha256': classifier.source.sha256,
    'lan-onnx.settings': JSON.stringify(settings),
    'lan-onnx.inputs': JSON.stringify({ [X]: sampleMeaning(classifier) }),
    'lan-onnx.outputs': JSON.stringify({ [MASK]: MEANING }),
  };
  return encodeModel({ ...model, opsets: new Map([['', model.opsets.get('')!]]), metadata });
}

/**
 * Model and LAN in one file: from pixels `x` (a picture), or the model's own input, to the model's outputs and `mask`. Its shapes are fixed, the
 * batch is the one that the classifier was opened with. Throws LanError for a model of several inputs.
 */
export async function exportExplained(
  classifier: Classifier,
  explainer: Explainer,
  parameters: Readonly<Record<string, Float32Array>>,
  settings: ExplainerSettings,
): Promise<ExportedModel> {
  const { inputs, outputs, source, card } = classifier;
  if (inputs.length !== 1)
    throw new LanError(`${source.name}: has several inputs; a fused file is made of models with one only.`);
  const [input] = inputs as [(typeof inputs)[number]];
  const model = card ? await inPixels(classifier, input.name, input.shape[0] ?? 1) : classifier.graph;
  const name = card ? X : input.name;
  const g = GraphBuilder.from(model);
  giveParameters(g, explainer.network, parameters);
  for (const o of outputs) g.output(o.name);
  const mask = appendMask(g, explainer, name);
  g.output(mask);
  const graph = await classifier.specialize(g.build());
  return publish(classifier, graph, {
    kind: 'explained',
    inputs: [{ value: name, as: name, own: true, meaning: sampleMeaning(classifier) }],
    outputs: [
      ...outputs.map((o) => ({ value: o.name, as: o.name, own: true, meaning: "the model's own output" })),
      { value: mask, as: MASK, meaning: MEANING },
    ],
    settings,
    notes: cardNotes(classifier),
  });
}

/** A LAN's file, opened in onnxruntime. */
export interface OpenedExplainer {
  readonly settings: ExplainerSettings;
  /** Masks [N,...mask shape] of samples x [N,...sample] in pixel space. */
  explain(x: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/**
 * Opens an explainer for this classifier. Throws LanError for a file that is none, that was trained for another model (by SHA-256), or that takes
 * samples of another shape.
 */
export async function openExplainer(
  source: string | Uint8Array,
  classifier: Classifier,
  options: { readonly threads?: number } = {},
): Promise<OpenedExplainer> {
  const name = typeof source === 'string' ? `Explainer '${source}'` : 'Explainer';
  const bytes = typeof source === 'string' ? await readBytes(source, 'Explainer') : source;
  const { metadata, graph } = decodeModel(bytes, name);
  if (metadata['lan-onnx.kind'] !== 'explainer')
    throw new LanError(
      `${name}: is no LAN that lan-onnx train has written${metadata['lan-onnx.kind'] ? ` (its kind is ${metadata['lan-onnx.kind']})` : ''}.`,
    );
  if (metadata['lan-onnx.sha256'] !== classifier.source.sha256)
    throw new LanError(
      `${name}: was trained for another model, '${metadata['lan-onnx.model']}' (sha256 ${metadata['lan-onnx.sha256']?.slice(0, 12)}, here ${classifier.source.sha256.slice(0, 12)}). Train one for this model.`,
    );
  const dims = graph.inputs[0]?.dims?.slice(1);
  if (dims?.join() !== classifier.sampleShape.join())
    throw new LanError(`${name}: takes samples of [${dims?.join(',')}], the model [${classifier.sampleShape.join(',')}].`);
  const session = await openSession(bytes, options);
  return {
    settings: JSON.parse(metadata['lan-onnx.settings']!) as ExplainerSettings,
    explain: async (x) => (await session.run({ [X]: x }, [MASK]))[MASK]!,
    dispose: () => session.dispose(),
  };
}
