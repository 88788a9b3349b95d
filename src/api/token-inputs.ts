// Texts and bytes of files as the ids of tokens that a model takes, cut or filled up to its length.
import { LanError } from '../core/errors.js';
import { castTensor, sizeOf, type Tensor } from '../core/tensor.js';
import type { Encoded, Tokenizer } from '../data/tokenizer.js';
import type { Classifier } from '../model/open.js';
import { rowsOf } from '../model/random-inputs.js';
import type { Sample } from './inputs.js';

/** Ids as a tensor [1,...shape]. */
export const idsTensor = (ids: ArrayLike<number>, shape: readonly number[]): Tensor => ({
  type: 'int64',
  dims: [1, ...shape],
  data: BigInt64Array.from({ length: ids.length }, (_, i) => BigInt(ids[i]!)),
});

/** Ids of just `length` tokens. */
export interface Fitted {
  readonly ids: readonly number[];
  /** Tokens of the text among them; what follows is padding. */
  readonly used: number;
  /** Tokens of the text that are left out. */
  readonly cut: number;
}

/** Cuts ids to a length, the special tokens at the end kept, or fills them up with the pad token (0 where the tokenizer has none). */
export function inLength(tokenizer: Tokenizer, ids: readonly number[], length: number): Fitted {
  if (ids.length <= length)
    return { ids: [...ids, ...new Array<number>(length - ids.length).fill(tokenizer.pad ?? 0)], used: ids.length, cut: 0 };
  const tail = endOf(tokenizer);
  return { ids: [...ids.slice(0, length - tail), ...ids.slice(ids.length - tail)], used: length, cut: ids.length - length };
}

/** Special tokens that end every text. */
function endOf(tokenizer: Tokenizer): number {
  const { special } = tokenizer.encode('a');
  return special.length - 1 - special.lastIndexOf(false);
}

/** The most tokens that a text is cut to: what the tokenizer's configuration allows. */
export function encodedWithin(tokenizer: Tokenizer, text: string): Encoded & { readonly cut: number } {
  const encoded = tokenizer.encode(text);
  const { longest } = tokenizer;
  if (longest === undefined || encoded.ids.length <= longest) return { ...encoded, cut: 0 };
  return { ...shortened(tokenizer, encoded, longest), cut: encoded.ids.length - longest };
}

/** The first tokens and the special ones at the end, `length` together. */
function shortened(tokenizer: Tokenizer, { ids, tokens, special, words }: Encoded, length: number): Encoded {
  const tail = endOf(tokenizer);
  const both = <T>(all: readonly T[]): T[] => [...all.slice(0, length - tail), ...all.slice(all.length - tail)];
  const before = words.filter((w) => w.from < length - tail).map((w) => ({ ...w, to: Math.min(w.to, length - tail) }));
  const moved = ids.length - length;
  const behind = words.filter((w) => w.from >= ids.length - tail).map((w) => ({ ...w, from: w.from - moved, to: w.to - moved }));
  return { ids: both(ids), tokens: both(tokens), special: both(special), words: [...before, ...behind] };
}

/** What a text is for a model of tokens, of as many as `shape` says. Throws LanError (`data`) for one without a token, and a tokenizer of another vocabulary. */
export function textAsTokens(
  classifier: Classifier,
  text: string,
  tokenizer: Tokenizer,
  name: string,
  shape: readonly number[] = classifier.inputShape,
): Pick<Sample, 'x' | 'tokens' | 'otherNoises' | 'notes'> {
  const rows = rowsOf(classifier.graph, classifier.input.name);
  if (rows !== undefined && tokenizer.size > rows)
    throw new LanError(
      'data',
      `Tokenizer '${tokenizer.path}': has ${tokenizer.size} tokens, and ${classifier.source.name} knows ${rows}.`,
      "Is it another model's?",
    );
  const length = sizeOf(shape);
  const encoded = encodedWithin(tokenizer, text);
  if (!encoded.special.includes(false)) throw new LanError('data', `${name}: holds no token; is the text empty?`);
  const own = encoded.ids.length > length ? shortened(tokenizer, encoded, length) : encoded;
  const fitted = inLength(tokenizer, own.ids, length);
  const padding = length - own.ids.length;
  const pads = Array.from({ length: padding }, (_, i) => fitted.ids[own.ids.length + i]!);
  const names = [...own.tokens, ...pads.map((id) => tokenizer.tokenOf(id) ?? `id ${id}`)];
  const cut = encoded.cut + Math.max(0, encoded.ids.length - length);
  return {
    x: castTensor(idsTensor(fitted.ids, shape), classifier.input.type),
    tokens: { ids: fitted.ids, names, words: own.words, padding, special: [...own.special, ...pads.map(() => true)] },
    ...(tokenizer.mask === undefined && tokenizer.pad === undefined ? {} : { otherNoises: ['token'] }),
    notes: [
      ...tokenizer.notes,
      ...(cut > 0 ? [`the text has ${cut} tokens more than the model takes; they are left out`] : []),
      ...(padding > 0 ? [`the text has ${own.ids.length} tokens; ${padding} more, up to the model's ${length}, are padding and count among what can be replaced`] : []),
    ],
  };
} // prettier-ignore

