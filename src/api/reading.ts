// What texts and rows are read with: vocabulary, tokenizer and columns, from a call's options and the model's folder.
import { dirname, join } from 'node:path';
import { LanError } from '../core/errors.js';
import { isFloat, sizeOf } from '../core/tensor.js';
import { exists, fileSize, isFolder } from '../data/places.js';
import { readTable } from '../data/table.js';
import { hasTokenizer, openTokenizer, type Tokenizer } from '../data/tokenizer.js';
import { readVocabulary } from '../data/vocabulary.js';
import { wordIndex } from '../data/words.js';
import { folderAround } from '../model/hugging-face.js';
import type { Classifier } from '../model/open.js';
import { partOf } from '../report/claims.js';
import type { AuditOptions } from './audit-options.js';
import { shapeOf, sizeOfPicture, type AuditInput } from './inputs.js';
import { isNamed, type NamedInputs, type Reading } from './named-inputs.js';
import { lengthOfText } from './text-length.js';

/** What texts and rows are read with, and the words by id or place. */
export interface Words {
  readonly vocabulary?: readonly string[];
  readonly reading: Reading;
}

/** Bytes of a file that are one sample at most, where a model leaves their number open. */
const MOST_BYTES = 4096;

/** The tokenizer that was named, or the one in the model's folder; undefined where there is none. Throws as openTokenizer. */
export async function tokenizerFor(
  model: string | Uint8Array | undefined,
  named: string | undefined,
): Promise<Tokenizer | undefined> {
  if (named !== undefined) return openTokenizer(named);
  if (typeof model !== 'string') return undefined;
  if (isFolder(model)) return hasTokenizer(model) ? openTokenizer(model) : undefined;
  if (!exists(model)) return undefined;
  const [around, beside] = [folderAround(model), join(dirname(model), 'tokenizer.json')];
  if (around !== undefined && hasTokenizer(around)) return openTokenizer(around);
  return exists(beside) ? openTokenizer(beside) : undefined;
}

/** The shape of a text's tokens, a file's bytes or a table's row; undefined where that says nothing. */
async function textShape(
  model: string | Uint8Array,
  input: NamedInputs,
  { tokenizer: named, columns }: Pick<AuditOptions, 'tokenizer' | 'columns'>,
): Promise<readonly number[] | undefined> {
  if ('file' in input) {
    const bytes = fileSize(input.file);
    return bytes === undefined ? undefined : [1, Math.min(MOST_BYTES, Math.max(1, bytes))];
  }
  if ('csv' in input) return [1, columns?.length ?? (await readTable(input.csv)).columns.length];
  if (!('text' in input)) return undefined;
  const tokenizer = await tokenizerFor(model, named);
  return tokenizer && [1, lengthOfText(tokenizer, input.text)];
}

/**
 * What this classifier's texts and rows are read with. Throws LanError (`usage`) for a vocabulary where the mask lies neither on tokens nor on numbers of which
 * each may count a word, (`data`) for one of another size, and as openTokenizer and readVocabulary.
 */
export async function readingFor(
  classifier: Classifier,
  { vocabulary, tokenizer: named, columns }: AuditOptions,
): Promise<Words> {
  const { hookPoint, card, input, inputShape, source } = classifier;
  const tokens = hookPoint?.tokens === true;
  const numbers = !hookPoint && !card && isFloat(input.type);
  if (vocabulary !== undefined && !tokens && !numbers) throw noTokens(classifier);
  if (named !== undefined && !tokens)
    throw new LanError('usage', `\`tokenizer\`: ${source.name} takes no ids of tokens; its input '${input.name}' is ${input.type}[${input.shape.join(',')}].`, 'Leave `tokenizer` out.'); // prettier-ignore
  const words = typeof vocabulary === 'string' ? await readVocabulary(vocabulary) : vocabulary;
  const name = typeof vocabulary === 'string' ? `Vocabulary '${vocabulary}'` : 'The `vocabulary`';
  if (words && numbers && words.length !== sizeOf(inputShape))
    throw new LanError(
      'data',
      `${name}: holds ${words.length} words, and ${source.name} takes ${sizeOf(inputShape)} numbers.`,
      "Is it another model's? Expected one word a line, in the order of the model's input.",
    );
  const tokenizer = tokens ? await tokenizerFor(source.name, named) : undefined;
  return {
    ...(words ? { vocabulary: words } : {}),
    reading: { ...(words && numbers ? { words: wordIndex(words, name) } : {}), named: words !== undefined, tokenizer, columns },
  };
}

function noTokens({ hookPoint, input }: Classifier): LanError {
  const where = `${partOf(hookPoint)}${hookPoint ? '' : ` '${input.name}'`} [${(hookPoint?.dims ?? input.shape).join(',')}]`;
  return new LanError(
    'usage',
    `\`vocabulary\`: the mask does not lie on tokens; it lies on ${where}.`,
    'Leave `vocabulary` out.',
  );
}

/** What a text, a file or a row binds of a model's open axes; a row is of the columns that a model may take one by one. */
export const namedShapes = async (
  model: string | Uint8Array,
  input: NamedInputs,
  options: Pick<AuditOptions, 'tokenizer' | 'columns'>,
) => ({ sample: await textShape(model, input, options), ...('csv' in input ? { joinColumns: true } : {}) });

/** What an input binds of a model's open axes. */
export async function shapesFor(model: string | Uint8Array, input: AuditInput | NamedInputs, options: AuditOptions) {
  if (isNamed(input)) return namedShapes(model, input, options);
  return { sample: await shapeOf(input), pictureSize: await sizeOfPicture(input) };
}
