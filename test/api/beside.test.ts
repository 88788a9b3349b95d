// audit with other methods beside it: on the same noise and draws, in the result, the document, the report and the terminal; what does not fit is refused.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { compare } from '../../src/api/compare.js';
import { openModel } from '../../src/api/opened.js';
import type { AuditDocument } from '../../src/report/audit-files.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-beside-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const picture = resolve(import.meta.dirname, '../../models/tank/pictures/tank/05.png');
const QUICK = { preset: 'quick', iterations: 6, draws: 4, evidenceDraws: 64, seed: 2 } as const;

test('each is measured as compare measures it, what the model does not allow is listed, and the claim is what it is without them', async () => {
  await using model = await openModel('tank', { threads: 1 });
  const others = ['centre', 'rollout'] as const;
  const result = await audit(model, picture, { ...QUICK, compare: others });
  const alone = await audit(model, picture, QUICK);
  const { iterations: _i, draws: _d, ...measured } = QUICK;
  const { rows } = await compare(model, picture, { ...measured, methods: others });
  expect(result.betas[0]!.claims).toEqual(alone.betas[0]!.claims);
  expect(alone.others).toBeUndefined();
  const json = JSON.parse(JSON.stringify(result.toJSON())) as AuditDocument;
  // What is no wall clock is the same.
  const timeless = (found: readonly object[]): unknown => JSON.parse(JSON.stringify(found, (key, value: unknown) => (key === 'seconds' ? 0 : value))); // prettier-ignore
  expect(timeless(json.others!)).toEqual(timeless(rows));
  expect(json.others!.map(({ name, refused }) => [name, refused !== undefined])).toEqual([['centre', false], ['rollout', true]]); // prettier-ignore
  expect(alone.toJSON()).not.toHaveProperty('others');
  expect(json.run).not.toBe(alone.toJSON().run);
  const page = await result.page();
  const at = page.blocks.findIndex((b) => b.type === 'heading' && b.text === 'Other methods beside it');
  const blocks = page.blocks.slice(at, at + 6);
  expect(blocks.map((b) => b.type)).toEqual(['heading', 'text', 'pictures', 'table', 'text', 'facts']);
  const [, , pictures, table, , refused] = blocks;
  expect(pictures!.type === 'pictures' && pictures.pictures.map((p) => p.captions[0])).toEqual(['input', 'LAN', 'Centre']); // prettier-ignore
  const rowsOnPage = table!.type === 'table' ? table.rows : [];
  const own = rowsOnPage.find(([title]) => title === 'LAN')!;
  const { hard } = result.betas[0]!.evidence;
  expect(own.slice(1, 4)).toEqual([hard!.fraction, hard!.kept, hard!.draws]);
  expect(refused!.type === 'facts' && refused.facts).toEqual([['Attention rollout', expect.stringContaining('attention')]]);
}, 120_000);

test('the command line: names behind commas, a line of what they claim, the report', async () => {
  const flags = ['--iterations', '4', '--draws', '4', '--threads', '1', '--quick', '--trust'];
  // All that are asked may be refused: the audit stands all the same.
  const { code, out } = await cli('audit', 'tank', '--image', picture, '--compare', 'rollout', ...flags, '--out', folder);
  expect(code).toBe(0);
  expect(out).toMatch(/\n {2}beside it: Attention rollout not: /);
  expect(readFileSync(join(folder, '05/report.html'), 'utf8')).toContain('Other methods beside it');
}, 120_000);

test.each([
  [{ compare: ['gradcam', 'gradcam'] }, "`compare`: 'gradcam' is given twice."],
  [{ compare: ['lan'] }, "`compare`: 'lan' is what the audit itself asks."],
  [{ compare: ['rise'], method: 'rise' }, "`compare`: 'rise' is what the audit itself asks."],
  [{ compare: ['gradkam'] }, "`compare`: no method is called 'gradkam'."],
  [{ compare: ['rise'], find: 'delete' }, '`compare` and `find'],
] as const)('%j is refused', async (options, message) => {
  await expect(audit('tank', picture, { trust: true, ...options })).rejects.toThrow(message);
});
