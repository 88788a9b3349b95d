// A text as a reader sees it, in pieces with how needed each is: for pages, documents and terminals.
import { readable } from '../core/readable.js';
import { toFloat32 } from '../core/tensor.js';
import type { BetaResult } from '../explain/audit.js';
import { orderOf } from '../lan/learn.js';
import { keptBy, type Features } from './features.js';
import { tokensIn, type TokenMask, type Tokens } from './tokens.js';

/** A piece of a text. What no element of the mask stands for (spaces, words that the model does not know) has no attention. */
export interface Piece {
  readonly text: string;
  /** In [0,1], 1 = needed. */
  readonly attention?: number;
  /** Is it among what the hard claim leaves as it is? Absent where there is no such claim. */
  readonly kept?: boolean;
}

/** Whose words or tokens they are. */
export interface TextOf {
  readonly tokens?: Tokens;
  readonly features?: Features;
}

type Beta = Pick<BetaResult, 'learned' | 'evidence'>;

/** The text in pieces, joined without anything between; undefined where the input is no text. */
export function runningText({ tokens, features }: TextOf, beta: Beta): Piece[] | undefined {
  const kept = keptBy(beta);
  if (features?.pieces) {
    const mask = toFloat32(orderOf(beta.learned));
    return features.pieces.map(({ text, entry }) =>
      entry === undefined ? { text } : { text, attention: 1 - mask[entry]!, ...(kept ? { kept: kept[entry] === 1 } : {}) },
    );
  }
  if (!tokens?.words) return undefined;
  const { special = [] } = tokens;
  const { words = [], tokens: all } = tokensIn(tokens, orderOf(beta.learned));
  const width = (kept?.length ?? 0) / all.length;
  const own = words.filter(({ from }) => !special[from]);
  return own.flatMap(({ word, from, to, mask }, i): Piece[] => [
    ...(i === 0 ? [] : [{ text: ' ' }]),
    { text: word, attention: 1 - mask, ...(kept ? { kept: kept.subarray(from * width, to * width).includes(1) } : {}) },
  ]);
}

/** Pieces that a document holds at most. */
const PIECES = 2000;

/** What a document says of the text: its pieces, where the input is one. */
export function documentedText(of: TextOf, beta: Beta): { readonly text?: readonly Piece[] } {
  const text = runningText(of, beta)?.slice(0, PIECES);
  return text ? { text } : {};
}

/** Pieces as the tokens of a page: its words with their attention, and what else is not blank. */
export const asPageTokens = (pieces: readonly Piece[]): TokenMask[] =>
  pieces
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, attention = 0 }, position) => ({ position, id: position, token: text, mask: 1 - attention }));

/** Characters of a text that a terminal is shown. */
const SHOWN = 1000;

/**
 * The text in a line, with what is needed marked: what the hard claim leaves, where there is one, else what has more than half of the greatest attention.
 * `mark`: how a word is marked.
 */
export function markedText(pieces: readonly Piece[], mark: (word: string) => string = (word) => `**${word}**`): string {
  const half = pieces.reduce((most, { attention = 0 }) => Math.max(most, attention), 0) / 2;
  let length = 0;
  let line = '';
  for (const { text, attention, kept } of pieces) {
    const plain = readable(text.replace(/\s+/g, ' '));
    if ((length += plain.length) > SHOWN) return `${line}...`;
    line += attention !== undefined && (kept ?? attention > half) ? mark(plain) : plain;
  }
  return line.trim();
}

/** Names that a sentence lists. */
const LEFT = 10;

/** What the hard claim leaves of a text's tokens, in a sentence: words, or tokens where nobody joined them; undefined where there is no such claim. */
export function leftOfTokens(tokens: Tokens, beta: Beta): string | undefined {
  const kept = keptBy(beta);
  if (!kept) return undefined;
  const { words, tokens: all } = tokensIn(tokens, orderOf(beta.learned));
  const width = kept.length / all.length;
  const ranges = words ?? all.map(({ position, id, token }) => ({ word: token ?? `id ${id}`, from: position, to: position + 1 }));
  const left = ranges.filter(({ from, to }) => kept.subarray(from * width, to * width).includes(1));
  const names = left.slice(0, LEFT).map(({ word, from }) => (words ? `'${word}'` : `'${word}' at ${from}`));
  const more = left.length > LEFT ? ` and ${left.length - LEFT} more` : '';
  const of = `${ranges.length} ${words ? 'words' : 'tokens'}`;
  return left.length === 0
    ? `what was left: none of the ${of}`
    : `what was left: ${names.join(', ')}${more} (${left.length} of the ${of})`;
}
