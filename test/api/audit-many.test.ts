// auditMany from the library: a dataset, a folder a picture, and one summary.
import { afterAll, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditMany } from '../../src/index.js';

const out = mkdtempSync(join(tmpdir(), 'lan-many-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

test('a part of a dataset: as many folders and lines as pictures, and the finding that was asked for', async () => {
  const spec = { kind: 'data', path: 'models/tank/pictures', limit: 3, seed: 1 } as const;
  const { summary, negative, failures } = await auditMany('tank', spec, {
    out,
    iterations: 5,
    evidenceDraws: 8,
    workers: 1,
    failOn: 'replaceable<1',
  });
  const lines = readFileSync(join(out, 'results.jsonl'), 'utf8').trim().split('\n');
  expect([lines.length, negative, failures.length, summary.workers]).toEqual([3, 3, 0, 1]);
  for (const line of lines)
    expect(existsSync(join(out, (JSON.parse(line) as { folder: string }).folder, 'audit.json'))).toBe(true);
});
