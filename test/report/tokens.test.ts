// What reports say about tokens: values per token, which ones are named, and text that would break a page or a terminal.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { float32, int64 } from '../../src/core/tensor.js';
import { readVocabulary } from '../../src/data/vocabulary.js';
import { escapeHtml } from '../../src/report/plain-page.js';
import { mostNeededText } from '../../src/report/features.js';
import { tokensPage } from '../../src/report/tokens-page.js';
import { mostNeeded, needed, readable, tokenMasks, tokensOf, unknownToken, type TokenMask } from '../../src/report/tokens.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-tokens-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const masks = (...values: number[]): TokenMask[] => values.map((mask, position) => ({ position, id: 10 + position, mask }));

test('a vocabulary keeps every line as it is, empty ones and spaces too', async () => {
  const path = join(folder, 'vocab.txt');
  writeFileSync(path, 'a\r\n b \n\n##c');
  expect(await readVocabulary(path)).toEqual(['a', ' b ', '', '##c']);
  writeFileSync(path, '\n');
  expect(await readVocabulary(path)).toEqual(['']);
});

test('one value a token, of a full mask the mean', () => {
  const tokens = tokensOf(int64([2, 0], [1, 2]), ['a', 'b', 'c']);
  expect(tokenMasks(tokens, float32([0.25, 1], [1, 2, 1]))).toEqual([
    { position: 0, id: 2, token: 'c', mask: 0.25 },
    { position: 1, id: 0, token: 'a', mask: 1 },
  ]);
  expect(tokenMasks(tokens, float32([0, 0.5, 1, 0.5], [1, 2, 2])).map((t) => t.mask)).toEqual([0.25, 0.75]);
  expect(unknownToken(tokens)).toBeUndefined();
  expect(unknownToken({ ids: [0, -1, 3], vocabulary: ['a'] })).toEqual({ position: 1, id: -1 });
});

test('the most needed are named: at most five, none below half of the first', () => {
  expect(mostNeeded(masks(1, 0.5, 0.2, 0.61, 0.59)).map((t) => t.position)).toEqual([2, 1, 4]);
  expect(mostNeeded(masks(...new Array<number>(9).fill(0.3))).map((t) => t.position)).toEqual([0, 1, 2, 3, 4]);
  expect(needed([])).toBe('');
  // Not needed is not most needed, whatever the rest; an order of an audit may go beyond 1 by a rounding.
  expect(mostNeeded(masks(1, 1.0000001, 0.999))).toEqual([]);
  const needs = [0, -1e-7].map((attention, index) => ({ index, name: 'x', value: 2, attention }));
  expect(mostNeededText({ kind: 'element' }, needs)).toBe('');
  expect(mostNeededText({ kind: 'element' }, [{ ...needs[0]!, attention: 0.5 }, ...needs])).toBe('x = 2 (0.50)');
  expect(needed([{ position: 3, id: 7, token: 'not', mask: 0.031 }, ...masks(0.1)])).toBe("'not' at 3 (0.97), id 10 at 0 (0.90)");
});

test('what steers a terminal, turns text around or never ends is not passed on', () => {
  expect(readable({ id: 1, token: '\u001b[2Ja\u202eb\u0000\u2028' })).toBe('\ufffd[2Ja\ufffdb\ufffd\ufffd');
  expect(readable({ id: 1, token: 'ĠÀ🎬' })).toBe('ĠÀ🎬');
  expect(readable({ id: 1, token: '🎬'.repeat(50) })).toBe(`${'🎬'.repeat(39)}…`);
});

test('the page escapes titles, claims, tokens and notes; a mask that is no number is grey', () => {
  expect(escapeHtml(`<a href="x" b='y'>&`)).toBe('&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;');
  const evil = '</title><script>alert(1)</script>';
  const tokens = [{ position: 0, id: 1, token: evil, mask: 0 }, { position: 1, id: 2, token: 'b', mask: NaN }]; // prettier-ignore
  const page = tokensPage({ title: evil, answer: evil, betas: [{ beta: 1, claims: [evil, evil], tokens }], notes: [evil] });
  expect(page).not.toContain('<script');
  expect(page.split('&lt;script&gt;').length - 1).toBe(8);
  expect(page).toContain('<span style="background: #ff8c28" title="position 0, id 1, attention 1.000">');
  expect(page).toContain('<span style="background: #808080" title="position 1, id 2, attention NaN">');
});
