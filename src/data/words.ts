// A text as counts of words (a bag of words, paper Appendix C), by a vocabulary file of one word a line.
import { LanError } from '../core/errors.js';

/** What a vocabulary knows about words. */
export interface WordIndex {
  readonly words: readonly string[];
  /** The text's words counted: [V], and what it was counted from. */
  count(text: string): Counted;
  /** Entries that are no words by the choices below (a sign, an emoji, `c++`), so that no text has them; without that for all words that the vocabulary lacks. */
  readonly never: readonly string[];
}

/** A text as its words. */
export interface Counted {
  /** [V]: how often each word of the vocabulary stands in the text. */
  readonly counts: Float32Array;
  /** The text in pieces, in order and whole: words with their entry in the vocabulary, where they have one, and what stands between them. */
  readonly pieces: readonly { readonly text: string; readonly entry?: number }[];
  /** Different words of the text that are in the vocabulary (phrases are none of them). */
  readonly known: number;
  /** Different words of the text that are not. */
  readonly unknown: number;
}

/** Entries for all words that a vocabulary lacks. */
const UNKNOWN = ['UNK', 'unk', '<unk>', '<UNK>', '[UNK]'];
/** A word: letters, digits and `_`; an apostrophe or hyphen between them joins where the vocabulary has it so. */
const JOINED = /[\p{L}\p{M}\p{N}_]+(?:['\u2019-][\p{L}\p{M}\p{N}_]+)*/gu;
const PART = /[\p{L}\p{M}\p{N}_]+/gu;

/**
 * The choices, all of them visible in the report: words are runs of letters and digits; they are in lower case where no entry of the vocabulary has a capital
 * (but for `UNK`); an entry of several words (`new york`) is counted as a phrase; a word that the vocabulary lacks counts for its entry `UNK` (or `<unk>`,
 * `[UNK]`), where there is one. Throws LanError (`data`) for a vocabulary with a word twice.
 */
export function wordIndex(words: readonly string[], name = 'Vocabulary'): WordIndex {
  const entries = new Map<string, number>();
  words.forEach((word, i) => {
    const first = entries.get(word);
    if (first !== undefined)
      throw new LanError(
        'data',
        `${name}: '${word}' stands on line ${first + 1} and on line ${i + 1}, so its count has two places.`,
      );
    entries.set(word, i);
  });
  const unknownEntry = UNKNOWN.map((word) => entries.get(word)).find((entry) => entry !== undefined);
  const folds = words.every((word, i) => i === unknownEntry || word === word.toLowerCase());
  const longest = words.reduce((most, word) => Math.max(most, word.split(' ').length), 1);
  const fold = (word: string): string => (folds ? word.toLowerCase() : word);
  const isEntry = (joined: string): boolean => entries.has(fold(joined));
  return {
    words,
    never: words.filter(
      (word, i) => i !== unknownEntry && Array.from(splitWords(word, isEntry), (part) => fold(part[0])).join(' ') !== word,
    ),
    count(text) {
      const counts = new Float32Array(words.length);
      const pieces: { text: string; entry?: number }[] = [];
      const sequence: string[] = [];
      const [known, unknown] = [new Set<string>(), new Set<string>()];
      let end = 0;
      for (const { index, 0: word } of splitWords(text, isEntry)) {
        if (index > end) pieces.push({ text: text.slice(end, index) });
        end = index + word.length;
        const own = fold(word);
        sequence.push(own);
        const entry = entries.get(own);
        (entry === undefined ? unknown : known).add(own);
        const counted = entry ?? unknownEntry;
        if (counted !== undefined) counts[counted]!++;
        pieces.push({ text: word, ...(counted === undefined ? {} : { entry: counted }) });
      }
      if (end < text.length) pieces.push({ text: text.slice(end) });
      for (let n = 2; n <= longest; n++)
        for (let i = 0; i + n <= sequence.length; i++) {
          const entry = entries.get(sequence.slice(i, i + n).join(' '));
          if (entry !== undefined) counts[entry]!++;
        }
      return { counts, pieces, known: known.size, unknown: unknown.size };
    },
  };
}

/** Words and where they begin; what an apostrophe or hyphen joins is one where `isEntry`, else its parts are. */
function* splitWords(
  text: string,
  isEntry: (joined: string) => boolean,
): Generator<{ readonly index: number; readonly 0: string }> {
  for (const { index, 0: joined } of text.matchAll(JOINED)) {
    if (isEntry(joined)) yield { index, 0: joined };
    else for (const part of joined.matchAll(PART)) yield { index: index + part.index, 0: part[0] };
  }
}
