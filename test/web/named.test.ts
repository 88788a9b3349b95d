// Texts and rows in the page: the same core as in Node, words marked while it learns, and what cannot work refused before anything is asked.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { audit } from '../../src/api/audit.js';
import { toFloat32 } from '../../src/core/tensor.js';
import { decodeNpy } from '../../src/data/npy.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { prune } from '../../src/onnx/graph.js';
import type { AuditDocument } from '../../src/report/audit-files.js';
import type { FromWorker, NamedFile } from '../../web/app/protocol.js';
import { bert } from '../nets/inside.js';
import { bagOfWords, incomeRule, WORDS } from '../nets/named.js';
import { tokenizerJson } from '../nets/tokenizer.js';
import { DESKTOP, launch, SCREENS, seriousFaults, shots, tooWide, until, watched } from './browser.js';
import { site, talkTo, type Site, type Talk } from './site.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-named-web-'));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
/** `bert()` with one of its outputs alone. */
function answering(output: string): Uint8Array {
  const model = decodeModel(bert());
  const outputs = model.graph.outputs.filter((o) => o.name === output);
  return encodeModel({ ...model, graph: prune({ ...model.graph, outputs }) });
}
const HUGGING_FACE: NamedFile[] = [
  { name: 'bert/onnx/model.onnx', bytes: answering('logits') },
  { name: 'bert/tokenizer.json', bytes: utf8(JSON.stringify(tokenizerJson())) },
  { name: 'bert/config.json', bytes: utf8(JSON.stringify({ max_position_embeddings: 12, id2label: { 0: 'bad', 1: 'good' } })) }, // prettier-ignore
];
const BAG: NamedFile[] = [
  { name: 'words.onnx', bytes: bagOfWords() },
  { name: 'words.txt', bytes: utf8(`${WORDS.join('\n')}\n`) },
];
const CSV = 'age,height,name,income,noise\n30,170,ann,80,1\n60,180,bob,20,2\n41,160,eve,55,3\n';
const MAIL = 'The disk, the controller and the drive: a slow mac. He lives in New York ...';
const SETTINGS = { iterations: 60, seed: 3, evidenceDraws: 64 } as const;
/** Steps that nobody waits for: a thousand take 0.3 s, and what is said to a run must find it there on a busy machine too. */
const LONG = 1_000_000;

let browser: Browser;
let served: Site;
let page: Page;
let talk: Talk;
let faults: string[];

beforeAll(async () => {
  served = await site();
  browser = await launch();
  for (const { name, bytes } of [...HUGGING_FACE, ...BAG]) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  writeFileSync(join(folder, 'rows.csv'), CSV);
}, 120_000);
afterAll(async () => {
  await browser.close();
  served.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  page = await browser.newPage(DESKTOP);
  faults = watched(page, (url) => url.startsWith(served.url) || /^(data|blob):/.test(url));
});
afterEach(async () => {
  await page.close();
  // Nothing was complained of, and nothing left the origin.
  expect(faults).toEqual([]);
});

const begin = async (): Promise<void> => {
  await page.goto(served.url);
  talk = await talkTo(page);
};
type Finding = Extract<FromWorker, { type: 'finding' }>;
const bytesOf = ({ files }: Finding, name: string): Uint8Array => files.find((f) => f.name === name)!.bytes;
const documentIn = (finding: Finding): AuditDocument => JSON.parse(new TextDecoder().decode(bytesOf(finding, 'audit.json'))) as AuditDocument; // prettier-ignore
const maskIn = (finding: Finding): Float32Array => toFloat32(decodeNpy(bytesOf(finding, 'mask.npy'), 'mask.npy'));

