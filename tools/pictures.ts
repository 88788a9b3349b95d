// The README's picture of the page: the tank detector, while a mask is learned. `make pictures` writes docs/images/page.png; needs Chromium (test/web/setup.sh).
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from '../src/api/serve.js';

const root = resolve(import.meta.dirname, '..');
/** Steps after which attention has found its place, and the share of the picture that is replaced beside it. */
const [STEPS, SHARE] = [20, 0.95];

const { buildApp } = (await import(pathToFileURL(join(root, 'web/build-app.js')).href)) as { buildApp: () => Promise<string> };
await buildApp();
const served = await serve({ port: 0 });
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 }, colorScheme: 'light' });
  await page.goto(served.url);
  await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
  await page.getByRole('button', { name: 'Learn what it needs' }).click();
  await page.locator('.live canvas').waitFor();
  await page.getByRole('slider', { name: 'Show with' }).fill(String(SHARE));
  const step = async (): Promise<number> => parseInt(await page.locator('.figures dd').first().innerText());
  while ((await step()) < STEPS || (await page.locator('.preview').count()) === 0) await page.waitForTimeout(50);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused.').waitFor();
  await page.locator('section[aria-labelledby=step-learn]').screenshot({ path: join(root, 'docs/images/page.png') });
} finally {
  await browser.close();
  await served.close();
}
