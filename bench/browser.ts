// Audits in a browser beside Node on the same graphs: steps a second while a mask is learned, and seconds of the whole audit.
// Usage: npx tsx bench/browser.ts MODEL.onnx PICTURE [--card FILE] [--steps 60] [--threads 1,2] [--whole]
// --whole: an audit with its own settings besides, in both, for each number of threads. A line each, tab-separated. Chromium is expected as `make test-web` has it.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { audit } from '../src/api/audit.js';
import { site, talkTo } from '../test/web/site.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    card: { type: 'string' },
    steps: { type: 'string', default: '60' },
    threads: { type: 'string', default: '1,2' },
    whole: { type: 'boolean', default: false },
  },
});
const [path, picture] = positionals as [string, string];
const settings = { iterations: Number(values.steps), patience: 0, preset: 'quick', seed: 1 } as const;
const line = (...fields: readonly (string | number)[]): void => void process.stdout.write(`${fields.join('\t')}\n`);
const name = basename(path);

const { data, info } = await sharp(picture).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
const pixels = { type: 'picture', name: basename(picture), width: info.width, height: info.height, rgba: new Uint8ClampedArray(data) } as const; // prettier-ignore
const files = [path, ...(values.card ? [values.card] : [])].map((p) => ({ name: basename(p), bytes: readFileSync(p) }));

const served = await site();
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
/** Seconds of an audit in a fresh worker, and those a step while it learned. */
async function inBrowser(threads: number, asked: object): Promise<{ seconds: number; perStep: number; opening: number }> {
  const page = await browser.newPage();
  try {
    await page.goto(served.url);
    const talk = await talkTo(page);
    const start = performance.now();
    await talk.send({ type: 'open', files, threads });
    await talk.next('opened');
    const opening = (performance.now() - start) / 1000;
    await talk.send(pixels);
    await talk.next('predicted');
    await talk.send({ type: 'audit', settings: asked });
    const { files: written, seconds } = await talk.next('finding');
    const json = JSON.parse(new TextDecoder().decode(written.find((f) => f.name === 'audit.json')!.bytes)) as {
      betas: { timings: { secondsPerStep: number } }[];
    };
    return { seconds, perStep: json.betas[0]!.timings.secondsPerStep, opening };
  } finally {
    await page.close();
  }
}
const threads = values.threads.split(',').map(Number);
for (const n of threads) {
  const node = await audit(path, picture, { ...settings, threads: n, card: values.card });
  const own = node.betas[0]!.learned;
  const nodeStep = own.seconds / own.history.length;
  const web = await inBrowser(n, settings);
  line(name, `${n} thread(s)`, `Node ${(1 / nodeStep).toFixed(1)} steps/s`, `browser ${(1 / web.perStep).toFixed(1)} steps/s`, `${(web.perStep / nodeStep).toFixed(2)} times as long`, `opened in ${web.opening.toFixed(1)} s`, `quick audit ${web.seconds.toFixed(1)} s`); // prettier-ignore
  if (!values.whole) continue;
  const start = performance.now();
  await audit(path, picture, { seed: 1, threads: n, card: values.card });
  const whole = (performance.now() - start) / 1000;
  const { seconds, opening } = await inBrowser(n, { seed: 1 });
  line(name, `${n} thread(s)`, `whole audit, opening included: Node ${whole.toFixed(1)} s`, `browser ${(opening + seconds).toFixed(1)} s`); // prettier-ignore
}
await browser.close();
served.close();
