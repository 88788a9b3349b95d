// docs/api.md says what the entries export; each name has a docstring, each function an example, and somebody uses it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { apiPage, committedPage, publicNames } from '../project/api-page.js';

const root = resolve(import.meta.dirname, '../..');
const names = publicNames();

test('signatures of functions end where their bodies begin', () => {
  const whole = names.filter((n) => n.kind === 'function' && /\{\s*(?:\/\/|const |return |if |await |yield )/.test(n.signature));
  expect(whole.map((n) => n.name)).toEqual([]);
});

test('docs/api.md is not stale', async () => {
  if (committedPage() !== (await apiPage(names))) throw new Error('docs/api.md is stale. Run npm run docs:api and commit it.');
  expect(names.map((n) => n.name)).toEqual(expect.arrayContaining(['openModel', 'audit', 'defineOp', 'toMatchOnnxRuntime']));
});

test('every public name has a docstring, every function of lan-onnx an example', () => {
  expect(names.filter((n) => n.docs === '').map((n) => `${n.entry}: ${n.name}`)).toEqual([]);
  expect(names.filter((n) => n.kind === 'function' && n.examples.length === 0).map((n) => `${n.entry}: ${n.name}`)).toEqual([]);
});

/** Tests, benches and the pages that show code; not the generated page itself. */
const users = [
  ...['test', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((f) => f.endsWith('.ts') && !f.endsWith('api-page.test.ts'))
      .map((f) => join(folder, f)),
  ),
  'README.md',
  'docs/adding-an-op.md',
  'docs/check.md',
  'docs/many-machines.md',
  'docs/score.md',
].map((file) => readFileSync(join(root, file), 'utf8'));

const wordsIn = (text: string): ReadonlySet<string> => new Set(text.match(/\w+/g));

test('every public function and value is used in a test or an example; every type is, or is part of one that is', () => {
  const words = wordsIn(users.join('\n'));
  const used = new Set(names.filter((n) => words.has(n.name)).map((n) => n.name));
  expect(names.filter((n) => n.kind !== 'type' && !used.has(n.name)).map((n) => n.name)).toEqual([]);
  // What a used name's signature names is used with it.
  const named = new Map(names.map((n) => [n, wordsIn(n.signature)]));
  for (let before = -1; before !== used.size;) {
    before = used.size;
    for (const n of names) if (used.has(n.name)) for (const m of names) if (named.get(n)!.has(m.name)) used.add(m.name);
  }
  expect(names.filter((n) => !used.has(n.name)).map((n) => n.name)).toEqual([]);
});

test('every public function that takes options refuses a name that is none', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  const text = sources.map((f) => readFileSync(join(root, 'src', f), 'utf8')).join('\n');
  const taking = names.filter((n) => n.kind === 'function' && /\boptions\??:/.test(n.signature) && n.entry !== 'lan-onnx/ops');
  expect(taking.length).toBeGreaterThan(25);
  expect(taking.filter((n) => !text.includes(`refuseUnknown('${n.name}', options`)).map((n) => `${n.entry}: ${n.name}`)).toEqual(
    [],
  );
});
