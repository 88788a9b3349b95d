// A model opened for just as many tokens as a text has.
import { int64, sizeOf } from '../core/tensor.js';
import type { Tokenizer } from '../data/tokenizer.js';
import { openModel, type Classifier, type OpenOptions } from '../model/open.js';
import { conventionalFeeds, encodedWithin } from './token-inputs.js';

/** How many tokens a model is opened for, and how many of them, at the end, only fill a text up. */
export interface Length {
  readonly length: number;
  readonly padding: number;
}

/** What the other inputs of models of text are fed for such a text, where they have them. */
export function openingForLength(
  { length, padding }: Length,
  { conventional }: Pick<OpenOptions, 'conventional'>,
): Pick<OpenOptions, 'conventional'> {
  const shown = Array.from({ length }, (_, i) => (i < length - padding ? 1 : 0));
  return { conventional: { ...conventionalFeeds(padding === 0 ? 1 : int64(shown, [1, length])), ...conventional } };
}

/** How many tokens a text has, as far as the tokenizer's configuration lets it. */
export const lengthOfText = (tokenizer: Tokenizer, text: string): number => encodedWithin(tokenizer, text).ids.length;

/** Opens a model for `length` tokens: those alone, or, where the file fixes a larger number, with the others hidden from it as padding. Throws as openModel. */
export async function openForText(model: string | Uint8Array, length: number, options: OpenOptions): Promise<Classifier> {
  const opened = await openModel(model, {
    ...options,
    ...openingForLength({ length, padding: 0 }, options),
    sample: [1, length],
  });
  const own = sizeOf(opened.inputShape);
  if (own <= length) return opened;
  await opened.dispose();
  // What was tried once needs no further trial.
  const padded = openingForLength({ length: own, padding: own - length }, options);
  return openModel(model, { ...options, ...padded, sample: [1, own], trust: true });
}
