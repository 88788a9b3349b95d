// What the elements of an input are called: tokens of a text, words of a vocabulary, features of a table, places of an array.
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { Classifier } from '../model/open.js';
import { elementsOf, named, type Features } from '../report/features.js';
import { readable, tokensOf, unknownToken, type Tokens } from '../report/tokens.js';
import type { Sample } from './inputs.js';
import type { Words } from './reading.js';

/** The tokens of a sample, where the mask lies on them. Throws LanError (`data`) for an id that the vocabulary lacks. */
export function tokensIn({ hookPoint }: Classifier, { x, path, tokens: own }: Sample, { vocabulary }: Words): Tokens | undefined {
  if (!hookPoint?.tokens) return undefined;
  if (own) return own;
  const tokens = tokensOf(x, vocabulary);
  const unknown = unknownToken(tokens);
  if (unknown)
    throw new LanError(
      'data',
      `\`vocabulary\` holds ${vocabulary!.length} tokens, but ${path === undefined ? 'the input' : `'${path}'`} has id ${unknown.id} at position ${unknown.position}.`,
      "Is it another model's?",
    );
  return tokens;
}

/** What the elements of a sample are called, where the mask lies on the numbers of the input and somebody says so. */
export function featuresIn(
  { card, hookPoint, axes }: Classifier,
  { x, features }: Sample,
  { reading }: Words,
): Features | undefined {
  const names = reading.words?.words;
  if (features) return features;
  if (names) return { kind: 'word', names, values: toFloat32(x) };
  return card || hookPoint ? undefined : elementsOf(x, axes);
}

/** A name for each element of a mask that lies on tokens or on elements with names: `'good' at 2`, `petal length = 4.7`; undefined for pictures. */
export function namesIn(classifier: Classifier, sample: Sample, words: Words): readonly string[] | undefined {
  const tokens = tokensIn(classifier, sample, words);
  if (tokens)
    return tokens.ids.map((id, position) => {
      const token = tokens.names?.[position] ?? tokens.vocabulary?.[id];
      return `${token === undefined ? readable({ id }) : `'${readable({ id, token })}'`} at ${position}`;
    });
  const features = featuresIn(classifier, sample, words);
  return features?.names.map((name, i) => named(features, { name, value: features.values[i]!, category: features.written?.[i] }));
}

/** The same where somebody gave those names: places of an array, whose neighbours are alike, have none of their own. */
export const ownNamesIn = (classifier: Classifier, sample: Sample, words: Words): readonly string[] | undefined =>
  featuresIn(classifier, sample, words)?.kind === 'element' ? undefined : namesIn(classifier, sample, words);

/** An element and its name. */
export interface NamedElement {
  /** From 0. */
  readonly index: number;
  readonly name: string;
}

/** Elements that a table names for each method. */
const NAMED = 5;

/** The elements that a need [1,...mask], higher = needed more, puts first; where a mask has several values for one of them, their mean counts. */
export function firstOf(need: Tensor, names: readonly string[]): NamedElement[] {
  const values = toFloat32(need);
  const width = values.length / names.length;
  const means = names.map((_, i) => values.subarray(i * width, (i + 1) * width).reduce((a, b) => a + b, 0) / width);
  return Array.from(names.keys())
    .sort((a, b) => means[b]! - means[a]! || a - b)
    .slice(0, NAMED)
    .map((index) => ({ index, name: names[index]! }));
}
