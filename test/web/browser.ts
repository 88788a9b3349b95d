// A browser for tests of pages: opened with the network watched, so that whatever a page complains of or asks for is seen.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** The package. */
export const root = resolve(import.meta.dirname, '../..');
/** Where screenshots go, to be looked at. */
export const shots = join(root, 'out/web');

/** A desk's and a phone's window. */
export const DESKTOP = { viewport: { width: 1200, height: 900 } };
/** A small phone. */
export const PHONE = { viewport: { width: 360, height: 740 } };
/** What pages are looked at on. */
export const SCREENS = [
  ['desktop, light', { ...DESKTOP, colorScheme: 'light' }],
  ['phone, dark', { ...PHONE, colorScheme: 'dark' }],
] as const;

/** Starts Debian's Chromium, or the one that `CHROMIUM` names. */
export function launch(...args: string[]): Promise<Browser> {
  mkdirSync(shots, { recursive: true });
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', ...args] });
}

/** Everything that a page complains of from now on, and each request that `allowed` does not allow. */
export function watched(page: Page, allowed: (url: string) => boolean): string[] {
  const faults: string[] = [];
  page.on('console', (m) => faults.push(`${m.type()}: ${m.text()}`));
  page.on('pageerror', (e) => faults.push(e.message));
  page.on('dialog', (d) => {
    faults.push(`dialog: ${d.message()}`);
    void d.dismiss();
  });
  page.on('request', (r) => {
    if (!allowed(r.url())) faults.push(`request: ${r.url()}`);
  });
  return faults;
}

/** The page as it is built now. For tests of what `serve` gives. */
export async function buildPage(): Promise<void> {
  const { buildApp } = (await import(pathToFileURL(join(root, 'web/build-app.js')).href)) as { buildApp: () => Promise<string> };
  await buildApp();
}

/** A page of its own at `url`, ready, and what it complains of or asks others than its origin for. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = DESKTOP,
): Promise<{ readonly page: Page; readonly faults: string[] }> {
  const page = await (await browser.newContext(options)).newPage();
  const faults = watched(page, (asked) => asked.startsWith(new URL(url).origin) || /^(data|blob):/.test(asked));
  await page.goto(url);
  await page.getByText('Ready').waitFor();
  return { page, faults };
}

const { source: axe } = createRequire(import.meta.url)('axe-core') as { source: string };

/** What axe-core calls serious or critical on the page as it is, everything that is folded unfolded. */
export async function seriousFaults(page: Page): Promise<unknown[]> {
  await page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true");
  await page.evaluate(axe);
  const violations = await page.evaluate<{ impact: string }[]>('axe.run().then((r) => r.violations.map((v) => ({ id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)) })))'); // prettier-ignore
  return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
}

/** By how many pixels the page is wider than its window. */
export const tooWide = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Waits until `value` is `expected`: the page draws in its own time. Fails as an expectation does, five seconds later. */
export async function until(value: () => Promise<unknown>, expected: unknown): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end; await new Promise((next) => setTimeout(next, 20)))
    if (isDeepStrictEqual(await value(), expected)) return;
  expect(await value()).toEqual(expected);
}
