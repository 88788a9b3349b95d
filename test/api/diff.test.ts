// Two versions of a model: a change of weights that moves attention is told from one that does not, and from what a change of seed moves.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { float32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { dialectModel } from '../../src/engine/ort.js';
import { distance, movedBetween } from '../../src/evidence/moved.js';
import type { PlaceMap } from '../../src/evidence/place.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-diff-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Bright or dark? By the mean of the columns `from` to `to`, of which `gain` is the slope; `classes` of them. */
function write(name: string, from: number, to: number, gain: number, classes = 2): void {
  const g = new GraphBuilder();
  const part = g.slice(g.input('x', 'float32', ['N', 3, 8, 8]), [from], [to], [3]);
  const mean = g.op('ReduceMean', [part, g.ints([1, 2, 3])], { keepdims: 0 });
  const slopes = Float32Array.from({ length: classes }, (_, i) => (i === 1 ? gain : -gain));
  const z = g.mul(g.sub(g.reshape(mean, [-1, 1]), g.scalar(0.5)), g.constant(float32(slopes, [1, classes])));
  g.output(g.op('Softmax', [z], { axis: 1 }), 'p', { type: 'float32', dims: ['N', classes] });
  writeFileSync(at(`${name}.onnx`), encodeModel(dialectModel(g.build())));
  writeFileSync(at(`${name}.card.json`), JSON.stringify({ input: { range: 1, mean: [0], std: [1] } }));
}

beforeAll(async () => {
  write('left', 0, 4, 6);
  write('nudged', 0, 4, 6.01);
  write('right', 4, 8, 6);
  write('inverted', 0, 4, -6);
  write('three', 0, 4, 6, 3);
  writeFileSync(at('white.png'), await encodePng(new Uint8Array(192).fill(255), 8, 8));
  writeFileSync(at('broken.png'), 'not a picture');
});

const map = (...values: number[]): PlaceMap => ({ rows: 1, columns: values.length, values: Float32Array.from(values) });

test('distance is 1 - correlation; the permutation test deals all maps anew', () => {
  expect(distance(Float32Array.of(1, 2, 3), Float32Array.of(2, 4, 6))).toBeCloseTo(0, 6);
  expect(distance(Float32Array.of(1, 2, 3), Float32Array.of(3, 2, 1))).toBeCloseTo(2, 6);
  expect(distance(Float32Array.of(1, 1, 1), Float32Array.of(1, 1, 1))).toBe(0);
  expect(distance(Float32Array.of(1, 1, 1), Float32Array.of(3, 2, 1))).toBe(1);
  const left = [map(1, 0, 0, 0), map(0.9, 0.1, 0, 0), map(1, 0, 0.1, 0), map(0.8, 0, 0, 0.1)];
  const right = left.map(({ values }) => map(...values.toReversed()));
  // Of C(8,4) = 70 deals only the models themselves, named either way round, are so far apart.
  expect(movedBetween(left, right)).toMatchObject({ p: 2 / 70, moved: true, more: [0, 3], less: [0, 0] });
  // The same maps: nothing is further apart than the seeds.
  const same = movedBetween(left, left);
  expect([same.moved, same.between < same.within]).toEqual([false, true]);
});

const QUICK = ['--iterations', '40', '--evidence-draws', '4', '--threads', '1', '--trust', '--noise', 'uniform'];
const diff = (a: string, b: string, ...argv: string[]) =>
  cli('diff', at(`${a}.onnx`), at(`${b}.onnx`), '--image', at('white.png'), ...QUICK, '--out', at(`${a}-${b}`), ...argv);

test('a model that looks elsewhere, one that hardly changed, and one that answers otherwise', async () => {
  const right = await diff('left', 'right', '--fail-on', 'moved');
  expect(right.code).toBe(1);
  expect(right.out).toMatch(
    /both answer class 1 \(0\.998, 0\.998\); the attention moved by more than a change of seed moves it \(distance [\d.]+ between the models, [\d.]+ between seeds of one, p 0\.029\)/,
  );
  expect(readdirSync(at('left-right')).sort()).toEqual(['diff-1.png', 'diff-1.svg', 'diff.json', 'report.html']);
  const document = JSON.parse(readFileSync(at('left-right/diff.json'), 'utf8')) as {
    inputs: { attention: { more: number[]; less: number[] } }[];
  };
  const { more, less } = document.inputs[0]!.attention;
  expect([more[1]! >= 4, less[1]! < 4]).toEqual([true, true]);
  const nudged = await diff('left', 'nudged', '--fail-on', 'moved', 'answer');
  expect([nudged.code, nudged.out]).toEqual([
    0,
    expect.stringContaining('the attention moved by no more than a change of seed moves it'),
  ]);
  const inverted = await diff('left', 'inverted', '--fail-on', 'answer', '--json');
  expect(inverted.code).toBe(1);
  expect(JSON.parse(inverted.out)).toMatchObject({ schema: 'lan-onnx/diff@1', answers: 1, inputs: [{ sameAnswer: false }] });
}, 120_000);

test('what cannot be compared is refused, and a broken picture is left out by name', async () => {
  expect((await diff('left', 'three')).err).toContain(
    `lan-onnx: ${at('left.onnx')} gives 2 classes and ${at('three.onnx')} gives 3: their answers cannot be compared. Give two versions of one model.\n`,
  );
  expect((await diff('left', 'nudged', '--seeds', '3')).err).toContain(
    'lan-onnx: --seeds: expected a whole number of 4 to 8, received 3.\n',
  );
  expect((await cli('diff', at('left.onnx'), at('right.onnx'))).err).toContain(
    'lan-onnx: diff: give at least one --image, --tensor, --text, --file or --csv.\n',
  );
  const broken = await diff('left', 'nudged', '--image', at('broken.png'));
  expect([broken.code, broken.err]).toEqual([
    2,
    expect.stringContaining(`lan-onnx: left out: Image '${at('broken.png')}': cannot be read`),
  ]);
  expect(broken.out).toContain('of 1 input(s)\n');
}, 60_000);
