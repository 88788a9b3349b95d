// Class names from a file.
import { dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';
import { fieldsOf } from '../data/csv-line.js';
import { readTextSync } from '../data/files.js';
import { fileSize, isPlainFile, namesIn as namesOf } from '../data/places.js';

/** Bytes of a file of names: a thousand times those of ImageNet's. */
const MAX_FILE = 2 ** 26;
/** More classes than any model has; a larger index is a slip, and would be memory without end. */
const MAX_LABELS = 1_000_000;

const Names = z.union([z.array(z.string()), z.record(z.string(), z.string())]);
/** `{"cat": 0}`, as Keras' class_indices and torchvision's class_to_idx are. */
const Numbers = z.record(z.string(), z.int().nonnegative().lt(MAX_LABELS));

/**
 * Class names from a file: one a line (.txt), a JSON list, a {"0": "name"} or {"name": 0} object, either of them as the only such value of an object ({"classes": [...]}), or CSV with the index first.
 * Throws LanError (`data`) when the file cannot be read, is of another form, numbers a class 1,000,000 or above, or holds nothing.
 */
export function readLabels(path: string): string[] {
  const text = readTextSync(path, 'Labels', { limit: MAX_FILE });
  const labels = parseLabels(text, extname(path).toLowerCase(), path);
  if (labels.length === 0) throw new LanError('data', `Labels '${path}': the file holds no names.`);
  return labels;
}

function parseLabels(text: string, extension: string, path: string): string[] {
  if (extension === '.json') {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw new LanError('data', `Labels '${path}': cannot be read as JSON (${messageOf(error)}).`);
    }
    const names = namesIn(json) ?? namesIn(onlyOf(json));
    if (!names) throw new LanError('data', `Labels '${path}': expected a list of names, or an object of names by index.`);
    return Array.isArray(names) ? names : byIndex(names, `Labels '${path}'`);
  }
  const lines = text
    .split(/\r?\n/)
    .map((l) => l.trim())
    .filter((l) => l !== '');
  if (extension !== '.csv') return lines;
  const names: Record<string, string> = {};
  for (const line of lines) {
    // A quote that is never closed is part of a name.
    const [index = '', name] = fieldsOf(line) ?? line.split(',');
    // A header, or a line of something else, has no number in front.
    if (/^\d{1,15}$/.test(index) && name !== undefined) names[Number(index)] = name.trim();
  }
  return byIndex(names, `Labels '${path}'`);
}

/** A list of names or names by index, also where indices are given by name; undefined for anything else. */
function namesIn(json: unknown): string[] | Record<string, string> | undefined {
  const { success, data } = Names.safeParse(json);
  if (success) return data;
  const numbers = Numbers.safeParse(json);
  if (!numbers.success) return undefined;
  const turned = Object.fromEntries(Object.entries(numbers.data).map(([name, index]) => [index, name]));
  return Object.keys(turned).length === Object.keys(numbers.data).length ? turned : undefined;
}

/** Of an object the one value that holds names; undefined where none does, or several. */
function onlyOf(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return undefined;
  const found = Object.values(json).filter((value) => typeof value === 'object' && namesIn(value) !== undefined);
  return found.length === 1 ? found[0] : undefined;
}

/** Files that hold the names of classes by their own: `labels.txt`, `class_names.json`, `idx_to_class.json`. */
const NAMED =
  /^(class(es)?[_-]?)?(labels?|names|classes|categories|indices|label[_-]?map|synsets?)\.(txt|json|csv)$|^(idx|index|id)2?_?(to_?)?(class|label)\.json$|^(class|label)_?(to_?|2)(idx|index|id)\.json$/i;
/** Bytes of such a file that are looked at unasked. */
const MAX_BESIDE = 2 ** 20;

/**
 * A file beside the model that names as many classes as it has, for a hint: its order may be another's, so that nobody takes it unasked. Undefined where
 * there is none.
 */
export function labelsBeside(model: string, classes: number): string | undefined {
  const folder = dirname(model);
  const fits = (path: string): boolean => {
    try {
      return isPlainFile(path) && (fileSize(path) ?? 0) <= MAX_BESIDE && readLabels(path).length === classes;
    } catch {
      return false;
    }
  };
  try {
    return namesOf(folder).filter((name) => NAMED.test(name)).sort().map((name) => join(folder, name)).find(fits); // prettier-ignore
  } catch {
    return undefined;
  }
}

/** Names by their numbers; a number without a name is called `class 3`. Throws LanError (`data`) for what is no class number. */
export function byIndex(names: Readonly<Record<string, string>>, where: string): string[] {
  const entries = Object.entries(names);
  const wrong = entries.find(([index]) => !/^\d{1,15}$/.test(index) || Number(index) >= MAX_LABELS);
  if (wrong)
    throw new LanError('data', `${where}: class number '${wrong[0].slice(0, 40)}' is not one of 0 to ${MAX_LABELS - 1}.`);
  const length = entries.reduce((most, [index]) => Math.max(most, Number(index) + 1), 0);
  const labels = Array.from({ length }, (_, i) => `class ${i}`);
  for (const [index, name] of entries) labels[Number(index)] = name;
  return labels;
}
