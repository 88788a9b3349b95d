// An experiment as data: what models/<name>/experiment.json says, with the quick variant applied, checked field by field.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';
import { packageFile } from '../core/version.js';
import { readTextSync } from '../data/files.js';
import { CANVAS } from './fields.js';
import { KINDS, type ExperimentConfig, type TranslatedConfig } from './kinds.js';

const SCHEMA = 'lan-onnx/experiment@1';
/** Bytes of a config; those of the package have two thousand. */
const MAX_FILE = 2 ** 20;

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
  const { digit, exclude } = (config as Partial<TranslatedConfig>).data ?? {};
  if (digit === undefined || exclude === undefined) return [];
  return digit + exclude > CANVAS && exclude > 0
    ? [`data.digit ${digit} and data.exclude ${exclude} leave no room in pictures of ${CANVAS} x ${CANVAS}`]
    : [];
}
