// Pieces joined to words for each kind of vocabulary, in whatever script; tokens that are no part of a text, and how long a text may be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { joined, marksOf, type Marks } from '../../src/data/joined-pieces.js';
import { openTokenizer } from '../../src/data/tokenizer.js';
import { tokenizerJson } from '../nets/tokenizer.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-pieces-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** GPT-2's characters of bytes: those that can be seen as they are, the others from U+0100 on. */
const SEEN = Array.from({ length: 256 }, (_, b) => (b > 0x20 && b < 0x7f) || (b > 0xa0 && b < 0xad) || b > 0xad);
const CHARACTERS = SEEN.map((seen, byte) =>
  String.fromCodePoint(seen ? byte : 256 + SEEN.slice(0, byte).filter((s) => !s).length),
);
const asBytes = (text: string): string => [...new TextEncoder().encode(text)].map((byte) => CHARACTERS[byte]!).join('');
const textOf = (characters: string): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from([...characters], (c) => CHARACTERS.indexOf(c)));

function words(marks: Marks, tokens: readonly string[], decode: (token: string) => string): string[] {
  const ids = [...tokens.keys()];
  const of = (chosen: number[]): string => decode(chosen.map((id) => tokens[id]!).join(''));
  return joined(marks, ids, tokens, tokens.map(() => false), of).map((w) => w.text); // prettier-ignore
}
const byBytes = (...pieces: string[]): string[] => words({ kind: 'bytes' }, pieces.map(asBytes), textOf);

test('byte-level pieces: one word alone, line ends, punctuation, and letters that several tokens share', () => {
  // No piece begins with a space, and there is one word all the same.
  expect(byBytes('un', 'believ', 'able')).toEqual(['unbelievable']);
  // The token of a line end is shown as a letter (Ċ) and is none.
  expect(byBytes('not', '\n', 'bad', ' ', 'film', 's', '.')).toEqual(['not', '\\n', 'bad', 'films', '.']);
  // שלום עולם, a byte a token: bytes of Hebrew are shown as × and ©, which are no letters.
  const hebrew = [...asBytes('\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd')];
  expect(words({ kind: 'bytes' }, hebrew, textOf)).toEqual(['\u05e9\u05dc\u05d5\u05dd', '\u05e2\u05d5\u05dc\u05dd']);
  // An emoji in four tokens is one sign, and no part of the word before it.
  expect(words({ kind: 'bytes' }, ['good', ...asBytes('\u{1f600}')], textOf)).toEqual(['good', '\u{1f600}']);
  expect(byBytes('\u5317', '\u4eac', ' good')).toEqual(['\u5317', '\u4eac', 'good']);
});

test('pieces with a mark for a space, a further piece or a last one; none where there is no mark', () => {
  const plain = (text: string): string => text.replaceAll('\u2581', ' ');
  expect(words({ kind: 'spaces' }, ['good', 'ness', ',', '\u2581', 'film'], plain)).toEqual(['goodness', ',', 'film']);
  // A Maltese word begins with the letter that byte-level vocabularies have for a space.
  const further = { kind: 'further', mark: '##' } as const;
  expect(words(further, ['\u0120u', '##\u017ceppi', 'kien'], (t) => t.replaceAll('##', ''))).toEqual(['\u0120u\u017ceppi', 'kien']); // prettier-ignore
  expect(words({ kind: 'last', mark: '</w>' }, ['go', 'od</w>', 'film</w>'], (t) => t.replaceAll('</w>', ''))).toEqual(['good', 'film']); // prettier-ignore
  expect(words({ kind: 'none' }, ['good', 'film'], (t) => t)).toEqual(['good', 'film']);
});

test('the kind of marks is what the file says', () => {
  expect(marksOf({ model: { type: 'WordPiece' } })).toEqual({ kind: 'further', mark: '##' });
  expect(marksOf({ model: { type: 'BPE', end_of_word_suffix: '</w>' } })).toEqual({ kind: 'last', mark: '</w>' });
  expect(marksOf({ model: { type: 'BPE' }, pre_tokenizer: { type: 'ByteLevel' } })).toEqual({ kind: 'bytes' });
  const sequence = { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace' }] };
  expect(marksOf({ model: { type: 'Unigram' }, pre_tokenizer: sequence })).toEqual({ kind: 'spaces' });
  expect(marksOf({ model: { type: 'WordLevel' }, pre_tokenizer: { type: 'Whitespace' } })).toEqual({ kind: 'none' });
});

test('a word that a SentencePiece vocabulary lacks is a word of the text, no special token', async () => {
  const metaspace = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true };
  const json = {
    ...tokenizerJson(),
    normalizer: null,
    pre_tokenizer: metaspace,
    decoder: metaspace,
    post_processor: null,
    added_tokens: [{ id: 0, content: '<unk>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }], // prettier-ignore
    model: { type: 'Unigram', unk_id: 0, vocab: [['<unk>', 0], ['\u2581good', -1]] }, // prettier-ignore
  };
  const file = join(folder, 'tokenizer.json');
  writeFileSync(file, JSON.stringify(json));
  const { ids, special } = (await openTokenizer(file)).encode('good zz');
  expect([ids, special]).toEqual([
    [1, 0],
    [false, false],
  ]);
});

test.each([
  ['bert', 512],
  // The first of RoBERTa's positions is the one behind the pad token's id, 1.
  ['roberta', 510],
  ['xlm-roberta', 510],
  ['mpnet', 510],
])('%s with 512 positions takes %i tokens', async (model_type, most) => {
  writeFileSync(join(folder, 'bert.json'), JSON.stringify(tokenizerJson()));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type, max_position_embeddings: 512, pad_token_id: 1 }));
  expect((await openTokenizer(join(folder, 'bert.json'))).longest).toBe(most);
});
