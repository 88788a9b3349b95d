// Reports as people have them: opened from disk in a browser without network, used with the keyboard, printed, looked at on a phone and in the dark.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { audit } from '../../src/api/audit.js';
import { reportPage } from '../../src/report/page/template.js';
import { DESKTOP, launch, PHONE, root, seriousFaults, shots, tooWide, until } from './browser.js';
import { brokenPictures, byKeyboard, openFromDisk, printedPages } from './disk.js';
import { sample } from './sample.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-web-'));

let browser: Browser;
const files = { audit: '', every: join(folder, 'every.html') };

beforeAll(async () => {
  browser = await launch();
  const options = { iterations: 60, draws: 4, evidenceDraws: 256, seed: 1, beta: [0.5, 2], repeat: 'lan-onnx audit tank' };
  const result = await audit('tank', join(root, 'models/tank/pictures/tank/05.png'), options);
  files.audit = (await result.save(join(folder, 'tank'))).report;
  writeFileSync(files.every, await reportPage(await sample()));
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = (file: string, options?: BrowserContextOptions) => openFromDisk(browser, file, options);

const pixels = (page: Page): Promise<string> =>
  page
    .locator('canvas')
    .first()
    .evaluate((c) => (c as unknown as { toDataURL(): string }).toDataURL());

const NAMES = ['audit', 'every'] as const;

describe.each(NAMES)('%s', (name) => {
  test('is complete from disk, without network, and complains of nothing', async () => {
    const { page, faults } = await open(files[name]);
    expect(await page.locator('h1').count()).toBe(1);
    expect(await brokenPictures(page)).toBe(0);
    expect(await page.locator('.plot svg').count()).toBeGreaterThan(0);
    expect(await page.locator('script, img[onerror]').count()).toBe(2);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test.each([
    ['desktop, light', DESKTOP, 'light'],
    ['desktop, dark', DESKTOP, 'dark'],
    ['phone, light', PHONE, 'light'],
    ['phone, dark', PHONE, 'dark'],
  ] as const)('%s: axe finds no serious fault, and nothing is wider than the screen', async (what, size, colorScheme) => {
    const { page, faults } = await open(files[name], { ...size, colorScheme });
    await page.screenshot({ path: join(shots, `${name} ${what}.png`), fullPage: true });
    expect(await tooWide(page)).toBe(0);
    expect(await seriousFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('the keyboard alone reaches every control', async () => {
    const { page } = await open(files[name]);
    const { controls, unreached } = await byKeyboard(page);
    expect(controls).toBeGreaterThan(5);
    expect(unreached).toEqual([]);
    await page.context().close();
  });

  test('prints on sensible pages, with what is folded unfolded', async () => {
    const { page } = await open(files[name]);
    const pages = await printedPages(page);
    expect(pages).toBeGreaterThanOrEqual(2);
    expect(pages).toBeLessThanOrEqual(16);
    await page.context().close();
  });
});

describe('the slider over what is replaced', () => {
  test('by keyboard: the picture and the answer follow', async () => {
    const { page } = await open(files.every);
    const slider = page.locator('.replace input[type=range]').first();
    const answer = page.locator('.replace .answer').first();
    await slider.focus();
    const first = await pixels(page);
    expect(await answer.textContent()).toContain('answer kept on 1 of these 2 draws');
    await page.keyboard.press('End');
    expect(await answer.textContent()).toContain('answer lost');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^100 % replaced: cat 0\.000, answer lost$/);
    await until(async () => (await pixels(page)) === first, false);
    await page.keyboard.press('Home');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^0 % replaced: cat 1\.000, answer kept$/);
    await page.context().close();
  });

  test('each step shows the input where it is kept and the chosen noise where it is not', async () => {
    const { page } = await open(files.every);
    const colours = (): Promise<unknown> =>
      page.evaluate(`(() => { const c = document.querySelector('canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const n = {}; for (let i = 0; i < d.length; i += 4) n[d[i]] = (n[d[i]] ?? 0) + 1; return n; })()`);
    await page.waitForFunction("document.querySelector('canvas').getContext('2d').getImageData(15, 15, 1, 1).data[3] === 255");
    // Three of four quarters are replaced: black by the first draw, grey by the second.
    await until(colours, { 0: 192, 255: 64 });
    await page.locator('.replace input[type=radio]').nth(1).check();
    await until(colours, { 128: 192, 255: 64 });
    await page.context().close();
  });
});

test('a table is sorted by its columns and filtered by a word; what is not known comes last', async () => {
  const { page } = await open(files.every);
  const table = page.locator('.table').first();
  const column = (n: number): Promise<string[]> => table.locator(`tbody tr td:nth-child(${n})`).allTextContents();
  await table.locator('thead button').nth(1).click();
  expect((await column(2)).slice(0, 3)).toEqual(['19', '18', '17']);
  await table.locator('thead button').nth(2).click();
  expect((await column(3)).at(-1)).toBe('–');
  await table.locator('thead button').nth(2).click();
  expect([(await column(3))[0], (await column(3)).at(-1)]).toEqual(['0 %', '–']);
  await table.locator('input[type=search]').fill('ROW 1');
  expect(await table.locator('output').textContent()).toBe('5 of 20');
  await page.context().close();
});

test('on a phone a table is moved sideways, with sentences as wide as they are read and its caption in sight; a command breaks between its words', async () => {
  const report = await sample();
  const sentence = 'the area under the score of the answer as the most needed parts are replaced first';
  const columns = ['figure', 'value', 'from', 'to', 'better', 'what it is', 'source'].map((name) => ({ name }));
  const table = { type: 'table' as const, caption: 'All figures', columns, rows: [['deletion', '0.032', '0.021', '0.047', 'lower', sentence, sentence]] }; // prettier-ignore
  const text = 'lan-onnx audit models/tank/tank.onnx --image models/tank/pictures/tank/05.png --card card.json --preset quick';
  const file = join(folder, 'table.html');
  writeFileSync(file, await reportPage({ ...report, blocks: [{ ...table, caption: sentence }, { type: 'code', label: 'This repeats it:', text }] })); // prettier-ignore
  const { page } = await open(file, PHONE);
  const rowHeight = await page.locator('.table tbody tr').first().evaluate((row) => (row as unknown as { offsetHeight: number }).offsetHeight); // prettier-ignore
  expect(rowHeight).toBeLessThan(120);
  // Nor is the caption cut at the screen's edge, or an option between its dashes.
  expect((await page.locator('.table caption').boundingBox())!.width).toBeLessThanOrEqual(PHONE.viewport.width);
  expect(await page.locator('.code code').innerText()).toBe(text);
  const lines = await page.locator('.code code span').evaluateAll((words) => (words as unknown as { innerText: string; offsetHeight: number }[]).flatMap((w) => (w.innerText.startsWith('--') ? [w.offsetHeight] : []))); // prettier-ignore
  expect(lines).toHaveLength(3);
  expect(Math.max(...lines)).toBeLessThan(30);
  expect(await tooWide(page)).toBe(0);
  await page.context().close();
});

test('of more lines than colours no two look alike, in the figure and its key', async () => {
  const x = [0, 1];
  const series = Array.from({ length: 16 }, (_, i) => ({ name: `method ${i}`, kind: 'line' as const, x, y: [i, i] }));
  const file = join(folder, 'lines.html');
  writeFileSync(file, await reportPage({ ...(await sample()), blocks: [{ type: 'plot', title: 'x', summary: 'x', x: { label: 'x' }, y: { label: 'y' }, series }] })); // prettier-ignore
  const { page } = await open(file);
  const looks = (lines: string): Promise<string[]> =>
    page.evaluate(`[...document.querySelectorAll('${lines}')].map((l) => getComputedStyle(l)).map((s) => s.stroke + s.strokeDasharray)`); // prettier-ignore
  expect(new Set(await looks('.keys line')).size).toBe(16);
  expect(new Set(await looks('.plot [aria-label=line] path')).size).toBe(16);
  await page.context().close();
});

test('a gallery is ordered, filtered and chosen by tags, and shows more on demand', async () => {
  const { page } = await open(files.every);
  const gallery = page.locator('.gallery');
  const titles = (): Promise<string[]> => gallery.locator('.cards b').allTextContents();
  expect(await titles()).toHaveLength(60);
  await gallery.getByRole('button', { name: 'Show 10 more' }).click();
  expect(await titles()).toHaveLength(70);
  await gallery.locator('select').first().selectOption({ label: 'replaceable, most first' });
  expect([(await titles())[0], (await titles()).at(-1)]).toEqual(['picture 69', 'picture 4']);
  await gallery.locator('select').nth(1).selectOption('proves little');
  expect(await titles()).toHaveLength(7);
  await gallery.locator('input[type=search]').fill('dog');
  expect(await gallery.locator('output').textContent()).toBe('3 of 70');
  expect(await gallery.locator('.cards a').count()).toBe(0);
  await page.context().close();
});

test('a choice shows one result at a time', async () => {
  const { page } = await open(files.audit);
  const slider = page.locator('.choice input');
  expect(await page.locator('.choice b').textContent()).toBe('0.5');
  const claim = page.locator('p.claim');
  const before = await claim.textContent();
  await slider.focus();
  await page.keyboard.press('ArrowRight');
  expect(await page.locator('.choice b').textContent()).toBe('2');
  expect(await claim.count()).toBe(1);
  expect(before).not.toBeNull();
  await page.context().close();
});
