// An experiment as data: what models/<name>/experiment.json says, with the quick variant applied, checked field by field.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LanError, messageOf } from '../core/errors.js';
import { packageFile } from '../core/version.js';
import { MASK_VALUES, SCHEDULES, type MaskValues } from '../lan/choices.js';
import type { TrainSettings } from '../lan/train.js';

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

/** Fields of each kind, with the type of each: what a config has to have, and all that it may have. */
const TRAIN = { batch: 'number', iterations: 'number', learningRate: 'number', schedule: 'string' };
const FIELDS: Readonly<Record<ExperimentConfig['kind'], Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  'translated-digits': {
    data: { digit: 'number', exclude: 'number' },
    classifier: { network: 'string', ...TRAIN },
    explainer: { lan: 'string', beta: 'number', noise: 'string', draws: 'number', ...TRAIN },
    analysis: { masks: 'number', digit: 'number', perPixel: 'number', permutations: 'number' },
  },
  tank: {
    data: { size: 'number', train: 'number', test: 'number' },
    classifier: { network: 'string', ...TRAIN },
    masks: {
      beta: 'number',
      draws: 'number',
      pictures: 'number',
      iterations: 'number',
      noiseSamples: 'number',
      methods: 'string',
    },
  },
  'known-features': {
    data: { sets: 'string', train: 'number', test: 'number' },
    classifier: { network: 'string', ...TRAIN },
    explainer: { lan: 'string', beta: 'number', noise: 'string', draws: 'number', maskValues: 'string', ...TRAIN },
    masks: { beta: 'number', draws: 'number', iterations: 'number' },
    methods: { names: 'string' },
  },
};

/** Names of the experiments that come with the package. */
export function experimentNames(): string[] {
  const folder = packageFile('models');
  if (!folder || !existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'experiment.json'))).sort(); // prettier-ignore
}

/**
 * The experiment `name` of the package, or of a .json file. `quick`: with the fields that its `quick` gives in place of others. Throws LanError
 * naming every field that is missing, unknown or of the wrong type.
 */
export function readExperiment(name: string, quick: boolean): ExperimentConfig {
  const own = packageFile('models', name, 'experiment.json');
  const path = name.endsWith('.json') ? name : own && existsSync(own) ? own : undefined;
  if (!path)
    throw new LanError(
      'data',
      `No experiment is called '${name}'. There are ${experimentNames().join(', ')}; or give a .json file.`,
    );
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw new LanError('data', `Experiment '${path}': cannot be read (${messageOf(error)}).`);
  }
  const kind = raw['kind'] as ExperimentConfig['kind'];
  if (raw['schema'] !== SCHEMA || !FIELDS[kind])
    throw new LanError(
      'data',
      `Experiment '${path}': expected schema ${SCHEMA} and a kind of ${Object.keys(FIELDS).join(', ')}.`,
    );
  const variant = (quick ? (raw['quick'] as Record<string, object> | undefined) : undefined) ?? {};
  const problems: string[] = [];
  const section = (part: string): unknown => {
    const value = { ...(raw[part] as object), ...variant[part] } as Record<string, unknown>;
    const fields = FIELDS[kind][part]!;
    for (const [field, type] of Object.entries(fields))
      if (typeof value[field] !== type)
        problems.push(`${part}.${field} is ${JSON.stringify(value[field]) ?? 'missing'}, expected a ${type}`);
    for (const field of Object.keys(value)) if (!(field in fields)) problems.push(`${part}.${field} is unknown`);
    if ('schedule' in fields && !SCHEDULES.includes(value['schedule'] as 'constant'))
      problems.push(`${part}.schedule is none of ${SCHEDULES.join(', ')}`);
    if ('maskValues' in fields && !MASK_VALUES.includes(value['maskValues'] as MaskValues))
      problems.push(`${part}.maskValues is none of ${MASK_VALUES.join(', ')}`);
    return value;
  };
  const sections = Object.fromEntries(Object.keys(FIELDS[kind]).map((part) => [part, section(part)]));
  if (problems.length > 0) throw new LanError('data', `Experiment '${path}': ${problems.join('; ')}.`);
  const limits = { ...(raw['limits'] as Record<string, number>), ...(variant['limits'] as Record<string, number> | undefined) };
  return { kind, title: String(raw['title']), ...sections, limits } as unknown as ExperimentConfig;
}
