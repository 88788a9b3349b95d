// lan-onnx audit of tokens and of values inside a model: from the command line to the pages, pictures and refusals.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { float32, int64, toFloat32, toNumbers } from '../../src/core/tensor.js';
import { decodeNpy, encodeNpy } from '../../src/data/npy.js';
import { bert, residual } from '../nets/inside.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-inputs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Without the notes about the model, which come first and are tested where they are the point. */
async function run(...argv: string[]) {
  const { code, out, err } = await cli(...argv);
  return { code, out, err: code === 2 ? err.replace(/^note: .*\n/gm, '') : err };
}
const refused = (message: string) => ({ code: 2, out: '', err: `lan-onnx: ${message}\n` });

const QUICK = ['--iterations', '150', '--evidence-draws', '64', '--threads', '1'];
const text = at('bert.onnx');
writeFileSync(text, bert());
writeFileSync(at('ids.npy'), encodeNpy(int64([3, 4, 7, 5, 6, 0], [1, 6])));
writeFileSync(at('mask.npy'), encodeNpy(int64([1, 1, 1, 1, 1, 0], [6])));
const VOCABULARY = ['[PAD]', ...'abc'.split(''), 'd<i>', '\u202ee\u001b[31m', 'f', 'good & "new"', ...'ijklmnopqrst'.split('')];
writeFileSync(at('vocab.txt'), `${VOCABULARY.join('\n')}\n`);
const FEEDS = ['--feed', `attention_mask=${at('mask.npy')}`, '--feed', 'token_type_ids=0'];

interface Document {
  at: object;
  notes: string[];
  settings: { noise: string; maskShape: string };
  prediction: { index: number }[];
  betas: { beta: number; claims: string[]; tokens: { position: number; id: number; token?: string; mask: number }[] }[];
}
const read = (name: string): Document => JSON.parse(readFileSync(at(name), 'utf8')) as Document;

