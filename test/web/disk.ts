// A report as people have it: a file that is opened from disk, in a browser without network.
import { pathToFileURL } from 'node:url';
import { expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DESKTOP, watched } from './browser.js';

/** Opens a page as from disk, without network; `faults`: what it complained of or asked for. */
export async function openFromDisk(
  browser: Browser,
  file: string,
  options: BrowserContextOptions = DESKTOP,
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext(options);
  await context.setOffline(true);
  const page = await context.newPage();
  const url = pathToFileURL(file).href;
  const faults = watched(page, (asked) => asked === url || asked.startsWith('data:'));
  await page.goto(url);
  await page.locator('main footer').waitFor();
  return { page, faults };
}

/** Pictures that show nothing. */
export const brokenPictures = (page: Page): Promise<number> =>
  page.locator('img').evaluateAll((all) => all.filter((i) => !(i as unknown as { naturalWidth: number }).naturalWidth).length);

/** How many controls there are, and those that the tabulator does not come to: of a group of radio buttons the one that is chosen is reached, and the others from it by arrows. */
export async function byKeyboard(page: Page): Promise<{ controls: number; unreached: string[] }> {
  const MARK = `[...document.querySelectorAll('a[href], button, select, summary, input, [tabindex="0"]')]
    .filter((e) => e.checkVisibility() && !(e.type === 'radio' && !e.checked)).map((e, i) => (e.dataset.control = i + ' ' + e.tagName))`;
  const wanted = await page.evaluate<string[]>(MARK);
  const reached = new Set<string>();
  for (let i = 0; i <= wanted.length; i++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate<string>('document.activeElement.dataset.control ?? ""'));
  }
  return { controls: wanted.length, unreached: wanted.filter((control) => !reached.has(control)) };
}

/** Sheets of A4 that it prints on; what is folded is unfolded for that, and folded again. */
export async function printedPages(page: Page): Promise<number> {
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  await page.emulateMedia({ media: 'print' });
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  expect(await page.locator('details:not([open])').count()).toBe(0);
  await page.evaluate("dispatchEvent(new Event('afterprint'))");
  expect(await page.locator('details[open]').count()).toBe(0);
  await page.emulateMedia({ media: null });
  return pdf.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0;
}
