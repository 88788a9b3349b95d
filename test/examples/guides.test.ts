// The guides as typed: every command of theirs that needs no more than the model and the pictures of the package is run, in the order of the page.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commandLines, wordsOf } from '../project/command-lines.js';
import { PROGRAM } from '../support/built.js';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-onnx-guides-'));
  cpSync(join(root, 'models/tank'), join(folder, 'models/tank'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the lines of a page that name `tank`; what each printed. */
function run(page: string): string[] {
  const lines = commandLines(page, readFileSync(join(root, page), 'utf8')).filter(({ text }) => / tank /.test(text));
  return lines.map(({ text }) => {
    const [program, ...first] = PROGRAM;
    const { status, stdout, stderr } = spawnSync(program, [...first, ...wordsOf(text).slice(1)], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect([text, status, stderr.includes('lan-onnx: ')]).toEqual([text, 0, false]);
    return stdout;
  });
}

test('the first audit', () => {
  const [uniform, others, score] = run('docs/guides/first-audit.md');
  expect(uniform).toMatch(/tank 0\.\d+/);
  expect(existsSync(join(folder, 'first/05/report.html')) || existsSync(join(folder, 'first/report.html'))).toBe(true);
  // The page says so: nearly all of the picture can be another one.
  expect(others).toMatch(/9\d % of the input replaced entirely|[1-9] % of the picture was enough/);
  expect(score).toContain('0 %');
}, 300_000);

test('training a LAN', () => {
  run('docs/guides/training-a-lan.md');
  for (const file of ['lan.onnx', 'lan.fused.onnx', 'lan.report.html'])
    expect([file, existsSync(join(folder, file))]).toEqual([file, true]);
}, 300_000);
