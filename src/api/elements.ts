// What the elements of an input are called: its tokens, or features with names.
import { LanError } from '../core/errors.js';
import { toFloat32 } from '../core/tensor.js';
import type { Classifier } from '../model/open.js';
import { elementsOf, type Features } from '../report/features.js';
import { tokensOf, unknownToken, type Tokens } from '../report/tokens.js';
import type { Sample } from './inputs.js';
import type { Words } from './reading.js';

/** The tokens on which the mask lies; undefined where it lies on none. Throws LanError (`data`) for one that the vocabulary lacks. */
export function tokensIn({ hookPoint }: Classifier, { vocabulary }: Words, { x, path, tokens: own }: Sample): Tokens | undefined {
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

/** What the elements are called, where the mask lies on the numbers of the input and somebody says so. */
export function featuresIn(
  { card, hookPoint, axes }: Classifier,
  { reading }: Words,
  { x, features }: Sample,
): Features | undefined {
  const names = reading.words?.words;
  if (features) return features;
  if (names) return { kind: 'word', names, values: toFloat32(x) };
  return card || hookPoint ? undefined : elementsOf(x, axes);
}
