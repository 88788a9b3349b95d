// 20 Newsgroups in miniature: messages into words, words into tables, and data that is none.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { packageFile } from '../../src/core/version.js';
import { dense, sparseRows } from '../../src/data/sparse.js';
import { readNewsgroups, wordsOf } from '../../src/experiment/data/newsgroups.js';
import { ofShare } from '../../src/experiment/learned-noise.js';
import { ratioOf } from '../../src/experiment/newsgroups-measure.js';
import { count, signedChiSquare, strongWords, topWords } from '../../src/experiment/word-statistics.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-newsgroups-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SAYS = { 'rec.sea': 'ship sail harbour anchor', 'sci.sky': 'planet orbit comet moon' } as const;
/** Message `i` of a group: some of its words, some that both groups have, and one of its own. */
const message = (group: keyof typeof SAYS, i: number): string => {
  const words = SAYS[group].split(' ');
  const own = [words[i % 4], words[(i + 1) % 4], words[i % 4]];
  return `From: someone@example.org\nSubject: about ${own[0]}\nLines: 3\n\nThe ${own.join(' and the ')} of many people here, number${'abcdefgh'[i % 8]}x${group[0]}\n`;
};

function write(to: string, groups: readonly (keyof typeof SAYS)[], each: number): void {
  for (const split of ['20news-bydate-train', '20news-bydate-test'])
    for (const group of groups) {
      mkdirSync(join(to, split, group), { recursive: true });
      for (let i = 0; i < each; i++) writeFileSync(join(to, split, group, String(1000 + i)), message(group, i));
    }
}
beforeAll(() => write(at('news'), ['rec.sea', 'sci.sky'], 8));

const CHOICES = { headers: ['subject'], shortest: 3, vocabulary: 50, documents: 2 };
const refusal = async (path: string | undefined, choices: object = {}): Promise<string> => {
  try {
    await readNewsgroups(path, { ...CHOICES, ...choices });
  } catch (error) {
    return (error as Error).message;
  }
  return 'read';
};

test('a message as words: kept headers, folded lines, letters in lower case, no short words and no stop words', () => {
  const text = "From: A. Writer\nSubject: Re: Mac\n  upgrade\nLines: 2\n\nThe ROM of the 8-bit Macs isn't in x86.\n";
  expect(wordsOf(text, { headers: ['subject'], shortest: 3 })).toEqual(['mac', 'upgrade', 'rom', 'bit', 'macs']);
  expect(wordsOf(text, { headers: [], shortest: 4 })).toEqual(['macs']);
  expect(wordsOf(text.replaceAll('\n', '\r\n'), { headers: ['from'], shortest: 6 })).toEqual(['writer']);
  expect(wordsOf('no headers at all', { headers: [], shortest: 2 })).toEqual(['no', 'headers', 'at']);
});

test('counts of words: the vocabulary by how many documents have a word, UNK for all others', async () => {
  const { train, test: held, groups, vocabulary, source } = await readNewsgroups(at('news'), CHOICES);
  expect(groups).toEqual(['rec.sea', 'sci.sky']);
  // Words of all 16 documents come first, then those of four of each group; `number..` stands in one document of each group only.
  expect(vocabulary).toEqual(['UNK', 'people', 'anchor', 'comet', 'harbour', 'moon', 'orbit', 'planet', 'sail', 'ship']);
  expect(Array.from(train.labels)).toEqual(Array.from({ length: 16 }, (_, i) => Number(i >= 8)));
  // Ship: once in the subject, twice in the text; sail once; people, and one unknown word.
  expect(Array.from(dense(train.counts, [0]))).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 1, 3]);
  expect(held.names[8]).toBe('sci.sky/1000');
  expect(source).toBe('20 Newsgroups bydate: 2 groups, 16 documents to train on and 16 for the test (0 without a known word left out); 10 words'); // prettier-ignore
  const small = await readNewsgroups(at('news'), { ...CHOICES, vocabulary: 3 });
  expect(small.vocabulary).toEqual(['UNK', 'people', 'anchor']);
});

test('the archive says the same as the folder', async () => {
  execFileSync('tar', ['czf', at('news.tar.gz'), '-C', at('news'), '.']);
  const [packed, plain] = [await readNewsgroups(at('news.tar.gz'), CHOICES), await readNewsgroups(at('news'), CHOICES)];
  expect(packed.vocabulary).toEqual(plain.vocabulary);
  expect([...packed.test.names].sort()).toEqual([...plain.test.names].sort());
});

