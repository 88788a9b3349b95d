// The core in a browser: what its worker finds is what Node finds, nothing leaves the origin, and no model or audit stays in memory.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { audit } from '../../src/api/audit.js';
import { train } from '../../src/api/train.js';
import { sizeOf, toFloat32 } from '../../src/core/tensor.js';
import { decodeNpy } from '../../src/data/npy.js';
import { readModel } from '../../src/model/source.js';
import { assemble } from '../../src/onnx/assemble.js';
import { protoOf } from '../../src/onnx/codec.js';
import type { AuditDocument } from '../../src/report/audit-files.js';
import type { NamedFile } from '../../web/app/protocol.js';
import { launch, watched } from './browser.js';
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
  browser = await launch();
}, 120_000);
afterAll(async () => {
  await browser.close();
  served.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  page = await browser.newPage();
  faults = watched(page, (url) => url.startsWith(served.url));
  await page.goto(served.url);
  talk = await talkTo(page);
});
afterEach(async () => {
  await page.close();
  // Nothing was complained of, and nothing left the origin.
  expect(faults).toEqual([]);
});

const SETTINGS = { iterations: 50, seed: 7, maskValues: 'soft', evidenceDraws: 64 } as const;
/** Steps that nobody waits for: what is said to a run must find it there on a busy machine too. */
const LONG = 1_000_000;
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
  expect(files.map(({ name }) => name).sort()).toEqual(['attention.png', 'audit.json', 'mask.npy', 'overlay.png', 'report.html', 'sheet.png', 'sheet.svg']); // prettier-ignore
  const report = new TextDecoder().decode(files.find(({ name }) => name === 'report.html')!.bytes);
  expect(report.length).toBeGreaterThan(0.9 * readFileSync(written.report).length);
  expect(report).toContain(document.claim);
}, 180_000);

