// audit as a library call: every kind of input, flat options, the files of the command line, and what is refused before anything goes silently wrong.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { asyncDispose } from '../../src/core/dispose.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { readImage } from '../../src/data/images.js';
import { random } from '../../src/core/random.js';
import { dialectModel } from '../../src/engine/ort.js';
import { audit, createAuditor } from '../../src/api/audit.js';
import type { AuditProgress } from '../../src/api/audit-options.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-audit-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PICTURE = 'models/tank/pictures/tank/01.png';
const FEW = { iterations: 3, draws: 2, evidenceDraws: 8, seed: 1 } as const;
const FLAGS = ['--iterations', '3', '--draws', '2', '--evidence-draws', '8', '--seed', '1'];

/** [1,channels,8,8] -> Conv, GlobalAveragePool, Flatten -> logits [1,3]. */
function network(channels: 1 | 3): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('image', 'float32', ['batch', channels, 8, 8]);
  g.constants.set('w', float32(random(3, 0).normal(new Float32Array(27 * channels), 0, 0, 0.5), [3, channels, 3, 3]));
  g.append('Conv', [x, 'w'], ['c'], { pads: [1, 1, 1, 1] });
  g.append('Tanh', ['c'], ['t']);
  g.append('GlobalAveragePool', ['t'], ['pooled']);
  g.append('Flatten', ['pooled'], ['logits'], { axis: 1 });
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

/** A document without what differs from run to run. */
const timeless = (document: object): unknown =>
  JSON.parse(JSON.stringify(document, (key, v: unknown) => (/[Ss]econds|timings/.test(key) ? undefined : v)));

test('the files, and the document, are those of the command line', async () => {
  const argv = ['audit', 'tank', '--image', PICTURE, '--beta', '0.5', '2', ...FLAGS];
  const { code } = await cli(...argv, '--out', at('cli'));
  expect(code).toBe(0);
  const notes: string[] = [];
  const result = await audit('tank', PICTURE, {
    ...FEW,
    beta: [0.5, 2],
    repeat: `lan-onnx ${argv.join(' ')}`,
    onNote: (n) => void notes.push(n),
  });
  const files = await result.save(at('library'));
  expect(readdirSync(at('library')).sort()).toEqual(readdirSync(at('cli/01')).sort());
  for (const name of readdirSync(at('library'))) {
    const [own, other] = [readFileSync(join(at('library'), name)), readFileSync(join(at('cli/01'), name))];
    if (name === 'audit.json') continue;
    expect([name, own.equals(other)]).toEqual([name, true]);
  }
  const written = JSON.parse(readFileSync(files.json, 'utf8')) as object;
  expect(timeless(written)).toEqual(timeless(JSON.parse(readFileSync(at('cli/01/audit.json'), 'utf8')) as object));
  expect(JSON.parse(JSON.stringify(result))).toEqual(written);
  expect(result.betas.map((b) => [b.beta, b.claims])).toEqual(result.toJSON().betas.map((b) => [b.beta, b.claims]));
  expect(notes).toEqual(result.notes);
});

