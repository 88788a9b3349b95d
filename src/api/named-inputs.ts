// Inputs whose elements have names: a text, the bytes of a file, a row of a table. Read here into what a model takes.
import { basename, extname } from 'node:path';
import { LanError } from '../core/errors.js';
import { castTensor, float32, isFloat, sizeOf, type Tensor } from '../core/tensor.js';
import { readBytes, sha256 } from '../data/files.js';
import { columnsFor, numbersIn, readTable, type Categories, type Table } from '../data/table.js';
import { isFolder } from '../data/places.js';
import { unreadTokenizer, type Tokenizer } from '../data/tokenizer.js';
import type { WordIndex } from '../data/words.js';
import type { Classifier } from '../model/open.js';
import { bytesAsTokens, textAsTokens } from './token-inputs.js';
import type { Sample } from './inputs.js';

/** A text; `name`: its path or what reports call it. */
export interface TextInput {
  readonly text: string;
  readonly name?: string;
}

/** The bytes of a file, for a model that takes bytes. */
export interface FileInput {
  readonly file: string;
}

/** A row of a CSV file, the first below the names being 1. */
export interface RowInput {
  readonly csv: string;
  readonly row: number;
}

/** One input whose elements have names. */
export type NamedInputs = TextInput | FileInput | RowInput;

/** Is it one of those? */
export const isNamed = (input: unknown): input is NamedInputs =>
  typeof input === 'object' && input !== null && ('text' in input || 'file' in input || 'csv' in input);

/** What texts and rows are read with. */
export interface Reading {
  /** Of a bag of words. */
  readonly words?: WordIndex;
  /** Somebody named the ids of tokens. */
  readonly named?: boolean;
  readonly tokenizer?: Tokenizer;
  /** The columns that the model takes, in its order. */
  readonly columns?: readonly string[];
}

/** What messages and reports call an input. */
export const nameOf = (input: NamedInputs): string =>
  'text' in input ? (input.name ?? 'text') : 'file' in input ? input.file : `${input.csv}, row ${input.row}`;

/**
 * Reads an input for this classifier; a text as so many tokens as `shape` says, where that is not what the model was opened for. Throws LanError (`data`) for one that does not fit: a text without a word that the vocabulary has, a row with a
 * missing value, and (`usage`) where what it is to be read with is missing.
 */
export async function readNamed(
  classifier: Classifier,
  input: NamedInputs,
  reading: Reading,
  shape?: readonly number[],
): Promise<Sample> {
  if (!classifier.hookPoint?.hasSkipPath) classifier.requireFeeds();
  if (('csv' in input && reading.words) || ('text' in input && reading.named && reading.tokenizer))
    throw new LanError(
      'usage',
      `\`vocabulary\`: ${'csv' in input ? 'the columns of a table have names of their own' : 'the tokens of a text are named by the tokenizer'}.`,
      'Leave `vocabulary` out.',
    );
  if ('csv' in input) return readRow(classifier, input, reading);
  if ('file' in input) {
    const bytes = await readBytes(input.file, 'File');
    return {
      path: input.file,
      title: basename(input.file),
      sha256: sha256(bytes),
      ...bytesAsTokens(classifier, bytes, input.file),
    };
  }
  const own = { ...(input.name === undefined ? {} : { path: input.name }), title: titleOf(input), sha256: sha256(new TextEncoder().encode(input.text)) }; // prettier-ignore
  const { words, tokenizer } = reading;
  if (classifier.hookPoint?.tokens) {
    if (tokenizer) return { ...own, ...textAsTokens(classifier, input.text, tokenizer, nameOf(input), shape) };
    throw noTokenizer(classifier);
  }
  if (!isFloat(classifier.input.type) || classifier.card || classifier.hookPoint)
    throw new LanError(
      'data',
      `${nameOf(input)}: ${classifier.source.name} takes no text; its input '${classifier.input.name}' is ${classifier.input.type}[${classifier.input.shape.join(',')}].`,
    );
  if (!words)
    throw new LanError(
      'usage',
      `${classifier.source.name}: takes ${sizeOf(classifier.inputShape)} numbers, and nobody says which word each one counts.`,
      'Give `vocabulary`, a file with one word a line.',
    );
  return { ...own, ...textAsCounts(classifier, input, words) };
}

const titleOf = ({ name }: TextInput): string => (name === undefined ? 'text' : basename(name, extname(name)));

function noTokenizer({ source }: Classifier): LanError {
  const other = isFolder(source.name) ? unreadTokenizer(source.name) : undefined;
  return new LanError(
    'usage',
    `${source.name}: takes ids of tokens, and there is no tokenizer.json${other === undefined ? '' : `, but a ${other}, which is not read,`} that makes them from a text.`,
    other === undefined
      ? 'Give `tokenizer`, its path, or a folder in Hugging Face layout as the model.'
      : 'Save the tokenizer as tokenizer.json: save_pretrained of a fast tokenizer of transformers does.',
  );
}

