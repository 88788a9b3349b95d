// Every block of code in the documents as it stands, on small files under the names that it speaks of (stand-ins.ts); what is not run is listed in test/project/blocks.ts.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import ts from 'typescript';
import { NOT_PRINTED, runOf } from '../project/blocks.js';
import { blocksOf, documents, root, type Block } from '../project/documents.js';
import { moduleOf, PROGRAM } from '../support/built.js';
import { standIns } from './stand-ins.js';

/** What stands for a file of the reader's own in a synopsis; `...` says that there may be several. */
const NAMES: Readonly<Record<string, string>> = { MODEL: 'model.onnx', F: 'cat.jpg', D: 'labelled' };
const named = (line: string): string => line.replace(/(?<=\s)(MODEL|F|D)(\.\.\.)?(?=\s|$)/g, (_, name: string) => NAMES[name]!);

// A mask of two steps and evidence of eight draws are as true of a command line as long ones: figures of the documents are held elsewhere. Of words and
// columns all steps take a second.
const STUB = `
import { main } from '${moduleOf('src/cli/main.ts')}';
const line = process.argv.slice(2);
const has = (...flags) => line.some((word) => flags.includes(word.split('=')[0]));
if (['audit', 'diff'].includes(line[0]) && !has('--quick', '--method', '--lan', '--iterations', '--text', '--csv')) line.push('--iterations', '2');
if (['audit', 'compare'].includes(line[0]) && !has('--quick', '--evidence-draws', '--text', '--csv')) line.push('--evidence-draws', '8');
if (line[0] === 'compare' && !has('--budget')) line.push('--budget', '60s');
if (line[0] === 'train' && !has('--iterations')) line.push('--iterations', '2');
process.exitCode = await main(line.map((word, i) => (line[i - 1] === '--budget' ? '2s' : word)));
`;

