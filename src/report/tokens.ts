// What a mask says about tokens: which one, at which position, how much of it was noise; and the most needed ones in a line.
import { toFloat32, toNumbers, type Tensor } from '../core/tensor.js';

/** The tokens of one input. */
export interface Tokens {
  readonly ids: readonly number[];
  /** Text by id. */
  readonly vocabulary?: readonly string[];
  /** Text by position, where a tokenizer made them; wins over `vocabulary`. */
  readonly names?: readonly string[];
  /** By position: does the token belong to no text ([CLS], padding)? */
  readonly special?: readonly boolean[];
  /** Of a text: tokens at the end that only fill it up. */
  readonly padding?: number;
  /** Words, the pieces of each joined: `from` its first position, `to` behind its last. */
  readonly words?: readonly { readonly text: string; readonly from: number; readonly to: number }[];
}

/** A token of a text and how replaceable it is. */
export interface TokenMask {
  /** From 0. */
  readonly position: number;
  readonly id: number;
  /** Absent without a vocabulary. */
  readonly token?: string;
  /** In [0,1], 1 = replaceable. */
  readonly mask: number;
}

/** Most needed tokens that a line names. */
const NAMED = 5;

/** Ids [1,T] of one sample, with the vocabulary where there is one. */
export const tokensOf = (ids: Tensor, vocabulary?: readonly string[]): Tokens => ({
  ids: Array.from(toNumbers(ids)),
  ...(vocabulary ? { vocabulary } : {}),
});

/** Position and id of the first token that the vocabulary lacks. */
export function unknownToken({ ids, vocabulary }: Tokens): { readonly position: number; readonly id: number } | undefined {
  const position = vocabulary ? ids.findIndex((id) => vocabulary[id] === undefined) : -1;
  return position < 0 ? undefined : { position, id: ids[position]! };
}

/** One entry a token, of a mask [1,T,1] or [1,T,E]; of the latter the mean. */
export function tokenMasks({ ids, vocabulary, names }: Tokens, mask: Tensor): TokenMask[] {
  const values = toFloat32(mask);
  const width = values.length / ids.length;
  return ids.map((id, position) => {
    const own = values.subarray(position * width, (position + 1) * width);
    const token = names?.[position] ?? vocabulary?.[id];
    const mean = own.reduce((a, b) => a + b, 0) / width;
    return { position, id, ...(token === undefined ? {} : { token }), mask: mean };
  });
}

/** A word of a text and how replaceable it is: as the least replaceable of its pieces. */
export interface WordMask {
  readonly word: string;
  /** Positions of its tokens: the first (from 0), and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** In [0,1], 1 = replaceable. */
  readonly mask: number;
}

/** One entry a word, of the masks of its tokens; undefined where nobody joined them. */
export const wordMasks = ({ words }: Tokens, masks: readonly TokenMask[]): WordMask[] | undefined =>
  words?.map(({ text, from, to }) => ({
    word: text,
    from,
    to,
    mask: masks.slice(from, to).reduce((least, m) => Math.min(least, m.mask), 1),
  }));

/** Words in place of tokens, where a line names them: at the first of their positions. */
export const asTokens = (words: readonly WordMask[], tokens: readonly TokenMask[]): TokenMask[] =>
  words.map(({ word, from, mask }) => ({ position: from, id: tokens[from]!.id, token: word, mask }));

/** What is said of the tokens of an input: one entry each, and one a word where they were joined to words. */
export function tokensIn(tokens: Tokens, mask: Tensor): { readonly tokens: TokenMask[]; readonly words?: WordMask[] } {
  const masks = tokenMasks(tokens, mask);
  const words = wordMasks(tokens, masks);
  return { tokens: masks, ...(words ? { words } : {}) };
}

/** A token as a person reads it, at most 40 characters: what would steer a terminal or turn the direction of writing is shown as U+FFFD. */
export function readable({ id, token }: Pick<TokenMask, 'id' | 'token'>): string {
  if (token === undefined) return `id ${id}`;
  const plain = token.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd');
  const characters = [...plain];
  return characters.length > 40 ? `${characters.slice(0, 39).join('')}\u2026` : plain;
}

/** The least attention that is written as more than 0.00. */
const NEEDED = 0.005;

/** The most needed tokens, most needed first: at most five, none that is needed less than half as much as the first; none where none is needed. */
export function mostNeeded(tokens: readonly TokenMask[]): TokenMask[] {
  const sorted = tokens.toSorted((a, b) => a.mask - b.mask || a.position - b.position);
  const least = Math.max(NEEDED, sorted[0] ? (1 - sorted[0].mask) / 2 : 0);
  return sorted.slice(0, NAMED).filter((t) => 1 - t.mask >= least);
}

/** mostNeeded in words: `'good' at 2 (0.97), 'not' at 1 (0.81)`; in parentheses the attention, 1 - mask. */
export const needed = (tokens: readonly TokenMask[]): string =>
  mostNeeded(tokens)
    .map((t) => `${t.token === undefined ? readable(t) : `'${readable(t)}'`} at ${t.position} (${(1 - t.mask).toFixed(2)})`)
    .join(', ');
