// Every block of code and every command line of the documents is true: it is typed as the program takes it, compiles, or parses; no link leads to nothing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { parse } from 'yaml';
import { buildSite } from '../../tools/site/build.js';
import { commandLines, refusalOf, wordsOf } from './command-lines.js';
import { blocksOf, documents, root } from './documents.js';
import { programOf } from './programs.js';

const all = documents();
const blocks = all.flatMap(blocksOf);
const of = (...languages: string[]) => blocks.filter((b) => languages.includes(b.language));

test('the look at a line finds what is wrong with it', async () => {
  expect(wordsOf(`lan-onnx audit "a b".onnx --noise 'x:no tank' | tee log`)).toEqual(['lan-onnx', 'audit', 'a b.onnx', '--noise', 'x:no tank']); // prettier-ignore
  const lines = commandLines('f', 'Run `lan-onnx doctor`.\n\n    lan-onnx audit m --seed 1  # why\n\n```sh\nnpx lan-onnx check m.onnx\n```\n\n```\nlan-onnx prints this\n```\n'); // prettier-ignore
  expect(lines.map((l) => [l.at, l.text])).toEqual([['f:1', 'lan-onnx doctor'], ['f:3', 'lan-onnx audit m --seed 1'], ['f:6', 'npx lan-onnx check m.onnx']]); // prettier-ignore
  expect(await refusalOf('lan-onnx audit m --image a b --beta 1 2 --quick')).toBeUndefined();
  expect(await refusalOf('lan-onnx audit m --imge a')).toBe('unknown: imge');
  expect(await refusalOf('lan-onnx audit m --seed x')).toBe("--seed: expected a whole number of at least 0, received 'x'.");
  expect(await refusalOf('lan-onnx adit m')).toBe("no command 'adit'");
});

test('every command line of the documents is one that the program takes', async () => {
  const lines = all.filter((d) => !d.path.startsWith('docs/adr/')).flatMap((d) => commandLines(d.path, d.text));
  // The guides and the README have most of them.
  expect(lines.length).toBeGreaterThan(50);
  const refused: string[] = [];
  for (const { at, text } of lines) {
    const reason = await refusalOf(text);
    if (reason !== undefined) refused.push(`${at}: ${text}: ${reason}`);
  }
  expect(refused).toEqual([]);
});

test('every make target that is named is one', () => {
  const targets = new Set([...readFileSync(join(root, 'Makefile'), 'utf8').matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));
  // The help of commands says "make" of other things.
  const named = all
    .filter((d) => d.path !== 'docs/commands.md')
    .flatMap((d) => [...d.text.matchAll(/(?:`| {4})make ([a-z-]+)/g)].map(([, name]) => [d.path, name]));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(([, name]) => !targets.has(name))).toEqual([]);
});

test('every block in TypeScript or JavaScript type-checks against the public entries', () => {
  // Of api.md each is a signature, made from the sources and held against them by a test of its own.
  const found = of('ts', 'js', 'typescript', 'javascript').filter(
    (b) => !b.at.startsWith('docs/api.md') && !/^\/\/ mine\.mjs/.test(b.text),
  );
  expect(found.length).toBeGreaterThan(10);
  const blocksAt = found.map((b) => b.at);
  const texts = new Map(
    found.map(({ text, language }, i): [string, string] => [
      join(import.meta.dirname, `block-${i}.ts`),
      // Plain JavaScript says nothing of types: only its form is looked at. A block that is no module yet is one here.
      `${language === 'js' ? '// @ts-nocheck\n' : ''}${text}\nexport {};`,
    ]),
  );
  const program = programOf([...texts.keys()], ['node', 'jest'], texts);
  const problems = [...texts.keys()].flatMap((file, i) => {
    const source = program.getSourceFile(file)!;
    const wrong = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return wrong.map((d) => `${blocksAt[i]}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n').split('\n')[0]!}`);
  });
  // What an example gives is there to be read; vitest is installed by `make test-package` alone.
  const expected = /is declared but its value is never read|Cannot find module 'vitest'/;
  expect(problems.filter((p) => !expected.test(p))).toEqual([]);
}, 120_000);

test('every block in JSON or YAML parses', () => {
  expect(of('json').map((b) => typeof JSON.parse(b.text))).toEqual(of('json').map(() => 'object'));
  expect(of('yaml').length).toBeGreaterThan(0);
  expect(of('yaml').map((b) => typeof parse(b.text))).toEqual(of('yaml').map(() => 'object'));
});

test('every block in Python compiles', () => {
  const python = of('python', 'py');
  expect(python.length).toBeGreaterThan(0);
  try {
    execFileSync('python3', ['-c', ''], { stdio: 'ignore' });
  } catch {
    return; // Nothing to compile it with.
  }
  for (const { at, text } of python)
    expect([at, execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read()); print("ok")'], { input: text, encoding: 'utf8' })]).toEqual([at, 'ok\n']); // prettier-ignore
});

test('every block says its language, or is an output', () => {
  const known = ['', 'text', 'ts', 'js', 'json', 'yaml', 'python', 'sh'];
  expect(blocks.filter((b) => !known.includes(b.language)).map((b) => b.at)).toEqual([]);
});

test('the site has a page for each document, and no link leads to nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-site-'));
  try {
    const { pages, broken } = buildSite(folder);
    expect(broken).toEqual([]);
    expect(pages).toBe(all.length + 1);
    const index = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(index).toContain('<h1 id="lan-onnx">');
    // A heading of another page, by its anchor.
    expect(readFileSync(join(folder, 'docs/plugins.html'), 'utf8')).toContain('<h2 id="ops">');
    expect(JSON.parse(readFileSync(join(folder, 'search.json'), 'utf8'))).toContainEqual([
      'Error codes',
      'Error codes',
      'docs/errors.html',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
