// An experiment as data: what models/<name>/experiment.json says, with the quick variant applied, checked field by field.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { METHODS } from '../attribution/names.js';
import { LanError, messageOf } from '../core/errors.js';
import { packageFile } from '../core/version.js';
import { readTextSync } from '../data/files.js';
import { MASK_VALUES, type MaskValues } from '../lan/choices.js';
import type { TrainSettings } from '../lan/train.js';
import { beta, limit, listOf, MOST, MOST_STEPS, network, noise, section, train, whole } from './config-fields.js';
import { cifarFields, type CifarConfig } from './cifar-config.js';
import { newsgroupsFields, type NewsgroupsConfig } from './newsgroups-config.js';
import { SYN } from './data/known-features.js';

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

/** The settings of an experiment, as its JSON file has them; `kind` says which experiment. */
export type ExperimentConfig = TranslatedConfig | TankConfig | KnownFeaturesConfig | CifarConfig | NewsgroupsConfig;

const SCHEMA = 'lan-onnx/experiment@1';
/** Bytes of a config; those of the package have two thousand. */
const MAX_FILE = 2 ** 20;

/** Side of the translated digits' pictures, and most of the tanks'. */
const CANVAS = 28;
const MOST_PIXELS = 512;

/** What a config of each kind has to have, and all that it may have. */
const KINDS = {
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
      maskValues: z.enum(MASK_VALUES, { error: `must be one of ${MASK_VALUES.join(', ')}` }),
      ...train,
    }),
    masks: section({ beta, draws: whole(1, 1024), iterations: whole(1, MOST_STEPS) }),
    methods: section({ names: listOf(METHODS) }),
    limits: section({ divergence: limit, truePositives: limit, falseDiscoveries: limit }),
  }),
  cifar: cifarFields,
  newsgroups: newsgroupsFields,
} as const;

/** Names of the experiments that come with the package. */
export function experimentNames(): string[] {
  const folder = packageFile('models');
  if (!folder || !existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'experiment.json'))).sort(); // prettier-ignore
}

/**
 * The experiment `name` of the package, or of a .json file. `quick`: with the fields that its `quick` gives in place of others. Throws LanError
 * naming every field that is missing, unknown, of the wrong type or outside its range.
 */
export function readExperiment(name: string, quick: boolean): ExperimentConfig {
  const own = packageFile('models', name, 'experiment.json');
  const path = name.endsWith('.json') ? name : own && existsSync(own) ? own : undefined;
  if (!path)
    throw new LanError(
      'data',
      `No experiment is called '${name}'. There are ${experimentNames().join(', ')}; or give a .json file.`,
    );
  const where = `Experiment '${path}'`;
  const raw = Raw.safeParse(read(path, where)).data;
  if (!raw) throw new LanError('data', `${where}: expected schema ${SCHEMA} and a kind of ${Object.keys(KINDS).join(', ')}.`);
  const schema = KINDS[raw.kind];
  const variant = quick ? (raw['quick'] ?? {}) : {};
  const others = fieldsOf(variant);
  const strange = others ? Object.keys(others).filter((part) => !(part in schema.shape)) : [];
  if (!others || strange.length > 0)
    throw new LanError(
      'data',
      `${where}: quick ${others ? `has no part ${strange[0]}` : 'must be an object'}; it may hold fields of ${Object.keys(schema.shape).join(', ')}.`,
    );
  const sections = Object.fromEntries(
    Object.keys(schema.shape).map((part) => {
      const [value, other] = [fieldsOf(raw[part]), fieldsOf(others[part])];
      return [part, value && other ? { ...value, ...other } : (others[part] ?? raw[part])];
    }),
  );
  const { success, error, data } = schema.safeParse(sections);
  const problems = success ? contradictions(data) : error.issues.flatMap((issue) => sentences(issue, sections));
  if (problems.length > 0) throw new LanError('data', `${where}: ${problems.join('; ')}.`);
  return {
    kind: raw.kind,
    title: typeof raw['title'] === 'string' ? raw['title'] : name,
    ...sections,
  } as unknown as ExperimentConfig;
}

const Raw = z.looseObject({ schema: z.literal(SCHEMA), kind: z.enum(Object.keys(KINDS) as (keyof typeof KINDS)[]) });

function read(path: string, where: string): unknown {
  try {
    return JSON.parse(readTextSync(path, 'Experiment', { limit: MAX_FILE })) as unknown;
  } catch (error) {
    throw new LanError('data', `${where}: cannot be read (${messageOf(error)}).`);
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

/** What is wrong with a field, or with each that is unknown. */
function sentences(issue: z.core.$ZodIssue, sections: unknown): string[] {
  const at = (path: readonly PropertyKey[]): string => path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${at([...issue.path, key])} is unknown`);
  const value = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], sections);
  const shown = value === undefined ? 'which is missing' : `received ${JSON.stringify(value).slice(0, 100)}`;
  return [`${at(issue.path)} ${issue.message}, ${shown}`];
}

/** Fields of which each is sound, but not beside another. */
function contradictions(config: object): string[] {
  const { digit, exclude } = (config as TranslatedConfig).data;
  if (digit === undefined) return [];
  return digit + exclude > CANVAS && exclude > 0
    ? [`data.digit ${digit} and data.exclude ${exclude} leave no room in pictures of ${CANVAS} x ${CANVAS}`]
    : [];
}
