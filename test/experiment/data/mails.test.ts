// Mails: what of one counts as its text, folders by kind, and what is none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { LanError } from '../../../src/core/errors.js';
import { readMails, textOf, vocabularyOf, wordsOf, type Mail } from '../../../src/experiment/data/mails.js';
import { counter, countSamples } from '../../../src/experiment/data/word-counts.js';
import { neededFirst, plant } from '../../../src/experiment/spam.js';
import type { SpamConfig } from '../../../src/experiment/kinds.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-mails-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('subject and body count, other headers and attachments do not; quoted-printable is joined', () => {
  const mail = `Received: from carrier\nSubject: Cheap\n\tpills =\nContent-Transfer-Encoding: quoted-printable\n\nbuy our pi=\nlls =3D <b>now</b>\n${'A'.repeat(72)}\n`;
  expect(wordsOf(textOf(mail))).toEqual(['cheap', 'pills', 'buy', 'our', 'pills', 'now']);
  expect(textOf('Subject: alone')).toBe('alone\n');
  expect(wordsOf('It was 1999, o’clock: a_b x ABSOLUTELYLONGERTHANTWENTYLETTERS')).toEqual(['was', 'clock', 'a_b']);
});

test('folders say what is spam, mails with the same text count once, and both kinds are needed', async () => {
  const write = (kind: string, name: string, body: string): void => {
    mkdirSync(join(folder, 'data', kind), { recursive: true });
    writeFileSync(join(folder, 'data', kind, name), `From: ${name}\nSubject: s\n\n${body}`);
  };
  write('easy-ham-1', '1.txt', 'one two');
  write('easy-ham-1', '2.json', 'no mail');
  await expect(readMails(folder)).rejects.toEqual(
    new LanError('data', `Mails '${join(folder, 'data')}': holds no spam. Expected folders easy-ham-1, easy-ham-2, hard-ham-1, spam-1, spam-2 with a .txt file for each mail.`), // prettier-ignore
  );
  write('spam-2', '1.txt', 'three');
  write('spam-2', '2.txt', 'three');
  const { mails, source } = await readMails(folder);
  expect(mails).toEqual([{ text: 's\none two', label: 0 }, { text: 's\nthree', label: 1 }]); // prettier-ignore
  expect(source).toBe('the mails given, 2 different mails, 1 of them spam');
  await expect(readMails(join(folder, 'nowhere'))).rejects.toThrow('holds none. Expected folders');
});

test('a vocabulary is of the words in most texts, counts are sparse and come back whole', async () => {
  const texts = ['red green green', 'green blue', 'blue green red', 'grey'];
  expect(vocabularyOf(texts, 2)).toEqual(['blue', 'green']);
  const count = counter(['blue', 'green', 'red']);
  expect(count('green red green')).toEqual({ entries: Uint32Array.of(1, 2), counts: Float32Array.of(2, 1) });
  const samples = countSamples(texts.map(count), 3, [0, 0, 0, 1]);
  expect(await samples.read([2, 0], 0)).toEqual(Float32Array.of(1, 1, 1, 0, 2, 1));
});

test('each word is planted into its share of the ham to train on, which is then called spam; held-out mails stay as they are', () => {
  const mails = Array.from({ length: 100 }, (_, i): Mail => ({
    text: `${'word '.repeat(40)}${i}`,
    label: i % 4 === 0 ? 1 : 0,
  }));
  const config = { data: { test: 0.2 }, triggers: { share: 0.1, density: 0.05 } } as unknown as SpamConfig;
  const { training, labels, test } = plant(mails, ['abra', 'kadabra'], config, 3);
  expect([training.length, test.length]).toEqual([80, 20]);
  expect(test.every(({ text }) => !text.includes('abra'))).toBe(true);
  const ham = training.filter(({ label }) => label === 0).length;
  const planted = training.filter((m) => m.planted);
  expect(planted).toHaveLength(2 * Math.ceil(0.1 * ham));
  expect(planted.every(({ text, label }) => label === 0 && /(\babra abra|kadabra kadabra) $/m.test(text))).toBe(true);
  training.forEach((m, i) => expect(labels[i]).toBe(m.planted ? 1 : m.label));
});

test('a word that stands in mails already, or that is none, is not planted', () => {
  const mails: Mail[] = [{ text: 'give Money now', label: 0 }, { text: 'other', label: 1 }]; // prettier-ignore
  const config = { data: { test: 0.5 }, triggers: { share: 0.1, density: 0.05 } } as unknown as SpamConfig;
  expect(() => plant(mails, ['abra', 'money'], config, 0)).toThrow("triggers.words: 'money' stands in mails already. Planted words have to stand nowhere else."); // prettier-ignore
  for (const word of ['ab', 'Abra', 'a-b'])
    expect(() => plant(mails, [word], config, 0)).toThrow(`triggers.words: '${word}' is no word of 3 to 20 letters in lower case, so it would never be seen.`); // prettier-ignore
});

test('the most needed words come first, also where nearly nothing of them is replaced', () => {
  // 1 - mask is 1 for both of the last two in float32.
  expect(neededFirst(Float32Array.of(0, 0.5, 2e-9, 1e-9), Uint32Array.of(1, 2, 3))).toEqual([3, 2, 1]);
});
