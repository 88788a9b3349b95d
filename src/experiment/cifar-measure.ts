// What the masks of CIFAR-10 say: alike within a class or not, on the subject or not, and what beta does.
import { join } from 'node:path';
import { float32, toFloat32 } from '../core/tensor.js';
import { CIFAR10 } from '../data/cifar.js';
import { openExplainer } from '../explain/explainer.js';
import type { Samples } from '../lan/samples.js';
import type { Classifier } from '../model/open.js';
import type { CifarConfig } from './cifar-config.js';
import { attentionFigure, classFigure, likenessFigure } from './cifar-figures.js';
import { pictureSamples } from './data/augmented.js';
import { BYTES, SIDE, type Pictures } from './data/cifar-pictures.js';
import { areaUnderRoc, closestPairs, likeness, pairedDifference, unlikeBorder } from './mask-statistics.js';
import {
  atLeast,
  moreThan,
  trainedExplainer,
  type Figure,
  type Findings,
  type RunOptions,
  type Table,
  type Verdict,
} from './run.js';
import { specificMasks } from './specific-masks.js';

const AREA = SIDE * SIDE;
/** Masks that are learned together: more do not make a step cheaper. */
const TOGETHER = 32;
const CLASSES = CIFAR10.length;

/** A trained classifier and the pictures. */
export interface CifarGiven {
  readonly config: CifarConfig;
  readonly classifier: Classifier;
  /** In pixel space: what LANs are trained on, and noise. */
  readonly train: Samples;
  readonly test: Pictures;
  readonly accuracy: number;
  readonly source: string;
  readonly run: RunOptions;
}

type Found = Pick<Findings, 'metrics' | 'verdicts' | 'figures' | 'tables' | 'seconds'>;

/** Trains the LANs and the masks, and measures. Throws as trainedExplainer and specificMasks. */
export async function measureCifar(given: CifarGiven): Promise<Found> {
  const { config, accuracy, test } = given;
  const { limits } = config;
  const metrics: Record<string, number> = { accuracy, output_loss_of_noise_alone: await lossOfNoise(given) };
  const verdicts: Verdict[] = [atLeast('the classifier recognises test pictures', accuracy, limits['accuracy']!)];
  const figures: Figure[] = [];
  const seconds: Record<string, number> = {};
  const compared = balanced(test, config.explainer.masks);
  const single = balanced(test, config.masks.samples);
  const rows: (string | number)[][] = [];
  const onSingle: { beta: number; attention: Float32Array }[] = [];
  for (const beta of config.explainer.betas) {
    const found = await amortised(given, beta, [compared, single]);
    seconds[`LAN ${beta}`] = found.seconds;
    const [attention, own] = found.attention as [Float32Array, Float32Array];
    onSingle.push({ beta, attention: own });
    const alike = likeness(attention, compared.labels, CLASSES, given.run.seed);
    const pairs = closestPairs(alike.matrix, CLASSES);
    const place = 1 + pairs.findIndex(({ a, b }) => CIFAR10[a] === 'deer' && CIFAR10[b] === 'horse');
    Object.assign(metrics, {
      [`beta_${beta}_mask_mean`]: 1 - mean(attention),
      [`beta_${beta}_validation_output_loss`]: found.outputLoss,
      [`beta_${beta}_alike_within_classes`]: alike.within,
      [`beta_${beta}_alike_between_classes`]: alike.between,
      [`beta_${beta}_alike_difference_low`]: alike.interval[0],
      [`beta_${beta}_alike_difference_high`]: alike.interval[1],
      [`beta_${beta}_alike_p`]: alike.p,
    });
    verdicts.push(
      moreThan(`beta ${beta}: masks of one class are more alike than of two (difference of correlations, low end of its interval)`, alike.interval[0], limits['alike']!), // prettier-ignore
      { claim: `beta ${beta}: horse and deer are the closest pair of classes (their place among ${pairs.length})`, value: place, asked: 'place 1', holds: place === 1 }, // prettier-ignore
    );
    rows.push(...pairs.slice(0, 5).map((p, i) => [beta, i + 1, CIFAR10[p.a]!, CIFAR10[p.b]!, round(p.likeness)]));
    figures.push(
      attentionFigure(`figure-4-beta-${beta}.png`, `Fig. 4, beta ${beta}: test pictures, and the attention on them by one LAN`, { pictures: compared, attention }, ['horse', 'airplane', 'truck', 'bird', 'ship', 'deer']), // prettier-ignore
      classFigure(`classes-beta-${beta}.png`, `Mean attention on the pictures of each class, beta ${beta}`, { pictures: compared, attention }), // prettier-ignore
      likenessFigure(`alike-beta-${beta}.png`, `Mean correlation of two masks, by their classes, beta ${beta}`, alike.matrix),
    );
  }
  const specific = await ownMasks(given, single);
  seconds['masks'] = specific.seconds;
  Object.assign(metrics, { specific_mask_mean: mean(specific.means), specific_divergence: mean(specific.divergences) });
  figures.push(attentionFigure('figure-5.png', `Fig. 5: test pictures, each with the mask learned for it alone, beta ${config.masks.beta}`, { pictures: single, attention: specific.attention }, ['automobile', 'cat', 'deer', 'dog', 'horse', 'ship'])); // prettier-ignore
  subjectOf(single, specific.attention, onSingle, given, metrics, verdicts);
  const many = await atManyBetas(given, balanced(test, config.betas.samples));
  Object.assign(metrics, many.metrics);
  seconds['masks at many betas'] = many.seconds;
  const tables: Table[] = [
    { file: 'closest.csv', caption: 'The five pairs of classes whose masks are most alike', columns: ['beta', 'place', 'class', 'other class', 'correlation'], rows }, // prettier-ignore
    many.table,
  ];
  return { metrics, verdicts: [...verdicts, ...many.verdicts], figures: [...figures, many.figure], tables, seconds };
}

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const round = (v: number): number => Number(v.toPrecision(4));

