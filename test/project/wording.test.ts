// Words that the project keeps to: library texts name library options, and "cannot" is one word.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

const filesOf = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => ending.test(f))
    .map((f) => join(folder, f));

const sources = filesOf('src', /\.ts$/);
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The texts of a file's string literals, each part of a template for itself. */
function literals(text: string): string[] {
  const found: string[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || node.kind === ts.SyntaxKind.TemplateHead) found.push((node as ts.LiteralLikeNode).text);
    if (ts.isTemplateMiddleOrTemplateTail(node)) found.push(node.text);
    ts.forEachChild(node, walk);
  };
  walk(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest));
  return found;
}

/** A flag of a command line; --import is Node's own, given to a child process. */
const FLAG = /--(?!import\b)[a-z]/;

test('the look at literals sees flags in every kind of literal, and nothing in comments', () => {
  const text =
    "f('--a'); g(\"b --c\"); h(`--d ${1} --e ${2} --f`); i(`--g`); // --h\n/** --i */ j('--import', '--', 'a--', '---');";
  expect(literals(text).filter((t) => FLAG.test(t))).toEqual(['--a', 'b --c', '--d ', ' --e ', ' --f', '--g']);
});

test('no text outside the command line names a flag: the library has options, and src/cli prints them as flags', () => {
  const named = sources
    .filter((file) => !file.startsWith('src/cli/'))
    .flatMap((file) => literals(read(file)).filter((t) => FLAG.test(t)).map((t) => `${file}: ${t}`)); // prettier-ignore
  expect(named).toEqual([]);
});

test('"cannot" is one word', () => {
  const files = [...sources, ...filesOf('docs', /\.md$/), 'README.md', 'CHANGELOG.md'];
  expect(files.filter((file) => /\bcan\s+not\b/i.test(read(file)))).toEqual([]);
});

/** A text that goes on to say what to do: of an error, that is its advice. */
const ADVISES = /[^.]\. (?:Use|Bind|Export|Re-export|Give|Add|Write|Choose|Leave|Try|Set|Cut|Convert|Pass) /;

test('what to do about an error is its advice, not a part of the problem', () => {
  const files = [...sources.filter((f) => /^src\/(compile|check|onnx|engine)\//.test(f)), ...filesOf('adapters', /\.ts$/)];
  const mixed = files.flatMap((file) => literals(read(file)).filter((t) => ADVISES.test(t)).map((t) => `${file}: ${t}`)); // prettier-ignore
  expect(mixed).toEqual([]);
});
