// Class names from a file.
import { extname } from 'node:path';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';
import { fieldsOf } from '../data/csv-line.js';
import { readTextSync } from '../data/files.js';

/** Bytes of a file of names: a thousand times those of ImageNet's. */
const MAX_FILE = 2 ** 26;
/** More classes than any model has; a larger index is a slip, and would be memory without end. */
const MAX_LABELS = 1_000_000;

const Names = z.union([z.array(z.string()), z.record(z.string(), z.string())]);

/**
 * Class names from a file: one a line (.txt), a JSON list or {"0": "name"} object, or CSV with the index first.
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
    const { success, data } = Names.safeParse(json);
    if (!success) throw new LanError('data', `Labels '${path}': expected a list of names, or an object of names by index.`);
    return Array.isArray(data) ? data : byIndex(data, `Labels '${path}'`);
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