test('data that is none: one sentence each', async () => {
  expect(await refusal(undefined)).toBe(
    '20 Newsgroups does not come with the package, so there are no documents to train on. Give `data`: 20news-bydate.tar.gz, or the folder that it unpacks to, with 20news-bydate-train/GROUP/* and 20news-bydate-test/GROUP/*.',
  );
  execFileSync('tar', ['czf', at('whole.tar.gz'), '-C', at('news'), '.']);
  const bytes = readFileSync(at('whole.tar.gz'));
  writeFileSync(at('cut.tar.gz'), bytes.subarray(0, bytes.length / 2));
  expect(await refusal(at('cut.tar.gz'))).toBe(`Archive '${at('cut.tar.gz')}': not a readable gzip file. Is it truncated, or another format?`); // prettier-ignore
  expect(await refusal(at('nowhere'))).toMatch(
    /^Newsgroups '.*nowhere': cannot be read \(no such file or folder\)\. Give `data`/,
  );
  write(at('missing'), ['rec.sea', 'sci.sky'], 2);
  rmSync(at('missing', '20news-bydate-test', 'sci.sky'), { recursive: true });
  expect(await refusal(at('missing'))).toBe(`Newsgroups '${at('missing')}': the test part has no messages of the group sci.sky, which the other part has.`); // prettier-ignore
  rmSync(at('missing', '20news-bydate-test'), { recursive: true });
  expect(await refusal(at('missing'))).toMatch(/has no messages of the test part\. Give/);
  expect(await refusal(at('news'), { documents: 99 })).toBe(`Newsgroups '${at('news')}': no word is in 99 documents of the training part.`); // prettier-ignore
  // A document without a known word is left out and counted; where there are no others the part is refused.
  writeFileSync(at('news', '20news-bydate-test', 'sci.sky', '2000'), 'Subject: zzz\n\nqqq www\n');
  expect((await readNewsgroups(at('news'), CHOICES)).source).toContain('16 for the test (1 without a known word left out)');
  rmSync(at('news', '20news-bydate-test', 'sci.sky', '2000'));
  for (const group of ['rec.sea', 'sci.sky']) {
    mkdirSync(at('strange', '20news-bydate-test', group), { recursive: true });
    mkdirSync(at('strange', '20news-bydate-train', group), { recursive: true });
    writeFileSync(at('strange', '20news-bydate-test', group, '1'), 'Subject: zzz\n\nqqq www\n');
    for (const i of [1, 2]) writeFileSync(at('strange', '20news-bydate-train', group, String(i)), message('rec.sea', i));
  }
  expect(await refusal(at('strange'))).toBe(`Newsgroups '${at('strange')}': no document of the test part has a known word.`);
});

test('chi-square of a 2x2 table, and the words that it gives a group', () => {
  // 30 of 40 in the group have the word, 10 of 60 elsewhere: 100 (30*50 - 10*10)^2 / (40*60*40*60) = 34.03.
  expect(signedChiSquare(30, 40, 40, 100)).toBeCloseTo((100 * 1400 ** 2) / (40 * 60 * 40 * 60), 9);
  expect(signedChiSquare(0, 40, 40, 100)).toBeLessThan(0);
  expect(signedChiSquare(40, 100, 40, 100)).toBe(0);
  // Column 0 is everywhere, 1 is of group 0, 2 of group 1, 3 of none more than of the other.
  const rows = sparseRows([new Map([[0, 1], [1, 2]]), new Map([[0, 1], [1, 1], [3, 1]]), new Map([[0, 1], [2, 1], [3, 4]])], 4); // prettier-ignore
  expect(strongWords(rows, [0, 0, 1], 2, 3).map((set) => [...set])).toEqual([[1], [2, 3]]);
  expect(() => sparseRows([new Map([[7, 1]])], 4)).toThrow('Row 1 has a value in column 7; expected columns from 0 to 3.');
});

test('the words that a mask keeps, and how they are counted', () => {
  expect(topWords(Float32Array.of(0.9, 0.1, 0.5, 0.1), 3)).toEqual([1, 3, 2]);
  // Column 0 is UNK: no word, however needed.
  expect(topWords(Float32Array.of(0, 0.1, 0.5, 0.2), 2)).toEqual([1, 3]);
  expect(strongWords(sparseRows([new Map([[0, 1]]), new Map([[1, 1]])], 3), [0, 1], 2, 3).map((set) => [...set])).toEqual([[], [1]]); // prettier-ignore
  expect(count([1, 3, 2], (w) => w === 1, new Set([2]))).toEqual({ inDocument: 1, others: 2, strong: 1 });
});

