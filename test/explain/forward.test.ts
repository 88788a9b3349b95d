// Masks without gradients: the known features of a forest are found from its answers alone, and it is said that nothing else was used.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { check } from '../../src/check/check.js';
import { random } from '../../src/core/random.js';
import { openModel } from '../../src/model/open.js';
import { incomeRule } from '../nets/named.js';
import { forest, tenTrees } from '../nets/forest.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-forward-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const model = at('forest.onnx');
writeFileSync(model, forest());
const table = at('rows.csv');
const values = random(5, 1).normal(new Float32Array(60 * 6), 0);
// The first row is of class 1, the second is not.
values.set([-1, 0, 1, 0, 1, 0, -1, 0, 1, 0, -1, 0]);
const rows = Array.from({ length: 60 }, (_, i) => Array.from(values.subarray(6 * i, 6 * i + 6), (v) => v.toFixed(3)));
writeFileSync(table, `a,b,c,d,e,f\n${rows.map((r) => r.join(',')).join('\n')}\n`);

test('the two features that decide are left, whichever the seed; the passes are counted', async () => {
  for (const seed of [0, 1, 2]) {
    const { betas, answer, notes } = await audit(
      model,
      { csv: table, row: 1 },
      { engine: 'forward', trust: true, threads: 1, seed },
    );
    expect(answer).toMatchObject({ index: 1 });
    const [{ learned, claims, evidence }] = betas as [(typeof betas)[0]];
    expect(claims.at(-1)).toBe('what was left: c, e (2 of the 6 features)');
    expect(evidence.hard!.kept).toBeGreaterThan(0.9 * evidence.hard!.draws);
    expect(learned.forwardPasses).toBe(learned.history.length * 64);
    expect(notes[0]).toMatch(/^engine forward: no gradient of the model is taken;/);
  }
}, 30_000);

test('it finds what learning by gradients finds, where both can', async () => {
  const linear = at('income.onnx');
  writeFileSync(linear, incomeRule());
  const four = at('four.csv');
  writeFileSync(four, `age,height,income,noise\n${rows.map((_, i) => [20 + i, 150 + i, (i * 13) % 90, i % 2].join(',')).join('\n')}\n`); // prettier-ignore
  const options = { trust: true, threads: 1, evidenceDraws: 32, iterations: 150 } as const;
  for (const engine of ['forward', 'onnxruntime'] as const) {
    const { betas } = await audit(linear, { csv: four, row: 6 }, { ...options, engine });
    expect(betas[0]!.claims.at(-1)).toBe('what was left: income (1 of the 4 features)');
  }
}, 30_000);

test('the command line says it plainly; without it the reason and the way out are named', async () => {
  const flags = ['--csv', table, '--row', '1', '--threads', '1', '--trust', '--evidence-draws', '32', '--iterations', '60'];
  const { code, out, err } = await cli('audit', model, '--engine', 'forward', ...flags, '--out', at('out'));
  expect(code).toBe(0);
  expect(err).toContain('note: engine forward: no gradient of the model is taken; the mask is learned from what it answers');
  expect(out).toContain('(stopped: iterations), 3840 forward passes and no gradient, evidence');
  const document = JSON.parse(readFileSync(at('out/rows-row1/audit.json'), 'utf8')) as { betas: { forwardPasses: number }[] };
  expect(document.betas[0]!.forwardPasses).toBe(3840);
  const refused = await cli('audit', model, ...flags, '--out', at('nothing'));
  expect([refused.code, refused.err]).toEqual([
    2,
    expect.stringContaining("a tree is constant between its thresholds, so its gradient is zero\nAn audit with --engine forward learns the mask from the model's answers alone.\n"),
  ]); // prettier-ignore
  expect(existsSync(at('nothing/rows-row1'))).toBe(false);
  const soft = await cli('audit', model, '--engine', 'forward', '--mask-values', 'soft', ...flags, '--out', at('nothing'));
  expect(soft.err).toContain(
    '--engine forward replaces elements entirely or not at all, so that there are no masks of values in between.',
  );
});

test('a forest whose shares add up to 1 and a rounding has probabilities', async () => {
  const opened = await openModel(tenTrees(), { trust: true, threads: 1 });
  expect(opened.outputKind).toBe('probabilities');
  await opened.dispose();
});

test('what needs gradients refuses it', async () => {
  await expect(check(model, { engine: 'forward' })).rejects.toMatchObject({ code: 'usage' });
});
