// An experiment as data: what models/<name>/experiment.json says, with the quick variant applied, checked field by field.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { METHODS } from '../attribution/names.js';
import { LanError, messageOf } from '../core/errors.js';
import { packageFile } from '../core/version.js';
import { readTextSync } from '../data/files.js';
import { MASK_VALUES, NOISE_HELP, SCHEDULES, type MaskValues } from '../lan/choices.js';
import { parseLayers } from '../lan/notation.js';
import type { TrainSettings } from '../lan/train.js';
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
export type ExperimentConfig = TranslatedConfig | TankConfig | KnownFeaturesConfig;

const SCHEMA = 'lan-onnx/experiment@1';
/** Bytes of a config; those of the package have two thousand. */
const MAX_FILE = 2 ** 20;

/** Most samples, masks or permutations that a config may ask for, and most steps: a hundred times the paper's. */
const MOST = 1e6;
const MOST_STEPS = 1e7;
/** Side of the translated digits' pictures, and most of the tanks'. */
const CANVAS = 28;
const MOST_PIXELS = 512;

const whole = (low: number, high: number): z.ZodType<number> => {
  const error = `must be a whole number from ${low} to ${high}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
};
const above = (low: number, high: number): z.ZodType<number> => {
  const error = `must be a number above ${low}, at most ${high}`;
  return z.number({ error }).gt(low, { error }).max(high, { error });
};
const text = z.string({ error: 'must be a text' }).min(1, { error: 'must be a text' });
const section = <T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'must be an object') });

/** Weight of a mask's mean; the paper's go up to 5. */
const beta = above(0, 1000);
const NUMBER = '-?[0-9.]+(e-?[0-9]+)?';
const FAMILIES = new RegExp(
  `^(((uniform|gaussian)(:${NUMBER},${NUMBER})?)|constant:${NUMBER}|bootstrap(:.+)?|blur(:${NUMBER})?)$`,
);
const noise = text.regex(FAMILIES, { error: `must be one of ${NOISE_HELP.replace(' | tokens', '').replaceAll(' | ', ', ')}` });
/** A network in the paper's notation, read now and not after hours. */
const network = text.check((context) => {
  try {
    parseLayers(context.value);
  } catch (error) {
    const message = `cannot be read (${messageOf(error).replace(/\.$/, '')})`;
    context.issues.push({ code: 'custom', input: context.value, message });
  }
});
const train = {
  batch: whole(1, 4096),
  iterations: whole(1, MOST_STEPS),
  learningRate: above(0, 10),
  schedule: z.enum(SCHEDULES, { error: `must be one of ${SCHEDULES.join(', ')}` }),
};
/** The words of a list such as `gradient ig rise`. */
export const words = (list: string): string[] => list.split(/[\s,]+/).filter((w) => w !== '');

/** Some of these names, with spaces or commas between them. */
const listOf = (names: readonly string[]): z.ZodType<string> =>
  z.string({ error: 'must be a text' }).refine((list) => words(list).length > 0 && words(list).every((w) => names.includes(w)), {
    error: `must name some of ${names.join(', ')}`,
  });
const limit = z.number({ error: 'must be a number' });

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

const Raw = z.looseObject({ schema: z.literal(SCHEMA), kind: z.enum(['translated-digits', 'tank', 'known-features']) });

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
