// The words behind ids: a vocabulary file, one token a line, the first line being id 0.
import { LanError } from '../core/errors.js';
import { readBytes } from './files.js';

/**
 * Tokens by id, exactly as the file has them (UTF-8; an empty line is a token too, only the end of the file makes none). Throws LanError for a file
 * that cannot be read, or holds no token.
 */
export async function readVocabulary(path: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readBytes(path, 'Vocabulary'));
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0)
    throw new LanError('data', `Vocabulary '${path}': holds no tokens. Expected one a line, the first being id 0.`);
  return lines;
}
