// Every exported name says what it is: counted here, so that none is added without.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

/** What is declared in `statement`, by name; several names only where one statement declares several constants. */
function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map((d) => d.name.getText());
  const { name } = statement as ts.DeclarationStatement;
  return [name?.getText() ?? 'default'];
}

/** Exported declarations of a file, and those of them without a docstring. What is exported from elsewhere is described there. */
function exportsOf(text: string): { all: string[]; bare: string[] } {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const marked = file.statements.filter(
    (s) => ts.canHaveModifiers(s) && ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword),
  );
  // Callers see the overloads of a function, not the signature that implements them.
  const overloaded = new Set(marked.filter((s) => ts.isFunctionDeclaration(s) && !s.body).flatMap(namesOf));
  const exported = marked.filter((s) => !(ts.isFunctionDeclaration(s) && s.body && overloaded.has(namesOf(s)[0]!)));
  const documented = (s: ts.Statement): boolean => ts.getJSDocCommentsAndTags(s).length > 0;
  return { all: exported.flatMap(namesOf), bare: exported.filter((s) => !documented(s)).flatMap(namesOf) };
}

test('the count sees functions, classes, types and constants, and knows a docstring from a comment', () => {
  const text = `
    /** A. */
    export const a = 1, b = 2;
    // C.
    export function c(): void {}
    export type D = 1;
    export interface E {}
    export default class {}
    /** F. */
    export abstract class F {}
    function hidden(): void {}
    export { hidden } from './g.js';`;
  expect(exportsOf(text)).toEqual({ all: ['a', 'b', 'c', 'D', 'E', 'default', 'F'], bare: ['c', 'D', 'E', 'default'] });
});

test('each overload of a function is counted, what implements them is not', () => {
  const text = `
    /** One. */
    export function f(a: number): void;
    export function f(a: string): void;
    export function f(a: unknown): void {}
    export function g(): void {}`;
  expect(exportsOf(text)).toEqual({ all: ['f', 'f', 'g'], bare: ['f', 'g'] });
});

test('every exported name has a docstring', () => {
  const files = ['src', 'adapters'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.ts'))
      .map((f) => join(folder, f)),
  );
  const found = files.map((file) => ({ file, ...exportsOf(readFileSync(join(root, file), 'utf8')) }));
  expect(found.flatMap((f) => f.all).length).toBeGreaterThan(500);
  expect(found.flatMap((f) => f.bare.map((name) => `${f.file}: ${name}`))).toEqual([]);
});
