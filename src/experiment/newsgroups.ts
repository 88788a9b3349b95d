// 20 Newsgroups: the words that a deep averaging network needs, by one LAN for all documents and by a mask for each (Tables 1 to 4).
import { join } from 'node:path';
import { LanError } from '../core/errors.js';
import { argmax } from '../core/rows.js';
import { float32, toFloat32 } from '../core/tensor.js';
import { writeAtomically } from '../data/files.js';
import { dense } from '../data/sparse.js';
import { openExplainer } from '../explain/explainer.js';
import { createNetwork } from '../lan/network.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/open.js';
import { accuracyOn } from './accuracy.js';
import { words } from './fields.js';
import { readNewsgroups, type Documents } from './data/newsgroups.js';
import type { NewsgroupsConfig } from './newsgroups-config.js';
import { measureWords } from './newsgroups-measure.js';
import { trainedClassifier, trainedExplainer, type Findings, type RunOptions } from './run.js';
import { specificMasks } from './specific-masks.js';
import { explained, shownDocuments } from './word-tables.js';

/** Test documents on which accuracy is taken while training. */
const WATCHED = 1000;
/** Masks that are learned together. */
const TOGETHER = 50;

/** Trains what is missing and measures. `data`: see readNewsgroups. Throws as trainedClassifier and trainedExplainer do. */
export async function newsgroups(config: NewsgroupsConfig, data: string | undefined, run: RunOptions): Promise<Findings> {
  run.onPhase?.('reading the documents');
  const { headers, shortest, vocabulary: most, documents: least } = config.data;
  const choices = { headers: words(headers.toLowerCase()), shortest, vocabulary: most, documents: least };
  const read = await readNewsgroups(data, choices);
  const { train, test, groups, vocabulary, source } = read;
  const [training, testing] = [samplesOf(train), samplesOf(test)];
  const { network } = config.classifier;
  const outputs = createNetwork(network, training.shape).outputShape[0];
  if (outputs !== groups.length)
    throw new LanError('data', `Newsgroups '${data}': has ${groups.length} groups, and the network tells ${outputs} apart: '${network}'.`); // prettier-ignore
  const card = { output: 'probabilities', labels: groups } as const;
  const named = `${source}; headers ${headers || 'none'}, words of ${shortest} letters or more`;
  const f = await trainedClassifier(config.classifier, training, part(testing, WATCHED), named, card, run);
  try {
    await writeAtomically(join(run.folder, 'vocabulary.txt'), `${vocabulary.join('\n')}\n`);
    const accuracy = await accuracyOn(f.classifier, testing);
    const a = await trainedExplainer(config.explainer, f.classifier, training, testing, named, run);
    const counted = spread(testing.count, config.masks.samples);
    const shown = shownDocuments(read);
    const all = [...counted, ...shown];
    const x = dense(test.counts, all);
    const byLan = await masksByLan(a.lan, f.classifier, x, all.length);
    const own = await ownMasks(config, f.classifier, training, { x, count: all.length }, named, run);
    const answers = argmax(await f.classifier.predict(float32(x, [all.length, vocabulary.length]), undefined, TOGETHER));
    const masks = { lan: byLan, specific: own.masks };
    const found = measureWords(config, read, { documents: counted, masks }, accuracy, run.seed);
    const mean = (values: Float32Array): number => values.reduce((sum, v) => sum + v / values.length, 0);
    return {
      title: config.title,
      data: source,
      ...found,
      metrics: {
        ...found.metrics,
        lan_validation_output_loss: a.validation?.['validation_output_loss'] ?? NaN,
        lan_mask_mean: mean(byLan),
        specific_mask_mean: mean(own.means),
        specific_divergence: mean(own.divergences),
      },
      figures: [],
      documents: explained(read, { documents: shown, first: counted.length, masks, answers, top: config.words.top }),
      seconds: { classifier: f.seconds, LAN: a.seconds, masks: own.seconds },
    };
  } finally {
    await f.classifier.dispose();
  }
}

/** Documents as training samples [n,width], written out when they are read. */
const samplesOf = ({ counts, labels }: Documents): Samples => ({
  count: counts.length,
  shape: [counts.width],
  labels,
  read: (indices) => dense(counts, indices),
});

/** `count` numbers of 0..length-1, evenly spread, or all. */
const spread = (length: number, wanted: number): number[] => {
  const n = Math.min(wanted, length);
  return Array.from({ length: n }, (_, i) => Math.floor((i * length) / n));
};

/** Some of the samples, evenly spread. */
function part(samples: Samples, wanted: number): Samples {
  const at = spread(samples.count, wanted);
  return {
    ...samples,
    count: at.length,
    labels: at.map((i) => samples.labels![i]!),
    read: (indices, draw) => samples.read(Uint32Array.from(indices, (i) => at[i]!), draw), // prettier-ignore
  };
}

async function masksByLan(lan: Uint8Array, classifier: Classifier, x: Float32Array, n: number): Promise<Float32Array> {
  const explainer = await openExplainer(lan, classifier);
  try {
    return toFloat32(await explainer.explain(float32(x, [n, x.length / n])));
  } finally {
    await explainer.dispose();
  }
}

function ownMasks(
  config: NewsgroupsConfig,
  classifier: Classifier,
  noise: Samples,
  { x, count }: { readonly x: Float32Array; readonly count: number },
  data: string,
  run: RunOptions,
) {
  const { beta, draws, iterations, learningRate, schedule } = config.masks;
  return specificMasks({
    classifier,
    name: 'masks',
    x,
    sampleShape: noise.shape,
    maskShape: noise.shape,
    betas: new Array<number>(count).fill(beta),
    noise,
    settings: { draws, iterations, learningRate, schedule },
    data,
    together: TOGETHER,
    run,
  });
}
