// F and A as adversaries, the second direction of the paper's conclusion: on the tanks, and on translated digits, with several seeds.
import { join } from 'node:path';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../compile/specialize.js';
import { float32, toFloat32 } from '../core/tensor.js';
import { ensureWritable, writeAtomically } from '../data/files.js';
import { createOrtEngine, dialectModel, probe } from '../engine/ort.js';
import { createRelearner } from '../explain/relearn.js';
import { trainAdversaries, type Contested } from '../lan/adversary.js';
import { createExplainer } from '../lan/amortised.js';
import { classifierGraph } from '../lan/fit.js';
import { createNetwork } from '../lan/network.js';
import type { PartialCard } from '../model/card.js';
import { openModel, type Classifier } from '../model/open.js';
import { encodeModel } from '../onnx/codec.js';
import { contestedDigits, contestedTanks, type Game } from './data/contested.js';
import { readDigits } from './data/digits.js';
import { tankSamples } from './data/tank-samples.js';
import { tankPicture } from './data/tank.js';
import { placedName, translatedDigits } from './data/translated.js';
import { toPlanes } from '../data/planes.js';
import type { AdversaryConfig, TranslatedConfig } from './kinds.js';
import { atLeast, atMost, inParts, Interrupted, moreThan, trainedClassifier, trainedExplainer, type Figure, type Findings, type MapPanel, type RunOptions, type Table, type Verdict } from './run.js'; // prettier-ignore
import { perPixel } from './statistics.js';
import { accuracyOn } from './accuracy.js';
import { TANK_CARD } from './tank.js';
import { accuracyOf, attentionOn, CARD, measure } from './translated-digits.js';

/** How F was trained: by itself, against an A that hides what it likes, and told where to look. */
const VARIANTS = ['alone', 'hides', 'told'] as const;
type Variant = (typeof VARIANTS)[number];

/** What is found of one F, by name. */
type Figures = Readonly<Record<string, number>>;

/** All of one variant, seed by seed. */
type BySeed = Readonly<Record<Variant, readonly Figures[]>>;

/** Trains what is missing, for every seed, and measures. `data`: see readDigits. Throws as training does, and Interrupted. */
export async function adversaries(config: AdversaryConfig, data: string | undefined, run: RunOptions): Promise<Findings> {
  const seeds = Array.from({ length: config.repeats.seeds }, (_, i) => run.seed + i);
  const start = performance.now();
  const tankRuns = await bySeed(seeds, run, 'tank', async (variant, own) => ({ figures: await onTanks(variant, config, own) }));
  const middle = performance.now();
  const panels: MapPanel[] = [];
  const digitRuns = await bySeed(seeds, run, 'digits', async (variant, own) => {
    const { figures, mean } = await onDigits(variant, config, data, own);
    return { figures, ...(own.seed === run.seed ? { mean } : {}) };
  });
  for (const variant of VARIANTS)
    for (const { mean } of digitRuns[variant])
      if (mean) panels.push({ title: variant, values: mean, height: 28, width: 28, low: 0, high: 1 });
  const [tank, digits] = [figuresOf(tankRuns), figuresOf(digitRuns)];
  const figure: Figure = {
    kind: 'maps',
    file: 'grids.png',
    caption: 'Mean attention over inputs, translated digits: F alone, F against an A that hides, F told to look at the digit',
    panels,
  };
  return {
    title: config.title,
    data: `tanks (clouds there only with tanks), and ${(await readDigits(data)).source}; ${seeds.length} seed(s), each with networks, data and noise of its own`,
    seconds: { tanks: (middle - start) / 1000, digits: (performance.now() - middle) / 1000 },
    metrics: { ...meansOf('tank', tank), ...meansOf('digits', digits) },
    verdicts: [...tankVerdicts(tank, config.limits), ...digitVerdicts(digits, config.limits)],
    tables: [tableOf('tank', tank, seeds), tableOf('digits', digits, seeds)],
    figures: [figure],
  };
}

