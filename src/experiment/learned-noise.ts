// Learned noise beside constant, uniform and bootstrapped noise: LANs trained on each (Eq. 3), and the same evidence of all of them.
import { join } from 'node:path';
import { descending } from '../core/correlation.js';
import { argmax } from '../core/rows.js';
import { random, STREAMS } from '../core/random.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { openExplainer } from '../explain/explainer.js';
import { drawsOf } from '../lan/generator.js';
import { createNoise, type Noise } from '../lan/noise.js';
import type { Classifier } from '../model/open.js';
import { DIGIT, readDigits } from './data/digits.js';
import { placedName, translatedDigits, type TranslatedDigits } from './data/translated.js';
import { energyDistance } from './energy-distance.js';
import type { LearnedNoiseConfig } from './learned-noise-config.js';
import { atLeast, atMost, inParts, Interrupted, moreThan, trainedClassifier, trainedExplainer, type Findings, type RunOptions, type Table } from './run.js'; // prettier-ignore
import { CARD } from './translated-digits.js';

/** What a LAN is trained on. */
const NOISES = ['constant:0', 'uniform', 'bootstrap', 'learned'] as const;
/** What its masks are tried on, the same for all. */
const TRIALS = ['constant:0', 'uniform:0,1', 'bootstrap:held out'] as const;
/** Samples and draws whose distance is told. */
const NEAR = 200;
/** Draws of held-out digits as noise, apart from those that are explained. */
const NOISE_DRAW = 2_000_003;

/** What is found of one LAN: the part replaced, how often the answer is kept under each trial, and the distance of its noise from the data. */
interface Found {
  readonly replaced: number;
  readonly kept: readonly number[];
  /** The same where each mask replaces `evidence.share` of the pixels, those that it says are needed least: what of the former is not the share's doing. */
  readonly keptAtShare: readonly number[];
  readonly distance: number;
}

/** Trains what is missing, for every seed, and measures. `data`: see readDigits. Throws as training does, and Interrupted. */
export async function learnedNoise(config: LearnedNoiseConfig, data: string | undefined, run: RunOptions): Promise<Findings> {
  const digits = await readDigits(data);
  const seeds = Array.from({ length: config.repeats.seeds }, (_, i) => run.seed + i);
  const start = performance.now();
  const pictures = { side: config.data.digit, exclude: 0 };
  const named = placedName(digits.source, pictures);
  const rows: (string | number)[][] = [];
  const found = new Map<string, Found[]>(NOISES.map((noise) => [noise, []]));
  const bySeed = await inParts(run, 'seeds', seeds.length, async (at, parted) => {
    const seed = seeds[at]!;
    const results: Found[] = [];
    const train = translatedDigits(digits.train, { ...pictures, seed });
    const validation = translatedDigits(digits.validation, { ...pictures, seed: seed + 1 });
    const own = { ...parted, seed, folder: join(run.folder, `seed-${seed}`) };
    const { classifier } = await trainedClassifier(config.classifier, train, validation, named, CARD, own);
    try {
      for (const noise of NOISES) {
        if (run.signal?.aborted) throw new Interrupted();
        const told = { ...own, folder: join(own.folder, noise.replace(/\W.*/, '')), onPhase: (phase: string) => run.onPhase?.(`seed ${seed}, ${noise}: ${phase}`) }; // prettier-ignore
        const settings = { ...config.explainer, noise, maskValues: 'binary' as const };
        const trained = await trainedExplainer(settings, classifier, train, validation, named, told);
        const draws = trained.generator
          ? await drawsOf(trained.generator, trained.parameters, NEAR, seed, { engine: classifier.engine, specialize: (g) => classifier.specialize(g) }) // prettier-ignore
          : drawn(noise, train, NEAR, seed);
        const near = validation.read(range(NEAR, validation.count), NOISE_DRAW);
        const evidence = await tried(classifier, trained.lan, validation, config.evidence, seed);
        results.push({ ...evidence, distance: energyDistance(toFloat32(draws), near, PIXELS) });
      }
      return results;
    } finally {
      await classifier.dispose();
    }
  });
  for (const [at, results] of bySeed.entries())
    for (const [i, result] of results.entries()) {
      found.get(NOISES[i]!)!.push(result);
      rows.push([
        NOISES[i]!,
        seeds[at]!,
        ...[result.replaced, ...result.kept, ...result.keptAtShare].map(percent),
        Number(result.distance.toFixed(3)),
      ]);
    }
  const all = (noise: string, of: (f: Found) => number): number[] => found.get(noise)!.map(of);
  const gain = (from: string, of: (f: Found) => number): number =>
    Math.min(...all('learned', of).map((v, i) => v - all(from, of)[i]!));
  const held = (f: Found): number => f.keptAtShare[2]!;
  const share = `${percent(config.evidence.share)} %`;
  const table: Table = {
    file: 'noise.csv',
    caption: `A LAN for each noise and seed: the part of ${config.evidence.samples} held-out digits that its masks replace, how often the answer is kept when that is replaced by nothing, by uniform noise and by other held-out digits (per cent), the same where every mask replaces ${share}, those pixels that it needs least, and the energy distance of its noise from held-out digits in units of the mean distance of two of them (0: alike)`,
    columns: [
      'trained on',
      'seed',
      'replaced',
      ...TRIALS.map((t) => `kept under ${t}`),
      ...TRIALS.map((t) => `kept under ${t}, ${share} replaced`),
      'distance',
    ],
    rows,
  };
  return {
    title: config.title,
    data: `${digits.source}; ${seeds.length} seed(s), each with a classifier, data and noise of its own`,
    seconds: { all: (performance.now() - start) / 1000 },
    metrics: Object.fromEntries(
      NOISES.flatMap((noise) => {
        const name = noise.replace(/\W.*/, '');
        const mean = (of: (f: Found) => number): number => all(noise, of).reduce((a, b) => a + b, 0) / seeds.length;
        return [[`${name}_replaced`, mean((f) => f.replaced)], [`${name}_kept_under_other_digits`, mean((f) => f.kept[2]!)], [`${name}_kept_under_other_digits_at_equal_share`, mean(held)], [`${name}_distance`, mean((f) => f.distance)]]; // prettier-ignore
      }),
    ),
    verdicts: [
      atMost('distance of learned noise from the data, most over seeds', Math.max(...all('learned', (f) => f.distance)), config.limits['distance']!), // prettier-ignore
      moreThan('uniform noise is farther from the data: by how much, least over seeds', -Math.max(...all('learned', (f) => f.distance).map((v, i) => v - all('uniform', (f) => f.distance)[i]!)), 0), // prettier-ignore
      moreThan('constant noise is farther from the data: by how much, least over seeds', -Math.max(...all('learned', (f) => f.distance).map((v, i) => v - all('constant:0', (f) => f.distance)[i]!)), 0), // prettier-ignore
      atLeast(`kept under other digits, ${share} replaced by each: LAN on learned noise less LAN on constant noise, least over seeds`, gain('constant:0', held), config.limits['kept']!), // prettier-ignore
      atLeast('the same, less LAN on uniform noise', gain('uniform', held), config.limits['kept']!),
      atLeast('the same, less LAN on bootstrapped noise, which is what it is tried on', gain('bootstrap', held), config.limits['kept']!), // prettier-ignore
    ],
    figures: [],
    tables: [table],
  };
}

