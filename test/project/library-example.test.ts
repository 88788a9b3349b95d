// The README's library example: type-checked, and run as TypeScript and as plain JavaScript, with nothing but the package's own model and pictures.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';
import { typeProblems } from './programs.js';

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

test.each([
  ['TypeScript', 'example.mts'],
  ['plain JavaScript', 'example.mjs'],
])('it runs as %s', (_, name) => {
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const entry = pathToFileURL(join(root, 'src/index.ts')).href;
  writeFileSync(join(folder, name), EXAMPLE.replace("'lan-onnx'", `'${entry}'`));
  const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;
  const out = execFileSync(process.execPath, ['--import', loader, name], { cwd: folder, encoding: 'utf8' });
  expect(out).toMatch(/^beta 0\.5: .*\nbeta 2: .*\ndrawn in out\/forest\/sheet\.png\ntop-1 32 of 32\n$/);
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['forest', 'forest-again', 'gradient.onnx', 'meadow-again']);
  expect(readdirSync(join(folder, 'out/forest')).sort()).toEqual(
    ['attention-beta0.5.png', 'attention-beta2.png', 'audit.json', 'mask-beta0.5.npy', 'mask-beta2.npy', 'overlay-beta0.5.png', 'overlay-beta2.png', 'sheet.png'], // prettier-ignore
  );
});

test('plain JavaScript: the block has no types in it', () => {
  const { diagnostics } = ts.transpileModule(EXAMPLE, { fileName: 'example.js', reportDiagnostics: true, compilerOptions: { allowJs: true, target: ts.ScriptTarget.ES2022 } }); // prettier-ignore
  expect(diagnostics).toEqual([]);
});
