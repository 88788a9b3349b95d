// The core in a browser: what its worker finds is what Node finds, nothing leaves the origin, and no model or audit stays in memory.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import sharp from 'sharp';
import { audit } from '../../src/api/audit.js';
import { toFloat32 } from '../../src/core/tensor.js';
import { decodeNpy } from '../../src/data/npy.js';
import type { NamedFile } from '../../web/app/protocol.js';
import { site, talkTo, type Site, type Talk } from './site.js';

const root = resolve(import.meta.dirname, '../..');
const models = join(root, 'models');
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-core-'));
const picture = join(models, 'tank/pictures/tank/05.png');
const file = (path: string): NamedFile => ({ name: path.split('/').at(-1)!, bytes: readFileSync(path) });
const TANK = [file(join(models, 'tank/tank.onnx')), file(join(models, 'tank/tank.card.json'))];

async function pixels(path: string) {
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { type: 'picture' as const, name: path.split('/').at(-1)!, width: info.width, height: info.height, rgba: new Uint8ClampedArray(data) }; // prettier-ignore
}

let browser: Browser;
let served: Site;
let page: Page;
let talk: Talk;
let faults: string[];

beforeAll(async () => {
  served = await site();
  browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}, 120_000);
afterAll(async () => {
  await browser.close();
  served.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  page = await browser.newPage();
  faults = [];
  page.on('console', (m) => faults.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => faults.push(e.message));
  page.on('request', (r) => {
    if (!r.url().startsWith(served.url)) faults.push(`request: ${r.url()}`);
  });
  await page.goto(served.url);
  talk = await talkTo(page);
});
afterEach(async () => {
  await page.close();
  // Nothing was complained of, and nothing left the origin.
  expect(faults).toEqual([]);
});

const SETTINGS = { iterations: 50, seed: 7, maskValues: 'soft', evidenceDraws: 64 } as const;
const maskIn = (files: readonly NamedFile[]): Float32Array =>
  toFloat32(decodeNpy(files.find(({ name }) => name === 'mask.npy')!.bytes, 'mask.npy'));

test('browser and Node learn the same mask', async () => {
  await talk.send({ type: 'open', files: TANK });
  const { model, engine } = await talk.next('opened');
  expect(model).toMatchObject({ name: 'tank.onnx', takes: 'picture', classes: 2, unsupported: [] });
  expect(engine).toMatchObject({ name: 'onnxruntime', backend: 'wasm' });
  await talk.send(await pixels(picture));
  const { top, seen, card } = await talk.next('predicted');
  expect([top[0]!.label, top[0]!.index]).toEqual(['tank', 1]);
  expect([seen!.width, seen!.height, seen!.rgba.length]).toEqual([64, 64, 4 * 64 * 64]);
  expect(card!.lines.map(({ field }) => field)).toEqual(expect.arrayContaining(['size', 'mean', 'labels']));
  await talk.send({ type: 'audit', settings: SETTINGS });
  const { agreement } = await talk.next('checked');
  expect(agreement).toBeLessThan(1e-5);
  const step = await talk.next('step');
  expect([step.iteration, step.of, step.attention.length, step.height]).toEqual([1, 50, 64 * 64, 64]);
  const { files, document } = await talk.next('finding');
  const node = await audit('tank', picture, SETTINGS);
  const [own, other] = [maskIn(files), toFloat32(node.betas[0]!.learned.mask)];
  const apart = own.reduce((most, v, i) => Math.max(most, Math.abs(v - other[i]!)), 0);
  expect(own.length).toBe(64 * 64);
  expect(apart).toBeLessThan(1e-3);
  expect(document.claim).toBe((await node.page()).claim);
  // The same files, report and all.
  const written = await node.save(join(folder, 'node'));
  expect(files.map(({ name }) => name).sort()).toEqual(['attention.png', 'audit.json', 'mask.npy', 'overlay.png', 'report.html', 'sheet.png']); // prettier-ignore
  const report = new TextDecoder().decode(files.find(({ name }) => name === 'report.html')!.bytes);
  expect(report.length).toBeGreaterThan(0.9 * readFileSync(written.report).length);
  expect(report).toContain(document.claim);
}, 180_000);

test('the library itself, without a worker', async () => {
  const [model, card] = TANK.map(({ bytes }) => Buffer.from(bytes).toString('base64')) as [string, string];
  const { rgba, width, height } = await pixels(picture);
  const found = await page.evaluate(`(async () => {
    const { useRuntime, inspect, openModel, predict, createAuditor, filesOf, preview, pixelsOf, LanError } = await import('/lan-onnx.js');
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    useRuntime({ wasm: '/ort/', threads: 1 });
    const files = [{ name: 'tank.onnx', bytes: bytes('${model}') }, { name: 'tank.card.json', bytes: bytes('${card}') }];
    const picture = { name: 'forest.png', width: ${width}, height: ${height}, rgba: bytes('${Buffer.from(rgba).toString('base64')}') };
    const refused = await openModel(new Uint8Array(9)).catch((e) => [e instanceof LanError, e.code]);
    const { ops } = await inspect(files);
    const model = await openModel(files);
    const { seen: [{ x, answers }] } = await predict(model, picture);
    const all = await preview(model, { x, mask: { ...x, data: x.data.map(() => 1) }, share: 1, noise: 'constant:0', seed: 0 });
    const none = await preview(model, { x, mask: x, share: 0, noise: 'uniform', seed: 0 });
    const auditor = await createAuditor(model, { iterations: 12, draws: 4, evidenceDraws: 64 });
    const results = [];
    for (const input of [picture, x]) results.push(await auditor.audit(input));
    await auditor.dispose();
    const names = (await filesOf(results[0])).map(({ name }) => name);
    await model.dispose();
    return {
      refused, names, top: answers[0].label, ops: ops.map(({ op }) => op),
      black: pixelsOf(all.seen, 255).rgba.slice(0, 4).join(), none: none.top[0].label,
      claims: results.map(({ betas }) => betas[0].claims[0]),
    };
  })()`);
  expect(found).toMatchObject({ refused: [true, 'model'], top: 'tank', black: '0,0,0,255', none: 'tank' });
  const { names, ops, claims } = found as { names: string[]; ops: string[]; claims: string[] };
  expect(names).toContain('report.html');
  expect(ops).toContain('LeakyRelu');
  // The picture and its pixels are one input.
  expect(claims[0]).toBe(claims[1]);
}, 120_000);