/** What other inputs of models of text are fed where they have them: which tokens are shown, and that all belong to one text. */
export const conventionalFeeds = (shown: Tensor | number): Readonly<Record<string, Tensor | number>> => ({
  attention_mask: shown,
  token_type_ids: 0,
});

/** What a byte is called: a printable character, else `\x00`. */
const byteName = (byte: number): string =>
  byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;

/** The id that follows those of bytes, and which models of bytes have for padding where their table has such a row. */
const PADDING = 256;

/**
 * What a file's bytes are for a model of bytes: ids 0..255, cut to its length or filled up with 256 where its table has that row, else with 0. Throws LanError
 * (`data`) for an empty file and for a model that takes none.
 */
export function bytesAsTokens(classifier: Classifier, bytes: Uint8Array, name: string): Pick<Sample, 'x' | 'tokens' | 'features' | 'notes'> {
  const { card, input, inputShape, hookPoint, source, graph } = classifier;
  const rows = rowsOf(graph, input.name);
  if (card || inputShape.filter((n) => n !== 1).length > 1 || (rows !== undefined && rows < 256))
    throw new LanError(
      'data',
      `File '${name}': ${source.name} takes no bytes; its input '${input.name}' is ${input.type}[${input.shape.join(',')}]${rows !== undefined && rows < 256 ? ` and knows ${rows} ids` : ''}.`,
    );
  if (bytes.length === 0) throw new LanError('data', `File '${name}': is empty.`);
  const length = sizeOf(inputShape);
  const own = bytes.subarray(0, length);
  const filler = rows !== undefined && rows > PADDING ? PADDING : 0;
  const ids = Array.from({ length }, (_, i) => own[i] ?? filler);
  const names = ids.map((id, i) => (i < own.length ? byteName(id) : 'padding'));
  const padding = length - own.length;
  const x = castTensor(idsTensor(ids, inputShape), input.type);
  const notes = [
    ...(bytes.length > length ? [`the model takes ${length} bytes: those behind them in the file, ${bytes.length - length}, are left out`] : []),
    ...(padding > 0 ? [`the file has ${own.length} bytes; ${padding} more, up to the model's ${length}, are padding (${filler}) and count among what can be replaced`] : []),
  ];
  if (hookPoint?.tokens) return { x, tokens: { ids, names }, notes };
  const named = names.map((byte, i) => `byte ${i} (${byte})`);
  return { x, features: { kind: 'element', names: named, values: Float32Array.from(ids) }, notes };
} // prettier-ignore

/** The id and text of a token that noise names: the mask token (or else the pad token) where the name is empty, `mask`, `pad`, a token, or an id. */
export function tokenNamed(name: string, tokenizer: Tokenizer | undefined, noise: string): { readonly id: number; readonly text: string } {
  const special = { '': tokenizer?.mask ?? tokenizer?.pad, mask: tokenizer?.mask, pad: tokenizer?.pad } as Readonly<Record<string, number | undefined>>;
  const id = name in special ? special[name] : (tokenizer?.idOf(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined));
  if (id !== undefined) return { id, text: `'${tokenizer?.tokenOf(id) ?? `id ${id}`}'` };
  throw new LanError(
    'usage',
    `\`noise\` '${noise}': ${tokenizer ? `the tokenizer has no ${name === '' ? 'mask or pad token' : `token '${name}'`}` : 'without a tokenizer a token is named by its id'}.`,
    'Give token:<token>, or token:<id>, for example token:103.',
  );
} // prettier-ignore