test('a Hugging Face folder of a text model: tokens, words and mask as in Node, for texts of several lengths', async () => {
  await begin();
  await talk.send({ type: 'open', files: HUGGING_FACE });
  const { model } = await talk.next('opened');
  expect(model).toMatchObject({ name: 'bert', takes: 'text', labels: ['bad', 'good'] });
  for (const text of ['GOOD films!', 'it was not a bad movie']) {
    await talk.send({ type: 'text', text });
    const { top, pieces } = await talk.next('predicted');
    await talk.send({ type: 'audit', settings: SETTINGS });
    const step = await talk.next('step');
    const finding = await talk.next('finding');
    const node = await audit(join(folder, 'bert'), { text }, SETTINGS);
    expect(top[0]).toMatchObject({ index: node.prediction[0]!.index, label: node.prediction[0]!.label });
    expect(top[0]!.probability).toBeCloseTo(node.prediction[0]!.probability, 5);
    // The pieces are the words; the mask has an element for each token, the special ones included.
    const [own] = node.betas;
    expect(pieces!.map((p) => p.text)).toEqual(own!.words!.slice(1, -1).map((w) => w.word));
    expect([step.height, step.width, step.attention.length]).toEqual([1, own!.tokens!.length, own!.tokens!.length]);
    expect(Array.from(maskIn(finding))).toEqual(Array.from(toFloat32(own!.learned.mask)));
    expect(finding.document.claim).toBe((await node.page()).claim);
    expect(documentIn(finding).betas[0]!.claims).toEqual(node.betas[0]!.claims);
    expect(finding.files.map((f) => f.name).sort()).toEqual(['audit.json', 'mask.npy', 'order.npy', 'report.html', 'tokens.html']); // prettier-ignore
  }
}, 120_000);

test('a text model without config.json: for how many tokens it is open, and what nobody says', async () => {
  await begin();
  // It has 12 places, which nobody says: 16 tokens do not go in.
  await talk.send({ type: 'open', files: HUGGING_FACE.filter(({ name }) => !name.endsWith('config.json')) });
  const { notes } = await talk.next('opened');
  expect(notes).toContain('opened for 8 tokens until a text is given, and then for as many as that has');
  expect(notes.at(-1)).toBe('no config.json came with it: a text of more tokens than the model has places for may be refused, as nobody says how many it has; classes have no names'); // prettier-ignore
  await talk.send({ type: 'text', text: 'it was not a bad movie' });
  expect((await talk.next('predicted')).pieces).toHaveLength(6);
  await talk.send({ type: 'text', text: 'bad film '.repeat(10) });
  expect(await talk.next('failed')).toMatchObject({ code: 'input', advice: expect.stringContaining('max_position_embeddings') });
}, 60_000);

test('a bag of words with its vocabulary, and a row of a table, as in Node', async () => {
  await begin();
  await talk.send({ type: 'open', files: BAG });
  expect((await talk.next('opened')).model).toMatchObject({ takes: 'text', classes: 2 });
  await talk.send({ type: 'text', text: MAIL });
  const { pieces } = await talk.next('predicted');
  expect(pieces!.map((p) => p.text).join('')).toBe(MAIL);
  await talk.send({ type: 'audit', settings: SETTINGS });
  const words = await talk.next('finding');
  const ofWords = await audit(join(folder, 'words.onnx'), { text: MAIL }, { ...SETTINGS, vocabulary: join(folder, 'words.txt') });
  expect(Array.from(maskIn(words))).toEqual(Array.from(toFloat32(ofWords.betas[0]!.learned.mask)));
  expect(words.document.claim).toBe((await ofWords.page()).claim);

  await talk.send({ type: 'open', files: [{ name: 'income.onnx', bytes: incomeRule() }] });
  expect((await talk.next('opened')).model).toMatchObject({ takes: 'row' });
  const csv = { name: 'rows.csv', bytes: utf8(CSV) };
  await talk.send({ type: 'row', csv, row: 1 });
  expect(await talk.next('failed')).toMatchObject({ code: 'data', problem: expect.stringContaining('has 5 columns, and the model takes 4 numbers') }); // prettier-ignore
  const columns = ['age', 'height', 'income', 'noise'];
  await talk.send({ type: 'row', csv, row: 1, columns });
  const { pieces: values, top } = await talk.next('predicted');
  expect([values!.map((p) => p.text), top[0]!.index]).toEqual([['age = 30', 'height = 170', 'income = 80', 'noise = 1'], 1]);
  await talk.send({ type: 'audit', settings: SETTINGS });
  const row = await talk.next('finding');
  writeFileSync(join(folder, 'income.onnx'), incomeRule());
  const ofRow = await audit(join(folder, 'income.onnx'), { csv: join(folder, 'rows.csv'), row: 1 }, { ...SETTINGS, columns });
  expect(Array.from(maskIn(row))).toEqual(Array.from(toFloat32(ofRow.betas[0]!.learned.mask)));
  expect(documentIn(row).settings.noise).toMatch(/^bootstrap:/);
}, 120_000);