describe('tokens', () => {
  const audit = (...argv: string[]) => run('audit', text, '--tensor', at('ids.npy'), '--output', 'logits', ...QUICK, ...argv);

  test('a BERT-like model: the word that decides is named in the terminal, in audit.json and on the page', async () => {
    const { code, out, err } = await audit(...FEEDS, '--vocab', at('vocab.txt'), '--beta', '0.3', '1', '--out', at('bert'));
    expect(err).toContain(
      "note: the mask lies on the value 'words' [1,6,8], the first float value that depends on 'input_ids'\n",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/\n {4}most needed: 'good & "new"' at 2 \(0\.\d\d\)/);
    expect(out).toContain(
      `  files: ${at('bert/ids/report.html')}, ${at('bert/ids/tokens.html')}, ${at('bert/ids/audit.json')}\n`,
    );
    const document = read('bert/ids/audit.json');
    expect(document).toMatchObject({
      at: { name: 'words', shape: [1, 6, 8] },
      settings: { noise: 'tokens', maskShape: 'token' },
    });
    expect(document.prediction[0]!.index).toBe(1);
    expect(document.betas.map((b) => b.beta)).toEqual([0.3, 1]);
    const { tokens, claims } = document.betas[0]!;
    expect(claims[0]).toMatch(/^\d+ % of the tokens replaced entirely by noise: the answer 'class 1' was kept/);
    expect(tokens.map((t) => [t.position, t.id, t.token])).toEqual([3, 4, 7, 5, 6, 0].map((id, i) => [i, id, VOCABULARY[id]]));
    const mask = toFloat32(decodeNpy(readFileSync(at('bert/ids/order-beta0.3.npy')), 'mask'));
    tokens.forEach((t, i) => expect(t.mask).toBeCloseTo(mask[i]!, 6));
    expect(tokens.toSorted((a, b) => a.mask - b.mask)[0]!.position).toBe(2);
    const page = readFileSync(at('bert/ids/tokens.html'), 'utf8');
    expect(page).toContain('<bdi>good &amp; &quot;new&quot;</bdi>');
    expect(page).toContain('<bdi>d&lt;i&gt;</bdi>');
    expect(page).toContain('<bdi>\ufffde\ufffd[31m</bdi>');
    expect(page).toContain(`<p class="claim">${claims[0]!.replaceAll("'", '&#39;')}</p>`);
    expect(page).toContain('<h2>Beta 0.3</h2>');
    expect(page).toContain('<h2>Beta 1</h2>');
    expect(page).not.toMatch(/<script|https?:|src=|url\(/);
  }, 60_000);

  test('without a vocabulary ids are named; the other output is another question', async () => {
    const { out } = await audit(...FEEDS, '--out', at('plain'));
    expect(out).toMatch(/most needed: id 7 at 2 \(/);
    expect(readFileSync(at('plain/ids/tokens.html'), 'utf8')).toContain('<bdi>id 7</bdi>');
    expect(read('plain/ids/audit.json').betas[0]!.tokens[0]).not.toHaveProperty('token');
    const other = await run(
      'audit',
      text,
      '--output',
      'other',
      '--tensor',
      at('ids.npy'),
      ...FEEDS,
      ...QUICK,
      '--json',
      '--out',
      at('other'),
    );
    expect((JSON.parse(other.out) as { prediction: object[] }).prediction).toHaveLength(3);
  }, 60_000);

  test('a mask of every element is listed by its mean over a token', async () => {
    const full = [...FEEDS, '--mask-shape', 'full', '--iterations', '3', '--out', at('full')];
    const argv = ['audit', text, '--tensor', at('ids.npy'), '--output', 'logits', '--evidence-draws', '2', ...full];
    expect((await run(...argv)).code).toBe(0);
    const mask = toFloat32(decodeNpy(readFileSync(at('full/ids/order.npy')), 'mask'));
    expect(mask).toHaveLength(48);
    const first = mask.subarray(0, 8).reduce((a, b) => a + b, 0) / 8;
    expect(read('full/ids/audit.json').betas[0]!.tokens[0]!.mask).toBeCloseTo(first, 6);
  });

  test('other texts as noise: an array of ids', async () => {
    writeFileSync(at('texts.npy'), encodeNpy(int64(Array.from({ length: 24 }, (_, i) => (i * 5) % 7), [4, 6]))); // prettier-ignore
    const noise = `bootstrap:${at('texts.npy')}`;
    const { code, err } = await audit(...FEEDS, '--noise', noise, '--out', at('texts'));
    expect([code, err]).toEqual([0, expect.stringContaining(`note: the noise is 4 of the 4 samples of '${at('texts.npy')}'\n`)]);
    expect(read('texts/ids/audit.json').settings.noise).toBe(noise);
  });

  test('what does not fit is refused, and leaves nothing behind', async () => {
    const nothing = ['--out', at('nothing')];
    const missing = await audit('--feed', 'attention_mask=1', ...nothing);
    expect(missing).toEqual(
      refused(
        `${text}: 'input_ids' is explained, but its other input(s) have no value:\n` +
          "  - 'token_type_ids' int64[1,6]\n" +
          'Give each a value with --feed: an .npy file, or one number for all of it; for example --feed token_type_ids=1.',
      ),
    );
    writeFileSync(at('few.txt'), 'a\nb\n');
    expect(await audit(...FEEDS, '--vocab', at('few.txt'), ...nothing)).toEqual(
      refused(`--vocab holds 2 tokens, but '${at('ids.npy')}' has id 3 at position 0. Is it another model's?`),
    );
    writeFileSync(at('empty.txt'), '');
    expect(await audit(...FEEDS, '--vocab', at('empty.txt'), ...nothing)).toEqual(
      refused(`Vocabulary '${at('empty.txt')}': holds no tokens. Expected one a line, the first being id 0.`),
    );
    expect(await audit(...FEEDS, '--vocab', at('absent.txt'), ...nothing)).toEqual(
      refused(`Vocabulary '${at('absent.txt')}': cannot be read (no such file or folder).`),
    );
    expect(await audit(...FEEDS, '--vocab', at('vocab.txt'), '--at', 'context', ...nothing)).toEqual(
      refused("--vocab: the mask does not lie on tokens; it lies on the value 'context' [1,8]. Leave --vocab out."),
    );
    expect(await audit('--feed', 'attention_mask', ...nothing)).toEqual(
      refused("--feed: expected NAME=FILE.npy or NAME=NUMBER, received 'attention_mask'."),
    );
    writeFileSync(at('long.npy'), encodeNpy(int64([1, 2, 3, 4, 5, 6, 7])));
    expect(
      await run(
        'audit',
        text,
        '--tensor',
        at('long.npy'),
        at('ids.npy'),
        '--feed',
        'attention_mask=1',
        '--feed',
        'token_type_ids=0',
        '--strict',
        ...nothing,
      ),
    ).toEqual(
      // prettier-ignore
      refused(`Tensor '${at('ids.npy')}': expected one sample of shape [7], received [1,6].`),
    );
    expect(await run('audit', text, '--image', 'x.png', ...nothing)).toEqual(
      refused("Input 'input_ids' leaves axis 1 open: [batch,sequence]. Bind it, for example with --shape input_ids=1,128."),
    );
    writeFileSync(at('pairs.npy'), encodeNpy(int64([1, 2, 3, 4], [2, 2])));
    expect(await audit(...FEEDS, '--noise', `bootstrap:${at('pairs.npy')}`, ...nothing)).toEqual(
      refused(`Dataset '${at('pairs.npy')}': expected samples of shape [6], received [2].`),
    );
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } }).png().toFile(at('white.png')); // prettier-ignore
    writeFileSync(at('list.csv'), `path,label\n${at('white.png')},a\n`);
    expect(await audit(...FEEDS, '--noise', `bootstrap:${at('list.csv')}`, ...nothing)).toEqual(
      refused(`--noise 'bootstrap:${at('list.csv')}': holds pictures, but ${text} takes none. Expected an .npy file.`),
    );
    expect(existsSync(at('nothing'))).toBe(false);
  });
});