describe('inputs', () => {
  test('a path, bytes, a Tensor, an .npy file and uint8 pixels give one mask', async () => {
    const { tensor } = await readImage(PICTURE, { width: 64, height: 64, channels: 3, range: 255 });
    writeFileSync(at('x.npy'), encodeNpy(tensor));
    const bytes: Tensor = { type: 'uint8', dims: tensor.dims.slice(1), data: Uint8Array.from(toFloat32(tensor)) };
    const model = await openModel('tank');
    const auditor = await createAuditor(model, FEW);
    try {
      const masks: number[][] = [];
      for (const input of [PICTURE, readFileSync(PICTURE), tensor, at('x.npy'), readFileSync(at('x.npy')), bytes])
        masks.push([...toFloat32((await auditor.audit(input)).betas[0]!.learned.order!)]);
      expect(masks[0]!.some((v) => v !== masks[0]![0])).toBe(true);
      for (const mask of masks.slice(1)) expect(mask).toEqual(masks[0]);
    } finally {
      await auditor.dispose();
      // What was opened outside stays open.
      expect((await model.predict(tensor)).dims).toEqual([1, 2]);
      await model[asyncDispose]();
    }
  });

  test('pictures are read at the range of the card', async () => {
    writeFileSync(at('three.onnx'), network(3));
    const card = { input: { range: 1, mean: [0.5], std: [0.25], channels: 'RGB' } } as const;
    const unit = await audit(at('three.onnx'), PICTURE, { ...FEW, card });
    expect(toFloat32(unit.input.x).every((v) => v >= 0 && v <= 1)).toBe(true);
    const bytes = await audit(at('three.onnx'), PICTURE, {
      ...FEW,
      card: { input: { ...card.input, range: 255, mean: [127.5], std: [63.75] } },
    });
    expect(toFloat32(bytes.input.x).some((v) => v > 1)).toBe(true);
    expect(unit.prediction.map((p) => p.probability.toFixed(5))).toEqual(bytes.prediction.map((p) => p.probability.toFixed(5)));
    // The tensor of a card of range 255, given to one of range 1: silently wrong before.
    await expect(audit(at('three.onnx'), bytes.input.x, { ...FEW, card })).rejects.toMatchObject({
      code: 'data',
      problem: expect.stringMatching(/values run from .* to 2\d\d.*, but pictures of this model run from 0 to 1 /) as unknown,
    });
    const scaled = await audit(at('three.onnx'), unit.input.x, { ...FEW, card: { input: { ...card.input, range: 255 } } });
    expect(scaled.notes.join()).toContain('is it scaled already?');
    // An array that somebody has prepared may look like pixels: that it is normalised once more is said where nobody asked for it.
    const twice =
      'its values are taken for pixels, 0 to 1, and are normalised as nobody said but is assumed; where they go in as they are, say `mean` 0, `std` 1 and `range` 1';
    expect((await audit(at('three.onnx'), unit.input.x, FEW)).notes.join()).toContain(twice);
    const raw = { input: { range: 1, mean: [0], std: [1], channels: 'RGB' } } as const;
    for (const said of [card, raw])
      expect((await audit(at('three.onnx'), unit.input.x, { ...FEW, card: said })).notes.join()).not.toContain(
        'taken for pixels',
      );
  });

  test('without a card, values of a grey "picture" go in as they are, and a note says what was assumed of them', async () => {
    const x = float32(random(1, 1).normal(new Float32Array(64), 0, 0, 3), [1, 1, 8, 8]);
    const { notes } = await audit(network(1), x, FEW);
    expect(notes.join()).toMatch(/its values run from -.* where noise is made for pictures from 0 to 255, which is assumed/);
  });

  test('where no card says how pictures go in, a convention is chosen by the first one, and its range is heeded', async () => {
    const result = await audit(network(3), PICTURE, FEW);
    expect(result.notes.join()).toContain('no model card: assumed');
    const { range } = result.toJSON().card!;
    const most = toFloat32(result.input.x).reduce((a, b) => Math.max(a, b), 0);
    expect(most > 1).toBe(range === 255);
    expect(most).toBeGreaterThan(0.3 * range);
  });

  test.each([
    ['a picture for a model that takes none', PICTURE, 'data', /is not a picture/],
    [
      'a tensor of another shape',
      float32(new Float32Array(5), [5]),
      'data',
      /expected one sample of shape \[4\], received \[5\]/,
    ],
    ['ids for a model of floats', [1, 2, 3, 4], 'data', /a list is taken for ids/],
    ['a file that is not there', 'absent.npy', 'data', /cannot be read|can not be read/],
  ] as const)('%s is refused', async (_, input, code, message) => {
    const g = new GraphBuilder();
    g.constants.set('w', float32(new Float32Array(8).fill(0.1), [4, 2]));
    g.append('MatMul', [g.input('features', 'float32', [1, 4]), 'w'], ['y']);
    g.output('y');
    const bytes = encodeModel(dialectModel(g.build()));
    const refused = audit(bytes, input, FEW);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code });
  });

  test('ids of tokens as a list, with their words; text is refused in so many words', async () => {
    const g = new GraphBuilder();
    const ids = g.input('ids', 'int64', [1, 'T']);
    g.constants.set('e', float32(random(2, 2).normal(new Float32Array(6 * 4), 0, 0, 1), [6, 4]));
    g.append('Gather', ['e', ids], ['embedded']);
    g.append('ReduceMean', ['embedded', g.ints([1])], ['mean'], { keepdims: 0 });
    g.append('Tanh', ['mean'], ['y']);
    g.output('y');
    const bytes = encodeModel(dialectModel(g.build()));
    const result = await audit(bytes, [3, 1, 5], { ...FEW, vocabulary: ['a', 'b', 'c', 'd', 'e', 'f'] });
    expect(result.betas[0]!.tokens!.map((t) => [t.position, t.id, t.token])).toEqual([
      [0, 3, 'd'],
      [1, 1, 'b'],
      [2, 5, 'f'],
    ]);
    writeFileSync(at('ids.npy'), encodeNpy({ type: 'int64', dims: [1, 3], data: BigInt64Array.of(3n, 1n, 5n) }));
    const masks = [await audit(bytes, at('ids.npy'), FEW), await audit(bytes, readFileSync(at('ids.npy')), FEW)];
    for (const { betas } of masks) expect(toFloat32(betas[0]!.learned.mask)).toEqual(toFloat32(result.betas[0]!.learned.mask));
    expect((await result.save(at('tokens'))).page).toBe(at('tokens/tokens.html'));
    // The page marks the words, and strikes out those that are replaced first.
    const page = /id="document">(.*?)<\/script>/s.exec(readFileSync(at('tokens/report.html'), 'utf8'))![1]!;
    const { blocks } = JSON.parse(page) as { blocks: { type: string; words?: { text: string; step?: number }[]; by?: string }[] };
    expect(blocks.find((b) => b.type === 'words')!.words!.map((w) => w.text)).toEqual(['d', 'b', 'f']);
    const slider = blocks.find((b) => b.type === 'replace')!;
    expect([slider.by, slider.words!.map((w) => w.text)]).toEqual(['random other words', ['d', 'b', 'f']]);
    expect(new Set(slider.words!.map((w) => w.step)).size).toBe(3);
    await expect(audit(bytes, [3, 1, 5], { ...FEW, vocabulary: ['a', 'b', 'c'] })).rejects.toMatchObject({ code: 'data' });
    await expect(audit(bytes, 'a film that I liked', { ...FEW, sample: [1, 3] })).rejects.toThrow(
      "'a film that I liked': no such file. Give a text as { text },",
    );
    expect(sizeOf(result.input.x.dims)).toBe(3);
  });
});

