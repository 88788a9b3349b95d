// A trained LAN as ONNX files: alone, and fused with the model that it explains.
import { basename } from 'node:path';
import { version } from '../core/version.js';
import { dialectModel } from '../engine/ort.js';
import { MASK } from '../explain/explainer.js';
import type { TrainedLan } from '../explain/train-lan.js';
import { appendMask } from '../lan/amortised.js';
import { giveParameters } from '../lan/network.js';
import type { Classifier } from '../model/open.js';
import { X } from '../model/preprocess.js';
import { GraphBuilder } from '../onnx/builder.js';
import { encodeModel } from '../onnx/codec.js';
import { inPixels } from './gradient.js';
import { cardNotes, publish, sampleMeaning, type ExportedModel } from './publish.js';

/** What a file is made of. */
export type TrainedExplainer = Pick<TrainedLan, 'explainer' | 'parameters' | 'settings'>;

const MEANING = 'the mask, in [0,1]: 1 = replaceable by noise, 0 = needed';

/**
 * The LAN alone: `x` [batch,...sample] in pixel space to `mask` [batch,...mask shape], any batch. metadata_props as those of other exports
 * (publish.ts), `lan-onnx.kind` = explainer, and `lan-onnx.card`, how pictures went in.
 */
export function exportLan(classifier: Classifier, { explainer, parameters, settings }: TrainedExplainer): Uint8Array {
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
    // What `audit` needs so that pictures go in as they did here.
    ...(classifier.card ? { 'lan-onnx.card': JSON.stringify(classifier.card) } : {}),
    'lan-onnx.inputs': JSON.stringify({ [X]: sampleMeaning(classifier) }),
    'lan-onnx.outputs': JSON.stringify({ [MASK]: MEANING }),
  };
  return encodeModel({ ...model, opsets: new Map([['', model.opsets.get('')!]]), metadata });
}

/**
 * Model and LAN in one file: from pixels `x` (a picture), or the model's own input, to the model's outputs and `mask`. Its shapes are fixed, the
 * batch is the one that the classifier was opened with. Other inputs of the model stay inputs.
 */
export async function exportExplained(
  classifier: Classifier,
  { explainer, parameters, settings }: TrainedExplainer,
): Promise<ExportedModel> {
  const { inputs, outputs, input, card, hookPoint } = classifier;
  const pixels = card && !hookPoint;
  const model = pixels ? await inPixels(classifier, input.name, input.shape[0] ?? 1) : classifier.graph;
  // Where the mask lies inside the model, the LAN reads that value.
  const name = hookPoint?.name ?? (pixels ? X : input.name);
  const own = pixels ? X : input.name;
  const others = inputs.filter((i) => i.name !== input.name);
  const g = GraphBuilder.from(model);
  giveParameters(g, explainer.network, parameters);
  for (const o of outputs) g.output(o.name);
  const mask = appendMask(g, explainer, name);
  g.output(mask);
  const graph = await classifier.specialize(g.build());
  return publish(classifier, graph, {
    kind: 'explained',
    inputs: [
      { value: own, as: own, own: true, meaning: hookPoint ? "the model's own input" : sampleMeaning(classifier) },
      ...others.map((o) => ({ value: o.name, as: o.name, own: true, meaning: "the model's own input" })),
    ],
    outputs: [
      ...outputs.map((o) => ({ value: o.name, as: o.name, own: true, meaning: "the model's own output" })),
      { value: mask, as: MASK, meaning: MEANING },
    ],
    settings,
    notes: cardNotes(classifier),
  });
}
