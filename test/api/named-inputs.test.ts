// audit of what has names: texts as counts of words and rows of tables, from the call to the files, and what does not fit.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { audit } from '../../src/api/audit.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { bagOfWords, incomeRule, WORDS } from '../nets/named.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-named-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const write = (name: string, content: string | Uint8Array): string => (writeFileSync(at(name), content), at(name));

const QUICK = { iterations: 150, evidenceDraws: 64, threads: 1, trust: true } as const;
const FLAGS = ['--iterations', '150', '--evidence-draws', '64', '--threads', '1', '--trust'];
/** Without the notes about the model. */
async function refusal(...argv: string[]): Promise<string> {
  const out = at('nothing');
  const { code, out: said, err } = await cli('audit', ...argv, ...FLAGS, '--out', out);
  expect([code, said, existsSync(out)]).toEqual([2, '', false]);
  return err
    .replace(/^note: .*\n/gm, '')
    .replace(/^lan-onnx: /, '')
    .trimEnd();
}

describe('a bag of words', () => {
  const model = write('words.onnx', bagOfWords());
  const vocab = write('words.txt', `${WORDS.join('\n')}\n`);
  const TEXT = "The disk, the controller and the drive: a slow mac. Is it god's will? He lives in New York ...";

  test('zeros in place of words: what was left is words of the text, and few of them', async () => {
    const result = await audit(model, { text: TEXT }, { ...QUICK, vocabulary: vocab, seed: 1 });
    expect(result.settings.noise).toBe('constant:0');
    expect(result.answer).toMatchObject({ task: 'class', index: 0 });
    const [finding] = result.betas;
    const { features } = finding!;
    expect(features).toHaveLength(WORDS.length);
    const valueOf = Object.fromEntries(features!.map((f) => [f.name, f.value]));
    expect(valueOf).toMatchObject({ the: 3, disk: 1, god: 1, 'new york': 1, faith: 0, a: 1 });
    const kept = features!.filter((f) => f.kept && f.value > 0).map((f) => f.name);
    expect(kept.length).toBeGreaterThan(0);
    // Words that speak for it, not those that say nothing or the opposite.
    expect(['disk', 'drive', 'mac', 'controller', 'slow', 'a']).toEqual(expect.arrayContaining(kept));
    expect(finding!.claims[0]).toMatch(/^\d+ % of the vocabulary replaced entirely by noise: the answer 'class 0' was kept/);
    expect(finding!.claims[1]).toMatch(/^what was left: '.*' \(\d+ of the 14 words of the text that the vocabulary has\)$/);
    expect(result.notes).toContain('13 different words of the text are in the vocabulary, 5 are not; each goes in as often as it stands there'); // prettier-ignore
  });

  test('the command line: top words, a ranked table, a chart and the document', async () => {
    const mail = write('mail.txt', TEXT);
    const { code, out } = await cli('audit', model, '--text', mail, '--vocab', vocab, ...FLAGS, '--out', at('mail'));
    expect(code).toBe(0);
    expect(out).toMatch(/\n {4}most needed: '(disk|drive|mac|controller|slow|a)' \(0\.\d\d\)/);
    expect(readdirSync(at('mail/mail')).sort()).toEqual([
      'audit.json',
      'features.csv',
      'features.png',
      'features.svg',
      'mask.npy',
      'order.npy',
      'report.html',
      'tokens.html',
    ]);
    const lines = readFileSync(at('mail/mail/features.csv'), 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('beta,rank,name,index,value,attention,claim');
    expect(lines).toHaveLength(WORDS.length + 1);
    expect(lines[1]).toMatch(/^1,1,(disk|drive|mac|controller|slow|a),\d+,1,[01]\.?\d*,kept$/);
    const { width, height } = await sharp(at('mail/mail/features.png')).metadata();
    expect([width > 400, height > 200]).toEqual([true, true]);
    const document = JSON.parse(readFileSync(at('mail/mail/audit.json'), 'utf8')) as {
      files: object;
      input: object;
      betas: { features: { name: string }[] }[];
    };
    expect(document.files).toEqual({
      report: 'report.html',
      page: 'tokens.html',
      features: 'features.csv',
      chart: 'features.png',
      chartSvg: 'features.svg',
    });
    expect(document.input).toMatchObject({ path: mail, features: 'word' });
    expect(document.betas[0]!.features[0]!.name).toBe(lines[1]!.split(',')[2]);
  });

  test('other documents and words drawn from them as noise', async () => {
    const texts = write('texts.txt', 'the lord is my god\n\nthe church of new york\na slow computer\nqwerty\n');
    for (const [noise, note] of [
      [`bootstrap:${texts}`, `the noise is 3 of the 4 texts of '${texts}'`],
      [`unigram:${texts}`, `the noise is words drawn as often as they stand in the 4 texts of '${texts}'`],
    ] as const) {
      const result = await audit(model, { text: TEXT }, { ...QUICK, vocabulary: WORDS, noise });
      expect(result.settings.noise).toBe(noise);
      expect(result.notes).toContain(note);
      expect(result.betas[0]!.evidence.noiseAlone.draws).toBeGreaterThan(1);
    }
  });

  test('what does not fit is one sentence, and nothing is written', async () => {
    const few = write('few.txt', 'mac\ndrive\n');
    const size = WORDS.length;
    expect(await refusal(model, '--text', 'a mac', '--vocab', few)).toBe(
      `Vocabulary '${few}': holds 2 words, and ${model} takes ${size} numbers. Is it another model's? Expected one word a line, in the order of the model's input.`,
    );
    expect(await refusal(model, '--text', 'niente di noto', '--vocab', vocab)).toBe(
      `text: none of its 3 words is in the vocabulary of ${size}. Is it in another language, or the vocabulary of another model?`,
    );
    expect(await refusal(model, '--text', ' ... ', '--vocab', vocab)).toBe('text: holds no word.');
    expect(await refusal(model, '--text', 'a mac')).toBe(
      `${model}: takes ${size} numbers, and nobody says which word each one counts. Give --vocab, a file with one word a line.`,
    );
    expect(await refusal(model, '--text', at('absent.txt'), '--vocab', vocab)).toBe(
      `Text '${at('absent.txt')}': no such file or folder. Give a file, - for standard input, or the text itself.`,
    );
    const twice = write('twice.txt', `${WORDS.slice(0, -1).join('\n')}\n${WORDS[0]}\n`);
    expect(await refusal(model, '--text', 'a mac', '--vocab', twice)).toBe(
      `Vocabulary '${twice}': '${WORDS[0]}' stands on line 1 and on line ${size}, so its count has two places.`,
    );
  });
});

describe('a row of a table', () => {
  const model = write('income.onnx', incomeRule());
  const ROWS = Array.from({ length: 40 }, (_, i) => [20 + i, 150 + ((i * 7) % 40), (i * 13) % 90, i % 2]);
  const table = write('rows.csv', `age,"height, cm",income,noise\n${ROWS.map((r) => r.join(',')).join('\n')}\n`);

  test('the feature that decides is named; noise is the other rows, each feature in its own range', async () => {
    const result = await audit(model, { csv: table, row: 6 }, { ...QUICK, seed: 1 });
    expect(Array.from(result.input.x.data as Float32Array)).toEqual(ROWS[5]);
    expect(result.settings.noise).toBe(`bootstrap:${table}`);
    const [finding] = result.betas;
    expect(finding!.features!.map((f) => f.name).sort()).toEqual(['age', 'height, cm', 'income', 'noise']);
    expect(finding!.features![0]).toMatchObject({ name: 'income', index: 2, value: 65, kept: true });
    expect(finding!.claims.at(-1)).toBe('what was left: income (1 of the 4 features)');
    expect(finding!.otherNoise.map((o) => o.noise)).toEqual(['gaussian:columns', 'mean:columns']);
    const [age, height] = Array.from(finding!.example.corrupted.data as Float32Array) as [number, number];
    expect([age >= 20 && age < 60, height >= 150 && height < 190]).toEqual([true, true]);
  });

  test.each([
    ['uniform', [20, 59]],
    ['gaussian', [20, 59]],
    // What is kept is as it was.
    ['mean', [25, 39.5]],
  ] as const)('%s noise keeps to each feature of the table', async (noise, [low, high]) => {
    const result = await audit(model, { csv: table, row: 6 }, { ...QUICK, iterations: 3, evidenceDraws: 8, noise });
    expect(result.noise).toBe(`${noise}:columns`);
    expect(result.notes).toContain(`what each feature is elsewhere is told by 40 of the 40 rows of '${table}'`);
    const ages = toFloat32(result.betas[0]!.example.corrupted)[0]!;
    expect([ages >= low, ages <= high]).toEqual([true, true]);
    // Numbers that are given are taken as they are.
    const given = await audit(model, { csv: table, row: 6 }, { ...QUICK, iterations: 3, evidenceDraws: 8, noise: 'uniform:0,1' });
    expect(given.noise).toBe('uniform:0,1');
  });

  test('columns by name, rows by number, and a folder each', async () => {
    const other = write('other.csv', `who,noise,income,"height, cm",age\n${ROWS.map(([a, h, i, n], k) => `p${k},${n},${i},${h},${a}`).join('\n')}\n`); // prettier-ignore
    const argv = ['--csv', other, '--columns', 'age,income', '--row', '6', '9'];
    expect(await refusal(model, ...argv)).toMatch(
      /^None of 2 inputs can be explained: --columns names 2 columns of '.*', and the model takes 4 numbers\. Name those/,
    );
    const four = ['--csv', other, '--columns', 'age,height,income,noise', '--row', '6'];
    expect(await refusal(model, ...four)).toBe(
      `Table '${other}': has no column 'height'. Its columns are: who, noise, income, height, cm, age.`,
    );
    const plain = write('plain.csv', ROWS.map((r) => r.join(',')).join('\n'));
    const { code, out } = await cli('audit', model, '--csv', plain, '--row', '6', '9', ...FLAGS, '--out', at('rows'));
    expect(code).toBe(0);
    expect(out).toMatch(/most needed: column 3 = 65 \(0\.\d\d\)/);
    expect(readdirSync(at('rows')).filter((name) => name.startsWith('plain'))).toHaveLength(2);
  });

  test('a model that leaves the number of features open takes that of the columns', async () => {
    const open = write('open.onnx', incomeRule('features'));
    const inMemory = await audit(open, { csv: table, row: 6 }, QUICK);
    expect(inMemory.betas[0]!.features).toHaveLength(4);
    const wide = write('wide.csv', `who,age,height,income,noise\n${ROWS.map((r) => `p,${r.join(',')}`).join('\n')}\n`);
    const chosen = ['--columns', 'age,height,income,noise', '--row', '6'];
    const { code, out } = await cli('audit', open, '--csv', wide, ...chosen, ...FLAGS, '--out', at('open'));
    expect([code, out]).toEqual([0, expect.stringContaining('most needed: income = 65')]);
  });

  test('what does not fit is one sentence, and nothing is written', async () => {
    const holes = write('holes.csv', 'age,height,income,noise\n30,170,50,1\n31,,60,0\n32,180,x,0\n');
    expect(await refusal(model, '--csv', holes, '--row', '2')).toBe(`Table '${holes}', row 2 (line 3): 'height' is missing.`);
    expect(await refusal(model, '--csv', holes, '--row', '3')).toBe(
      `Table '${holes}', row 3 (line 4): 'income' is no number, but 'x'.`,
    );
    expect(await refusal(model, '--csv', holes, '--row', '4')).toBe(
      `Table '${holes}': has no row 4; it has 3. Row 1 is the first below the names.`,
    );
    const wide = write('wide.csv', 'age,height,income,noise,class\n30,170,50,1,0\n');
    expect(await refusal(model, '--csv', wide)).toBe(
      `Table '${wide}': has 5 columns, and the model takes 4 numbers. Name those that it takes, in its order, with --columns; the table has: age, height, income, noise, class.`,
    );
    const ragged = write('ragged.csv', 'a,b,c,d\n1,2,3,4\n1,2,3\n');
    expect(await refusal(model, '--csv', ragged)).toBe(
      `Table '${ragged}', line 3: has 3 fields, where line 1 has 4. Expected fields parted by commas, as many in every line.`,
    );
    expect(await refusal(model, '--csv', at('absent.csv'))).toBe(
      `Table '${at('absent.csv')}': cannot be read (no such file or folder).`,
    );
    expect(await refusal(model, '--row', '3', '--text', 'a')).toBe('audit: --row is about a table. Give --csv.');
    for (const [flag, value] of [
      ['csv', holes],
      ['text', 'a b'],
    ] as const)
      // prettier-ignore
      expect(await refusal(model, `--${flag}`, value, '--axes', 'frame,coefficient')).toBe(
        `audit: --axes names the axes of an array, and --${flag} gives none. Leave one of them out.`,
      );
    expect(await refusal('tank', '--csv', holes, '--row', '1')).toMatch(/^Table '.*': tank takes pictures; its input '/);
  });

  test('rows with a hole are left out of the noise, and it is said', async () => {
    const holes = write('some.csv', `a,b,c,d\n30,170,50,1\n31,,60,0\n32,180,70,0\n33,160,20,1\n`);
    const result = await audit(model, { csv: holes, row: 1 }, { ...QUICK, iterations: 3, evidenceDraws: 8 });
    expect(result.notes).toContain(
      `the noise is 3 of the 3 rows of '${holes}'; 1 with a missing value are left out; the input itself is never drawn`,
    );
  });
});

describe('an array of two axes', () => {
  /** [batch,1,9,12] -> class 1 where frame 3, coefficient 2 is large. */
  function spectrum(): Uint8Array {
    const g = new GraphBuilder();
    const x = g.input('mfcc', 'float32', ['batch', 1, 9, 12]);
    const weights = new Float32Array(9 * 12 * 2);
    weights.set([-2, 2], 2 * (3 * 12 + 2));
    g.append('Flatten', [x], ['flat'], { axis: 1 });
    g.append('Gemm', ['flat', g.constant(float32(weights, [108, 2])), g.constant(float32([3, -3]))], ['scores']);
    g.append('Softmax', ['scores'], ['word'], { axis: -1 });
    g.output('word');
    return encodeModel(dialectModel(g.build()));
  }
  const model = write('keyword.onnx', spectrum());
  const values = Float32Array.from({ length: 108 }, (_, i) => ((i * 7) % 11) - 5);
  values[3 * 12 + 2] = 6;
  const sound = write('sound.npy', encodeNpy(float32(values, [1, 9, 12])));

  test('its axes are named in the table and the picture, and it is no picture of something', async () => {
    const argv = ['audit', model, '--tensor', sound, '--axes', 'frame,coefficient', ...FLAGS, '--out', at('array')];
    const { code, out, err } = await cli(...argv);
    expect(code).toBe(0);
    expect(err).not.toContain('no model card');
    expect(err).toContain(
      'note: noise is drawn over one range for all 108 numbers of the input, since nothing says what each may be',
    );
    expect(out).toMatch(/most needed: frame 3, coefficient 2 = 6 \(/);
    expect(readdirSync(at('array/sound')).sort()).toEqual(['array.png', 'array.svg', 'audit.json', 'features.csv', 'features.png', 'features.svg', 'mask.npy', 'order.npy', 'report.html']); // prettier-ignore
    const { width, height } = await sharp(at('array/sound/array.png')).metadata();
    expect([width > 500, height > 300]).toEqual([true, true]);
    expect(readFileSync(at('array/sound/features.csv'), 'utf8').split('\n')[1]).toMatch(/^1,1,"frame 3, coefficient 2",38,6,/);
  });

  test('names that are not as many as the axes are refused', async () => {
    expect(await refusal(model, '--tensor', sound, '--axes', 'frame')).toBe(
      `--axes names 1 axes, and a sample of ${model} [1,9,12] has 2 of more than one element.`,
    );
  });
});
