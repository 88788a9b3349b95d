// docs/images/page.webp: the page while it learns about a tank, as a moving picture, put together of screenshots.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';

/** The step as a desk has it, all of it at once, drawn at three quarters. */
const VIEW = { viewport: { width: 968, height: 1300 }, deviceScaleFactor: 0.75, colorScheme: 'light' } as const;
/** Steps between two pictures while it learns, and the step at which it is paused. */
const [EVERY, PAUSED] = [2, 40];
/** Shares that the slider is drawn through. */
const SHARES = [0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];
/** Milliseconds that pictures stand: while it learns, while the slider moves, and at the end of either. */
const [LEARNING, SLIDING, STANDING] = [160, 450, 2000];
/** Bytes at most: it comes with every clone of the repository. */
const MOST = 1.5e6;

/** Records it from `url`, where the page is served, into `folder`. */
export async function record(browser: Browser, url: string, folder: string): Promise<void> {
  const page = await browser.newPage(VIEW);
  await page.goto(url);
  // So that it can be scrolled to the top of the step from the first picture on.
  await page.addStyleTag({ content: 'main { padding-bottom: 100vh !important; }' });
  await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
  await page.getByRole('button', { name: 'Learn what it needs' }).click();
  await page.locator('.live canvas').waitFor();
  const frames: { readonly picture: Buffer; readonly delay: number }[] = [];
  const take = async (delay: number): Promise<void> => void frames.push({ picture: await shot(page), delay });
  for (let next = 0, step = 0; step < PAUSED; step = await stepOf(page)) {
    if (step < next) continue;
    next = step + EVERY;
    await take(LEARNING);
  }
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused.').waitFor();
  const share = page.getByRole('slider', { name: 'Show with' });
  for (const value of SHARES) {
    await share.fill(String(value));
    await page.getByText(`${Math.round(100 * value)} % replaced`, { exact: true }).waitFor();
    await take(value === SHARES[0] || value === SHARES.at(-1) ? STANDING : SLIDING);
  }
  await page.close();
  writeFileSync(join(folder, 'page.webp'), await joined(frames));
}

const stepOf = async (page: Page): Promise<number> => parseInt(await page.locator('.figures dd').first().innerText());

/** The step that learns, from its top, as high in every picture. */
async function shot(page: Page): Promise<Buffer> {
  const section = page.locator('section[aria-labelledby=step-learn]');
  await section.evaluate((s) => (s as unknown as { scrollIntoView(): void }).scrollIntoView());
  return page.screenshot();
}

async function joined(frames: readonly { readonly picture: Buffer; readonly delay: number }[]): Promise<Buffer> {
  const made = await sharp(
    frames.map(({ picture }) => picture),
    { join: { animated: true } },
  )
    .webp({ quality: 70, effort: 6, minSize: true, mixed: true, loop: 0, delay: frames.map(({ delay }) => delay) })
    .toBuffer();
  if (made.length > MOST)
    throw new Error(`page.webp came to ${made.length} bytes; at most ${MOST} are wanted: take fewer pictures.`);
  process.stdout.write(`docs/images/page.webp: ${frames.length} pictures, ${(made.length / 1e6).toFixed(2)} MB\n`);
  return made;
}