test('masks of an equal share replace as much each, what they need least', () => {
  const values = Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.01, 0.03, 0.02, 0.04);
  expect([...ofShare(values, 4, 0.5)]).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
  expect([...ofShare(values, 4, 0)]).toEqual(new Array(8).fill(0));
});

test('a ratio of means has an interval over documents', () => {
  expect(ratioOf([2, 4, 6], [1, 2, 3], 0)).toEqual({ value: 2, interval: [2, 2] });
  const { value, interval } = ratioOf([15, 12, 9, 15], [3, 4, 9, 2], 0);
  expect(value).toBe(51 / 18);
  // The least and the largest ratio that resampled documents can have are 1 and 7.5.
  expect([interval[0] >= 1, interval[0] < value, interval[1] > value, interval[1] <= 7.5]).toEqual([true, true, true, true]);
});

test('the experiment in miniature: both kinds of masks, tables with what is in the document marked, the same a second time', async () => {
  const config = JSON.parse(readFileSync(packageFile('models', 'newsgroups', 'experiment.json')!, 'utf8')) as Record<string, Record<string, unknown>>; // prettier-ignore
  Object.assign(config['classifier']!, { network: 'Average(4), FC(6, lrelu), Dropout(0.2), FC(2, softmax)', iterations: 150, batch: 8, learningRate: 0.05 }); // prettier-ignore
  Object.assign(config['explainer']!, { lan: 'FC(4, lrelu), FC(mask, sigmoid)', beta: 2, iterations: 40, batch: 8, learningRate: 0.02 }); // prettier-ignore
  Object.assign(config['masks']!, { samples: 5, iterations: 80, learningRate: 0.1, beta: 2 });
  Object.assign(config['words']!, { top: 3, strong: 4 });
  writeFileSync(at('mini.json'), JSON.stringify(config));
  const run = () => cli('reproduce', at('mini.json'), '--data', at('news'), '--out', at('run'), '--threads', '1');
  const first = await run();
  expect(first.err).not.toContain('lan-onnx:');
  expect(first.out).toMatch(/holds {2}the classifier tells the groups of test documents +1 \(at least 0\.8\)/);
  expect(readdirSync(at('run')).sort()).toEqual(
    ['classifier.card.json', 'classifier.checkpoint', 'classifier.metrics.jsonl', 'classifier.onnx', 'lan.checkpoint', 'lan.fused.onnx', 'lan.metrics.jsonl', 'lan.onnx', 'masks', 'metrics.json', 'report.html', 'summary.md', 'tables.html', 'tables.json', 'tables.txt', 'vocabulary.txt', 'words.csv'], // prettier-ignore
  );
  const { documents } = JSON.parse(readFileSync(at('run', 'tables.json'), 'utf8')) as { documents: { topic: string; answer: string; words: string[]; masks: { top: { word: string; inDocument: boolean }[] }[] }[] }; // prettier-ignore
  expect(documents.map((d) => [d.topic, d.answer])).toEqual([['rec.sea', 'rec.sea'], ['sci.sky', 'sci.sky']]); // prettier-ignore
  const text = readFileSync(at('run', 'tables.txt'), 'utf8');
  const html = readFileSync(at('run', 'tables.html'), 'utf8');
  for (const { words, masks } of documents) {
    // The mask of the document alone keeps a word that the topic has, which is marked.
    const own = masks[1]!.top;
    expect(own).toHaveLength(3);
    for (const { word, inDocument } of own) expect(inDocument).toBe(words.includes(word));
    expect(own.some((t) => t.inDocument && Object.values(SAYS).join(' ').includes(t.word))).toBe(true);
    const marked = own.find((t) => t.inDocument)!.word;
    expect(text).toContain(`[${marked}]`);
    expect(html).toContain(`<mark>${marked}</mark>`);
  }
  const again = await run();
  expect(again.out.replace(/\d+ s/g, '')).toBe(first.out.replace(/\d+ s/g, ''));
  // Another vocabulary is another run.
  config['data']!['vocabulary'] = 5;
  writeFileSync(at('mini.json'), JSON.stringify(config));
  const other = await run();
  expect([other.code, other.err.trim().split('\n').at(-1)]).toEqual([2, expect.stringMatching(/^lan-onnx: Checkpoint .* is of another run: input \[12\] there, \[5\] here/)]); // prettier-ignore
  // As many groups as the network tells apart.
  config['classifier']!['network'] = 'Average(4), FC(20, softmax)';
  writeFileSync(at('mini.json'), JSON.stringify(config));
  expect((await run()).err).toContain(`lan-onnx: Newsgroups '${at('news')}': has 2 groups, and the network tells 20 apart: 'Average(4), FC(20, softmax)'.`); // prettier-ignore
});
