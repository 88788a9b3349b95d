// card(): each line says who says so, and what is written is read again as the same card.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { card } from '../../src/api/card.js';
import { openModel } from '../../src/model/open.js';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { readCard } from '../../src/model/card.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-inferred-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PICTURE = 'models/tank/pictures/tank/05.png';

/** Mean colour to three classes; `channels` 1 or 3, NHWC. */
function colours(): Uint8Array {
  const g = new GraphBuilder();
  const mean = g.op('ReduceMean', [g.input('x', 'float32', [1, 16, 24, 3]), g.ints([1, 2])], { keepdims: 0 });
  g.output(g.op('Softmax', [g.matMul(mean, g.constant(float32([3, 0, 0, 0, 2, 0, 0, 0, 1], [3, 3])))], { axis: 1 }), 'p');
  return encodeModel(dialectModel(g.build()));
}
const by = (lines: readonly { field: string; by: string }[]): Record<string, string> =>
  Object.fromEntries(lines.map((l) => [l.field, l.by]));

test('what a card says, what the file says, what nobody says', async () => {
  const { lines, seen } = await card(colours(), { card: { input: { mean: [1, 2, 3], range: 255 }, labels: ['r', 'g', 'b'] } });
  expect(by(lines)).toEqual({
    layout: 'file',
    size: 'file',
    channels: 'assumed',
    range: 'said',
    mean: 'said',
    std: 'assumed',
    output: 'file',
    labels: 'said',
  });
  expect(lines[0]).toEqual({ field: 'layout', value: '"NHWC"', by: 'file', reason: "the input 'x' is [1,16,24,3]" });
  expect(seen).toEqual([]);
});

test('labels that an open classifier was given are told as given', async () => {
  const model = await openModel(colours(), { card: { labels: ['r', 'g', 'b'] } });
  try {
    expect((await card(model, { images: [PICTURE] })).lines.at(-1)).toMatchObject({ field: 'labels', by: 'said', reason: 'they were given' }); // prettier-ignore
  } finally {
    await model.dispose();
  }
});

test('what pictures speak for, with the runner-up', async () => {
  const { lines, card: found, seen } = await card(colours(), { images: [PICTURE] });
  const values = lines.filter((l) => l.by === 'guessed');
  expect(values.map((l) => l.field)).toEqual(['channels', 'range', 'mean', 'std']);
  for (const { reason } of values)
    expect(reason).toMatch(/^of the conventions, .* makes it surest: [01]\.\d\d on 1 picture\(s\), before .* with 0\.\d\d$/);
  expect(seen[0]!.input.dims).toEqual([1, 3, 16, 24]);
  // What goes in is what the card makes of what is seen.
  const { channels, mean, std } = found.input;
  const [x, input] = [seen[0]!.x.data as Float32Array, seen[0]!.input.data as Float32Array];
  const red = channels === 'BGR' ? 2 : 0;
  expect(input[red * 16 * 24 + 7]).toBeCloseTo((x[7]! - mean[red]!) / std[red]!, 3);
  expect(seen[0]!.answers.reduce((sum, a) => sum + a.probability, 0)).toBeCloseTo(1, 5);
});

test('a Hugging Face folder says it; card.json is read again as the same', async () => {
  const path = join(folder, 'hf');
  mkdirSync(path);
  writeFileSync(join(path, 'model.onnx'), colours());
  const cfg = { input_size: [3, 16, 24], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], crop_pct: 1, interpolation: 'bilinear' };
  writeFileSync(join(path, 'config.json'), JSON.stringify({ pretrained_cfg: cfg, label_names: ['red', 'green', 'blue'] }));
  const out = join(folder, 'out');
  const { code, out: text, err } = await cli('card', path, '--image', PICTURE, '--out', out);
  expect([code, err]).toEqual([0, '']);
  expect(text).toContain(
    'mean      [0.5,0.5,0.5]                      said     the card beside the model, or its folder, says so\n',
  );
  expect(text).toContain('labels    3: red | green | blue              said ');
  expect(text).toContain(`files: ${join(out, 'card.json')}, ${join(out, 'labels.txt')}, ${join(out, 'seen.png')}\n`);
  const read = readCard(join(out, 'card.json'));
  expect(read).toMatchObject({
    input: { layout: 'NHWC', size: [16, 24], channels: 'RGB', range: 1, mean: [0.5, 0.5, 0.5] },
    labels: ['red', 'green', 'blue'],
  });
  expect(readFileSync(join(out, 'seen.png')).subarray(1, 4).toString()).toBe('PNG');
  const again = JSON.parse((await cli('card', path, '--json')).out) as { schema: string; card: { input: object } };
  expect(again.schema).toBe('lan-onnx/card@1');
  expect(again.card.input).toEqual(read.input);
  expect(existsSync(join(folder, 'hf/model.card.json'))).toBe(false);
});

test('what was guessed is no surer for being written down: it stays named, and whoever uses the card is told', async () => {
  const guessed = join(folder, 'guessed');
  await (await card(colours(), { images: [PICTURE] })).save(guessed);
  const path = join(guessed, 'card.json');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ assumed: ['channels', 'range', 'mean', 'std'] });
  const note = `the card '${path}' says that nobody confirmed: channels, range, mean, std. Where you have, take them out of its \`assumed\``;
  const { notes } = await card(colours(), { card: path });
  expect(notes.filter((n) => n.startsWith('the card'))).toEqual([note]);
  const said = join(folder, 'said');
  const input = { channels: 'RGB', range: 255, mean: [1, 2, 3], std: [1, 1, 1] } as const;
  await (await card(colours(), { card: { input } })).save(said);
  expect(readCard(join(said, 'card.json')).notes).toBeUndefined();
});

test('a model that takes no picture has none', async () => {
  const g = new GraphBuilder();
  g.output(g.op('Softmax', [g.input('x', 'float32', [1, 5])], { axis: 1 }), 'p');
  await expect(card(encodeModel(dialectModel(g.build())))).rejects.toMatchObject({
    code: 'data',
    problem: expect.stringContaining('takes no picture'),
  });
});

test('a vocabulary in the folder makes a model of pictures none of texts', async () => {
  mkdirSync(join(folder, 'beside'));
  writeFileSync(join(folder, 'beside/vocab.txt'), 'a\nb\n');
  writeFileSync(join(folder, 'beside/m.onnx'), colours());
  const { card: found } = await card(join(folder, 'beside/m.onnx'));
  expect(found.input).toMatchObject({ layout: 'NHWC', size: [16, 24] });
});
