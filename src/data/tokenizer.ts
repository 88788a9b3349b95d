// A text as ids of tokens, by a tokenizer.json in Hugging Face's form, or a vocab.txt of BERT's; the only importer of @huggingface/tokenizers, which is loaded when first needed.
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { LanError, messageOf } from '../core/errors.js';
import { sha256 } from './files.js';
import { joined, marksOf, type Word } from './joined-pieces.js';
import { exists, isFolder } from './places.js';
import { readText } from './text-files.js';
import { wordPieceJson, type WordPieceConfig } from './word-piece.js';

/** A text as tokens: one entry each, in order. */
export interface Encoded {
  readonly ids: readonly number[];
  /** As the vocabulary has them: `##able`, `Ġgood`, `[CLS]`. */
  readonly tokens: readonly string[];
  /** Does the token belong to no text: [CLS], [SEP], padding? */
  readonly special: readonly boolean[];
  /** Words, the pieces of each joined; whatever stands between words of the text is left out. */
  readonly words: readonly Word[];
}

/** Makes tokens of texts. */
export interface Tokenizer {
  /** What messages call it: the path of its file. */
  readonly path: string;
  /** Of its files. */
  readonly sha256: string;
  /** Ids that it may give are below this. */
  readonly size: number;
  /** What was assumed of it. */
  readonly notes: readonly string[];
  /** Most tokens that its configuration allows, special ones included. */
  readonly longest?: number;
  /** Ids of tokens that texts are masked and filled up with. */
  readonly mask?: number;
  readonly pad?: number;
  encode(text: string, options?: { /** With [CLS], [SEP] and their like (default). */ readonly special?: boolean }): Encoded;
  /** The id of a token, by its text in the vocabulary. */
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
}

const token = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const flag = z.boolean().nullish();
const Config = z.looseObject({
  model_max_length: z.number().nullish(),
  mask_token: token,
  pad_token: token,
  unk_token: token,
  cls_token: token,
  sep_token: token,
  do_lower_case: flag,
  strip_accents: flag,
  tokenize_chinese_chars: flag,
});
const Positions = z.looseObject({
  max_position_embeddings: z.number().nullish(),
  model_type: z.string().nullish(),
  pad_token_id: z.number().nullish(),
});
const Json = z.looseObject({
  model: z.looseObject({
    type: z.string().optional(),
    unk_token: z.string().nullish(),
    unk_id: z.number().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
  }),
});

/** Where nobody set a limit, configurations hold a number of this size. */
const NO_LIMIT = 1e6;

const WORD_PIECES = 'vocab.txt';
/** Files of tokenizers that are not read. */
const OTHERS = ['vocab.json', 'spiece.model', 'sentencepiece.bpe.model', 'tokenizer.model', 'spm.model'];

/** Whether a folder in Hugging Face layout holds a tokenizer that is read. */
export const hasTokenizer = (folder: string): boolean =>
  ['tokenizer.json', WORD_PIECES].some((name) => exists(join(folder, name)));

/** The file of a tokenizer in a folder that is not read: of SentencePiece, or of byte pairs without a tokenizer.json. */
export const unreadTokenizer = (folder: string): string | undefined => OTHERS.find((name) => exists(join(folder, name)));

/** tokenizer.json in a folder, or vocab.txt where there is no such file. */
function fileIn(folder: string): string {
  const [whole, pieces] = [join(folder, 'tokenizer.json'), join(folder, WORD_PIECES)];
  return exists(whole) || !exists(pieces) ? whole : pieces;
}

