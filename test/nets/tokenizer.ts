// A tokenizer.json as Hugging Face writes BERT's: lower case, punctuation apart, the longest pieces of words, [CLS] in front and [SEP] behind.

/** Its vocabulary: as many pieces as `bert()` has words. */
export const PIECES = '[PAD] [UNK] [CLS] [SEP] [MASK] un ##believ good film ##s . the a not bad was this it movie plot'.split(
  ' ',
);

/** The file as JSON. */
export const tokenizerJson = (pieces: readonly string[] = PIECES): Record<string, unknown> => {
  const special = (name: string) => ({ SpecialToken: { id: name, type_id: 0 } });
  const listed = (name: string) => ({ id: name, ids: [pieces.indexOf(name)], tokens: [name] });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: pieces.slice(0, 5).map((content, id) => ({
      id,
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
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [],
      special_tokens: { '[CLS]': listed('[CLS]'), '[SEP]': listed('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  };
};