test.each([
  ['counts of words', BAG, { type: 'text', text: MAIL }, ['constant:0', 'uniform'], 'uniform', /^uniform:0,\d+$/],
  [
    'a row',
    [{ name: 'income.onnx', bytes: incomeRule() }],
    { type: 'row', csv: { name: 'rows.csv', bytes: utf8(CSV) }, row: 1, columns: ['age', 'height', 'income', 'noise'] },
    ['bootstrap:tables/rows.csv', 'uniform', 'gaussian', 'mean'],
    'mean',
    /^mean:columns$/,
  ],
] as const)(
  '%s: share and noise are changed while it learns',
  async (_, files, asked, noises, noise, measured) => {
    await begin();
    await talk.send({ type: 'open', files });
    await talk.send(asked);
    const predicted = await talk.next('predicted');
    expect(predicted.noises).toEqual(noises);
    await talk.send({ type: 'audit', settings: { iterations: LONG, draws: 4, seed: 3, evidenceDraws: 64, maskValues: 'soft' } });
    const { width } = await talk.next('step');
    await talk.send({ type: 'pause' });
    await talk.next('paused');
    const lookAt = async (share: number) => {
      await talk.send({ type: 'change', share });
      for (;;) {
        const { preview } = await talk.next('step');
        if (preview?.share === share) return preview;
      }
    };
    const whole = await lookAt(0);
    expect([Array.from(whole.replaced!), whole.seen]).toEqual([new Array(width).fill(0), undefined]);
    expect(whole.top[0]!.probability).toBeCloseTo(predicted.top[0]!.probability, 5);
    await talk.send({ type: 'change', noise, beta: 3 });
    const half = await lookAt(0.5);
    expect(half.replaced!.reduce((a, b) => a + b, 0)).toBe(Math.round(width / 2));
    await talk.send({ type: 'resume' });
    while ((await talk.next('step')).beta !== 3);
    await talk.send({ type: 'stop' });
    const { settings, betas } = documentIn(await talk.next('finding'));
    expect([settings.noise, betas[0]!.beta]).toEqual([expect.stringMatching(measured), 3]);
  },
  60_000,
);

test('ids of tokens without a tokenizer are refused in words, and so is an input of another kind', async () => {
  await begin();
  await talk.send({ type: 'open', files: [{ name: 'bert.onnx', bytes: bert() }] });
  expect(await talk.next('failed')).toMatchObject({
    during: 'open',
    problem: 'bert.onnx takes ids of tokens, and no tokenizer.json came with it, which makes them of a text.',
    advice: 'Drop the Hugging Face folder as a whole, or tokenizer.json together with the file.',
  });
  const beside = HUGGING_FACE.slice(1).map(({ name, bytes }) => ({ name: name.slice('bert/'.length), bytes }));
  await talk.send({ type: 'open', files: [{ name: 'bert.onnx', bytes: bert() }, ...beside] });
  await talk.next('opened');
  await talk.send({ type: 'row', csv: { name: 'x.csv', bytes: utf8(CSV) }, row: 1 });
  expect(await talk.next('failed')).toMatchObject({ problem: 'This model takes a text, and no row.' });
  await talk.send({ type: 'text', text: '   ' });
  expect(await talk.next('failed')).toMatchObject({ during: 'text', code: 'data' });
  await talk.send({ type: 'audit', settings: {} });
  expect(await talk.next('failed')).toMatchObject({ code: 'usage', problem: 'There is no text to explain.' });
}, 60_000);

