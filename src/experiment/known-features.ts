// Data with known features: which features do LAN and other methods name, and which does the answer depend on?
import { join } from 'node:path';
import { descending } from '../core/correlation.js';
import { argmax } from '../core/rows.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { meanOf } from '../evidence/metric.js';
import { openExplainer } from '../explain/explainer.js';
import { createRelearner } from '../explain/relearn.js';
import { createNoise } from '../lan/noise.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/open.js';
import { byMethod } from './by-method.js';
import { words } from './fields.js';
import type { KnownFeaturesConfig } from './kinds.js';
import { FEATURES, isSwitched, logOddsOf, neededOf, synSamples, type Syn } from './data/known-features.js';
import { atLeast, atMost, inParts, Interrupted, trainedClassifier, trainedExplainer, type Findings, type MapPanel, type RunOptions, type Table, type Verdict } from './run.js'; // prettier-ignore

const DATA =
  'Syn1 to Syn6 of INVASE: eleven normal numbers, of which the answer depends on two to five; classes drawn by their probability';

/** Samples that noise is drawn from: other samples, whose features are independent. */
export const POOL = 4096;

/** Names of the two LANs among the methods. */
const [AMORTISED, SPECIFIC] = ['lan', 'lan-sample'];

/** What one method names in one sample: marks [11], 1 = needed. */
export type Named = Uint8Array;

/** Trains what is missing and measures. Throws as trainedClassifier does. */
export async function knownFeatures(config: KnownFeaturesConfig, _data: string | undefined, run: RunOptions): Promise<Findings> {
  const names = words(config.data.sets) as Syn[];
  const methods = [AMORTISED, SPECIFIC, ...words(config.methods.names)];
  const rows: (string | number)[][] = [];
  const metrics: Record<string, number> = {};
  const verdicts: Verdict[] = [];
  const panels: MapPanel[] = [];
  const seconds: Record<string, number> = {};
  const sets = await inParts(run, 'sets', names.length, (i, own) => onSet(names[i]!, config, methods, { ...own, folder: join(run.folder, names[i]!) })); // prettier-ignore
  for (const [i, found] of sets.entries()) {
    const set = names[i]!;
    seconds[set] = found.seconds;
    metrics[`${set}_accuracy`] = found.accuracy;
    metrics[`${set}_accuracy_of_the_exact_classifier`] = found.exact;
    metrics[`${set}_divergence`] = found.divergence;
    const { divergence, truePositives, falseDiscoveries } = config.limits;
    verdicts.push(atMost(`${set}: divergence of the classifier from the exact one, in nats`, found.divergence, divergence!));
    for (const [method, named] of found.named) {
      const { rates, row } = ratesOf(found.needed, named, run.seed);
      rows.push([set, method, ...row]);
      // What x11 chooses is a function with a jump, which no limit was promised for.
      if (method !== AMORTISED || isSwitched(set)) continue;
      verdicts.push(atLeast(`${set}: needed features that LAN names`, rates.truePositives.value, truePositives!));
      verdicts.push(atMost(`${set}: features named by LAN that are not needed`, rates.falseDiscoveries.value, falseDiscoveries!));
    }
    panels.push(panelOf(set, found));
  }
  const table: Table = {
    file: 'features.csv',
    caption:
      'True positives and false discoveries in per cent, with 95 % bootstrap intervals over samples. lan: one network for all samples (Eq. 3), lan-sample: a mask learned for each (Eq. 4); both find by themselves how many features are needed, the others are told',
    columns: ['set', 'method', 'true positives', 'low', 'high', 'false discoveries', 'low', 'high', 'features named'],
    rows,
  };
  return {
    title: config.title,
    data: DATA,
    metrics,
    verdicts,
    tables: [table],
    figures: [
      {
        kind: 'maps',
        file: 'features.png',
        caption: `How often each of x1 to x11 is named: the truth in the first row, then ${methods.join(', ')}`,
        panels,
      },
    ],
    seconds,
  };
}

interface Found {
  /** What each method names in each sample. */
  readonly named: ReadonlyMap<string, readonly Named[]>;
  readonly needed: readonly Named[];
  readonly accuracy: number;
  readonly exact: number;
  /** Mean of KL(exact || F) in nats. */
  readonly divergence: number;
  readonly seconds: number;
}

