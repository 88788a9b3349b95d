// CIFAR-10: masks of a network of the AlexNet kind, by LANs (Fig. 4), one by one (Fig. 5), and at many betas (Appendix E).
import type { CifarConfig } from './cifar-config.js';
import { measureCifar } from './cifar-measure.js';
import { augmented, pictureSamples } from './data/augmented.js';
import { readCifar, type Pictures } from './data/cifar-pictures.js';
import { trainedClassifier, type Findings, type RunOptions } from './run.js';
import { CIFAR10 } from '../data/cifar.js';
import { accuracyOn } from './accuracy.js';

/** (x - 127.5) / 64, as the card says. */
const NORMAL = { mean: 127.5, deviation: 64 };
const CARD = {
  input: { layout: 'NCHW', size: [32, 32], channels: 'RGB', range: 255, mean: [NORMAL.mean], std: [NORMAL.deviation] },
  output: 'probabilities',
  labels: CIFAR10,
} as const;
/** Test pictures on which accuracy is taken while training. */
const WATCHED = 500;

/** Trains what is missing and measures. `data`: see readCifar. Throws as trainedClassifier and trainedExplainer do. */
export async function cifar(config: CifarConfig, data: string | undefined, run: RunOptions): Promise<Findings> {
  run.onPhase?.('reading the pictures');
  const { train, test, source } = await readCifar(data, config.data);
  const samples = augmented(train, config.augmentation, run.seed, NORMAL);
  const watched = everySo(test, WATCHED);
  const { turn, scale, shift } = config.augmentation;
  const named = `${source}; turned by up to ${turn} degrees, scaled by ${scale}, moved by ${shift} pixels`;
  const f = await trainedClassifier(config.classifier, samples, pictureSamples(watched, NORMAL), named, CARD, run);
  try {
    const accuracy = await accuracyOn(f.classifier, pictureSamples(test));
    const given = { config, classifier: f.classifier, train: pictureSamples(train), test, accuracy, source, run };
    const found = await measureCifar(given);
    return { title: config.title, data: source, ...found, seconds: { classifier: f.seconds, ...found.seconds } };
  } finally {
    await f.classifier.dispose();
  }
}

/** At most `count` of the pictures, evenly spread. */
function everySo({ pixels, labels }: Pictures, count: number): Pictures {
  const bytes = pixels.length / labels.length;
  const n = Math.min(count, labels.length);
  const at = Array.from({ length: n }, (_, i) => Math.floor((i * labels.length) / n));
  const chosen = new Uint8Array(n * bytes);
  at.forEach((from, i) => chosen.set(pixels.subarray(from * bytes, (from + 1) * bytes), i * bytes));
  return { pixels: chosen, labels: Uint8Array.from(at, (i) => labels[i]!) };
}
