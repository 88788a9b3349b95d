// The README's pictures of pages, `make pictures`: docs/images/page.webp, a moving picture of the page of lan-onnx serve while it learns about a tank; and report.png, the report of an
// audit of SqueezeNet and the photo of a dog, which are in $SHARED: where they are not, that one stays as it is. Needs Chromium (test/web/setup.sh).
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import sharp from 'sharp';
import { audit } from '../src/api/audit.js';
import { serve } from '../src/api/serve.js';
import { record } from './recording.js';

const root = resolve(import.meta.dirname, '..');
const SHARED = resolve(root, process.env['SHARED'] ?? '../shared');
const SQUEEZENET = join(SHARED, 'models/squeezenet1.1.onnx');
const DOG = join(SHARED, 'images/dog.jpg');

const { buildApp } = (await import(pathToFileURL(join(root, 'web/build-app.js')).href)) as { buildApp: () => Promise<string> };
await buildApp();
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  await pageOfTank(browser);
  if (existsSync(SQUEEZENET) && existsSync(DOG)) await reportOfDog(browser);
  else
    process.stdout.write(
      `docs/images/report.png is left as it is: there is no ${SQUEEZENET} with ${DOG}. SHARED=FOLDER names another place.\n`,
    );
} finally {
  await browser.close();
}

async function pageOfTank(browser: Browser): Promise<void> {
  const served = await serve({ port: 0 });
  try {
    await record(browser, served.url, join(root, 'docs/images'));
  } finally {
    await served.close();
  }
}

/** From the top to the end of the slider's block, as wide as a desk has it and drawn at three quarters, as the report opens: with the share replaced that its claim names. */
async function reportOfDog(browser: Browser): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-pictures-'));
  try {
    const { report } = await (await audit(SQUEEZENET, DOG)).save(folder);
    const page = await browser.newPage({ viewport: { width: 960, height: 900 }, deviceScaleFactor: 0.75, colorScheme: 'light' });
    await page.goto(pathToFileURL(report).href);
    await page.locator('.replace canvas').first().waitFor();
    const { y, height } = (await page.locator('.replace').first().boundingBox())!;
    const whole = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 960, height: Math.ceil(y + height) + 30 } });
    // Noise packs badly: in 256 colours it is a fifth as large, and looks alike.
    writeFileSync(join(root, 'docs/images/report.png'), await sharp(whole).png({ palette: true }).toBuffer());
    const claim = (await page.locator('h1').innerText()).replaceAll('\u00a0', ' ');
    const replaced = await page.locator('.replace input[type=range]').first().getAttribute('aria-valuetext');
    // What the README says of it has to be this.
    process.stdout.write(`docs/images/report.png: ${claim} Its slider: ${replaced}.\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
