// Whose class is whose: a dataset's labels as indices of a model's outputs, by name or by number.
import { LanError } from '../core/errors.js';
import { countLabels, type Dataset } from './dataset.js';

/** How many misfits a message lists. */
const LISTED = 10;

/** A dataset's labels in terms of a model's outputs. */
export interface Matched {
  /** One output index a sample. */
  readonly labels: Int32Array;
  /** How they were matched, for the user. */
  readonly note: string;
}

/**
 * Labels as output indices 0..outputs-1. Where both sides have names they are matched by name (case, '_' and ' ' apart; each of a label's
 * comma-separated synonyms, and a leading WordNet id); else the dataset's own numbers, or its classes in sorted order, have to fit the outputs.
 * `names`: the model's labels, [] where unknown. Throws LanError naming every label that does not fit, with its count.
 */
export function matchLabels(dataset: Dataset, names: readonly string[], outputs: number): Matched {
  const { labels, classes, name } = dataset;
  if (!labels)
    throw new LanError('data', `Dataset '${name}': has no labels. Expected a folder per class, or a file with labels.`);
  const counts = countLabels(labels);
  const samples = (label: number): string => `${classes?.[label] ?? `label ${label}`} (${counts.get(label) ?? 0} samples)`;
  if (classes && names.length > 0) {
    const index = indexOf(names);
    const found = classes.map((c) => index.get(plain(c)) ?? -1);
    // Classes without samples need no output.
    const misfits = found.flatMap((f, label) => (f < 0 && counts.has(label) ? [label] : []));
    if (misfits.length === 0)
      return { labels: labels.map((l) => found[l]!), note: "classes matched with the model's labels by name" };
    if (!dataset.numbered) throw refusal(name, misfits.map(samples), "are not among the model's labels", 'See `labels`.');
  }
  if (!dataset.numbered && classes) return byOrder(dataset, labels, classes, outputs, samples);
  const misfits = [...counts.keys()].filter((l) => l < 0 || l >= outputs).sort((a, b) => a - b);
  if (misfits.length > 0)
    throw refusal(name, misfits.map(samples), `do not fit the model's ${outputs} outputs`, 'Is it the dataset of another model?');
  return { labels, note: "the dataset's own numbers are the model's outputs" };
}

function byOrder(
  { name }: Dataset,
  labels: Int32Array,
  classes: readonly string[],
  outputs: number,
  samples: (label: number) => string,
): Matched {
  if (classes.every((c) => /^\d+$/.test(c))) {
    const misfits = classes.flatMap((c, label) => (Number(c) >= outputs ? [label] : []));
    if (misfits.length > 0)
      throw refusal(
        name,
        misfits.map(samples),
        `do not fit the model's ${outputs} outputs`,
        'Is it the dataset of another model?',
      );
    return { labels: labels.map((l) => Number(classes[l])), note: "class names are numbers: the model's outputs" };
  }
  if (classes.length > outputs)
    throw refusal(name, classes.slice(outputs).map((_, i) => samples(outputs + i)), `do not fit the model's ${outputs} outputs`, 'Is it the dataset of another model?'); // prettier-ignore
  if (classes.length < outputs)
    throw new LanError(
      'data',
      `Dataset '${name}': has ${classes.length} classes, the model ${outputs} outputs.`,
      "Give the model's class names with `labels`, so that they can be matched.",
    );
  return { labels, note: "the model's labels are unknown: the dataset's classes in sorted order are taken for its outputs" };
}

function refusal(name: string, misfits: readonly string[], what: string, advice: string): LanError {
  const more = misfits.length > LISTED ? ` and ${misfits.length - LISTED} more` : '';
  return new LanError(
    'data',
    `Dataset '${name}': ${misfits.length} class(es) ${what}: ${misfits.slice(0, LISTED).join(', ')}${more}.`,
    advice,
  );
}

const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[_\s]+/g, ' ');

/** Output index by every name it goes by; whole names first, so that a synonym never hides a class of that name. */
function indexOf(names: readonly string[]): Map<string, number> {
  const index = new Map<string, number>();
  const add = (key: string, i: number): void => void (index.has(key) || index.set(key, i));
  names.forEach((name, i) => add(plain(name), i));
  names.forEach((name, i) => {
    const [, id, rest] = /^(n\d{8})[\s,:]+(.*)$/.exec(name.trim()) ?? [];
    if (id !== undefined) add(id, i);
    for (const synonym of (rest ?? name).split(',')) add(plain(synonym), i);
  });
  return index;
}