/** What is found of one F with one seed; `mean`: its mean attention, of the first seed. */
interface Found {
  readonly figures: Figures;
  readonly mean?: Float32Array;
}

type Runs = Readonly<Record<Variant, readonly Found[]>>;

const figuresOf = (runs: Runs): BySeed => ({
  alone: runs.alone.map((f) => f.figures),
  hides: runs.hides.map((f) => f.figures),
  told: runs.told.map((f) => f.figures),
});

async function bySeed(seeds: readonly number[], run: RunOptions, part: string, of: (variant: Variant, own: RunOptions) => Promise<Found>): Promise<Runs> {
  const all = seeds.flatMap((seed) => VARIANTS.map((variant) => ({ seed, variant })));
  const found = await inParts(run, part, all.length, (i, own) => {
    const { seed, variant } = all[i]!;
    const name = `${part}, ${variant}, seed ${seed}`;
    return of(variant, { ...own, seed, folder: join(run.folder, `${part}-${variant}-${seed}`), onPhase: (phase) => run.onPhase?.(`${name}: ${phase}`) });
  });
  const runsOf = (variant: Variant): Found[] => found.filter((_, i) => all[i]!.variant === variant);
  return { alone: runsOf('alone'), hides: runsOf('hides'), told: runsOf('told') };
} // prettier-ignore

const gameOf = (variant: Variant): Game => (variant === 'told' ? 'told' : 'hides');

/** Trains F against A, or takes it up, and opens it as any third party's model. */
async function trained(
  variant: Variant,
  { network: text, hider: written, ...settings }: AdversaryConfig['tank'] | AdversaryConfig['digits'],
  samples: Contested,
  named: string,
  card: PartialCard,
  run: RunOptions,
): Promise<Classifier> {
  await ensureWritable(run.folder);
  const { iterations, learningRate, schedule, batch, weight, reward } = settings;
  if (variant === 'alone') {
    const config = { network: text, iterations, learningRate, schedule, batch };
    // Its accuracy is measured on held-out samples later on, as that of the others is.
    const first = { ...samples, count: Math.min(samples.count, 256), labels: Array.from(samples.labels!).slice(0, 256) };
    return (await trainedClassifier(config, samples, first, named, card, run)).classifier;
  }
  run.onPhase?.(`training F and A, ${iterations} steps`);
  const network = createNetwork(text, samples.shape);
  const result = await trainAdversaries({
    engine: createOrtEngine(adapters, { threads: run.threads }),
    specialize: (graph) => specialize(graph, {}, probe, adapters),
    network,
    hider: createExplainer(written, samples.shape, 'pixel', { offset: 0, factor: 1 }),
    samples,
    // F is told to look at the prior alone: A is paid for hiding the rest. Without that it stops where F is so sure that its loss has no slope, however little is hidden.
    settings: { iterations, learningRate, schedule, batch, seed: run.seed, weight, price: variant === 'told' ? -reward : settings.price }, // prettier-ignore
    identity: { variant, data: named },
    files: { checkpoint: join(run.folder, 'adversaries.checkpoint'), metrics: join(run.folder, 'adversaries.metrics.jsonl'), resume: true }, // prettier-ignore
    onStep: run.onStep,
    signal: run.signal,
  });
  if (!result.finished) throw new Interrupted();
  const own = Object.fromEntries(network.parameters.map(({ name }) => [name, result.parameters[name]!]));
  const path = join(run.folder, 'classifier.onnx');
  await writeAtomically(path, encodeModel(dialectModel(classifierGraph(network, own))));
  await writeAtomically(join(run.folder, 'classifier.card.json'), `${JSON.stringify(card, null, 2)}\n`);
  return openModel(path, { engine: 'onnxruntime', threads: run.threads });
}

