// What src/data/tokenizer.ts uses of @huggingface/tokenizers, which is loaded when first needed: types check where it is not installed, too.
declare module '@huggingface/tokenizers' {
  /** A tokenizer made of the JSON of tokenizer.json and tokenizer_config.json. Throws Error for what it does not know. */
  export class Tokenizer {
    constructor(tokenizer: object, config: object);
    /** Ids and tokens of a text, one each. */
    encode(
      text: string,
      options?: { readonly add_special_tokens?: boolean },
    ): { readonly ids: number[]; readonly tokens: string[] };
    /** The text that these ids stand for. */
    decode(ids: number[]): string;
    /** The id of each token. */
    get_vocab(withAdded?: boolean): Map<string, number>;
    /** Tokens that were added to the vocabulary, by id. */
    get_added_tokens_decoder(): Map<number, { readonly content: string; readonly special: boolean }>;
    /** The token of an id. */
    id_to_token(id: number): string | undefined;
  }
}