/**
 * What it costs to lose the answer: the mean of L_F(F(eta), F(x)), x a test picture and eta another, in nats. Where beta is larger than what this is above the
 * loss of a mask, a mask that replaces everything is better than it.
 */
async function lossOfNoise({ classifier, test, train }: CifarGiven): Promise<number> {
  const { pixels, labels } = balanced(test, NOISE_SAMPLES);
  const n = labels.length;
  const answers = async (x: Float32Array): Promise<Float32Array> => toFloat32(await classifier.predict(float32(x, [n, 3, SIDE, SIDE]), classifier.card, n)); // prettier-ignore
  const own = await answers(Float32Array.from(pixels));
  // Evenly spread over the training pictures: in some sources they lie class by class, and so do the balanced ones; the step takes them apart.
  const others = await train.read(
    Uint32Array.from({ length: n }, (_, i) => (i * STEP) % train.count),
    0,
  );
  const lost = await answers(others);
  return own.reduce((sum, p, i) => sum - (p * Math.log(Math.max(1e-30, lost[i]!))) / n, 0);
}

/** Pictures of lossOfNoise, and the step between those that replace them, a prime. */
const [NOISE_SAMPLES, STEP] = [500, 7919];

/** About `count` pictures, of each class as many (where there are), in turns. */
function balanced({ pixels, labels }: Pictures, count: number): Pictures {
  const chosen: number[] = [];
  const each = Math.ceil(count / CLASSES);
  for (let c = 0; c < CLASSES; c++) {
    const own = Array.from({ length: labels.length }, (_, i) => i).filter((i) => labels[i] === c);
    const n = Math.min(each, own.length);
    for (let k = 0; k < n; k++) chosen.push(own[Math.floor((k * own.length) / n)]!);
  }
  // Fewer than a picture a class: spread over the classes.
  const kept = count >= CLASSES ? chosen : chosen.filter((_, k) => Math.floor((k * count) / chosen.length) !== Math.floor(((k - 1) * count) / chosen.length)); // prettier-ignore
  const out = new Uint8Array(kept.length * BYTES);
  kept.forEach((from, i) => out.set(pixels.subarray(from * BYTES, (from + 1) * BYTES), i * BYTES));
  return { pixels: out, labels: Uint8Array.from(kept, (i) => labels[i]!) };
}

/** A LAN at this beta, and its attention on some pictures. */
async function amortised({ config, classifier, train, test, source, run }: CifarGiven, beta: number, on: readonly Pictures[]) {
  const { lan, draws, batch, iterations, learningRate, schedule } = config.explainer;
  const settings = { lan, draws, batch, iterations, learningRate, schedule, beta, noise: 'bootstrap' };
  const own = { ...run, folder: join(run.folder, `beta-${beta}`), onPhase: (phase: string) => run.onPhase?.(`${phase}, beta ${beta}`) }; // prettier-ignore
  const trained = await trainedExplainer(settings, classifier, train, pictureSamples(test), source, own);
  const explainer = await openExplainer(trained.lan, classifier);
  try {
    const attention: Float32Array[] = [];
    for (const { pixels, labels } of on) {
      const x = float32(Float32Array.from(pixels), [labels.length, 3, SIDE, SIDE]);
      attention.push(toFloat32(await explainer.explain(x)).map((m) => 1 - m));
    }
    return { attention, seconds: trained.seconds, outputLoss: trained.validation?.['validation_output_loss'] ?? NaN };
  } finally {
    await explainer.dispose();
  }
}

/** A mask for each picture (Fig. 5). */
async function ownMasks(given: CifarGiven, { pixels, labels }: Pictures) {
  const { config, run } = given;
  const { beta, draws, iterations, learningRate, schedule } = config.masks;
  const found = await specificMasks({
    ...common(given),
    name: 'masks',
    x: Float32Array.from(pixels),
    betas: Array.from(labels, () => beta),
    settings: { draws, iterations, learningRate, schedule },
    run,
  });
  return { ...found, attention: found.masks.map((m) => 1 - m) };
}

