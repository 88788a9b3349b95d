// The words behind ids: a vocabulary file, one token a line, the first line being id 0.
import { LanError } from '../core/errors.js';
import { readBytes } from './files.js';

/** Tokens by id, exactly as the text has them: an empty line is a token too, only the end of the file makes none. */
export function vocabularyOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The tokens of a file in UTF-8. Throws LanError for one that cannot be read, or holds no token. */
export async function readVocabulary(path: string): Promise<string[]> {
  const lines = vocabularyOf(new TextDecoder().decode(await readBytes(path, 'Vocabulary')));
  if (lines.length === 0)
    throw new LanError('data', `Vocabulary '${path}': holds no tokens. Expected one a line, the first being id 0.`);
  return lines;
}