// As they are at the start, and the copy of them that the document at hand works in.
let prepared: string;
let folder: string;
beforeAll(async () => {
  prepared = mkdtempSync(join(tmpdir(), 'lan-onnx-blocks-'));
  await standIns(prepared);
  const home = join(prepared, 'node_modules/lan-onnx');
  mkdirSync(home, { recursive: true });
  const entries = { '.': 'index', './ops': 'ops', './jest': 'jest' };
  const exports = Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, `./${file}.js`]));
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'lan-onnx', type: 'module', exports: { ...exports, './jest-environment': './environment.cjs' } })); // prettier-ignore
  for (const file of Object.values(entries)) writeFileSync(join(home, `${file}.js`), `export * from '${moduleOf(`src/${file}.ts`)}';\n`); // prettier-ignore
  writeFileSync(
    join(home, 'environment.cjs'),
    `module.exports = require(${JSON.stringify(join(root, 'src/jest-environment.cjs'))});`,
  );
  symlinkSync(join(root, 'node_modules/@jest'), join(prepared, 'node_modules/@jest'));
  // As check.md says that jest is configured.
  writeFileSync(join(prepared, 'jest.config.json'), JSON.stringify({ testEnvironment: 'lan-onnx/jest-environment', testMatch: ['**/block.test.mjs'], transform: {} })); // prettier-ignore
  mkdirSync(join(prepared, 'bin'));
  const bin = (name: string, script: string): void => {
    writeFileSync(join(prepared, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(prepared, 'bin', name), 0o755);
  };
  writeFileSync(join(prepared, 'bin/stub.mjs'), STUB);
  bin('lan-onnx', `exec '${PROGRAM[0]}' '${join(prepared, 'bin/stub.mjs')}' "$@"`);
  bin('npx', 'exec "$@"');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-onnx-block-'));
  cpSync(prepared, folder, { recursive: true, verbatimSymlinks: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => rmSync(prepared, { recursive: true, force: true }));

/** What a process in the folder came to. */
interface Came {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function spawned(program: string, args: readonly string[]): Came {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
  });
  return { code: status, out: stdout, err: stderr };
}

// What a command of the documents is meant to say beside "fine": the finding of --fail-on on these stand-ins is not the documents' business.
const fine = ({ line, code }: Run): boolean => code === 0 || (code === 1 && line.includes('--fail-on'));

/** A block in TypeScript or JavaScript: by node, and a test by jest as check.md says to start it. */
function program(text: string): Came {
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const isTest = text.includes("from '@jest/globals'");
  writeFileSync(join(folder, isTest ? 'block.test.mjs' : 'block.mjs'), ts.transpileModule(text, { compilerOptions: options }).outputText); // prettier-ignore
  const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js')];
  return spawned(process.execPath, isTest ? jest : ['block.mjs']);
}

const python = process.env['LAN_ONNX_PYTHON'] ?? 'python3';
const withOnnxruntime = spawnSync(python, ['-c', 'import numpy, onnxruntime']).status === 0;

/** A part of a block that was run. */
interface Run extends Came {
  readonly at: string;
  readonly line: string;
}

/** Runs what is run of a block. */
const run = (block: Block): Run[] =>
  runOf(block).map((text) => {
    if (block.language === 'sh')
      return { at: block.at, line: text, ...spawned('bash', ['-e', '-o', 'pipefail', '-c', named(text)]) };
    return {
      at: block.at,
      line: block.language,
      ...(block.language === 'python' ? spawned(python, ['-c', text]) : program(text)),
    };
  });

/** What a page says that comes out. */
const HOLDS: Readonly<Record<string, (runs: readonly Run[]) => void>> = {
  'docs/guides/first-audit.md': ([, uniform, others, score]) => {
    expect(uniform!.out).toMatch(/tank 0\.\d+/);
    expect(existsSync(join(folder, 'first/05/report.html'))).toBe(true);
    // Nearly all of the picture can be another one.
    expect(others!.out).toMatch(/9\d % of the input replaced entirely|[1-9] % of the picture was enough/);
    expect(score!.out).toContain('0 %');
  },
  'docs/guides/training-a-lan.md': () => {
    for (const file of ['lan.onnx', 'lan.fused.onnx', 'lan.report.html']) expect([file, existsSync(join(folder, file))]).toEqual([file, true]); // prettier-ignore
  },
};

const printed: string[] = [];
const withRuns = documents().filter((d) => blocksOf(d).some((b) => runOf(b).length > 0));
test.each(withRuns.map((d) => [d.path, d] as const))(
  '%s runs as it stands',
  (path, document) => {
    const runs = blocksOf(document).filter((b) => b.language !== 'python' || withOnnxruntime).flatMap(run); // prettier-ignore
    printed.push(...runs.flatMap((r) => (r.out + r.err).split('\n')));
    expect(runs.filter((r) => !fine(r))).toEqual([]);
    HOLDS[path]?.(runs);
  },
  600_000,
);

/** A line without what differs from model to model: names, labels, numbers, how long a list is. */
const form = (line: string): string =>
  line
    .replace(/'[^']*'/g, "'_'")
    .replace(/[-+]?\d[\d.]*(?:e[-+]?\d+)?/g, '#')
    .trim()
    .replace(/('_'(?: at #)?(?: \(#\))?)(?:, \1)+/g, '$1')
    .replace(/^(in the text:).*/, '$1')
    .replace(/^[\w.]+: [^:;]+ #$/, 'answers')
    // What a page leaves out.
    .replace(/\(\.\.\.\)$/, '');

test('what the documents say is printed has the form of what was', () => {
  const forms = printed.map(form);
  const printedSo = (line: string): boolean => (line.endsWith('(...)') ? forms.some((f) => f.startsWith(form(line))) : forms.includes(form(line))); // prettier-ignore
  const outputs = documents().flatMap(blocksOf).filter((b) => b.language === 'text' && b.path !== 'docs/commands.md'); // prettier-ignore
  const lines = outputs.flatMap((b) => b.text.trimEnd().split('\n').map((line) => ({ b, line }))); // prettier-ignore
  const excused = ({ b, line }: (typeof lines)[0]) => NOT_PRINTED.find((n) => n.path.test(b.path) && n.has.test(line));
  expect(lines.filter((l) => !excused(l) && !printedSo(l.line)).map(({ b, line }) => [b.at, line])).toEqual([]);
  expect(NOT_PRINTED.filter((n) => !lines.some((l) => excused(l) === n))).toEqual([]);
});