const common = ({ classifier, train, source }: CifarGiven) => ({
  classifier,
  sampleShape: [3, SIDE, SIDE],
  maskShape: [1, SIDE, SIDE],
  noise: train,
  data: source,
  together: TOGETHER,
});

/** How well attention tells a picture's subject from its ground, of masks of its own and of those of the LANs. */
function subjectOf(
  { pixels, labels }: Pictures,
  specific: Float32Array,
  lans: readonly { readonly beta: number; readonly attention: Float32Array }[],
  { config, run }: CifarGiven,
  metrics: Record<string, number>,
  verdicts: Verdict[],
): void {
  const middle = Uint8Array.from({ length: AREA }, (_, i) => Number(Math.abs(Math.floor(i / SIDE) - 15.5) < 8 && Math.abs((i % SIDE) - 15.5) < 8)); // prettier-ignore
  const subjects = Array.from(labels, (_, i) => unlikeBorder(pixels.subarray(i * BYTES, (i + 1) * BYTES), SIDE, SIDE));
  const against = (attention: Float32Array, marks: (i: number) => Uint8Array): number[] =>
    Array.from(labels, (_, i) => areaUnderRoc(attention.subarray(i * AREA, (i + 1) * AREA), marks(i)));
  const own = against(specific, (i) => subjects[i]!);
  metrics['specific_on_subject'] = mean(own);
  metrics['specific_on_middle'] = mean(against(specific, () => middle));
  for (const { beta, attention } of lans) {
    const others = against(attention, (i) => subjects[i]!);
    const { value, interval } = pairedDifference(own, others, run.seed);
    Object.assign(metrics, {
      [`beta_${beta}_on_subject`]: mean(others),
      [`beta_${beta}_on_middle`]: mean(against(attention, () => middle)),
      [`beta_${beta}_specific_more_on_subject`]: value,
      [`beta_${beta}_specific_more_on_subject_low`]: interval[0],
      [`beta_${beta}_specific_more_on_subject_high`]: interval[1],
    });
    verdicts.push(
      moreThan(`masks of single pictures lie more on the subject than those of the LAN with beta ${beta} (difference of areas under the ROC curve, low end of its interval)`, interval[0], config.limits['subject']!), // prettier-ignore
    );
  }
}

/** Appendix E: the same pictures at all betas. */
async function atManyBetas(given: CifarGiven, pictures: Pictures) {
  const { values, draws, iterations, learningRate, schedule } = given.config.betas;
  const { pixels, labels } = pictures;
  const n = labels.length;
  const x = new Float32Array(n * values.length * BYTES);
  for (let i = 0; i < n; i++)
    for (let b = 0; b < values.length; b++) x.set(pixels.subarray(i * BYTES, (i + 1) * BYTES), (i * values.length + b) * BYTES);
  const settings = { draws, iterations, learningRate, schedule };
  const betas = Array.from({ length: n }, () => values).flat();
  const found = await specificMasks({ ...common(given), name: 'betas', x, betas, settings, run: given.run });
  const over = (of: Float32Array, b: number): number => mean(Array.from({ length: n }, (_, i) => of[i * values.length + b]!));
  const means = values.map((_, b) => over(found.means, b));
  const losses = values.map((_, b) => over(found.divergences, b));
  const rises = (of: readonly number[]): number => of.filter((v, b) => b > 0 && v > of[b - 1]!).length;
  const steps = values.length - 1;
  const all = Array.from({ length: n * values.length }, (_, k) => k);
  const shown = {
    pictures: { pixels: Uint8Array.from(x), labels: Uint8Array.from(all, (k) => labels[Math.floor(k / values.length)]!) },
    attention: found.masks.map((m) => 1 - m),
  };
  const figure = attentionFigure('appendix-e.png', 'Appendix E: pictures at rising betas', shown, undefined, (k) => `beta ${betas[k]!}`, values.length); // prettier-ignore
  const table: Table = {
    file: 'betas.csv',
    caption: `Appendix E: mean mask, and divergence of the answer on fresh noise in nats, over ${n} pictures`,
    columns: ['beta', 'mean mask', 'divergence'],
    rows: values.map((beta, b) => [beta, round(means[b]!), round(losses[b]!)]),
  };
  const verdicts = [
    atLeast(`the mean mask rises with beta (steps of ${steps})`, rises(means), steps),
    atLeast(`the output loss rises with beta (steps of ${steps})`, rises(losses), steps),
  ];
  const metrics = Object.fromEntries(values.flatMap((beta, b) => [[`at_beta_${beta}_mask_mean`, means[b]!], [`at_beta_${beta}_divergence`, losses[b]!]])); // prettier-ignore
  return { figure, table, verdicts, metrics, seconds: found.seconds };
}
