// Tables of numbers and texts as files: what is a name, what is missing, and which words are counted.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { columnsFor, numbersIn, readTable, wholeRows } from '../../src/data/table.js';
import { readTexts } from '../../src/data/text-files.js';
import { wordIndex } from '../../src/data/words.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-table-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string): string => (writeFileSync(join(folder, name), text), join(folder, name));

test('names, quotes, blank lines and a byte order mark; without names columns are numbered', async () => {
  const table = await readTable(write('a.csv', '\ufeffa,"b, c"\r\n1,2\r\n\r\n-3,4e1\r\n'));
  expect(table).toMatchObject({ columns: ['a', 'b, c'], rows: [['1', '2'], ['-3', '4e1']], lines: [2, 4] }); // prettier-ignore
  expect(Array.from(numbersIn(table, 1, [1, 0]))).toEqual([40, -3]);
  // A value that is missing makes no line of names.
  expect((await readTable(write('b.csv', '1,NA\n2,3\n'))).columns).toEqual(['column 1', 'column 2']);
});

test('a table is taken apart once, as long as the file is what it was', async () => {
  const path = write('again.csv', 'a,b\n1,2\n');
  const table = await readTable(path);
  expect(await readTable(path)).toBe(table);
  // Of the same length, and within the same tick of the clock.
  write('again.csv', 'a,b\n1,3\n');
  expect((await readTable(path)).rows).toEqual([['1', '3']]);
  // The same text under another name is another table: messages name it.
  expect((await readTable(write('other.csv', 'a,b\n1,3\n'))).path).toMatch(/other\.csv$/);
});

test('what is no table is one sentence', async () => {
  await expect(readTable(write('empty.csv', '\n \n'))).rejects.toThrow(/^Table '.*empty\.csv': holds no row\.$/);
  await expect(readTable(write('names.csv', 'a,b\n'))).rejects.toThrow('holds no row, only a line of names.');
  await expect(readTable(write('twice.csv', 'a,a\n1,2\n'))).rejects.toThrow("two columns are called 'a'.");
  await expect(readTable(write('open.csv', 'a,b\n1,"2\n'))).rejects.toThrow('line 2: a quote is not closed, or text follows it.');
  for (const [name, parted, text] of [
    ['semicolons', 'semicolons', 'age;height\n1;2\n'],
    ['decimals', 'semicolons', '"age";height;b\n1,5;2,5;1\n'],
    ['tabs', 'tabs', 'age\theight\n1\t2\n'],
  ])
    await expect(readTable(write(`${name}.csv`, text!))).rejects.toThrow(
      `${name}.csv': its fields are parted by ${parted!}. Write it with commas between fields, and with points in numbers.`,
    );
  // Within a field it is text.
  expect((await readTable(write('text.csv', 'what,n\n"a;b",1\n'))).rows).toEqual([['a;b', '1']]);
  await expect(readTable(write('nul.csv', 'a,b\n1,\0\n'))).rejects.toThrow('is no text; it holds NUL characters.');
});

test('rows with a hole are left out of a whole; what is no number is refused', async () => {
  const table = await readTable(write('holes.csv', 'a,b,who\n1,2,x\n?,3,y\n4,,z\n5,6,w\n'));
  expect(() => columnsFor(table, 2)).toThrow('has 3 columns, and the model takes 2 numbers. Name those that it takes');
  const columns = columnsFor(table, 2, ['b', 'a']);
  const { values, leftOut } = wholeRows(table, columns);
  expect([Array.from(values), leftOut]).toEqual([[2, 1, 6, 5], 2]);
  expect(() => wholeRows(table, [2])).toThrow("row 1 (line 2): 'who' is no number, but 'x'.");
  expect(() => columnsFor(table, 2, ['a', 'a'])).toThrow("`columns` names 'a' twice. Name each column once.");
  expect(() => columnsFor(table, 1, ['a', 'b'])).toThrow('`columns` names 2 columns of');
});

test('words: case, apostrophes, phrases, and those that the vocabulary lacks', () => {
  const index = wordIndex(["don't", 'new', 'new york', 'york', 'UNK', 'a']);
  const { counts, known, unknown, pieces } = index.count("Don't go to New York, a NEW city: it's");
  expect(Array.from(counts)).toEqual([1, 2, 1, 1, 5, 1]);
  expect([known, unknown]).toEqual([4, 5]);
  expect(pieces.map((p) => p.text).join('')).toBe("Don't go to New York, a NEW city: it's");
  expect(index.never).toEqual([]);
  // What is no word by these rules is never counted, and nobody is to believe that it was looked for.
  expect(wordIndex(['good', 'c++', '!', '\u{1f600}', 'new york', 'well-known', '<unk>']).never).toEqual([
    'c++',
    '!',
    '\u{1f600}',
  ]);
  // With capitals in the vocabulary the case counts; without UNK the rest is left out.
  const cased = wordIndex(['New', 'new']);
  expect(Array.from(cased.count('NEW New new').counts)).toEqual([1, 1]);
});

test('texts: the files of a folder, the lines of a file, the texts of .jsonl', async () => {
  mkdirSync(join(folder, 'docs/deep'), { recursive: true });
  write('docs/10.txt', 'ten');
  write('docs/2.txt', 'two');
  write('docs/.hidden', 'no');
  write('docs/deep/1', 'one');
  expect((await readTexts(join(folder, 'docs'))).map((t) => t.text)).toEqual(['two', 'ten', 'one']);
  expect(await readTexts(write('lines.txt', 'a\n\nb\n'))).toMatchObject([{ text: 'a' }, { text: 'b', path: expect.stringMatching(/:3$/) }]); // prettier-ignore
  expect(await readTexts(write('l.jsonl', '{"text":"a"}\n'))).toMatchObject([{ text: 'a' }]);
  await expect(readTexts(write('bad.jsonl', '{"text":"a"}\n{"t":1}\n'))).rejects.toThrow("line 2: expected a JSON object with a 'text'."); // prettier-ignore
  await expect(readTexts(join(folder, 'absent'))).rejects.toThrow('cannot be read (no such file or folder).');
});