describe('a value inside a model of pictures', () => {
  const model = at('residual.onnx');
  writeFileSync(model, residual());
  writeFileSync(at('residual.card.json'), JSON.stringify({ input: { range: 1, mean: [0], std: [1] } }));
  const audit = (...argv: string[]) =>
    run('audit', model, '--image', at('grey.png'), '--iterations', '5', '--evidence-draws', '4', ...argv);
  const grey = sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } }).png();

  test('a map is drawn over the photo, grown to its size', async () => {
    await grey.toFile(at('grey.png'));
    const { code, out } = await audit('--at', 'pool1', '--out', at('map'));
    expect([code, out]).toEqual([0, expect.stringContaining('sheet.png')]);
    expect(decodeNpy(readFileSync(at('map/grey/mask.npy')), 'mask').dims).toEqual([1, 1, 4, 4]);
    for (const name of ['attention', 'overlay']) {
      const { width, height } = await sharp(at(`map/grey/${name}.png`)).metadata();
      expect([width, height]).toEqual([8, 8]);
    }
    expect(read('map/grey/audit.json').betas[0]!.claims.join()).toMatch(/of the value 'pool1' (replaced|could)/);
  });

  test('without a card the convention is chosen by what reaches the point', async () => {
    for (const point of ['pool1', 'relu1']) {
      writeFileSync(at('bare.onnx'), residual());
      const argv = ['--image', at('grey.png'), '--at', point, '--iterations', '3', '--evidence-draws', '2', '--out', at('bare')];
      const { code, err } = await run('audit', at('bare.onnx'), ...argv);
      expect([code, err]).toEqual([
        0,
        expect.stringMatching(/^note: no model card: assumed .*, which is (likely|a guess): it scores .* before .* with/m),
      ]);
    }
  });

  test('what is no map has a mask alone', async () => {
    const { out } = await audit('--at', 'pooled', '--out', at('pooled'));
    expect(out).not.toContain('sheet.png');
    expect(decodeNpy(readFileSync(at('pooled/grey/mask.npy')), 'mask').dims.length).toBeGreaterThan(1);
    expect(existsSync(at('pooled/grey/overlay.png'))).toBe(false);
  });

  test('other pictures as noise reach the point as the picture itself does; those that can not be read are counted', async () => {
    const paths = ['grey.png', 'broken.png', 'black.png'].map(at);
    await sharp({ create: { width: 9, height: 12, channels: 3, background: '#000' } }).png().toFile(paths[2]!); // prettier-ignore
    writeFileSync(paths[1]!, 'no picture');
    writeFileSync(at('pictures.jsonl'), paths.map((path) => `${JSON.stringify({ path, label: 'a' })}\n`).join(''));
    const { code, err } = await audit('--at', 'relu1', '--noise', `bootstrap:${at('pictures.jsonl')}`, '--out', at('boot'));
    expect([code, err]).toEqual([
      0,
      expect.stringContaining(`note: the noise is 2 of the 3 samples of '${at('pictures.jsonl')}'\n`),
    ]);
    expect(err).toContain(`note: 1 samples of '${at('pictures.jsonl')}' cannot be read; the first: Image '${paths[1]}': `);
    writeFileSync(at('unreadable.jsonl'), `${JSON.stringify({ path: paths[1], label: 'a' })}\n`);
    expect((await audit('--noise', `bootstrap:${at('unreadable.jsonl')}`, '--out', at('no'))).err).toContain(
      `lan-onnx: Dataset '${at('unreadable.jsonl')}': none of 1 samples could be read; the first: Image '${paths[1]}': `,
    );
    expect(await audit('--noise', `bootstrap:${at('absent')}`, '--out', at('no'))).toEqual(
      refused(`Dataset '${at('absent')}': cannot be read (no such file or folder).`),
    );
  });

  test('a file in float16 is cut in its own type', async () => {
    const half = at('half.onnx');
    writeFileSync(half, residual('float16'));
    writeFileSync(at('half.card.json'), JSON.stringify({ input: { range: 1, mean: [0], std: [1] } }));
    const masks: number[][] = [];
    for (const path of [half, model]) {
      const argv = ['--image', at('grey.png'), '--at', 'pool1', '--iterations', '5', '--evidence-draws', '4', '--json'];
      const { code, out } = await run('audit', path, ...argv, '--out', at('float'));
      expect(code).toBe(0);
      const notes = (JSON.parse(out) as Document).notes;
      expect(notes.some((n) => n.startsWith('the model computes in float16'))).toBe(path === half);
      masks.push(Array.from(toNumbers(decodeNpy(readFileSync(at('float/grey/mask.npy')), 'mask'))));
    }
    masks[0]!.forEach((v, i) => expect(v).toBeCloseTo(masks[1]![i]!, 1));
  });
});

test('an array of floats, in place of a picture', async () => {
  writeFileSync(at('x.npy'), encodeNpy(float32(new Float32Array(192).fill(0.9), [3, 8, 8])));
  const { code } = await run('audit', at('residual.onnx'), '--tensor', at('x.npy'), '--at', 'sum', '--iterations', '3', '--out', at('array')); // prettier-ignore
  expect(code).toBe(0);
  expect(existsSync(at('array/x/overlay.png'))).toBe(true);
});
