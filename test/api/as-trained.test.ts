// An explainer remembers how pictures went in when it was trained; audit takes it, and says where a card contradicts it.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit, createAuditor } from '../../src/api/audit.js';
import { train } from '../../src/api/train.js';
import { float32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import type { PartialCard } from '../../src/model/card.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { decodeModel, encodeModel } from '../../src/onnx/codec.js';
import { encoded } from '../support/encoded.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-as-trained-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SIDE = 8;
const QUICK = { iterations: 2, batch: 2, validation: 0, trust: true, threads: 1 } as const;
const CAFFE = { channels: 'BGR', range: 255, mean: [104, 117, 123], std: [1, 1, 1] } as const;

/** Is the picture light or dark, at any scale of pixels? */
function model(): Uint8Array {
  const g = new GraphBuilder('light');
  const mean = g.op('ReduceMean', [g.input('x', 'float32', ['N', 3, SIDE, SIDE]), g.ints([1, 2, 3])], { keepdims: 0 });
  const column = g.op('Unsqueeze', [mean, g.ints([1])]);
  g.output(g.matMul(column, g.constant(float32([1, -1], [1, 2]))), 'logits', { type: 'float32', dims: ['N', 2] });
  return encoded(g);
}

let photo: string;
let lan: Uint8Array;
beforeAll(async () => {
  for (const [k, name] of ['dark', 'light'].entries()) {
    mkdirSync(join(folder, 'data', name), { recursive: true });
    for (let i = 0; i < 2; i++)
      writeFileSync(join(folder, 'data', name, `${i}.png`), await encodePng(new Uint8Array(3 * SIDE * SIDE).fill(40 + 150 * k + i), SIDE, SIDE)); // prettier-ignore
  }
  photo = join(folder, 'data/light/0.png');
  lan = (await train(model(), join(folder, 'data'), { ...QUICK, card: { input: CAFFE } })).lan!;
});

const audited = async (card?: PartialCard, explainer: Uint8Array = lan) =>
  (
    await audit(model(), photo, { trust: true, threads: 1, lan: explainer, evidenceDraws: 4, ...(card ? { card } : {}) })
  ).toJSON();

test('its metadata hold the card, and audit without one takes it', async () => {
  expect(JSON.parse(decodeModel(lan, 'lan').metadata['lan-onnx.card']!)).toMatchObject(CAFFE);
  const { card, preprocessing, notes } = await audited();
  expect([card, preprocessing]).toEqual([
    expect.objectContaining(CAFFE),
    { source: 'explainer', convention: 'BGR, 0..255, mean 104 117 123, std 1 1 1' },
  ]);
  expect(notes.join('\n')).not.toMatch(/no model card|was trained with/);
  // An array is read in the explainer's range too.
  const auditor = await createAuditor(model(), { trust: true, threads: 1, lan });
  expect((await auditor.read(photo)).x.data[0]).toBe(190);
  await auditor.dispose();
});

test('a card of other values is heard and the contradiction is said; another range is refused', async () => {
  const { card, preprocessing, notes } = await audited({ input: { ...CAFFE, channels: 'RGB' } });
  expect([card!.channels, preprocessing]).toEqual(['RGB', { source: 'card' }]);
  expect(notes).toContain(
    'the explainer was trained with BGR, 0..255, mean 104 117 123, std 1 1 1, and the card says RGB, 0..255, mean 104 117 123, std 1 1 1: its masks were learned for another input',
  );
  // One field alone wins over the explainer's, the others stay.
  expect((await audited({ input: { channels: 'RGB' } })).card).toMatchObject({ ...CAFFE, channels: 'RGB' });
  await expect(audited({ input: { range: 1, mean: [0], std: [1] } })).rejects.toMatchObject({
    code: 'data',
    problem: expect.stringContaining('the explainer was trained on pixels from 0 to 255'),
  });
});

test('an explainer that tells none, or damaged text, is no "unexpected error"', async () => {
  const withMetadata = (change: Readonly<Record<string, string | undefined>>): Uint8Array => {
    const file = decodeModel(lan, 'lan');
    const metadata = Object.entries({ ...file.metadata, ...change }).filter((e): e is [string, string] => e[1] !== undefined);
    return encodeModel({ ...file, metadata: Object.fromEntries(metadata) });
  };
  expect((await audited(undefined, withMetadata({ 'lan-onnx.card': undefined }))).preprocessing).toMatchObject({ source: 'pictures' }); // prettier-ignore
  for (const [change, problem] of [
    [{ 'lan-onnx.card': '{' }, /lan-onnx\.card: cannot be read as JSON/],
    [{ 'lan-onnx.card': '{"range":7}' }, /input\.range must be one of 1, 255, received 7/],
    [{ 'lan-onnx.settings': 'null' }, /its settings \(lan-onnx\.settings\) are not what train writes/],
  ] as const)
    await expect(audited(undefined, withMetadata(change))).rejects.toMatchObject({ code: 'data', problem: expect.stringMatching(problem) }); // prettier-ignore
});