const PIXELS = DIGIT * DIGIT;
const percent = (v: number): number => Number((100 * v).toFixed(1));
const range = (n: number, count: number): Uint32Array => Uint32Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));

/** Draws [n,1,28,28] of noise that is not learned. */
function drawn(noise: string, train: TranslatedDigits, n: number, seed: number): Tensor {
  const dims = [n, 1, DIGIT, DIGIT];
  if (noise === 'bootstrap') return float32(train.read(range(n, train.count), NOISE_DRAW + 1), dims);
  const x = float32(new Float32Array(PIXELS), [1, 1, DIGIT, DIGIT]);
  const out = new Float32Array(n * PIXELS);
  createNoise(noise, { x, low: 0, high: 1 }).fill(out, random(seed, STREAMS.evidence), 0);
  return float32(out, dims);
}

/** The part that masks of held-out digits replace, and how often the answer is kept under each of TRIALS: as the masks are, and where each replaces the same share. */
async function tried(
  classifier: Classifier,
  lan: Uint8Array,
  validation: TranslatedDigits,
  { samples: count, share }: LearnedNoiseConfig['evidence'],
  seed: number,
): Promise<Omit<Found, 'distance'>> {
  const explainer = await openExplainer(lan, classifier);
  try {
    const indices = range(count, validation.count);
    const dims = [count, 1, DIGIT, DIGIT];
    const x = validation.read(indices, 1);
    const values = toFloat32(await explainer.explain(float32(x, dims)));
    const mask = values.map((v) => (v > 0.5 ? 1 : 0));
    const answers = argmax(await classifier.predict(float32(x, dims), classifier.card, 256));
    const others = float32(validation.read(range(count, validation.count).reverse(), NOISE_DRAW + 2), dims);
    const keptBy = async (replaced: Float32Array): Promise<number[]> => {
      const kept: number[] = [];
      for (const trial of TRIALS) {
        const context = { x: float32(x.slice(0, PIXELS), [1, 1, DIGIT, DIGIT]), low: 0, high: 1, samples: others };
        const noise: Noise = createNoise(trial, context);
        const eta = new Float32Array(count * PIXELS);
        noise.fill(eta, random(seed, STREAMS.evidence), 1);
        const mixed = float32(x.map((v, i) => (replaced[i] ? eta[i]! : v)), dims); // prettier-ignore
        const given = argmax(await classifier.predict(mixed, classifier.card, 256));
        kept.push(answers.filter((a, i) => a === given[i]).length / count);
      }
      return kept;
    };
    const replaced = mask.reduce((a, b) => a + b, 0) / mask.length;
    return { replaced, kept: await keptBy(mask), keptAtShare: await keptBy(ofShare(values, PIXELS, share)) };
  } finally {
    await explainer.dispose();
  }
}

/** Masks [n,size] of zeros and ones, each 1 on the `share` of its places where its values are largest, of equals the first. */
export function ofShare(values: Float32Array, size: number, share: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += size)
    for (const i of descending(values.subarray(at, at + size)).subarray(0, Math.round(share * size))) out[at + i] = 1;
  return out;
}
