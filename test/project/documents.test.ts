// Every block of code and every command line of the documents is true: it is what the program takes, compiles, or parses; no link leads to nothing. Types: test/examples.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { PlainCard } from '../../src/model/card.js';
import { buildSite } from '../../tools/site/build.js';
import { LANGUAGES, NOT_RUN, notRun } from './blocks.js';
import { commandLines, refusalOf, shellLines, wordsOf } from './command-lines.js';
import { blocksOf, documents, root } from './documents.js';

const all = documents();
const blocks = all.flatMap(blocksOf);
const of = (...languages: string[]) => blocks.filter((b) => languages.includes(b.language));

test('the look at a line finds what is wrong with it', async () => {
  expect(wordsOf(`lan-onnx audit "a b".onnx --noise 'x:no tank' | tee log`)).toEqual(['lan-onnx', 'audit', 'a b.onnx', '--noise', 'x:no tank']); // prettier-ignore
  const lines = commandLines('f', 'Run `lan-onnx doctor`.\n\n- in a list:\n  ```sh\n  lan-onnx audit m \\\n    --seed 1  # why\n  ```\n\n```yaml\n- run: >\n    npx lan-onnx check m.onnx\n    --nodes\n```\n\n```text\nlan-onnx prints this\n```\n'); // prettier-ignore
  expect(lines.map((l) => [l.at, l.text])).toEqual([['f:4', 'lan-onnx audit m --seed 1'], ['f:9', 'npx lan-onnx check m.onnx --nodes'], ['f:1', 'lan-onnx doctor']]); // prettier-ignore
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
    .flatMap((d) => [...d.text.matchAll(/(?:`|^)make ([a-z-]+)/gm)].map(([, name]) => [d.path, name]));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(([, name]) => !targets.has(name))).toEqual([]);
});

test('every block in JSON is a card that is taken', () => {
  expect(of('json').length).toBeGreaterThan(0);
  for (const { at, text } of of('json')) expect([at, PlainCard.extend({ labels: z.string() }).safeParse(JSON.parse(text)).error]).toEqual([at, undefined]); // prettier-ignore
});

/** What GitHub takes of a workflow, as far as ours go. */
const texts = z.record(z.string(), z.string());
const Step = z
  .strictObject({
    name: z.string(),
    uses: z.string(),
    with: z.record(z.string(), z.unknown()),
    run: z.string(),
    if: z.string(),
    env: texts,
  })
  .partial()
  .refine((s) => (s.uses === undefined) !== (s.run === undefined), 'a step uses an action or runs a script');
const Job = z.strictObject({ 'runs-on': z.string(), env: texts.optional(), steps: z.array(Step).min(1) });
const Workflow = z.strictObject({
  name: z.string(),
  on: z.unknown(),
  permissions: texts.optional(),
  jobs: z.record(z.string(), Job),
});

test('every workflow is one, in the documents and in the examples', () => {
  const files = readdirSync(join(root, 'examples/ci')).filter((name) => name !== 'pre-commit-config.yaml');
  const workflows = [...of('yaml').map((b) => [b.at, b.text]), ...files.map((name) => [name, readFileSync(join(root, 'examples/ci', name), 'utf8')])]; // prettier-ignore
  expect(workflows.length).toBeGreaterThan(2);
  for (const [at, text] of workflows) expect([at, Workflow.safeParse(parse(text!)).error]).toEqual([at, undefined]);
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

test('every block says its language; what is only printed says text', () => {
  expect(blocks.filter((b) => !(LANGUAGES as readonly string[]).includes(b.language)).map((b) => [b.at, b.language])).toEqual([]);
  const typed = of('text').filter((b) => b.path !== 'docs/commands.md' && shellLines(b.text).some((line) => /^(npx |npm |make |lan-onnx \w+ )/.test(line))); // prettier-ignore
  expect(typed.map((b) => b.at)).toEqual([]);
});

test('what of the blocks is not run is listed with its reason, and nothing else is', () => {
  const parts = blocks.flatMap((b) => (b.language === 'sh' ? shellLines(b.text) : ['ts', 'js', 'python'].includes(b.language) ? [b.text] : []).map((text) => ({ b, text }))); // prettier-ignore
  const left = parts.flatMap(({ b, text }) => notRun(b.path, text) ?? []);
  expect(NOT_RUN.filter((n) => !left.includes(n))).toEqual([]);
  // Most are run; of api.md and plugins.md others run them.
  const own = parts.filter(({ b }) => !/api\.md|plugins\.md|models\//.test(b.path));
  expect(own.filter(({ b, text }) => !notRun(b.path, text)).length).toBeGreaterThan(0.6 * own.length);
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