/**
 * Opens the tokenizer at `path`: a tokenizer.json, a vocab.txt of WordPiece (BERT), or a folder that holds one; tokenizer_config.json beside it says more. Throws LanError (`data`) for
 * files that cannot be read, that end too early, or hold what this version does not know.
 */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  const file = isFolder(path) ? fileIn(path) : path;
  const text = await readText(file, 'Tokenizer');
  const beside = join(dirname(file), 'tokenizer_config.json');
  const configText = exists(beside) && basename(file) !== basename(beside) ? await readText(beside, 'Tokenizer') : '{}';
  const config = checked(Config, configText, beside);
  const source = /\.txt$/i.test(file) ? wordPieceJson(text, file, piecesConfig(config)) : { json: text, notes: [] };
  const json = typeof source.json === 'string' ? checked(Json, source.json, file) : Json.parse(source.json);
  const { Tokenizer } = await import('@huggingface/tokenizers');
  let made: InstanceType<typeof Tokenizer>;
  try {
    made = new Tokenizer(json, config);
  } catch (error) {
    throw new LanError('data', `Tokenizer '${file}': is not understood (${messageOf(error).replace(/\.$/, '')}).`);
  }
  const vocabulary = made.get_vocab(true);
  const added = made.get_added_tokens_decoder();
  // A word that the vocabulary lacks is a word of the text all the same.
  const { unk_token, unk_id } = json.model;
  const unknown = unk_token ?? (typeof unk_id === 'number' ? made.id_to_token(unk_id) : undefined);
  const isSpecial = (id: number): boolean => added.get(id)?.special === true && added.get(id)?.content !== unknown;
  const known = (names: readonly (string | undefined)[]): number | undefined => names.flatMap((name) => (name === undefined ? [] : (vocabulary.get(name) ?? []))).at(0); // prettier-ignore
  // What the model's own configuration says counts too: positions that it has learned.
  const model = join(dirname(file), 'config.json');
  const positions = exists(model) ? positionsOf(checked(Positions, await readText(model, 'Config'), model)) : Infinity;
  const limit = Math.min(config.model_max_length ?? Infinity, positions);
  const marks = marksOf(json);
  let size = 0;
  for (const id of vocabulary.values()) size = Math.max(size, id + 1);
  return {
    path: file,
    notes: source.notes,
    sha256: sha256(new TextEncoder().encode(`${text}\0${configText}`)),
    size,
    longest: limit > 0 && limit < NO_LIMIT ? limit : undefined,
    mask: known([contentOf(config.mask_token), '[MASK]', '<mask>']),
    pad: known([contentOf(config.pad_token), '[PAD]', '<pad>']),
    encode(input, { special = true } = {}) {
      const { ids, tokens } = made.encode(input, { add_special_tokens: special });
      const specials = ids.map(isSpecial);
      return { ids, tokens, special: specials, words: joined(marks, ids, tokens, specials, (part) => made.decode(part)) };
    },
    idOf: (name) => vocabulary.get(name),
    tokenOf: (id) => made.id_to_token(id),
  };
}

/** Families whose first position is the one behind the pad token's id, so that as many of the positions that they have learned are never a token's. */
const BEHIND_PADDING = /roberta|camembert|data2vec-text|ibert|longformer|xmod|mpnet|luke|^esm$|layoutlmv3|^lilt$|markuplm/;

/** How many tokens a model has positions for, as its configuration says. */
function positionsOf({ max_position_embeddings: all, model_type, pad_token_id }: z.infer<typeof Positions>): number {
  if (typeof all !== 'number') return Infinity;
  return BEHIND_PADDING.test(model_type ?? '') ? all - (pad_token_id ?? 1) - 1 : all;
}

const contentOf = (named: z.infer<typeof token>): string | undefined => (typeof named === 'string' ? named : named?.content);

const piecesConfig = ({
  unk_token,
  cls_token,
  sep_token,
  pad_token,
  mask_token,
  ...flags
}: z.infer<typeof Config>): WordPieceConfig => {
  const { do_lower_case, strip_accents, tokenize_chinese_chars } = flags;
  const names = { unk: contentOf(unk_token), cls: contentOf(cls_token), sep: contentOf(sep_token), pad: contentOf(pad_token), mask: contentOf(mask_token) }; // prettier-ignore
  return {
    do_lower_case,
    strip_accents,
    tokenize_chinese_chars,
    ...Object.fromEntries(Object.entries(names).filter(([, v]) => v !== undefined)),
  };
};

function checked<T>(form: z.ZodType<T>, text: string, path: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new LanError('data', `Tokenizer '${path}': cannot be read as JSON; it may have been cut off.`, 'Download it again.');
  }
  const { success, data, error } = form.safeParse(json);
  if (success) return data;
  const field = error.issues[0]!.path.join('.');
  throw new LanError('data', `Tokenizer '${path}': ${field === '' ? 'expected a JSON object' : `'${field}' is missing or has a form that is not understood`}.`); // prettier-ignore
}
