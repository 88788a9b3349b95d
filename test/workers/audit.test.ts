// Many inputs on several processes: the same results as on one, in CI's terms, from datasets, killed and gone on with.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { PROGRAM } from '../support/built.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-workers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const QUICK = ['--iterations', '3', '--draws', '2', '--evidence-draws', '4', '--trust'];
const COUNT = 9;
const audit = (...argv: string[]) => cli('audit', at('m.onnx'), ...QUICK, ...argv);

/** Which colour is brightest? */
beforeAll(async () => {
  const g = new GraphBuilder();
  const mean = g.op('ReduceMean', [g.input('x', 'float32', ['N', 3, 8, 8]), g.ints([2, 3])], { keepdims: 0 });
  g.output(g.op('Softmax', [g.mul(mean, g.scalar(20))], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
  writeFileSync(at('m.onnx'), encodeModel(dialectModel(g.build())));
  writeFileSync(at('labels.txt'), 'red\ngreen\nblue\n');
  writeFileSync(at('m.card.json'), JSON.stringify({ input: { range: 1, mean: [0], std: [1] }, labels: 'labels.txt' }));
  const pixels = new Uint8Array(COUNT * 192);
  for (let n = 0; n < COUNT; n++) for (let i = 0; i < 192; i++) pixels[n * 192 + i] = Math.floor(i / 64) === n % 3 ? 200 : 20 + n;
  writeFileSync(at('images.npy'), encodeNpy({ type: 'uint8', dims: [COUNT, 3, 8, 8], data: pixels }));
  // The last one is labelled wrongly.
  const labels = Uint8Array.from({ length: COUNT }, (_, n) => (n === COUNT - 1 ? 0 : n % 3));
  writeFileSync(at('labels.npy'), encodeNpy({ type: 'uint8', dims: [COUNT], data: labels }));
  const solid = (...colour: number[]): Uint8Array => Uint8Array.from({ length: 192 }, (_, i) => colour[i % 3]!);
  writeFileSync(at('a.png'), await encodePng(solid(200, 0, 0), 8, 8));
  writeFileSync(at('b.png'), await encodePng(solid(0, 200, 0), 8, 8));
  writeFileSync(at('broken.png'), 'not a picture');
});

interface Line {
  path: string;
  folder?: string;
  index: number;
  actual?: number;
  fails?: string[];
}
const linesOf = (out: string): Line[] =>
  readFileSync(at(out, 'results.jsonl'), 'utf8').trimEnd().split('\n').map((l) => JSON.parse(l) as Line); // prettier-ignore
const summaryOf = (out: string) =>
  JSON.parse(readFileSync(at(out, 'summary.json'), 'utf8')) as { seconds?: number; workers?: number; resumed?: number; accuracy: object; classes: { label: string; count: number }[]; inputs: number; negative?: number }; // prettier-ignore

test('a dataset on two processes, killed without notice and gone on with: what an unbroken run of one process gives', async () => {
  const data = ['--data', at('images.npy')];
  const one = await audit(...data, '--workers', '1', '--out', at('one'));
  expect(one.code).toBe(0);
  const two = [...data, '--workers', '2', '--out', at('two')];
  const [node, entry] = PROGRAM;
  const child = spawn(node, [entry, 'audit', at('m.onnx'), ...QUICK, ...two], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.once('data', () => child.kill('SIGKILL'));
  await new Promise((done) => child.on('close', done));
  const before = readFileSync(at('two/results.jsonl'), 'utf8');
  const { code, err } = await audit(...two, '--resume');
  expect([code, err]).toEqual([0, expect.stringContaining(', 2 processes, each with 1 thread(s)\n')]);
  expect(readFileSync(at('two/results.jsonl'), 'utf8').startsWith(before)).toBe(true);
  expect(linesOf('two')).toEqual(linesOf('one'));
  expect(linesOf('one').map((l) => [l.path, l.index, l.actual])).toEqual(
    Array.from({ length: COUNT }, (_, n) => [`${at('images.npy')}[${n}]`, n % 3, n === COUNT - 1 ? 0 : n % 3]),
  );
  for (const name of readdirSync(at('one')).filter((f) => statSync(at('one', f)).isDirectory()))
    expect([name, readFileSync(at('two', name, 'mask.npy'))]).toEqual([name, readFileSync(at('one', name, 'mask.npy'))]);
  const { seconds: _, workers, resumed, ...summary } = summaryOf('two');
  const { seconds: _s, workers: _w, resumed: _r, ...alone } = summaryOf('one');
  expect([workers, resumed! >= before.split('\n').length - 1]).toEqual([2, true]);
  expect(summary).toEqual(alone);
  expect(summary).toMatchObject({ inputs: COUNT, accuracy: { correct: COUNT - 1, count: COUNT } });
  expect(summary.classes.map((c) => [c.label, c.count])).toEqual([['red', 3], ['green', 3], ['blue', 3]]); // prettier-ignore
  expect(one.out).toContain(`right answers: ${COUNT - 1} of ${COUNT}\n`);
  expect(one.out).toMatch(/\nreplaced entirely with the answer kept: median \d+/);
}, 120_000);

test('what counts as negative is 1, is named in the lines and in JUnit; a broken picture is an error, and 2', async () => {
  const quick = ['--fail-on', 'noise-alone<1', '--junit', at('a.xml'), '--out', at('fails')];
  const { code, out } = await audit('--image', at('a.png'), at('b.png'), ...quick);
  expect(code).toBe(1);
  expect(out).toContain('negative findings: 2 of 2\n');
  expect(linesOf('fails').map((l) => l.fails!.length)).toEqual([1, 1]);
  expect(summaryOf('fails').negative).toBe(2);
  expect(readFileSync(at('a.xml'), 'utf8')).toMatch(
    /<testcase classname="audit m.onnx" name="[^"]*a\.png"><failure message="noise-alone is \d+ %: noise-alone&lt;1"/,
  );
  const broken = await audit('--image', at('a.png'), at('broken.png'), '--fail-on', 'soft-kept<0.01', '--junit', at('b.xml'), '--out', at('broken')); // prettier-ignore
  expect(broken.code).toBe(2);
  expect(readFileSync(at('b.xml'), 'utf8')).toMatch(/tests="2" failures="0" errors="1"/);
});

test('what is impossible is refused before anything is written', async () => {
  const refused = async (...argv: string[]): Promise<string> => {
    const { code, err } = await audit(...argv, '--out', at('nothing'));
    expect(code).toBe(2);
    return err.split('\n').filter((l) => l.startsWith('lan-onnx:')).join('\n'); // prettier-ignore
  };
  expect(await refused('--image', at('a.png'), '--fail-on', 'replaceable<2')).toBe(
    "lan-onnx: --fail-on: 'replaceable' lies between 0 and 1, received 'replaceable<2'.",
  );
  expect(await refused('--image', at('a.png'), '--workers', '0')).toBe(
    "lan-onnx: --workers: expected a whole number of at least 1, received '0'.",
  );
  expect(await refused('--image', at('a.png'), '--data', at('images.npy'))).toBe(
    'lan-onnx: audit: give --data, or inputs one by one (--image, --tensor, --text, --file, --csv), not both.',
  );
  expect(await refused('--image', at('a.png'), '--limit', '3')).toBe('lan-onnx: audit: --limit is about a dataset. Give --data.');
  expect(readdirSync(folder)).not.toContain('nothing');
});