async function onTanks(variant: Variant, { tank, masks }: AdversaryConfig, run: RunOptions): Promise<Figures> {
  const { size, train, test } = tank;
  const { seed } = run;
  const classifier = await trained(variant, tank, contestedTanks(gameOf(variant), { count: train, size, seed }), 'tanks', TANK_CARD(size), run); // prettier-ignore
  try {
    const held = (clouds: Parameters<typeof tankSamples>[0]['clouds'], k: number) =>
      accuracyOn(classifier, tankSamples({ count: test, clouds, size, seed, first: train + k * test }));
    const accuracies = {
      accuracy: await held('with tanks', 0),
      accuracy_without_clouds: await held('never', 1),
      accuracy_clouds_with_the_other_class: await held('without tanks', 2),
    };
    run.onPhase?.(`masks of ${masks.pictures} pictures`);
    const first = train + 3 * test;
    const { noiseSamples, pictures, beta, draws, iterations } = masks;
    const noise = tankSamples({ count: noiseSamples, clouds: 'with tanks', size, seed, first });
    const pool = float32(noise.read(Uint32Array.from({ length: noiseSamples }, (_, i) => i)), [noiseSamples, 3, size, size]); // prettier-ignore
    const settings = {
      betas: [beta],
      draws,
      iterations,
      noise: 'bootstrap:training',
      maskValues: 'soft' as const,
      patience: 0,
      seed,
    };
    const relearner = await createRelearner(classifier, { settings, samples: pool });
    const area = size * size;
    const [attention, clouds, tanks] = [new Float32Array(pictures * area), new Uint8Array(pictures * area), new Uint8Array(pictures * area)]; // prettier-ignore
    try {
      for (let n = 0; n < pictures; n++) {
        if (run.signal?.aborted) throw new Interrupted();
        const picture = tankPicture({ tank: true, clouds: true }, seed, first + noiseSamples + n, size);
        const { order } = await relearner.mask(float32(Float32Array.from(toPlanes(picture, 3)), [1, 3, size, size]));
        attention.set(toFloat32(order).map((a) => 1 - a), n * area); // prettier-ignore
        clouds.set(picture.clouds, n * area);
        tanks.set(picture.tank, n * area);
      }
    } finally {
      await relearner.dispose();
    }
    const [onClouds, onTanks] = [perPixel(attention, clouds), perPixel(attention, tanks)];
    return { ...accuracies, attention_on_clouds: onClouds, attention_on_tanks: onTanks, tank_by_cloud: onTanks / onClouds };
  } finally {
    await classifier.dispose();
  }
}

async function onDigits(
  variant: Variant,
  { digits: settings, explainer, analysis, title }: AdversaryConfig,
  data: string | undefined,
  run: RunOptions,
): Promise<{ figures: Figures; mean: Float32Array }> {
  const digits = await readDigits(data);
  const { digit: side } = settings;
  const { seed } = run;
  const options = { side, exclude: 0 };
  const named = placedName(digits.source, options);
  const classifier = await trained(variant, settings, contestedDigits(gameOf(variant), digits.train, { side, seed }), named, CARD, run); // prettier-ignore
  try {
    const training = translatedDigits(digits.train, { ...options, seed });
    const validation = translatedDigits(digits.validation, { ...options, seed: seed + 1 });
    const accuracy = await accuracyOn(classifier, validation);
    const a = await trainedExplainer(explainer, classifier, training, validation, named, run);
    const attention = await attentionOn(classifier, a.lan, validation, analysis.masks);
    run.onPhase?.(`accuracy of ${analysis.digit}x${analysis.digit} digits at each pixel`);
    const like = { kind: 'translated-digits', title, data: { digit: side, exclude: 0 }, explainer, analysis, limits: {} } as unknown as TranslatedConfig; // prettier-ignore
    const map = await accuracyOf(classifier, digits.validation, like, run);
    const { metrics } = measure(like, accuracy, attention, map, seed);
    const mean = new Float32Array(28 * 28);
    attention.each.forEach((v, i) => (mean[i % mean.length]! += v / attention.count));
    const { variance_over_inputs, spatial_variance_of_mean, ...rest } = metrics as Record<string, number>;
    const grid = spatial_variance_of_mean! / variance_over_inputs!;
    const { box_ratio, mean_attention, correlation, accuracy_border, accuracy_centre } = rest;
    const figures = { accuracy, mean_attention, box_ratio, grid, correlation, accuracy_border, accuracy_centre } as Figures;
    return { figures, mean };
  } finally {
    await classifier.dispose();
  }
}

