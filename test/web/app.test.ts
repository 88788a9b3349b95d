// The page with its worker, as a person has it from `lan-onnx serve`: from a dropped model to the finding, in a browser that may talk to nobody else.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { exportGradient } from '../../src/api/export.js';
import { serve, type Served } from '../../src/api/serve.js';
import { decodeNpy } from '../../src/data/npy.js';
import { buildPage, DESKTOP, launch, openPage, root, SCREENS, seriousFaults, shots, tooWide, until } from './browser.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-app-'));
const TANK = join(root, 'models/tank/tank.onnx');
const PICTURE = join(root, 'models/tank/pictures/tank/05.png');
const SHARED = process.env['LAN_ONNX_SHARED'] ?? join(root, '../shared');
const SQUEEZENET = join(SHARED, 'models/squeezenet1.1.onnx');
const DOG = join(SHARED, 'images/dog.jpg');

let browser: Browser;
let served: Served;
let page: Page;
let faults: string[];

beforeAll(async () => {
  await buildPage();
  browser = await launch();
  served = await serve({ port: 0, model: TANK, image: PICTURE });
}, 120_000);
afterAll(async () => {
  await browser.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await page.context().close();
  // Nothing was complained of, and nothing left the origin.
  expect(faults).toEqual([]);
});

const home = (): string => served.url.replace(/#.*/, '');

async function open(url = home(), options: BrowserContextOptions = DESKTOP): Promise<void> {
  ({ page, faults } = await openPage(browser, url, options));
}

const give = (button: string, ...files: (string | { name: string; mimeType: string; buffer: Buffer })[]): Promise<void> =>
  page.locator(`input[type=file][aria-label="${button}"]`).setInputFiles(files as string[]);
const answer = async (): Promise<string> => {
  await page.locator('.answered .claim, .failure').first().waitFor({ timeout: 60_000 });
  return page.locator('.answered .claim, .failure').first().innerText();
};
const learn = (): Promise<void> => page.getByRole('button', { name: /^Learn/ }).click();
async function finding(): Promise<string> {
  await page.locator('.claim.finding, .failure').first().waitFor({ timeout: 150_000 });
  return (await page.locator('.claim.finding, .failure').first().innerText()).replaceAll('\u00a0', ' ');
}
async function download(name: string): Promise<Buffer> {
  const link = page.getByRole('link', { name, exact: true });
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return readFileSync(await file.path());
}
const pixels = (): Promise<string> =>
  page.locator('.replace canvas').first().evaluate((c) => (c as unknown as { toDataURL(): string }).toDataURL()); // prettier-ignore

/** A file of the page gives what one made by Node gives, in plain onnxruntime. */
async function gradientAgrees(file: Uint8Array): Promise<void> {
  const { bytes } = await exportGradient(TANK, { pixels: true });
  const x = Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => (i % 255) / 255);
  const feeds = { x: new ort.Tensor(x, [1, 3, 64, 64]), target: new ort.Tensor(Float32Array.of(0, 1), [1, 2]) };
  const [here, there] = await Promise.all([file, bytes].map(async (b) => (await ort.InferenceSession.create(b)).run(feeds)));
  expect(Math.max(...(here!['x_grad']!.data as Float32Array).map(Math.abs))).toBeGreaterThan(0);
  for (const name of ['loss', 'x_grad']) expect(here![name]!.data).toEqual(there![name]!.data);
}

test.each(SCREENS)(
  'the tank to the end: %s',
  async (what, options) => {
    await open(home(), options);
    await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
    expect(await answer()).toMatch(/^The model says tank, 100 % sure\./);
    await learn();
    await page.locator('.live canvas').waitFor({ timeout: 60_000 });
    await page.screenshot({ path: join(shots, `app, learning, ${what}.png`), fullPage: true });
    expect(await finding()).toMatch(
      /^[\d.]+ % of the picture was enough; the rest was replaced by random colours and the answer 'tank' stayed in 64 of 64 tries/,
    );
    // The slider of what is replaced, by keyboard.
    const slider = page.locator('.replace input[type=range]').first();
    await slider.focus();
    const first = await pixels();
    await page.keyboard.press('Home');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^0 % replaced: tank 1\.000, answer kept$/);
    await until(async () => (await pixels()) === first, false);
    const mask = decodeNpy(await download('mask.npy'), 'mask.npy');
    expect([mask.dims, new Set(mask.data as Float32Array)]).toEqual([[1, 1, 64, 64], new Set([0, 1])]);
    const document = JSON.parse((await download('audit.json')).toString()) as { model: { sha256: string } };
    expect(JSON.stringify(document)).toContain('tank');
    expect((await download('report.html')).toString()).toContain('lan-onnx/report@1');
    await page.getByRole('button', { name: 'Make the model with its gradients' }).click();
    await page.getByRole('link', { name: 'gradient.onnx' }).waitFor({ timeout: 60_000 });
    await gradientAgrees(await download('gradient.onnx'));
    await page.screenshot({ path: join(shots, `app, finding, ${what}.png`), fullPage: true });
    expect([await tooWide(page), await seriousFaults(page)]).toEqual([0, []]);
  },
  240_000,
);

