// The documents that people read: README, docs, examples, models; their blocks of code.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import { lexer, type Token, type Tokens } from 'marked';

export const root = resolve(import.meta.dirname, '../..');

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((f) =>
    f.isDirectory() ? markdownIn(posix.join(folder, f.name)) : f.name.endsWith('.md') ? [posix.join(folder, f.name)] : [],
  );

/** A document: its path from the root, and its text. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** All of them; of the changelog, which tells of versions that are gone, and of decisions only the names are held against the present. */
export const documents = (): Document[] =>
  ['README.md', ...markdownIn('docs'), ...markdownIn('examples'), ...markdownIn('models')].sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })); // prettier-ignore

/** A block of code. */
export interface Block {
  /** `README.md:31`: the line of its fence. */
  readonly at: string;
  readonly path: string;
  /** Behind the fence; '' where none is said, `indented` where there is no fence. */
  readonly language: string;
  readonly text: string;
}

/** Every block of code of a document as Markdown has it: fenced or indented, in lists and quotes too. */
export function blocksOf({ path, text }: Document): Block[] {
  const found: Block[] = [];
  let from = 0;
  const walk = (tokens: readonly Token[]): void => {
    for (const token of tokens) {
      if (token.type === 'code') {
        const { lang = '', raw, text: code, codeBlockStyle } = token as Tokens.Code;
        // Within a list the text is without its indentation, so that only its first line is looked for.
        from = text.indexOf(raw.trimStart().split('\n')[0]!, from);
        const line = text.slice(0, from).split('\n').length;
        from += codeBlockStyle === 'indented' ? code.length : raw.trim().length;
        found.push({
          at: `${path}:${line}`,
          path,
          language: codeBlockStyle === 'indented' ? 'indented' : lang,
          text: `${code}\n`,
        });
      }
      const { tokens: inner, items } = token as Tokens.Generic & { items?: Token[] };
      walk([...(inner ?? []), ...(items ?? [])]);
    }
  };
  walk(lexer(text));
  return found;
}
