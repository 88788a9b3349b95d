// The kinds of experiments: what a config of each has to have, and all that it may have.
import { METHODS } from '../attribution/names.js';
import { MASK_VALUES, type MaskValues } from '../lan/choices.js';
import { z } from 'zod';
import type { TrainSettings } from '../lan/train.js';
import { cifarFields, type CifarConfig } from './cifar-config.js';
import { learnedNoiseFields, type LearnedNoiseConfig } from './learned-noise-config.js';
import { newsgroupsFields, type NewsgroupsConfig } from './newsgroups-config.js';
import { SYN } from './data/known-features.js';
import { above, beta, betas, CANVAS, limit, listOf, MOST, MOST_PIXELS, MOST_STEPS, network, noise, section, text, train, whole } from './fields.js'; // prettier-ignore

/** A network F and how it is trained. */
export interface ClassifierConfig extends TrainSettings {
  readonly network: string;
  readonly batch: number;
}

/** A LAN over the dataset (Eq. 3). */
export interface ExplainerConfig extends TrainSettings {
  readonly lan: string;
  readonly beta: number;
  readonly noise: string;
  readonly batch: number;
  readonly draws: number;
  /** Default 'soft', masks as Eq. 2 has them. */
  readonly maskValues?: MaskValues;
}

/** Translated MNIST (Section 5.1, Appendix A). */
export interface TranslatedConfig {
  readonly kind: 'translated-digits';
  readonly title: string;
  /** Side of the digits; `exclude`: side of the bottom right square that stays empty, 0 for none. */
  readonly data: { readonly digit: number; readonly exclude: number };
  readonly classifier: ClassifierConfig;
  readonly explainer: ExplainerConfig;
  /** Masks averaged, side of the digits of Fig. 3b, how many of them at each pixel, permutations. */
  readonly analysis: { readonly masks: number; readonly digit: number; readonly perPixel: number; readonly permutations: number };
  /** The verdicts' limits. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The tanks (Appendix G). */
export interface TankConfig {
  readonly kind: 'tank';
  readonly title: string;
  readonly data: { readonly size: number; readonly train: number; readonly test: number };
  readonly classifier: ClassifierConfig;
  /** Sample-specific masks (Eq. 4). */
  readonly masks: {
    readonly beta: number;
    readonly draws: number;
    readonly pictures: number;
    readonly iterations: number;
    readonly noiseSamples: number;
    /** Other methods on the same pictures, by name. */
    readonly methods: string;
  };
  readonly limits: Readonly<Record<string, number>>;
}

/** Data whose needed features are known: Syn1 to Syn6 of INVASE. */
export interface KnownFeaturesConfig {
  readonly kind: 'known-features';
  readonly title: string;
  /** `sets`: names of SYN; samples that are trained on, and as many of `test` for validation and to be explained. */
  readonly data: { readonly sets: string; readonly train: number; readonly test: number };
  readonly classifier: ClassifierConfig;
  readonly explainer: ExplainerConfig;
  /** Sample-specific masks (Eq. 4). */
  readonly masks: { readonly beta: number; readonly draws: number; readonly iterations: number };
  /** Other methods, by name. */
  readonly methods: { readonly names: string };
  /** The verdicts' limits. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The same for boosted trees, which have no gradient: masks by forward passes. */
export interface BoostedTreesConfig {
  readonly kind: 'boosted-trees';
  readonly title: string;
  readonly data: { readonly sets: string; readonly train: number; readonly test: number };
  readonly trees: { readonly trees: number; readonly depth: number; readonly learningRate: number; readonly leastWeight: number };
  /** Sample-specific masks (Eq. 4); `iterations`: of the default, `few`: as many as make no more forward passes than KernelSHAP does. */
  readonly masks: { readonly beta: number; readonly draws: number; readonly iterations: number; readonly few: number };
  readonly methods: { readonly names: string };
  readonly limits: Readonly<Record<string, number>>;
}

/** Spam, and words that were planted into what a classifier of texts is trained on. */
export interface SpamConfig {
  readonly kind: 'spam';
  readonly title: string;
  /** Words of the vocabulary, and the part of the mails that is held out. */
  readonly data: { readonly words: number; readonly test: number };
  /** Planted `words`, the part of the ham that each is written into, how often there by each word of the mail, and held-out mails that are explained. */
  readonly triggers: { readonly words: string; readonly share: number; readonly density: number; readonly documents: number };
  readonly classifier: ClassifierConfig;
  /** Sample-specific masks (Eq. 4) of the smallest part whose loss changes the answer. */
  readonly masks: { readonly beta: number; readonly iterations: number };
  readonly limits: Readonly<Record<string, number>>;
}

/** How F and A are trained against each other: F, A, what F's loss on hidden inputs counts, what A pays for hiding all, and what it is paid for that where F is told to look elsewhere. */
interface AdversarySection extends ClassifierConfig {
  readonly hider: string;
  readonly weight: number;
  readonly price: number;
  readonly reward: number;
}

/** F and A as adversaries (Section 6). */
export interface AdversaryConfig {
  readonly kind: 'adversary';
  readonly title: string;
  readonly repeats: { readonly seeds: number };
  readonly tank: AdversarySection & { readonly size: number; readonly train: number; readonly test: number };
  /** Sample-specific masks of tanks (Eq. 4). */
  readonly masks: Omit<TankConfig['masks'], 'methods'>;
  readonly digits: AdversarySection & { readonly digit: number };
  /** The LAN of the digits (Eq. 3), and what is measured of it, as in TranslatedConfig. */
  readonly explainer: ExplainerConfig;
  readonly analysis: TranslatedConfig['analysis'];
  readonly limits: Readonly<Record<string, number>>;
}

/** A trained network on photos (Appendix F). */
export interface ImagenetConfig {
  readonly kind: 'imagenet';
  readonly title: string;
  /** Photos at most; what has to be said of a network wherever it is shown, by the SHA-256 of its file. */
  readonly data: { readonly pictures: number; readonly remarks: Readonly<Record<string, string>> };
  /** Sample-specific masks (Eq. 4). `grids`: logits as sums of grids, in place of one an element. */
  readonly masks: {
    readonly iterations: number;
    readonly learningRate: number;
    readonly schedule: 'constant' | 'cosine';
    readonly betas: string;
    readonly draws: number;
    readonly grids: boolean;
    readonly evidenceDraws: number;
  };
  readonly limits: { readonly rising: number; readonly kept: number; readonly aboveNoise: number };
}

/** The settings of an experiment, as its JSON file has them; `kind` says which experiment. */
export type ExperimentConfig =
  | TranslatedConfig
  | TankConfig
  | KnownFeaturesConfig
  | BoostedTreesConfig
  | SpamConfig
  | AdversaryConfig
  | CifarConfig
  | NewsgroupsConfig
  | ImagenetConfig
  | LearnedNoiseConfig;

const game = { network, hider: network, weight: above(0, 1000), price: above(0, 1000), reward: above(0, 1000), ...train };

const maskValues = z.enum(MASK_VALUES, { error: `must be one of ${MASK_VALUES.join(', ')}` });

/** What a config of each kind has to have, and all that it may have. */
export const KINDS = {
  'translated-digits': section({
    data: section({ digit: whole(1, CANVAS), exclude: whole(0, CANVAS - 1) }),
    classifier: section({ network, ...train }),
    explainer: section({ lan: network, beta, noise, draws: whole(1, 1024), ...train }),
    analysis: section({
      masks: whole(2, MOST),
      digit: whole(1, CANVAS - 1),
      perPixel: whole(1, MOST),
      permutations: whole(1, MOST),
    }),
    limits: section({
      accuracy: limit,
      p: limit,
      boxRatio: limit,
      gridRatio: limit,
      cornerAttention: limit,
      cornerAccuracy: limit,
    }).partial(),
  }),
  tank: section({
    data: section({ size: whole(16, MOST_PIXELS), train: whole(2, MOST), test: whole(2, MOST) }),
    classifier: section({ network, ...train }),
    masks: section({
      beta,
      draws: whole(1, 1024),
      pictures: whole(1, MOST),
      iterations: whole(1, MOST_STEPS),
      noiseSamples: whole(1, MOST),
      methods: listOf(METHODS),
    }),
    limits: section({ accuracy: limit, chance: limit, attentionRatio: limit }),
  }),
  'known-features': section({
    data: section({ sets: listOf(SYN), train: whole(2, MOST), test: whole(2, MOST) }),
    classifier: section({ network, ...train }),
    explainer: section({
      lan: network,
      beta,
      noise,
      draws: whole(1, 1024),
      maskValues,
      ...train,
    }),
    masks: section({ beta, draws: whole(1, 1024), iterations: whole(1, MOST_STEPS) }),
    methods: section({ names: listOf(METHODS) }),
    limits: section({ divergence: limit, truePositives: limit, falseDiscoveries: limit }),
  }),
  imagenet: section({
    data: section({ pictures: whole(1, MOST), remarks: z.record(z.string(), text) }),
    masks: section({
      betas,
      iterations: train.iterations,
      learningRate: train.learningRate,
      schedule: z.enum(['constant', 'cosine'], { error: 'must be constant or cosine' }),
      draws: whole(1, 1024),
      grids: z.boolean({ error: 'must be true or false' }),
      evidenceDraws: whole(1, MOST),
    }),
    limits: section({ rising: limit, kept: limit, aboveNoise: limit }),
  }),
  cifar: cifarFields,
  newsgroups: newsgroupsFields,
  'learned-noise': learnedNoiseFields,
  'boosted-trees': section({
    data: section({ sets: listOf(SYN), train: whole(100, MOST), test: whole(2, MOST) }),
    trees: section({ trees: whole(1, 10_000), depth: whole(1, 12), learningRate: above(0, 1), leastWeight: above(0, MOST) }),
    masks: section({ beta, draws: whole(1, 1024), iterations: whole(1, MOST_STEPS), few: whole(1, MOST_STEPS) }),
    methods: section({ names: listOf(METHODS) }),
    limits: section({ divergence: limit, truePositives: limit, falseDiscoveries: limit }),
  }),
  spam: section({
    data: section({ words: whole(10, 100_000), test: above(0, 0.9) }),
    triggers: section({ words: text, share: above(0, 0.2), density: above(0, 1), documents: whole(1, MOST) }),
    classifier: section({ network, ...train }),
    masks: section({ beta, iterations: whole(1, MOST_STEPS) }),
    limits: section({ accuracy: limit, turned: limit, found: limit }),
  }),
  adversary: section({
    repeats: section({ seeds: whole(1, 100) }),
    tank: section({ ...game, size: whole(16, MOST_PIXELS), train: whole(2, MOST), test: whole(2, MOST) }),
    masks: section({
      beta,
      draws: whole(1, 1024),
      pictures: whole(1, MOST),
      iterations: whole(1, MOST_STEPS),
      noiseSamples: whole(1, MOST),
    }),
    digits: section({ ...game, digit: whole(1, CANVAS) }),
    explainer: section({ lan: network, beta, noise, draws: whole(1, 1024), ...train }),
    analysis: section({
      masks: whole(2, MOST),
      digit: whole(1, CANVAS - 1),
      perPixel: whole(1, MOST),
      permutations: whole(1, MOST),
    }),
    limits: section({ tankByCloud: limit, accuracy: limit, otherWeather: limit, gain: limit, cost: limit }),
  }),
} as const;
