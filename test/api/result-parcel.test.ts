// A result on its way from a worker to the run: the same files come out, a page without what every installation has, and nothing that is no result.
import { expect, test } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packResult, unpackResult } from '../../src/api/result-parcel.js';
import { pack } from '../../src/queue/parcel.js';
import { filledIn, pageOf, reportPage, templateHash } from '../../src/report/page/template.js';

/** A document as far as it is looked at. */
const document = JSON.stringify({
  schema: 'lan-onnx/audit@1',
  files: { sheet: 'sheet.png', report: 'report.html' },
  run: 'x',
  answer: { task: 'class' },
  prediction: [{ label: 'cat', probability: 1 }],
  notes: [],
  betas: [{ beta: 1, claims: ['cat'], maskMean: 0.5, steps: 1, stopped: 'settled', timings: { secondsPerStep: 1, evidenceSeconds: 1 }, files: { mask: 'mask.npy' } }],
}); // prettier-ignore
// What is filled in may look like a place to fill, and like the page around it.
const page = await reportPage({ title: '{{document}} <b>', claim: '</head>{{claim}}', blocks: [] } as never);

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-result-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test('all files come out as they went in, the page without its template on the way', async () => {
  const files = { 'audit.json': document, 'mask.npy': 'bytes', 'report.html': page };
  const { packed, bytes } = await packResult(folderWith(files));
  expect(bytes).toBe(Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  expect(packed.length).toBeLessThan(2000);
  const out = await unpackResult(packed);
  expect(out.document.run).toBe('x');
  expect(Object.fromEntries([...out.files].map(([name, content]) => [name, Buffer.from(content).toString()]))).toEqual(files);
});

test('a page of another template goes whole', async () => {
  const other = page.replace('<html', '<html data-other');
  expect(await filledIn(other)).toBeUndefined();
  const out = await unpackResult((await packResult(folderWith({ 'audit.json': document, 'report.html': other }))).packed);
  expect(Buffer.from(out.files.get('report.html')!).toString()).toBe(other);
});

test('what was filled in is found again, and makes the same page', async () => {
  const filled = await filledIn(page);
  expect(filled).toEqual(['{{document}} &lt;b&gt;', '&lt;/head&gt;{{claim}}', expect.stringContaining('"blocks":[]')]);
  expect(await pageOf(filled!)).toBe(page);
  await expect(pageOf(['one'])).rejects.toMatchObject({ code: 'data' });
});

const parcel = (about: unknown, ...parts: string[]): Uint8Array => pack({ about, parts: parts.map((p) => Buffer.from(p)) });

test.each([
  ['a name with a path', parcel({ names: ['audit.json', '../x'] }, document, 'x'), /files are not those of an audit/],
  ['a name twice', parcel({ names: ['audit.json', 'audit.json'] }, document, document), /files are not those of an audit/],
  ['no document', parcel({ names: ['mask.npy'] }, 'x'), /files are not those of an audit/],
  ...['null', '{}', '{', '[]'].map((text) => [`the document ${text}`, parcel({ names: ['audit.json'] }, text), /files are not those of an audit/] as const),
  ['fewer parts than names', parcel({ names: ['audit.json', 'mask.npy'] }, document), /files are not those of an audit/],
  ['a field that no result has', parcel({ names: ['audit.json'], run: 'x' }, document), /files are not those of an audit/],
  ['the page of another installation', parcel({ names: ['audit.json', 'report.html'], page: '0'.repeat(64) }, document, '[]'), /another page than the one of this installation/],
  ['a page without its report', parcel({ names: ['audit.json'], page: await templateHash() }, document), /report that cannot be read/],
  ['no parts of a page', parcel({ names: ['audit.json', 'report.html'], page: await templateHash() }, document, '<html>'), /report that cannot be read/],
  ['other places than the page has', parcel({ names: ['audit.json', 'report.html'], page: await templateHash() }, document, '["a"]'), /3 places, and 1 are filled/],
])('%s is refused', async (_, packed, message) => {
  await expect(unpackResult(packed)).rejects.toMatchObject({ code: 'data', message: expect.stringMatching(message) });
}); // prettier-ignore