function textAsCounts(
  classifier: Classifier,
  input: TextInput,
  words: WordIndex,
): Pick<Sample, 'x' | 'features' | 'noise' | 'otherNoises' | 'notes'> {
  const { counts, pieces, known, unknown } = words.count(input.text);
  if (known === 0 && !counts.some((c) => c !== 0))
    throw new LanError(
      'data',
      unknown === 0 ? `${nameOf(input)}: holds no word.` : `${nameOf(input)}: none of its ${unknown} words is in the vocabulary of ${words.words.length}.`,
      unknown === 0 ? undefined : 'Is it in another language, or the vocabulary of another model?',
    ); // prettier-ignore
  return {
    x: numbersAs(classifier, counts),
    features: { kind: 'word', names: words.words, values: counts, pieces },
    noise: 'constant:0',
    otherNoises: ['uniform'],
    notes: [
      `${known} different words of the text are in the vocabulary, ${unknown} are not; each goes in as often as it stands there`,
      ...(words.never.length > 0
        ? [
            `${words.never.length} entries of the vocabulary are no words as they are counted here, and go in as 0 whatever the text: ${words.never
              .slice(0, 5)
              .map((word) => `'${word}'`)
              .join(', ')}${words.never.length > 5 ? ' ...' : ''}`,
          ]
        : []),
    ],
  };
}

/** Numbers in the shape and type of one sample. */
const numbersAs = (classifier: Classifier, values: Float32Array): Tensor => ({
  ...castTensor(float32(values, [values.length]), classifier.input.type),
  dims: [1, ...classifier.inputShape],
});

/** Tables that were read: thousands of rows are taken from one. */
const tables = new WeakMap<Reading, Map<string, Promise<Table>>>();

/** The table at `path`, read once. Throws as readTable. */
export function tableAt(path: string, reading: Reading): Promise<Table> {
  const own = tables.get(reading) ?? new Map<string, Promise<Table>>();
  tables.set(reading, own);
  const table = own.get(path) ?? readTable(path);
  own.set(path, table);
  return table;
}

async function readRow(classifier: Classifier, { csv, row }: RowInput, reading: Reading): Promise<Sample> {
  requireNumbers(classifier, csv);
  const table = await tableAt(csv, reading);
  const { columns, categories, notes } = columnsOf(classifier, table, reading);
  const values = numbersIn(table, row - 1, columns, categories);
  const fields = columns.map((c) => table.rows[row - 1]![c]!);
  const strange = columns.flatMap((c, i) =>
    values[i] === categories[i]?.length ? [`'${table.columns[c]!}' is '${fields[i]!}'`] : [],
  );
  return {
    path: nameOf({ csv, row }),
    title: `${basename(csv, extname(csv))} ${row}`,
    sha256: sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
    x: numbersAs(classifier, values),
    features: {
      kind: 'feature',
      names: columns.map((c) => table.columns[c]!),
      values,
      ...(categories.some(Boolean) ? { written: fields.map((field, i) => (categories[i] ? field : undefined)) } : {}),
    },
    ...(table.rows.length > 1
      ? { noise: `bootstrap:${csv}`, otherNoises: ['uniform', 'gaussian', 'mean'] }
      : { otherNoises: ['gaussian', 'constant:0'] }),
    notes: [
      ...notes,
      ...(strange.length > 0
        ? [`the model names no such category, and takes it as one that it does not know: ${strange.join(', ')}`]
        : []),
    ],
  };
}

/** Which columns of a table the model takes, and what it knows of those that hold categories. Throws as columnsFor. */
export function columnsOf(
  { inputShape, source }: Classifier,
  table: Table,
  { columns: wanted }: Reading,
): { readonly columns: readonly number[]; readonly categories: Categories; readonly notes: readonly string[] } {
  const count = sizeOf(inputShape);
  const own = source.columns ?? [];
  const names = own.flatMap(({ name }) => name ?? []);
  // An input that takes one column is called like it.
  const byName = names.length === count && names.every((name) => table.columns.includes(name));
  const columns = columnsFor(table, count, wanted ?? (byName ? names : undefined));
  const differ = !byName && names.length === count ? columns.flatMap((c, i) => (table.columns[c] === names[i] ? [] : [`'${table.columns[c]!}' as '${names[i]!}'`])) : []; // prettier-ignore
  return {
    columns,
    categories: own.map((c) => c.categories),
    notes: differ.length > 0 ? [`columns go in by their order: ${differ.join(', ')}`] : [],
  };
}

/** Throws LanError (`data`) where a model takes pictures or tokens, not the numbers of a table. */
export function requireNumbers({ card, hookPoint, input, source }: Classifier, csv: string): void {
  if (!card && !hookPoint?.tokens) return;
  throw new LanError(
    'data',
    `Table '${csv}': ${source.name} takes ${card ? 'pictures' : 'ids of tokens'}; its input '${input.name}' is ${input.type}[${input.shape.join(',')}].`,
  );
}