/** Texts are steered as pictures are: share, noise, beta, each while it stands still. Resumed or ended meanwhile, the controls are gone. */
async function steered(): Promise<void> {
  await page.getByText('Paused.').waitFor();
  const share = page.getByRole('slider', { name: 'Show with' });
  const crossed = (): Promise<string[]> => page.locator('.preview s').allInnerTexts();
  const sure = async (): Promise<number> => Number(await page.locator('.preview td').first().innerText());
  await share.fill('0');
  await page.locator('.preview figcaption').waitFor();
  expect(await crossed()).toEqual([]);
  const whole = await sure();
  expect((await page.locator('.answered td').first().innerText()).slice(0, 4)).toBe(String(whole).slice(0, 4));
  await share.fill('1');
  await until(async () => (await crossed()).length, 8);
  expect(await page.locator('.preview figcaption').innerText()).toBe('100 % replaced');
  const random = await sure();
  // Every word hidden by the same mark is another input than words at random.
  await page.getByLabel('What comes in its place').selectOption({ label: 'the mark for a hidden word' });
  await share.fill('0.95');
  await until(() => page.locator('.preview figcaption').innerText(), '95 % replaced');
  expect(await sure()).not.toBe(random);
  await page.getByRole('slider', { name: 'Beta' }).fill('1');
}

test.each(SCREENS)(
  'by hand: a folder, a text, words marked, the finding: %s',
  async (what, options) => {
    await page.close();
    page = await browser.newPage(options);
    faults = watched(page, (url) => url.startsWith(served.url) || /^(data|blob):/.test(url));
    await page.goto(`${served.url}index.html`);
    await page.getByText('Ready').waitFor();
    await page.locator('input[type=file][aria-label="Choose a Hugging Face folder"]').setInputFiles(join(folder, 'bert'));
    await page.getByText('bert is open').waitFor();
    const field = page.getByLabel('A text for the model');
    await field.fill('not a bad film, it was good');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.locator('.answered .claim').waitFor();
    await page.getByLabel('a whole audit').check();
    await page.getByRole('button', { name: 'Learn what it needs' }).click();
    await page.locator('.live .words bdi').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await steered();
    await page.screenshot({ path: join(shots, `text, learning, ${what}.png`), fullPage: true });
    expect([await tooWide(page), await seriousFaults(page)]).toEqual([0, []]);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator('.claim.finding').waitFor({ timeout: 60_000 });
    expect(await page.locator('.claim.finding').innerText()).toMatch(/of the text was enough/);
    await page
      .getByText(/changed by hand while the mask was learned: beta 2 and noise token from step/)
      .first()
      .waitFor({ state: 'attached' });
    const words = page.locator('section[aria-labelledby=step-finding] .words bdi');
    expect(await words.allInnerTexts()).toEqual(expect.arrayContaining(['good', 'film']));
    await page.getByRole('link', { name: 'tokens.html' }).waitFor();
    await page.screenshot({ path: join(shots, `text, finding, ${what}.png`), fullPage: true });
    expect([await tooWide(page), await seriousFaults(page)]).toEqual([0, []]);
    await page.locator('input[type=file][aria-label="Choose an ONNX file"]').setInputFiles([join(folder, 'words.onnx'), join(folder, 'words.txt')]); // prettier-ignore
    await page.getByText('words.onnx is open').waitFor();
    await field.fill(MAIL);
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.getByText(/^\d+ different words of the text are in the vocabulary/).waitFor();
  },
  120_000,
);