test('the library itself, without a worker', async () => {
  const [model, card] = TANK.map(({ bytes }) => Buffer.from(bytes).toString('base64')) as [string, string];
  const { rgba, width, height } = await pixels(picture);
  const found = await page.evaluate(`(async () => {
    const { useRuntime, inspect, openModel, predict, createAuditor, filesOf, pixelsOf, LanError } = await import('/lan-onnx.js');
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    useRuntime({ wasm: '/ort/', threads: 1 });
    const files = [{ name: 'tank.onnx', bytes: bytes('${model}') }, { name: 'tank.card.json', bytes: bytes('${card}') }];
    const picture = { name: 'forest.png', width: ${width}, height: ${height}, rgba: bytes('${Buffer.from(rgba).toString('base64')}') };
    const refused = await openModel(new Uint8Array(9)).catch((e) => [e instanceof LanError, e.code]);
    const { ops } = await inspect(files);
    const model = await openModel(files);
    const { seen: [{ x, answers }] } = await predict(model, picture);
    let all, none;
    const watch = async ({ step, preview }) => {
      if (step === 0) [all, none] = [await preview(1, 'constant:0'), await preview(0)];
    };
    const auditor = await createAuditor(model, { iterations: 12, draws: 4, evidenceDraws: 64, watch });
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

/** Opens the tank with its picture. */
async function tank(): Promise<void> {
  await talk.send({ type: 'open', files: TANK });
  await talk.next('opened');
  await talk.send(await pixels(picture));
  await talk.next('predicted');
}

test('a run is paused, resumed, changed and ended', async () => {
  await tank();
  await talk.send({ type: 'audit', settings: { iterations: LONG, draws: 4, seed: 3, evidenceDraws: 64, maskValues: 'soft' } });
  await talk.next('step');
  await talk.send({ type: 'pause' });
  await talk.next('paused');
  const before = (await talk.said()).length;
  await page.waitForTimeout(600);
  expect((await talk.said()).length).toBe(before);
  await talk.send({ type: 'change', beta: 3, noise: 'gaussian', share: 1 });
  await talk.send({ type: 'resume' });
  await talk.next('resumed');
  let step = await talk.next('step');
  while (step.beta !== 3 || !step.preview) step = await talk.next('step');
  // All of the picture is replaced.
  expect(step.preview.share).toBe(1);
  expect(step.preview.top[0]!.probability).toBeLessThan(1.01);
  expect(step.preview.seen!.rgba.length).toBe(4 * 64 * 64);
  await talk.send({ type: 'stop' });
  const { files, document } = await talk.next('finding');
  const json = JSON.parse(new TextDecoder().decode(files.find(({ name }) => name === 'audit.json')!.bytes)) as AuditDocument;
  const [found] = json.betas;
  expect([found!.stopped, found!.beta]).toEqual(['interrupted', 3]);
  expect(json.settings.noise).toMatch(/^gaussian:/);
  const [{ step: at }] = found!.changes as [{ step: number }];
  expect(found!.changes).toEqual([{ step: at, beta: 3, noise: json.settings.noise }]);
  // Before the change as it was asked for (1, by two classes), from there on as it was changed.
  expect(found!.history.beta![at - 1]).toBe(1);
  expect(new Set(found!.history.beta!.slice(at))).toEqual(new Set([3]));
  const note = `changed by hand while the mask was learned: beta 3 and noise ${json.settings.noise} from step ${at + 1} on; the settings alone do not repeat it`;
  expect(json.notes).toContain(note);
  expect(JSON.stringify(document)).toContain(note);
}, 120_000);

test('a second stop gives up, and what is no model is refused in words; the next one opens all the same', async () => {
  await tank();
  await talk.send({ type: 'audit', settings: { iterations: LONG, seed: 3 } });
  await talk.next('step');
  await talk.send({ type: 'stop' });
  await talk.send({ type: 'stop' });
  expect(await talk.next('failed')).toMatchObject({ during: 'audit', code: 'interrupted' });
  // While the claim is measured as well.
  await talk.send({ type: 'audit', settings: { iterations: 4, draws: 4, evidenceDraws: 20_000 } });
  while (!(await talk.next('phase')).text.startsWith('measuring'));
  await talk.send({ type: 'stop' });
  await talk.send({ type: 'stop' });
  expect(await talk.next('failed')).toMatchObject({ during: 'audit', code: 'interrupted' });
  const junk = Uint8Array.from({ length: 3000 }, (_, i) => (i * 37) % 251);
  const [{ bytes }] = TANK as [NamedFile];
  const cases = [
    [[{ name: 'junk.onnx', bytes: junk }], 'model', /junk\.onnx/],
    [[{ name: 'half.onnx', bytes: bytes.slice(0, bytes.length / 2) }], 'model', /half\.onnx/],
    [[{ name: 'cat.jpg', bytes: junk }], 'input', /no name ends in \.onnx/],
    [[], 'input', /none is an ONNX model/],
  ] as const;
  for (const [files, code, problem] of cases) {
    await talk.send({ type: 'open', files });
    const failed = await talk.next('failed');
    expect(failed).toMatchObject({ during: 'open', code });
    expect(failed.problem).toMatch(problem);
  }
  await talk.send({ type: 'audit', settings: {} });
  expect(await talk.next('failed')).toMatchObject({ code: 'usage', problem: 'No model is open.' });
  await tank();
  await talk.send({ type: 'picture', name: 'x', width: 9, height: 9, rgba: new Uint8ClampedArray(3) });
  expect(await talk.next('failed')).toMatchObject({ during: 'picture', code: 'data' });
  // The picture before is still there.
  await talk.send({ type: 'audit', settings: { iterations: 10, draws: 4, evidenceDraws: 64 } });
  expect((await talk.next('finding')).files.length).toBeGreaterThan(4);
}, 120_000);

test('a card that does not fit is refused, and the model stays open as it was', async () => {
  await tank();
  await talk.send({ type: 'card', card: { input: { channels: 'GREY' } } });
  expect(await talk.next('failed')).toMatchObject({ during: 'card' });
  await talk.send({ type: 'audit', settings: { preset: 'quick', iterations: 6, draws: 4 } });
  await talk.next('finding');
}, 120_000);

test('how long a file may take is told, unless somebody trusts it', async () => {
  const limits = async (): Promise<number> => (await talk.said()).filter(({ type }) => type === 'limit').length;
  await talk.send({ type: 'open', files: TANK, trust: true });
  await talk.next('opened');
  expect(await limits()).toBe(0);
  await talk.send({ type: 'open', files: TANK });
  await talk.next('opened');
  expect(await limits()).toBeGreaterThan(0);
}, 60_000);

test('ten audits leave no more in memory than two', async () => {
  const used = (): Promise<number> => page.evaluate<number>('performance.measureUserAgentSpecificMemory().then((m) => m.bytes)');
  await tank();
  const sizes: number[] = [];
  for (let i = 0; i < 10; i++) {
    // Another model between: everything is let go of.
    if (i % 3 === 2) await tank();
    await talk.send({ type: 'audit', settings: { preset: 'quick', iterations: 6, draws: 4, seed: i } });
    await talk.next('finding');
    await page.evaluate('heard.fill({ type: "forgotten" })');
    if (i === 1 || i === 9) sizes.push(await used());
  }
  const [two, ten] = sizes as [number, number];
  expect(two).toBeGreaterThan(1e6);
  // The memory of WebAssembly never shrinks. Sessions of eight audits would be more than ten times this.
  expect(ten).toBeLessThan(two + 3e6);
}, 240_000);

test('an explainer by itself gives the masks that it gives in Node', async () => {
  const options = { iterations: 3, batch: 4, limit: 12, seed: 1, validation: 0 };
  const { lan } = await train('tank', join(models, 'tank/pictures'), { ...options, maskShape: 'pixel' });
  await talk.send({ type: 'open', files: [{ name: 'lan.onnx', bytes: lan! }] });
  const { model } = await talk.next('opened');
  expect(model).toMatchObject({ kind: 'explainer', takes: 'picture', name: 'lan.onnx' });
  const { type: _, name: __, ...picturePixels } = await pixels(picture);
  await talk.send({ type: 'explain-once', id: 5, ...picturePixels });
  const { id, attention, height, width } = await talk.next('explained');
  expect([id, attention.length]).toEqual([5, height * width]);
  const node = await audit('tank', picture, { lan: lan!, preset: 'quick' });
  const mask = toFloat32(node.betas[0]!.learned.order ?? node.betas[0]!.learned.mask);
  const apart = attention.reduce((most, v, i) => Math.max(most, Math.abs(1 - v - mask[i]!)), 0);
  expect(apart).toBeLessThan(1e-4);
  // Without a model there is nothing to audit.
  await talk.send({ type: 'audit', settings: {} });
  expect(await talk.next('failed')).toMatchObject({ code: 'usage', problem: 'No model is open.' });
}, 120_000);

test('a Hugging Face folder as a whole goes by its own card, external data included', async () => {
  const source = await readModel(join(models, 'tank/tank.onnx'));
  const weights = new Map([...source.model.graph.constants].filter(([, t]) => sizeOf(t.dims) > 64));
  const data: Uint8Array[] = [];
  const initializer = [...weights].map(([name, t]) => {
    const raw = new Uint8Array(Float32Array.from(toFloat32(t)).buffer);
    const offset = data.reduce((sum, d) => sum + d.length, 0);
    data.push(raw);
    const place = { location: 'model.onnx_data', offset: String(offset), length: String(raw.length) };
    return { name, dims: [...t.dims], dataType: 1, dataLocation: 1, externalData: Object.entries(place).map(([key, value]) => ({ key, value })) }; // prettier-ignore
  });
  expect(initializer.length).toBeGreaterThan(2);
  const rest = new Map([...source.model.graph.constants].filter(([name]) => !weights.has(name)));
  const { graph = {}, ...proto } = protoOf({ ...source.model, graph: { ...source.model.graph, constants: rest } });
  const bytes = assemble({ ...proto, graph: { ...graph, initializer: [...graph.initializer!, ...initializer] } });
  const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  const preprocessor = {
    do_resize: true,
    size: { height: 64, width: 64 },
    do_rescale: true,
    rescale_factor: 1,
    do_normalize: false,
  };
  await talk.send({
    type: 'open',
    files: [
      { name: 'net/config.json', bytes: json({ id2label: { 0: 'forest', 1: 'armour' } }) },
      { name: 'net/preprocessor_config.json', bytes: json(preprocessor) },
      { name: 'net/onnx/model.onnx', bytes },
      { name: 'net/onnx/model.onnx_data', bytes: Buffer.concat(data) },
    ],
  });
  const { model } = await talk.next('opened');
  expect([model.name, model.labels]).toEqual(['net', ['forest', 'armour']]);
  await talk.send(await pixels(picture));
  const { top, card } = await talk.next('predicted');
  expect(top[0]).toMatchObject({ label: 'armour', index: 1 });
  expect(top[0]!.probability).toBeGreaterThan(0.9);
  expect(card!.card.range).toBe(255);
  await talk.send({ type: 'audit', settings: { preset: 'quick', iterations: 6, draws: 4 } });
  await talk.next('finding');
}, 120_000);
