// Every block of code in TypeScript or JavaScript of the documents is typed as the package is.
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { blocksOf, documents } from '../project/documents.js';
import { programOf } from '../project/programs.js';

const LANGUAGES = ['ts', 'js', 'typescript', 'javascript'];

test('every block in TypeScript or JavaScript type-checks against the public entries', () => {
  // Of api.md each is a signature, made from the sources and held against them by a test of its own.
  const found = documents()
    .flatMap(blocksOf)
    .filter((b) => LANGUAGES.includes(b.language) && b.path !== 'docs/api.md');
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