const values = (found: BySeed, variant: Variant, name: string): number[] => found[variant].map((f) => f[name]!);
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
/** By how much one variant exceeds another, seed by seed. */
const gains = (found: BySeed, variant: Variant, name: string): number[] =>
  values(found, variant, name).map((v, i) => v - values(found, 'alone', name)[i]!);

function tankVerdicts(found: BySeed, limits: AdversaryConfig['limits']): Verdict[] {
  const least = (variant: Variant, name: string): number => Math.min(...values(found, variant, name));
  const most = (variant: Variant, name: string): number => Math.max(...values(found, variant, name));
  return [
    atMost('tanks, F alone looks at clouds: attention of a tank pixel by that of a cloud pixel, most over seeds', most('alone', 'tank_by_cloud'), 1), // prettier-ignore
    atLeast(
      'tanks, F told to look at tanks does: the same, least over seeds',
      least('told', 'tank_by_cloud'),
      limits['tankByCloud']!,
    ),
    atLeast('tanks, F told keeps its accuracy, least over seeds', least('told', 'accuracy'), limits['accuracy']!),
    atMost('tanks, F alone where the clouds go with the other class: accuracy, most over seeds', most('alone', 'accuracy_clouds_with_the_other_class'), 0.5), // prettier-ignore
    atLeast('tanks, F told, where the clouds go with the other class: accuracy, least over seeds', least('told', 'accuracy_clouds_with_the_other_class'), limits['otherWeather']!), // prettier-ignore
    moreThan('tanks, F against an A that hides what it likes: gain in accuracy without clouds, least over seeds', Math.min(...gains(found, 'hides', 'accuracy_without_clouds')), limits['gain']!), // prettier-ignore
  ];
}

function digitVerdicts(found: BySeed, limits: AdversaryConfig['limits']): Verdict[] {
  return [
    atLeast('digits, F told to look at the digit: accuracy less that of F alone, least over seeds', Math.min(...gains(found, 'told', 'accuracy')), -limits['cost']!), // prettier-ignore
    atMost('digits, the grid of F told, by that of F alone (spatial variance of the mean attention by its variance over inputs), mean over seeds', mean(values(found, 'told', 'grid')) / mean(values(found, 'alone', 'grid')), 1), // prettier-ignore
    moreThan("digits, F told: attention inside the digit's square by that outside, less that of F alone, least over seeds", Math.min(...gains(found, 'told', 'box_ratio')), 0), // prettier-ignore
    moreThan('digits, F against an A that hides: accuracy of small digits at the border, less that of F alone, mean over seeds', mean(gains(found, 'hides', 'accuracy_border')), 0), // prettier-ignore
  ];
}

const meansOf = (part: string, found: BySeed): Record<string, number> =>
  Object.fromEntries(
    VARIANTS.flatMap((variant) =>
      Object.keys(found[variant][0] ?? {}).map((name) => [`${part}_${variant}_${name}`, mean(values(found, variant, name))]),
    ),
  );

function tableOf(part: string, found: BySeed, seeds: readonly number[]): Table {
  const names = Object.keys(found.alone[0] ?? {});
  const short = (v: number): number => Number(v.toPrecision(3));
  return {
    file: `${part}.csv`,
    caption: `${part}: F trained alone, against an A that hides what it likes, and told where to look, seed by seed`,
    columns: ['F', 'seed', ...names.map((name) => name.replaceAll('_', ' '))],
    rows: VARIANTS.flatMap((variant) => seeds.map((seed, i) => [variant, seed, ...names.map((name) => short(found[variant][i]![name]!))])), // prettier-ignore
  };
}
