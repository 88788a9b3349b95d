import { chromium } from 'playwright-core';
const [, , url, name, scheme, w, h] = process.argv as string[];
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', ...(name.includes('gpu') ? ['--enable-unsafe-webgpu'] : [])],
});
const ctx = await browser.newContext({ viewport: { width: Number(w), height: Number(h) }, colorScheme: scheme as 'light' });
const page = await ctx.newPage();
page.on('console', (m) => console.log('console', m.type(), m.text()));
page.on('pageerror', (e) => console.log('error', e.message));
page.on('requestfailed', (r) => console.log('failed', r.url()));
page.on('response', (r) => r.status() >= 400 && console.log(r.status(), r.url()));
const t = performance.now();
await page.goto(url);
const shot = (what: string) => page.screenshot({ path: `/tmp/c-work/shots/${name}-${what}.png`, fullPage: true });
await page.getByRole('button', { name: 'Try a tank under a cloud' }).waitFor();
await shot('start');
await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
await page.locator('.answered .claim, .failure').first().waitFor({ timeout: 120_000 });
console.log(
  'isolated',
  await page.evaluate('crossOriginIsolated'),
  ((performance.now() - t) / 1000).toFixed(1),
  await page.locator('.answered .claim, .failure').first().innerText(),
);
await page.getByRole('button', { name: /^Learn/ }).click();
await page.locator('.claim.finding, .failure').first().waitFor({ timeout: 280_000 });
console.log(((performance.now() - t) / 1000).toFixed(1), await page.locator('.claim.finding, .failure').first().innerText());
await page.waitForTimeout(500);
await shot('finding');
console.log((await page.locator('body').innerText()).match(/.*(thread|WebGPU).*/g)?.join(' | '));
await browser.close();
