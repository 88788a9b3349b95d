// The page in which a person explains a model, alone: with a stand-in for the worker, whose every answer is known.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { HEADERS } from '../../src/server/headers.js';
import { startServer, type Running } from '../../src/server/server.js';
import type { Resource } from '../../src/server/site.js';
import { DESKTOP, launch, root, SCREENS, seriousFaults, shots, tooWide, until, watched } from './browser.js';

let browser: Browser;
let server: Running;
let page: Page;
let faults: string[];

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', json: 'application/json', png: 'image/png', onnx: 'application/octet-stream' }; // prettier-ignore
const PNG = readFileSync(join(root, 'models/tank/pictures/tank/05.png'));
const file = (name: string, buffer = Buffer.from(name)) => ({ name, mimeType: '', buffer });

beforeAll(async () => {
  // A camera that shows a test picture.
  browser = await launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
  const { pageFiles } = (await import(pathToFileURL(join(root, 'web/page-files.js')).href)) as {
    pageFiles: () => Promise<Map<string, Uint8Array>>;
  };
  const worker = await build({ entryPoints: [join(import.meta.dirname, 'fake-worker.ts')], bundle: true, write: false, format: 'esm' }); // prettier-ignore
  const files = (await pageFiles()).set('worker.js', worker.outputFiles[0]!.contents);
  const site = new Map<string, Resource>();
  for (const [name, bytes] of files) site.set(`/${name}`, { type: TYPES[name.split('.').at(-1)!]!, body: { bytes }, keep: true });
  site.set('/', site.get('/index.html')!);
  server = await startServer(site, 0);
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

async function open(options: BrowserContextOptions = DESKTOP): Promise<void> {
  const context = await browser.newContext(options);
  page = await context.newPage();
  faults = watched(page, (url) => url.startsWith(server.url) || /^(data|blob):/.test(url));
  await page.goto(server.url);
  await page.getByText('Ready: 2 threads of WebAssembly.').waitFor();
}

/** Puts files into the field behind the button of this name. */
const give = (button: string, ...files: ReturnType<typeof file>[]): Promise<void> =>
  page.locator(`input[type=file][aria-label="${button}"]`).setInputFiles(files);
const model = (name: string): Promise<void> => give('Choose an ONNX file', file(name));
const picture = (name: string, bytes = PNG): Promise<void> => give('Choose a picture', file(name, bytes));
const said = (): Promise<string | null> => page.locator('.answered .claim').textContent();
const failure = (): Promise<string> => page.locator('.failure').innerText();
const learn = (): Promise<void> => page.getByRole('button', { name: 'Learn what it needs' }).click();

describe.each(SCREENS)('%s', (what, options) => {
  test('every step: axe finds no serious fault, nothing is wider than the window', async () => {
    await open(options);
    const look = async (step: string): Promise<void> => {
      await page.screenshot({ path: join(shots, `page, ${step}, ${what}.png`), fullPage: true });
      expect([step, await tooWide(page), await seriousFaults(page)]).toEqual([step, 0, []]);
    };
    await look('begin');
    await page.getByRole('button', { name: 'Try a tank under a cloud' }).click();
    await page.getByText('The model says tank, 70 % sure.').waitFor();
    await look('answer');
    await learn();
    await page.locator('.live canvas').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused.').waitFor();
    await look('learning');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('.claim.finding').waitFor();
    await look('finding');
    await model('broken.onnx');
    await page.locator('.failure').waitFor();
    await look('failure');
    expect(faults).toEqual([]);
    await page.context().close();
  }, 90_000);
});

describe('in order', () => {
  beforeEach(() => open());

  test('a model, then a picture; a second picture; a second model is asked about the picture that is there', async () => {
    await model('first.onnx');
    await page.getByText('first.onnx is open').waitFor();
    await picture('a.png');
    await page.getByText('The model says tank, 70 % sure.').waitFor();
    expect(await page.locator('.seen figcaption').first().innerText()).toBe('a.png\n64 x 64 pixels');
    await picture('b.png');
    await until(() => page.locator('.seen figcaption b').first().innerText(), 'b.png');
    await until(said, 'The model says tank, 70 % sure.');
    await model('second.onnx');
    await page.getByText('second.onnx is open').waitFor();
    await until(said, 'The model says tank, 70 % sure.');
    expect(await page.getByText('first.onnx').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('a picture before the model waits for it; both at once do as well', async () => {
    await picture('a.png');
    await page.getByText('Now a model: step 1.').waitFor();
    await model('first.onnx');
    await page.getByText('The model says tank, 70 % sure.').waitFor();
    await give('Choose an ONNX file', file('other.onnx'), file('other.card.json'), file('c.png', PNG));
    await page.getByText('other.onnx is open').waitFor();
    await until(() => page.locator('.seen figcaption b').first().innerText(), 'c.png');
    await until(said, 'The model says tank, 70 % sure.');
    expect(await page.locator('.notes').allInnerTexts()).toContain('files: other.onnx, other.card.json');
  });

  test('while it learns: paused it stands still; beta, noise and share are changed; stopped it is measured', async () => {
    await model('long.onnx');
    await picture('a.png');
    await learn();
    const steps = page.locator('.figures dd').first();
    const at = (): Promise<string> => steps.innerText();
    await steps.filter({ hasText: 'of 200' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused.').waitFor();
    const [, step] = /^(\d+) of 200$/.exec(await at())!;
    await page.waitForTimeout(200);
    expect(await at()).toBe(`${step} of 200`);
    expect((await page.locator('.figures dd').allInnerTexts()).slice(-2)).toEqual(['42', 'within 0.000001']);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('slider', { name: 'Show with' }).fill('0.3');
    await page.locator('.preview').waitFor();
    expect(await page.locator('.preview figcaption').innerText()).toBe('30 % replaced');
    expect(await page.locator('.preview td').first().innerText()).toBe('0.700');
    await page.getByRole('slider', { name: 'Beta' }).focus();
    await page.keyboard.press('ArrowRight');
    await until(() => page.locator('.steering b').first().innerText(), '2.38');
    await page.locator('.steering select').selectOption({ label: 'black' });
    await page.getByText('changed {"type":"change","noise":"constant:0"}').waitFor();
    await page.getByRole('button', { name: 'Stop and measure' }).click();
    await page.locator('.claim.finding').waitFor();
    expect(await page.locator('.claim.finding').innerText()).toBe('5\u00a0% of the picture was enough.');
    expect(await page.locator('.caution').innerText()).toBe('It proves little.');
    expect(Number(/^(\d+)/.exec(await at())![1])).toBeLessThan(200);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'audit.json' }).click()]);
    expect(readFileSync(await download.path(), 'utf8')).toBe('{"fake":true}');
    await page.getByRole('button', { name: 'Learn again' }).click();
    await until(() => page.locator('.claim.finding').count(), 0);
    expect(faults).toEqual([]);
  });

  test('what is given up says nothing any more: another picture while it learns', async () => {
    await model('first.onnx');
    await picture('a.png');
    await learn();
    await page.locator('.live canvas').waitFor();
    await picture('b.png');
    await until(() => page.locator('.live').count(), 0);
    await until(said, 'The model says tank, 70 % sure.');
    await page.waitForTimeout(300);
    expect([
      await page.locator('.live').count(),
      await page.locator('.failure').count(),
      await page.locator('.claim.finding').count(),
    ]).toEqual([0, 0, 0]);
    await page.getByRole('button', { name: 'Learn what it needs' }).waitFor();
  });

  test('a panel changes how the picture goes in, the answer follows, and a wrong number is said to be', async () => {
    await model('first.onnx');
    await picture('a.png');
    await page.getByText('Change how the picture goes in').click();
    await page.getByLabel('Order of channels').selectOption('BGR');
    await until(said, 'The model says no tank, 60 % sure.');
    await page.getByText('channels BGR').waitFor();
    await page.getByLabel('Order of channels').selectOption('GREY');
    await until(() => page.locator('.answered .caution').innerText(), 'The model is unsure.');
    const mean = page.getByLabel('Mean, per channel');
    await mean.fill('1, 2');
    await mean.press('Tab');
    await page.getByText('Expected 1 or 3 numbers.').waitFor();
    await mean.fill('1, 2, 3');
    await mean.press('Tab');
    await until(() => page.getByText('Expected 1 or 3').count(), 0);
    await page.getByRole('button', { name: 'As the model says' }).click();
    await page.getByText('channels RGB').waitFor();
  });

  test('a Hugging Face folder, whole, with another of its models chosen', async () => {
    const names = [
      'onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'onnx/model.onnx_data',
      'config.json',
      'pytorch_model.bin',
      'cat.png',
    ];
    await page.evaluate(`(() => {
      const all = ${JSON.stringify(names)};
      const folder = (name, children) => ({ name, isDirectory: true, isFile: false,
        createReader() { let given = false; return { readEntries(done) { done(given ? [] : children); given = true; } }; } });
      const leaf = (path) => ({ name: path.split('/').at(-1), isFile: true, isDirectory: false, file: (done) => done(new File([path], path.split('/').at(-1))) });
      const tree = folder('resnet', [folder('onnx', all.filter((n) => n.includes('/')).map(leaf)), ...all.filter((n) => !n.includes('/')).map(leaf)]);
      const event = new DragEvent('drop', { bubbles: true, cancelable: true });
      Object.defineProperty(event, 'dataTransfer', { value: { items: [{ webkitGetAsEntry: () => tree }], files: [] } });
      document.body.dispatchEvent(event);
    })()`);
    await page.getByText('resnet/onnx/model.onnx is open').waitFor();
    expect(await page.locator('.notes').allInnerTexts()).toContain(
      'files: resnet/onnx/model.onnx, resnet/onnx/model.onnx_data, resnet/config.json',
    );
    await page.getByLabel('Other models of this folder').selectOption('onnx/model_quantized.onnx');
    await page.getByText('resnet/onnx/model_quantized.onnx is open').waitFor();
  });

  test('an explainer gives the mask of a picture at once, and of what a camera sees', async () => {
    await picture('a.png');
    await model('lan.onnx');
    await page.getByText('as the explainer says, in 4 ms; without evidence').waitFor();
    await page.getByText('the explainer that is open has learned it before').waitFor();
    const drawn = (): Promise<string> => page.locator('.seen canvas').last().evaluate((c) => (c as unknown as { toDataURL(): string }).toDataURL()); // prettier-ignore
    const first = await drawn();
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await page.getByRole('button', { name: 'Stop the camera' }).waitFor();
    await until(async () => (await drawn()) === first, false);
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    expect(await page.locator('.seen figcaption b').first().innerText()).toBe('a.png');
    expect(faults).toEqual([]);
  });

  test('a text model is asked about a text, written or dropped, and another one about the same; a model of numbers about a row', async () => {
    await model('text.onnx');
    await page.getByLabel('A text for the model').fill('not a bad film');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await until(said, 'The model says not a bad film, 90 % sure.');
    await give('Choose an ONNX file', file('good.txt'));
    await until(said, 'The model says good.txt, 90 % sure.');
    expect(await page.getByLabel('A text for the model').inputValue()).toBe('good.txt');
    await learn();
    await page.locator('.live .words bdi').first().waitFor();
    expect(await page.locator('.live .words bdi').allInnerTexts()).toEqual(['good.txt']);
    // As for pictures: beta, noise, share.
    expect(await page.locator('.steering label').count()).toBe(3);
    await model('text-2.onnx');
    await page.getByText('text-2.onnx is open').waitFor();
    await until(said, 'The model says good.txt, 90 % sure.');
    await model('table.onnx');
    await page.getByText('This model takes numbers: a row of a table.').waitFor();
    await give('Choose a CSV file', file('rows.csv', Buffer.from('a,b\n1,2\n')));
    await page.getByLabel('Row, the first').fill('0');
    await page.getByText('The row is a whole number of at least 1.').waitFor();
    await page.getByLabel('Row, the first').fill('1');
    await page.getByLabel('Columns that go in').fill('b, a');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await until(said, 'The model says rows.csv 1 b,a, 90 % sure.');
    expect(faults).toEqual([]);
  });
});

describe('at the same time', () => {
  beforeEach(() => open());

  test('of two models the second counts, however soon it comes', async () => {
    await picture('a.png');
    await model('slow-text.onnx');
    await model('second.onnx');
    await page.getByText('second.onnx is open').waitFor();
    await until(said, 'The model says tank, 70 % sure.');
    await model('slow-broken.onnx');
    await model('third.onnx');
    await page.getByText('third.onnx is open').waitFor();
    await until(said, 'The model says tank, 70 % sure.');
    expect([await page.getByText('Asking the model').count(), await page.locator('.failure').count()]).toEqual([0, 0]);
    expect(faults).toEqual([]);
  });

  test('nothing that is looked at moves while it learns', async () => {
    await model('first.onnx');
    await picture('a.png');
    await learn();
    await page.locator('.live canvas').waitFor();
    const place = (): Promise<unknown> => page.evaluate('JSON.stringify([".live", ".live canvas", ".curves", ".controls"].map((s) => document.querySelector(s).getBoundingClientRect().toJSON()))'); // prettier-ignore
    const first = await place();
    await page.getByText('what is noticed while it learns').waitFor();
    expect(await place()).toEqual(first);
  });
});

describe('what goes wrong is said, and the page goes on', () => {
  beforeEach(() => open());

  test.each([
    [
      'a broken model',
      () => model('broken.onnx'),
      "Model 'broken.onnx': not a readable ONNX file.",
      'Is it truncated, or another format?',
    ],
    [
      'no picture',
      () => picture('notes.png', Buffer.from('not a picture')),
      "'notes.png' cannot be read as a picture: it is a text.",
      'Expected a picture that this browser can show',
    ],
    [
      'a document',
      () => picture('paper.pdf', Buffer.from('%PDF-1.7\n')),
      "'paper.pdf' cannot be read as a picture: it is a PDF document.",
      'Save the page that is meant as PNG or JPEG.',
    ],
    [
      'a picture that Chromium does not show',
      () => picture('scan.tif', Buffer.from('II*\0\x08\0\0\0')),
      "'scan.tif' cannot be read as a picture: it is a TIFF picture, which is not shown here.",
      'Save it as PNG or JPEG.',
    ],
    [
      'half a picture',
      () => picture('half.png', PNG.subarray(0, 200)),
      "'half.png' cannot be read as a picture: it begins as a PNG picture, but is cut short or damaged.",
      'Expected a picture',
    ],
    [
      'neither',
      () => give('Choose an ONNX file', file('labels.json')),
      "'labels.json' alone is neither a model nor a picture.",
      'Drop it together with its .onnx file.',
    ],
    [
      "another framework's model",
      () => give('Choose an ONNX file', file('model.pt')),
      "'model.pt' is neither an ONNX model nor a picture.",
      'is exported to ONNX first',
    ],
    [
      'a text without a model of texts',
      () => give('Choose an ONNX file', file('mail.txt')),
      "'mail.txt' is a text, and no model of texts is open.",
      'Open one first; the words that a model counts go in together with its .onnx file.',
    ],
  ] as const)('%s', async (_, act, problem, advice) => {
    await act();
    await page.locator('.failure').waitFor();
    expect(await failure()).toContain(problem);
    expect(await failure()).toContain(advice);
    expect(await page.locator('[role=alert]').count()).toBe(1);
    await page.getByRole('button', { name: 'Close this message' }).click();
    await until(() => page.locator('.failure').count(), 0);
    await model('first.onnx');
    await picture('a.png');
    await page.getByText('The model says tank, 70 % sure.').waitFor();
    expect(faults).toEqual([]);
  });

  test('a model that is too large for a page is refused by its size, unread', async () => {
    await page.evaluate(`(() => {
      const large = { name: 'large.onnx', size: 2e9, arrayBuffer() { throw new Error('read'); } };
      const event = new DragEvent('drop', { bubbles: true, cancelable: true });
      const entry = { name: 'large.onnx', isFile: true, isDirectory: false, file: (done) => done(large) };
      Object.defineProperty(event, 'dataTransfer', { value: { items: [{ webkitGetAsEntry: () => entry }], files: [] } });
      document.body.dispatchEvent(event);
    })()`);
    await page.locator('.failure').waitFor();
    expect(await failure()).toContain("'large.onnx' and what belongs to it have 2000 MB, more than a page can hold.");
    await model('first.onnx');
    await page.getByText('first.onnx is open').waitFor();
    expect(faults).toEqual([]);
  });

  test('unsupported ops are listed, all of them, and nothing can be started', async () => {
    await model('odd.onnx');
    await picture('a.png');
    await page.getByText("Op 'Odd' (node 'a') is not known").waitFor();
    await page.getByText("Op 'Queer' (node 'b') is not known").waitFor();
    expect(await page.getByRole('button', { name: 'Learn what it needs' }).count()).toBe(0);
    await page.getByText('This model cannot be explained: see step 1.').waitFor();
  });

  test('a worker that dies is replaced', async () => {
    await picture('a.png');
    await model('crash.onnx');
    await page.locator('.failure').waitFor();
    expect(await failure()).toContain('has ended unexpectedly');
    await page.getByText('Ready: 2 threads of WebAssembly.').waitFor();
    await model('first.onnx');
    await page.getByText('The model says tank, 70 % sure.').waitFor();
  });
});

test('what takes too long to be read is ended, and so is what does not stop when it is given up', async () => {
  await open();
  await page.clock.install();
  await model('endless.onnx');
  await page.getByText('Reading endless.onnx').waitFor();
  await page.clock.runFor(17_000);
  await page.getByText('Reading endless.onnx … 17 s').waitFor();
  expect([await page.locator('.failure').count(), await page.getByRole('button', { name: 'Cancel' }).count()]).toEqual([0, 1]);
  await page.clock.runFor(2_000);
  await page.locator('.failure').waitFor();
  expect(await failure()).toMatch(
    /^endless\.onnx: compiling it and running it once took more than 18 s.* The page started the runtime again\./,
  );
  await page.getByText('Ready: 2 threads of WebAssembly.').waitFor();
  // Who knows the file runs it without the limit, by keyboard as well.
  const anyway = page.getByRole('button', { name: 'Run it anyway' });
  expect(await anyway.getAttribute('aria-describedby')).toBe('trust');
  expect(await page.locator('#trust').innerText()).toMatch(/^without a limit: it may keep this machine busy until you cancel it/);
  await anyway.focus();
  await page.keyboard.press('Enter');
  await page.getByText('endless.onnx is open').waitFor();
  await page.clock.runFor(30_000);
  expect(await page.locator('.failure').count()).toBe(0);
  await model('deaf.onnx');
  await picture('a.png');
  await until(said, 'The model says tank, 70 % sure.');
  // What was read in time is not ended later.
  await page.clock.runFor(30_000);
  expect(await page.locator('.failure').count()).toBe(0);
  await learn();
  await page.getByRole('button', { name: 'Give up' }).click({ timeout: 15_000 });
  await page.clock.runFor(19_000);
  expect(await page.locator('.failure').count()).toBe(0);
  await page.clock.runFor(2_000);
  await page.locator('.failure').waitFor();
  expect(await failure()).toMatch(/^What was running did not stop within 20 s of being told to, and was ended/);
  await model('first.onnx');
  await until(said, 'The model says tank, 70 % sure.');
  expect(faults).toEqual([]);
}, 60_000);

test('a picture that comes while a model is read does not take its place; data of any name goes with it', async () => {
  await open();
  await page.evaluate(
    `{ const read = File.prototype.arrayBuffer; File.prototype.arrayBuffer = async function () { await new Promise((r) => setTimeout(r, 400)); return read.call(this); }; }`,
  );
  await give('Choose an ONNX file', file('lasting.onnx'), file('weights.bin'));
  await picture('a.png');
  await until(said, 'The model says tank, 70 % sure.');
  expect(await page.locator('.notes').allInnerTexts()).toContain('files: lasting.onnx, weights.bin');
  await learn();
  // Learning ends by itself: one click gives up what is measured then.
  await page.getByRole('button', { name: 'Give up' }).click({ timeout: 15_000 });
  await page.getByRole('button', { name: 'Learn what it needs' }).waitFor();
  await page.waitForTimeout(600);
  expect([await page.locator('.claim.finding').count(), await page.locator('.failure').count()]).toEqual([0, 0]);
}, 30_000);

test('folders that are dropped with something else are refused in words', async () => {
  await open();
  await page.evaluate(`(() => {
    const entry = { isDirectory: true, isFile: false, name: 'net' };
    const event = new DragEvent('drop', { bubbles: true, cancelable: true });
    const item = { webkitGetAsEntry: () => entry };
    Object.defineProperty(event, 'dataTransfer', { value: { items: [item, item], files: [] } });
    document.body.dispatchEvent(event);
  })()`);
  await until(async () => (await failure()).includes('A folder was dropped together with something else.'), true);
});

test('without the headers that isolate a page it says that it runs on one thread', async () => {
  const context = await browser.newContext(DESKTOP);
  page = await context.newPage();
  await page.route('**/*', async (route) => {
    const answer = await route.fetch();
    const headers = Object.fromEntries(
      Object.entries(answer.headers()).filter(([name]) => !/^(cross-origin|content-security)/.test(name)),
    );
    await route.fulfill({ response: answer, headers });
  });
  faults = watched(page, (url) => url.startsWith(server.url));
  await page.goto(server.url);
  await page.getByText('Ready, on one thread').waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test('the page says the same policy as the server', () => {
  const shell = readFileSync(join(root, 'web/page-files.js'), 'utf8');
  const own = HEADERS['Content-Security-Policy']!.replace("; frame-ancestors 'none'", '');
  expect(shell).toContain(own);
});
