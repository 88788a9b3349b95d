// The README's library example: type-checked, run, and the same in TypeScript and in plain JavaScript, with nothing but the package's own model and pictures.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';
import { moduleOf } from '../support/built.js';
import { typeProblems } from '../project/programs.js';

const root = resolve(import.meta.dirname, '../..');
const [, EXAMPLE = ''] = /## Library\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-onnx-readme-'));
  const pictures = join(root, 'models/tank/pictures');
  cpSync(pictures, join(folder, 'pictures'), { recursive: true });
  cpSync(join(pictures, 'tank/01.png'), join(folder, 'forest.png'));
  cpSync(join(pictures, 'tank/03.png'), join(folder, 'meadow.png'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it type-checks against the public entry', () => {
  expect(EXAMPLE).toContain("from 'lan-onnx'");
  expect(typeProblems(EXAMPLE)).toEqual([]);
  expect(typeProblems(EXAMPLE.replace('iterations', 'iteration'))).toEqual([
    expect.stringContaining("'iteration' does not exist"),
  ]);
});

test('it runs', () => {
  writeFileSync(join(folder, 'example.mjs'), EXAMPLE.replace("'lan-onnx'", `'${moduleOf('src/index.ts')}'`));
  const out = execFileSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
  expect(out).toMatch(/^beta 0\.5: .*\nbeta 2: .*\ndrawn in out\/forest\/sheet\.png\ntop-1 32 of 32\n$/);
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['forest', 'forest-again', 'gradient.onnx', 'meadow-again']);
  expect(readdirSync(join(folder, 'out/forest')).sort()).toEqual(
    ['attention-beta0.5.png', 'attention-beta2.png', 'audit.json', 'mask-beta0.5.npy', 'mask-beta2.npy', 'order-beta0.5.npy', 'order-beta2.npy', 'overlay-beta0.5.png', 'overlay-beta2.png', 'report.html', 'sheet.png', 'sheet.svg'], // prettier-ignore
  );
});

test('TypeScript and plain JavaScript are the same here: one run shows both', () => {
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const codeOf = (text: string, fileName: string): string => {
    const { diagnostics, outputText } = ts.transpileModule(text, { fileName, reportDiagnostics: true, compilerOptions: { ...compilerOptions, allowJs: true } }); // prettier-ignore
    expect(diagnostics).toEqual([]);
    return outputText;
  };
  // Without a word of types in it, and with what TypeScript makes of it the very code that ran.
  expect(codeOf(EXAMPLE, 'example.mts')).toBe(codeOf(EXAMPLE, 'example.mjs'));
  expect(codeOf('export const a: number = 1;', 'example.mts')).toBe('export const a = 1;\n');
  expect(() => codeOf('export const a: number = 1;', 'example.mjs')).toThrow();
});
