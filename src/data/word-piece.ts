// A vocab.txt, as BERT's first tokenizers left it alone, as the tokenizer.json that says the same.
import { LanError } from '../core/errors.js';

/** What tokenizer_config.json says of a WordPiece tokenizer; what it leaves out is as BERT has it. */
export interface WordPieceConfig {
  readonly do_lower_case?: boolean | null;
  readonly strip_accents?: boolean | null;
  readonly tokenize_chinese_chars?: boolean | null;
  readonly unk?: string;
  readonly cls?: string;
  readonly sep?: string;
  readonly pad?: string;
  readonly mask?: string;
}

/**
 * The tokenizer.json of a vocabulary with one piece a line, its id the number of the line from 0. Where no configuration says whether texts go in in lower case, the vocabulary does, and
 * a note tells it. Throws LanError (`data`) for a vocabulary without the tokens that such a tokenizer needs.
 */
export function wordPieceJson(
  text: string,
  path: string,
  config: WordPieceConfig,
): { readonly json: object; readonly notes: readonly string[] } {
  const lines = text.replace(/^\ufeff/, '').split('\n').map((line) => line.replace(/\r$/, '')); // prettier-ignore
  if (lines.at(-1) === '') lines.pop();
  const vocab = new Map(lines.map((piece, id) => [piece, id]));
  const { unk = '[UNK]', cls = '[CLS]', sep = '[SEP]', pad = '[PAD]', mask = '[MASK]' } = config;
  const missing = [unk, cls, sep].filter((name) => !vocab.has(name));
  if (missing.length > 0)
    throw new LanError(
      'data',
      `Tokenizer '${path}': is no WordPiece vocabulary with one piece a line; it lacks ${missing.join(' and ')}.`,
      'Save the tokenizer as tokenizer.json: save_pretrained of a fast tokenizer of transformers does.',
    );
  const special = [pad, unk, cls, sep, mask].filter((name) => vocab.has(name));
  const cased = lines.some((piece) => !special.includes(piece) && !/^\[.*\]$/.test(piece) && piece !== piece.toLowerCase());
  const lowercase = config.do_lower_case ?? !cased;
  const named = (name: string) => ({ SpecialToken: { id: name, type_id: 0 } });
  const listed = (name: string) => ({ id: name, ids: [vocab.get(name)!], tokens: [name] });
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({
      id: vocab.get(content)!,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [named(cls), { Sequence: { id: 'A', type_id: 0 } }, named(sep)],
      pair: [],
      special_tokens: { [cls]: listed(cls), [sep]: listed(sep) },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  };
  const how = (config.do_lower_case ?? null) === null ? `; texts go in ${lowercase ? 'in lower case, as its pieces are' : 'as they are, since its pieces have capital letters'}` : ''; // prettier-ignore
  return { json, notes: [`the tokenizer is made of '${path}' by the rules of BERT (WordPiece)${how}`] };
}