test('paused it stands still, changed and resumed it goes on, stopped it is measured; then another model', async () => {
  await open();
  await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
  await answer();
  await page.getByLabel('a whole audit').check();
  await learn();
  await page.locator('.live canvas').waitFor({ timeout: 60_000 });
  const at = (): Promise<string> => page.locator('.figures dd').first().innerText();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused.').waitFor();
  const stood = await at();
  await page.waitForTimeout(1_000);
  expect(await at()).toBe(stood);
  // The share is looked at while it stands still, too.
  await page.getByRole('slider', { name: 'Show with' }).fill('0.5');
  await page.locator('.preview').waitFor({ timeout: 60_000 });
  expect(await at()).toBe(stood);
  expect(await page.locator('.figures dd').nth(4).innerText()).toBe('–');
  await page.getByRole('slider', { name: 'Beta' }).fill('1');
  await page.getByRole('button', { name: 'Resume' }).click();
  expect(await page.locator('.preview figcaption').innerText()).toBe('50 % replaced');
  await until(() => page.locator('.steering b').first().innerText(), '2');
  await page.getByRole('button', { name: 'Stop and measure' }).click();
  expect(await finding()).toMatch(/tank/);
  copyFileSync(TANK, join(folder, 'second.onnx'));
  await give('Choose an ONNX file', join(folder, 'second.onnx'));
  await page.getByText('second.onnx is open').waitFor({ timeout: 60_000 });
  expect(await answer()).toMatch(/^The model says /);
  expect(await page.locator('.claim.finding').count()).toBe(0);
}, 240_000);

test('a broken model and what is no picture are refused in words; the page goes on', async () => {
  await open();
  await give('Choose an ONNX file', { name: 'cut.onnx', mimeType: '', buffer: readFileSync(TANK).subarray(0, 9_000) });
  await page.locator('.failure').waitFor({ timeout: 60_000 });
  expect(await page.locator('.failure').innerText()).toMatch(/cut\.onnx.*not a readable ONNX file/);
  await give('Choose a picture', { name: 'no.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') });
  await until(async () => /'no\.jpg' cannot be read as a picture/.test(await page.locator('.failure').innerText()), true);
  await give('Choose an ONNX file', TANK);
  await give('Choose a picture', PICTURE);
  await until(() => page.locator('.failure').count(), 0);
  expect(await answer()).toMatch(/^The model says /);
}, 120_000);

test('a Hugging Face folder as a whole: its labels, its way of taking pictures', async () => {
  const home = join(folder, 'tanks');
  mkdirSync(join(home, 'onnx'), { recursive: true });
  copyFileSync(TANK, join(home, 'onnx/model.onnx'));
  writeFileSync(join(home, 'config.json'), JSON.stringify({ id2label: { 0: 'kein Panzer', 1: 'Panzer' } }));
  writeFileSync(join(home, 'preprocessor_config.json'), JSON.stringify({ do_resize: true, size: { height: 64, width: 64 }, do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [64 / 255, 64 / 255, 64 / 255] })); // prettier-ignore
  writeFileSync(join(home, 'pytorch_model.bin'), 'not read');
  await open();
  await page.locator('input[type=file][aria-label="Choose a Hugging Face folder"]').setInputFiles(home);
  await give('Choose a picture', PICTURE);
  expect(await answer()).toBe('The model says Panzer, 100 % sure.');
  await page.getByText('What was assumed of how the picture goes in').click();
  const lines = await page.locator('.answered .table tbody tr').allInnerTexts();
  expect(lines.find((line) => line.startsWith('mean'))).toMatch(/0\.5.*said/s);
}, 120_000);

test('a model and a picture named on the command line are open from the start', async () => {
  await open(served.url);
  expect(await answer()).toMatch(/^The model says tank, 100 % sure\./);
  expect(await page.locator('.seen figcaption b').first().innerText()).toBe('05.png');
  await page.getByText('tank.onnx is open').waitFor();
}, 120_000);

test('from a static host in a sub-folder, without its headers: on one thread, and says so', async () => {
  const files = join(root, 'dist/web-app');
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.json': 'application/json' }; // prettier-ignore
  const host = createServer((request, response) => {
    const path = join(files, request.url!.replace(/^\/some\/where\/?/, '') || 'index.html');
    if (!existsSync(path)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path));
  });
  await new Promise<void>((listening) => host.listen(0, '127.0.0.1', listening));
  try {
    await open(`http://127.0.0.1:${(host.address() as AddressInfo).port}/some/where/`);
    await page.getByText('Ready, on one thread').waitFor();
    await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
    expect(await answer()).toMatch(/^The model says tank/);
    await learn();
    expect(await finding()).toMatch(/of the picture was enough/);
  } finally {
    host.closeAllConnections();
    host.close();
  }
}, 240_000);

const photos = existsSync(SQUEEZENET) && existsSync(DOG) ? test : test.skip;
photos(
  'SqueezeNet and the photo of a dog: a golden retriever, and why',
  async () => {
    await open();
    await give('Choose an ONNX file', SQUEEZENET);
    await give('Choose a picture', DOG);
    expect(await answer()).toMatch(/^The model says golden retriever, 9\d/);
    await learn();
    await page.locator('.live canvas').waitFor({ timeout: 120_000 });
    await page.getByRole('slider', { name: 'Show with' }).fill('0.8');
    await page.locator('.preview').waitFor({ timeout: 60_000 });
    // Looked at in the picture's own colours: of white alone nothing would be left to see, and another answer would come out.
    await page.getByRole('slider', { name: 'Show with' }).fill('0');
    await until(() => page.locator('.preview figcaption').innerText(), '0 % replaced');
    expect(await page.locator('.preview tbody tr').first().innerText()).toMatch(/golden retriever\s+0\.985/);
    await page.getByRole('slider', { name: 'Show with' }).fill('0.8');
    await until(() => page.locator('.preview figcaption').innerText(), '80 % replaced');
    await page.screenshot({ path: join(shots, 'app, SqueezeNet, learning.png'), fullPage: true });
    expect(await finding()).toMatch(/golden retriever/);
    await page.screenshot({ path: join(shots, 'app, SqueezeNet, finding.png'), fullPage: true });
  },
  300_000,
);