describe('options', () => {
  test('noise of other pictures by its path, and what is told meanwhile', async () => {
    const seen: AuditProgress[] = [];
    const noise = 'bootstrap:models/tank/other-weather';
    const result = await audit('tank', PICTURE, { ...FEW, noise, onProgress: (p) => void seen.push(p) });
    expect(result.noise).toBe(noise);
    expect(result.notes.join()).toContain("the noise is 8 of the 8 samples of 'models/tank/other-weather'");
    expect(seen.filter((p) => p.step === undefined).map((p) => p.phase.split(',')[0])).toEqual([
      'compiling',
      'learning the mask',
      'measuring evidence',
    ]);
    expect(seen.flatMap((p) => p.step ?? [])).toEqual([1, 2, 3]);
  });

  test('a budget ends learning, an abort keeps what is learned', async () => {
    const { betas } = await audit('tank', PICTURE, { ...FEW, iterations: 10_000, budget: 0.05 });
    expect(betas[0]!.learned.stopped).toBe('budget');
    await expect(audit('tank', PICTURE, { ...FEW, budget: 0 })).rejects.toThrow(
      '`budget`: expected a time above 0, received 0 s.',
    );
    const signal = AbortSignal.abort();
    const stopped = await audit('tank', PICTURE, { ...FEW, beta: [1, 2], signal });
    expect(stopped.betas.map((b) => b.learned.stopped)).toEqual(['interrupted']);
  });

  test('those of opening are refused for a model that is open, and a wrong beta is named', async () => {
    const model = await openModel('tank');
    try {
      await expect(audit(model, PICTURE, { ...FEW, engine: 'tfjs' })).rejects.toThrow('`engine` would be without effect');
      await expect(audit(model, PICTURE, { ...FEW, beta: [NaN] })).rejects.toMatchObject({ code: 'usage' });
      await expect(audit(model, PICTURE, { ...FEW, vocabulary: ['a'] })).rejects.toThrow('the mask does not lie on tokens');
    } finally {
      await model.dispose();
    }
  });
});

test('what a model shows of itself only when it is run is told, and stands in the result', async () => {
  await using model = await openModel(network(1), { trust: true });
  const told: string[] = [];
  const found = 'samples are run one at a time';
  const result = await audit(model, float32(new Float32Array(64), [1, 8, 8]), {
    ...FEW,
    onProgress: () => {
      if (!model.notes.includes(found)) (model.notes as string[]).push(found);
    },
    onNote: (note) => void told.push(note),
  });
  expect(told.filter((note) => note === found)).toEqual([found]);
  expect(result.notes).toContain(found);
});
