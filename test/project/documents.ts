// The documents that people read: README, docs, examples, models; their blocks of code.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';

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

/** A fenced block of code. */
export interface Block {
  readonly at: string;
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a document. */
export const blocksOf = ({ path, text }: Document): Block[] =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map((m) => ({
    at: `${path}:${text.slice(0, m.index).split('\n').length}`,
    language: m[1]!,
    text: m[2]!,
  }));