async function onSet(set: Syn, config: KnownFeaturesConfig, methods: readonly string[], run: RunOptions): Promise<Found> {
  const start = performance.now();
  const { train, test } = config.data;
  const { seed } = run;
  run.onPhase?.(`${set}: making ${train} samples`);
  const training = synSamples(set, { count: train, first: 2 * test, seed });
  const validation = synSamples(set, { count: test, first: test, seed });
  const samples = synSamples(set, { count: test, first: 0, seed });
  const named = `${set} of INVASE`;
  const told = { ...run, onPhase: (phase: string) => run.onPhase?.(`${set}: ${phase}`) };
  const card = { output: 'probabilities', labels: ['0', '1'] } as const;
  const { classifier } = await trainedClassifier(config.classifier, training, validation, named, card, told);
  try {
    const { lan } = await trainedExplainer(config.explainer, classifier, training, validation, named, told);
    const x = await samples.read(range(test), 0);
    const at = (i: number): Float32Array => x.subarray(i * FEATURES, (i + 1) * FEATURES);
    const needed = range(test).map((i) => neededOf(set, at(i)));
    const p = await classifier.predict(float32(x, [test, FEATURES]), undefined, 256);
    const pool = float32(await training.read(range(Math.min(POOL, train)), 0), [Math.min(POOL, train), FEATURES]);
    const explained = new Map<string, readonly Named[]>();
    for (const method of methods) {
      told.onPhase(`${test} samples by ${method}`);
      const explain = await explainerOf(method, { classifier, lan, pool, config, seed, x, needed });
      const all: Named[] = [];
      try {
        for (let i = 0; i < test; i++) {
          if (run.signal?.aborted) throw new Interrupted();
          all.push(await explain.of(i));
        }
      } finally {
        await explain.dispose();
      }
      explained.set(method, all);
    }
    return { named: explained, needed, ...qualityOf(set, samples, x, p), seconds: (performance.now() - start) / 1000 };
  } finally {
    await classifier.dispose();
  }
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

interface Given {
  readonly classifier: Classifier;
  readonly lan: Uint8Array;
  readonly pool: Tensor;
  readonly config: KnownFeaturesConfig;
  readonly seed: number;
  /** All samples [n,11], and what is needed of them. */
  readonly x: Float32Array;
  readonly needed: readonly Named[];
}

interface ExplainsBySample {
  of(sample: number): Promise<Named>;
  dispose(): Promise<void>;
}

async function explainerOf(name: string, given: Given): Promise<ExplainsBySample> {
  const { classifier, lan, pool, config, seed, x, needed } = given;
  const one = (i: number): Tensor => float32(x.slice(i * FEATURES, (i + 1) * FEATURES), [1, FEATURES]);
  /** Named is what a mask does not replace. */
  const kept = (mask: Tensor): Named => Uint8Array.from(toFloat32(mask), (v) => Number(v <= 0.5));
  if (name === AMORTISED) {
    const explainer = await openExplainer(lan, classifier);
    return { of: async (i) => kept(await explainer.explain(one(i))), dispose: () => explainer.dispose() };
  }
  if (name === SPECIFIC) {
    const { beta, iterations, draws } = config.masks;
    const settings = { betas: [beta], iterations, draws, noise: 'bootstrap:training', sharpen: 0, patience: 0, seed };
    const relearner = await createRelearner(classifier, { settings, samples: pool });
    return { of: async (i) => kept((await relearner.mask(one(i))).order), dispose: () => relearner.dispose() };
  }
  const method = byMethod(name, classifier, 'full');
  return {
    async of(i) {
      const sample = one(i);
      const noise = createNoise('bootstrap:training', { x: sample, low: 0, high: 1, samples: pool });
      // Of chance each sample has an order of its own.
      const { attribution, need } = await method.of(sample, noise, seed + i);
      // A feature that speaks against the answer is needed as well as one that speaks for it: of values with a sign the size counts.
      const sizes = attribution ? toFloat32(attribution).map(Math.abs) : toFloat32(need);
      const marks = new Uint8Array(FEATURES);
      for (const j of descending(sizes).subarray(0, countOf(needed[i]!))) marks[j] = 1;
      return marks;
    },
    dispose: () => method.dispose(),
  };
}

/** How many are named. */
export const countOf = (marks: Named): number => marks.reduce((a, b) => a + b, 0);

/** How good the classifier is beside the exact one: how often each is right, and how far their probabilities are apart. */
export function qualityOf(
  set: Syn,
  { labels, count }: Samples,
  x: Float32Array,
  p: Tensor,
): Pick<Found, 'accuracy' | 'exact' | 'divergence'> {
  let [right, exact, divergence] = [0, 0, 0];
  const probabilities = toFloat32(p);
  argmax(p).forEach((answer, i) => {
    const odds = logOddsOf(set, x.subarray(i * FEATURES, (i + 1) * FEATURES));
    if (answer === labels![i]) right++;
    if (labels![i] === (odds > 0 ? 0 : 1)) exact++;
    const own = [1 / (1 + Math.exp(-odds)), 1 / (1 + Math.exp(odds))];
    own.forEach((q, k) => (divergence += q > 0 ? q * Math.log(q / Math.max(1e-30, probabilities[2 * i + k]!)) : 0));
  });
  return { accuracy: right / count, exact: exact / count, divergence: divergence / count };
}

/**
 * The mean over samples of two rates of INVASE: of the needed features the part that is named, and of the named ones the part that is not needed (0 where none is
 * named), with their intervals; and the row of the table, in per cent.
 */
export function ratesOf(needed: readonly Named[], named: readonly Named[], seed: number) {
  const hits = named.map((marks, i) => marks.reduce((sum, m, j) => sum + m * needed[i]![j]!, 0));
  const truePositives = meanOf(hits.map((h, i) => h / countOf(needed[i]!)), seed); // prettier-ignore
  const falseDiscoveries = meanOf(named.map((marks, i) => (countOf(marks) === 0 ? 0 : 1 - hits[i]! / countOf(marks))), seed); // prettier-ignore
  const inPerCent = ({ value, interval = [value, value] }: ReturnType<typeof meanOf>): number[] =>
    [value, ...interval].map((v) => Number((100 * v).toFixed(1)));
  const count = named.reduce((sum, marks) => sum + countOf(marks), 0) / named.length;
  const row = [...inPerCent(truePositives), ...inPerCent(falseDiscoveries), Number(count.toFixed(2))];
  return { rates: { truePositives, falseDiscoveries }, row };
}

/** A row of features for the truth and for each method: how often each is named. */
function panelOf(set: Syn, { needed, named }: Found): MapPanel {
  const rows = [needed, ...named.values()];
  const values = rows.flatMap((marks) => range(FEATURES).map((j) => marks.reduce((sum, m) => sum + m[j]!, 0) / marks.length));
  return { title: set, values: Float32Array.from(values), height: rows.length, width: FEATURES, low: 0, high: 1 };
}
