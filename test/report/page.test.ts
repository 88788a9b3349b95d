// The page of a report: its document whole, its text inert, its file small and without network.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { float32 } from '../../src/core/tensor.js';
import { compareReport } from '../../src/report/page/compare.js';
import type { Block, ReportDocument } from '../../src/report/page/document.js';
import { embedded, reportPage } from '../../src/report/page/template.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The document in a page. */
const documentIn = (page: string): ReportDocument =>
  JSON.parse(/<script type="application\/json" id="document">(.*?)<\/script>/s.exec(page)![1]!) as ReportDocument;

/** All blocks, those within others too. */
const all = (blocks: readonly Block[]): Block[] =>
  blocks.flatMap((b) => [
    b,
    ...(b.type === 'details' ? all(b.blocks) : b.type === 'choice' ? b.options.flatMap((o) => all(o.blocks)) : []),
  ]);

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>{{document}}$&';
const plain: ReportDocument = {
  schema: 'lan-onnx/report@1',
  command: 'audit',
  version: '0',
  title: HOSTILE,
  claim: HOSTILE,
  cautions: [HOSTILE],
  blocks: [{ type: 'text', text: HOSTILE }],
  images: {},
};

describe('the page', () => {
  test('foreign text stays text, wherever it stands', async () => {
    const [page, harmless] = await Promise.all([reportPage(plain), reportPage({ ...plain, title: '', claim: '', cautions: [], blocks: [] })]); // prettier-ignore
    const count = (text: string, what: string): number => text.split(what).length - 1;
    for (const tag of ['<script', '</script', '<img', '<!--'])
      expect([tag, count(page, tag)]).toEqual([tag, count(harmless, tag)]);
    expect(documentIn(page)).toEqual(plain);
    expect(embedded(plain)).not.toContain('<');
  });

  test('its policy allows the one script it has, and no connection', async () => {
    const page = await reportPage(plain);
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
    const script = /<script>(.*)<\/script>/s.exec(page)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(policy).not.toMatch(/connect-src|https?:|\*/);
    // Names of XML namespaces are no addresses that anything is loaded from.
    const addresses = page.match(/\bhttps?:\/\/[^\s"'`)<]+/g) ?? [];
    expect(addresses.filter((a) => !a.startsWith('http://www.w3.org/'))).toEqual([]);
  });
});

describe('of an audit', () => {
  let page: string;
  let document: ReportDocument;
  beforeAll(async () => {
    const options = { iterations: 30, draws: 2, evidenceDraws: 128, seed: 1, beta: [0.5, 2], repeat: 'lan-onnx audit tank' };
    const result = await audit('tank', 'models/tank/pictures/tank/05.png', options);
    const { report } = await result.save(folder);
    expect(statSync(report).size).toBeLessThan(3e6);
    page = readFileSync(report, 'utf8');
    document = documentIn(page);
  });

  test('says what was found in one plain sentence, which the heading of the file says too', () => {
    expect(document.claim).toMatch(/^([\d.]+ % of the picture was enough; the rest was replaced by random colours and|It is not sure that|No part of the picture was found) /); // prettier-ignore
    expect(page).toContain(`<h1>${document.claim.replace(/'/g, '&#39;')}</h1>`);
    expect(document.claim).not.toMatch(/beta|KL|mask/);
  });

  test('every picture that a block names is there, and every picture that is there is named', () => {
    const blocks = all(document.blocks);
    const named = blocks.flatMap(
      (b) =>
      b.type === 'pictures' ? b.pictures.map((p) => p.image) : b.type === 'replace' && b.picture ? [b.picture.image, ...b.picture.noises] : [], // prettier-ignore
    );
    expect([...new Set(named)].sort()).toEqual(Object.keys(document.images).sort());
    for (const url of Object.values(document.images)) expect(url).toMatch(/^data:image\/(png|jpeg);base64,/);
  });

  test('has a slider whose steps, answers and map of elements fit each other', () => {
    const sliders = all(document.blocks).filter((b) => b.type === 'replace');
    expect(sliders).toHaveLength(2);
    for (const { fractions, answers, picture, start } of sliders) {
      expect(fractions.at(0)).toBe(0);
      expect(fractions.at(-1)).toBe(1);
      expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
      expect(fractions[start]).toBeDefined();
      expect(answers.map((a) => a.length)).toEqual([fractions.length, fractions.length]);
      // The first step is the input as it is.
      for (const draw of answers) expect([draw[0]!.kept, draw[0]!.top[0]![0]]).toEqual([true, 'tank']);
      const steps = Buffer.from(picture!.steps, 'base64');
      const { width, height, channels } = picture!;
      expect(steps.length).toBe(channels * width * height);
      // At each step as many elements are replaced as it says.
      fractions.forEach((f, step) => expect(steps.filter((s) => s <= step).length).toBe(Math.round(f * steps.length)));
    }
  });

  test('ends with what repeats it, and the hashes', () => {
    const blocks = all(document.blocks);
    expect(blocks.find((b) => b.type === 'code')?.text).toBe('lan-onnx audit tank');
    const facts = new Map(blocks.filter((b) => b.type === 'facts').flatMap((b) => b.facts));
    expect(facts.get('SHA-256 of the model')).toMatch(/^[0-9a-f]{64}$/);
    expect(facts.get('seed')).toBe('1');
  });
});

test('a comparison counts the methods that ran, and calls none the first that shares its place', async () => {
  const found = (fraction: number): object => ({ claim: { hard: { fraction, kept: 9, draws: 10, interval: [0.8, 1] } }, metrics: [], seconds: 1, passes: {} }); // prettier-ignore
  const method = (title: string, more: object): object => ({ name: title, title, ...more });
  const refused = method('rollout', { refused: 'no attention between tokens' });
  const context = { version: '0', title: 'x', notes: [], model: { name: 'm' }, input: { name: 'i' }, engine: {} };
  const claimOf = async (...methods: object[]): Promise<string | undefined> =>
    (await compareReport(float32([0], [1, 1]), { methods } as never, context as never)).claim;
  const [a, b, c] = [method('LAN', { found: found(0.9) }), method('IG', { found: found(0.9) }), method('LIME', { found: found(0.5) })]; // prettier-ignore
  expect(await claimOf(a, c, refused)).toMatch(/^Of 2 methods LAN needed least: /);
  expect(await claimOf(a, b, c, refused)).toMatch(/^Of 3 methods 2 needed least, LAN among them: /);
});
