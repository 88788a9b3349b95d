// Pieces of words joined again, by what a vocabulary marks them with.

/** A word of a text and its tokens: `from` the first (from 0), `to` behind the last. */
export interface Word {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * How a vocabulary marks words. `further`: what stands in front of a piece that goes on (`##`, WordPiece); `last`: what stands behind a last one (`</w>`);
 * `bytes`: a character for each byte (`Ġ` a space); `spaces`: `▁` for a space (SentencePiece). Where pieces have no mark each is a word.
 */
export type Marks = { readonly kind: 'further' | 'last'; readonly mark: string } | { readonly kind: 'bytes' | 'spaces' | 'none' };

/** What of a tokenizer.json says how it marks words. */
export interface Marked {
  readonly model: {
    readonly type?: string | undefined;
    readonly continuing_subword_prefix?: string | null | undefined;
    readonly end_of_word_suffix?: string | null | undefined;
  };
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly decoder?: unknown;
}

/** The marks of a tokenizer: by its kind and not by its tokens, since a text may hold any character, and one word alone begins with no space. */
export function marksOf({ model, normalizer, pre_tokenizer, decoder }: Marked): Marks {
  const further = model.continuing_subword_prefix ?? (model.type === 'WordPiece' ? '##' : '');
  if (further !== '') return { kind: 'further', mark: further };
  if (model.end_of_word_suffix) return { kind: 'last', mark: model.end_of_word_suffix };
  const steps = JSON.stringify([normalizer, pre_tokenizer, decoder]);
  if (steps.includes('"ByteLevel"')) return { kind: 'bytes' };
  return { kind: steps.includes('"Metaspace"') || steps.includes('\u2581') ? 'spaces' : 'none' };
}

/** Scripts written without spaces, where what follows a piece begins no new word and ends none. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORDLIKE = /^[\p{L}\p{M}\p{N}]$/u;

/** The words of a text's tokens. Special tokens stand alone. `decode` gives the text of ids. */
export function joined(
  marks: Marks,
  ids: readonly number[],
  tokens: readonly string[],
  special: readonly boolean[],
  decode: (ids: number[]) => string,
): Word[] {
  const within = marks.kind === 'bytes' || marks.kind === 'spaces' ? withinWords(marks.kind, tokens) : undefined;
  const continues = (i: number): boolean => {
    if (i === 0 || special[i] || special[i - 1]) return false;
    if (within) return within(i);
    if (marks.kind === 'further') return tokens[i]!.startsWith(marks.mark);
    return marks.kind === 'last' && !tokens[i - 1]!.endsWith(marks.mark);
  };
  const words: { text: string; from: number; to: number }[] = [];
  tokens.forEach((own, i) => {
    if (words.length > 0 && continues(i)) words.at(-1)!.to = i + 1;
    else words.push({ text: own, from: i, to: i + 1 });
  });
  for (const word of words) {
    if (special[word.from]) continue;
    const text = decode(ids.slice(word.from, word.to));
    if (text.trim() !== '') word.text = text.trim();
    // A line end by itself is a token too, which a reader is to see.
    else if (/[^ ]/.test(text)) word.text = JSON.stringify(text).slice(1, -1);
  }
  return words;
}

/** Bytes that GPT-2's table shows as they are; the other ones follow from U+0100 on, in their order. */
const shown = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
const hidden = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !shown(byte));
const byteOf = (character: string): number | undefined => {
  const code = character.codePointAt(0)!;
  return code < 256 && shown(code) ? code : hidden[code - 256];
};

/** The bytes of a token's text. A token that was added to the vocabulary is text as it is. */
function bytesOf(kind: 'bytes' | 'spaces', token: string): readonly number[] {
  const plain = (text: string): number[] => [...new TextEncoder().encode(text)];
  if (kind === 'bytes') {
    const bytes = [...token].map(byteOf);
    return bytes.includes(undefined) ? plain(token) : (bytes as number[]);
  }
  const [, fallback] = /^<0x([0-9A-F]{2})>$/.exec(token) ?? [];
  return fallback === undefined ? plain(token.replaceAll('\u2581', ' ')) : [parseInt(fallback, 16)];
}

/** Does a token go on with the word of the one before it? Asked of the characters on both sides of where they meet, whose bytes several tokens may share. */
function withinWords(kind: 'bytes' | 'spaces', tokens: readonly string[]): (i: number) => boolean {
  const starts: number[] = [];
  const all: number[] = [];
  for (const token of tokens) {
    starts.push(all.length);
    for (const byte of bytesOf(kind, token)) all.push(byte);
  }
  const bytes = Uint8Array.from(all);
  // A character has four bytes at most.
  const text = (from: number, to: number): string[] => [...new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(Math.max(0, from), to))]; // prettier-ignore
  return (i) => {
    const at = starts[i]!;
    // Within a character.
    if (bytes[at]! >> 6 === 0b10) return true;
    const [next = ''] = text(at, at + 4);
    if (!WORDLIKE.test(next) || UNSPACED.test(next)) return false;
    const before = text(at - 4, at).at(-1) ?? '';
    // A space that is a token by itself belongs to the word that it is in front of.
    if (before === ' ') return at - starts[i - 1]! === 1;
    return WORDLIKE.test(before) && !UNSPACED.test(before);
  };
}
