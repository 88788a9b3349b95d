// lan-onnx audit over folders and patterns: one broken picture does not end the run.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { auditAll } from '../../src/api/audit-all.js';
import { createAuditor } from '../../src/api/audit.js';
import { float32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
import { main } from '../../src/cli/main.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-many-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const QUICK = ['--iterations', '3', '--draws', '2', '--evidence-draws', '4', '--threads', '1', '--trust'];

beforeAll(async () => {
  const g = new GraphBuilder();
  const mean = g.op('ReduceMean', [g.input('x', 'float32', ['N', 3, 8, 8]), g.ints([2, 3])], { keepdims: 0 });
  g.output(g.op('Softmax', [mean], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
  writeFileSync(at('m.onnx'), encodeModel(dialectModel(g.build())));
  writeFileSync(at('m.card.json'), JSON.stringify({ input: { range: 1, mean: [0], std: [1] } }));
  mkdirSync(at('photos/more'), { recursive: true });
  const solid = (...colour: number[]): Uint8Array => Uint8Array.from({ length: 192 }, (_, i) => colour[i % 3]!);
  writeFileSync(at('photos/10.png'), await encodePng(solid(200, 0, 0), 8, 8));
  writeFileSync(at('photos/9.png'), await encodePng(solid(0, 200, 0), 8, 8));
  writeFileSync(at('photos/more/9.png'), await encodePng(solid(0, 0, 200), 8, 8));
  writeFileSync(at('photos/broken.png'), 'not a picture');
});

const BROKEN = (): string => `Image '${at('photos/broken.png')}': cannot be read (it is a text).`;

test('a folder: the broken picture is named with the reason, the others are explained, and the exit code is 2', async () => {
  const { code, out, err } = await cli('audit', at('m.onnx'), '--image', at('photos'), ...QUICK, '--out', at('out'));
  expect(code).toBe(2);
  expect(err).toContain(`lan-onnx: left out: ${BROKEN()}`);
  expect(err.trimEnd().split('\n').at(-1)).toBe('lan-onnx: 1 of 4 input(s) could not be explained; see above.');
  expect(out.match(/^\S+\.png: class \d/gm)!.map((l) => l.split(':')[0])).toEqual([at('photos/9.png'), at('photos/10.png'), at('photos/more/9.png')]); // prettier-ignore
  // Inputs of one name have folders of their own.
  expect(readdirSync(at('out')).sort()).toEqual([
    '10',
    '9',
    '9-2',
    'classes.png',
    'classes.svg',
    'report.html',
    'results.jsonl',
    'summary.json',
  ]);
  // The broken one has its line too.
  const lines = readFileSync(at('out/results.jsonl'), 'utf8').trimEnd().split('\n').map((l) => JSON.parse(l) as { path: string; folder?: string; error?: object }); // prettier-ignore
  expect(lines.map((l) => l.folder ?? l.error)).toEqual(['9', '10', { code: 'data', message: expect.stringContaining(BROKEN()) }, '9-2']); // prettier-ignore
});

test('a pattern in quotes, of sound pictures: exit code 0, and a list in JSON', async () => {
  const { code, out } = await cli('audit', at('m.onnx'), '--image', at('photos/*0.png'), at('photos/**/9.png'), ...QUICK, '--json', '--out', at('glob')); // prettier-ignore
  expect(code).toBe(0);
  const documents = JSON.parse(out) as { input: { path: string } }[];
  expect(documents.map((d) => d.input.path)).toEqual(['photos/10.png', 'photos/9.png', 'photos/more/9.png'].map((p) => at(p)));
  expect(out).toBe(`${JSON.stringify(documents, null, 2)}\n`);
});

test('a list in JSON is printed document by document, and stays open where the run ends with an error', async () => {
  const printed: string[] = [];
  const io = { out: (text: string) => void printed.push(text), err: () => undefined, terminal: false };
  // Where the folder of the second one would lie.
  mkdirSync(at('late'));
  writeFileSync(at('late/9'), '');
  const argv = [
    'audit',
    at('m.onnx'),
    '--image',
    at('photos/*0.png'),
    at('photos/more'),
    ...QUICK,
    '--json',
    '--out',
    at('late'),
  ];
  expect(await main([...argv, '--strict'], io)).toBe(2);
  expect(printed).toEqual(['[\n']);
  rmSync(at('late'), { recursive: true });
  expect(await main(argv, io)).toBe(0);
  expect(printed.slice(1)).toEqual(['[\n', expect.stringMatching(/^ {2}\{[^]*\n {2}\},\n$/), expect.stringMatching(/\n\]\n$/)]);
});

test('strict ends at the first, before anything is written; so does a run of broken inputs only', async () => {
  const strict = await cli('audit', at('m.onnx'), '--image', at('photos'), '--strict', ...QUICK, '--out', at('strict'));
  expect([strict.code, strict.out]).toEqual([2, '']);
  expect(strict.err).toContain(`lan-onnx: ${BROKEN()}`);
  writeFileSync(at('short.npy'), encodeNpy(float32([1])));
  const broken = ['--image', at('photos/broken.png'), '--tensor', at('short.npy')];
  const none = await cli('audit', at('m.onnx'), ...broken, ...QUICK, '--out', at('strict'));
  expect(none.code).toBe(2);
  expect(none.err).toContain(`lan-onnx: None of 2 inputs can be explained:\n  - ${BROKEN()} `);
  expect(none.err).toContain(`  - Tensor '${at('short.npy')}': expected one sample of shape [3,8,8], received [1]\n`);
  expect(existsSync(at('strict'))).toBe(false);
});

test('an input that only learning finds fault with is named too, and the rest goes on', async () => {
  const x = new Float32Array(192).fill(0.5);
  writeFileSync(at('nan.npy'), encodeNpy(float32(x.map((v, i) => (i === 7 ? NaN : v)), [3, 8, 8]))); // prettier-ignore
  writeFileSync(at('fine.npy'), encodeNpy(float32(x, [3, 8, 8])));
  const { code, out, err } = await cli('audit', at('m.onnx'), '--tensor', at('nan.npy'), at('fine.npy'), ...QUICK, '--out', at('nan')); // prettier-ignore
  expect(code).toBe(2);
  expect(err).toContain('nan.npy');
  expect(out).toContain(`${at('fine.npy')}: class`);
  expect(readdirSync(at('nan')).sort()).toEqual([
    'classes.png',
    'classes.svg',
    'fine',
    'report.html',
    'results.jsonl',
    'summary.json',
  ]);
});

test('the library goes on as well, and tells each failure in its place', async () => {
  const auditor = await createAuditor(at('m.onnx'), { iterations: 2, draws: 1, evidenceDraws: 2, threads: 1 });
  try {
    const seen: [string, string | undefined][] = [];
    for await (const { path, result, error } of auditAll(auditor, at('photos')))
      seen.push([basename(path), error?.code ?? result?.answer.task]);
    expect(seen).toEqual([
      ['9.png', 'class'],
      ['10.png', 'class'],
      ['broken.png', 'data'],
      ['9.png', 'class'],
    ]);
    await expect(auditAll(auditor, at('photos'), { strict: true }).next()).rejects.toThrow(BROKEN());
  } finally {
    await auditor.dispose();
  }
});

test('each file is read once, and its document made once', async () => {
  const auditor = await createAuditor(at('m.onnx'), { iterations: 2, draws: 1, evidenceDraws: 2, threads: 1 });
  try {
    const read = jest.spyOn(auditor, 'read');
    for await (const { result } of auditAll(auditor, at('photos'))) {
      if (!result) continue;
      const document = result.toJSON();
      await result.save(at('once'));
      expect(result.toJSON()).toBe(document);
      expect(readFileSync(at('once/audit.json'), 'utf8')).toBe(`${JSON.stringify(document, null, 2)}\n`);
    }
    expect(read).toHaveBeenCalledTimes(4);
  } finally {
    await auditor.dispose();
  }
});
