// Pictures that the page decodes: the pixels and the notes of Node for the same file.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { decodePixels } from '../../src/data/images.js';
import { FILES } from '../support/pictures.js';
import { launch, openPage } from './browser.js';
import { site, type Site } from './site.js';

let browser: Browser;
let served: Site;
let page: Page;
let faults: string[];

beforeAll(async () => {
  served = await site();
  browser = await launch();
  ({ page, faults } = await openPage(browser, `${served.url}index.html`));
}, 120_000);
afterAll(async () => {
  await browser.close();
  served.close();
});

/** Of lossless formats every value is Node's, of JPEG nearly: decoders round in their own ways, and CMYK, which has no meaning without a profile, each converts in its own (44 apart). */
const apartOf = (name: string): number => (/CMYK/.test(name) ? 64 : /JPEG/.test(name) ? 4 : /16/.test(name) ? 1 : 0);

test.each(Object.entries(FILES))(
  '%s',
  async (name, make) => {
    const bytes = await make();
    const node = await decodePixels(bytes);
    await page.locator('input[aria-label="Choose a picture"]').setInputFiles({ name: `${name}.x`, mimeType: '', buffer: Buffer.from(bytes) }); // prettier-ignore
    await page.locator('.seen figcaption b', { hasText: `${name}.x` }).waitFor();
    const said = await page.locator('.seen figure').first().locator('figcaption span').allInnerTexts();
    expect(said).toEqual([`${node.width} x ${node.height} pixels`, ...(node.note === undefined ? [] : [node.note])]);
    // Read by another canvas: one that is shown is slow to be read, of which the browser warns.
    const rgba = await page.evaluate<number[]>(`(() => {
      const canvas = document.querySelector('.seen canvas');
      const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
    })()`);
    const worst = rgba.reduce((most, v, i) => (i % 4 === 3 ? most : Math.max(most, Math.abs(v - node.pixels[3 * (i >> 2) + (i % 4)]!))), 0); // prettier-ignore
    expect(worst).toBeLessThanOrEqual(apartOf(name));
    expect(faults).toEqual([]);
  },
  60_000,
);
