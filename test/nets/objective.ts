// The audit objective of a net in code: what `audit` builds, without its evidence.
import { openModel, type Classifier, type OpenOptions } from '../../src/model/open.js';
import { buildObjective, type Objective } from '../../src/lan/objective.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Model } from '../../src/onnx/graph.js';

/** Opens `model`, square pictures of three channels to logits, with the objective of Eq. 4: the sum of a coarse grid and one of every pixel. */
export async function openObjective(
  model: Model,
  size: number,
  draws: number,
  options: OpenOptions,
): Promise<{ classifier: Classifier; objective: Objective }> {
  const classifier = await openModel(encodeModel(model), { ...options, card: { output: 'logits' } });
  const coarse = Math.ceil(size / 4);
  const objective = await buildObjective({
    classifier: (batch) => classifier.logProbabilities(batch),
    specialize: (graph) => classifier.specialize(graph),
    sampleShape: classifier.sampleShape,
    draws,
    maskShape: 'pixel',
    maskGrids: [
      [coarse, coarse],
      [size, size],
    ],
    outputLoss: 'cross-entropy',
  });
  return { classifier, objective };
}
