// lan-onnx audit, from the command line to the files.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { secondsLeft } from '../../src/cli/bar.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { decodeNpy, encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { PROGRAM } from '../support/built.js';
import { cli as run } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Bright or dark? The mean of the left half of a 3x8x8 picture, as a two-class softmax. */
function writeModel(name: string): string {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 3, 8, 8]);
  const left = g.slice(x, [0], [4], [3]);
  const mean = g.op('ReduceMean', [left, g.ints([1, 2, 3])], { keepdims: 0 });
  const logits = g.mul(g.sub(g.reshape(mean, [1, 1]), g.scalar(0.5)), g.constant(float32([-6, 6], [1, 2])));
  g.output(g.op('Softmax', [logits], { axis: 1 }), 'p');
  const path = at(name);
  writeFileSync(path, encodeModel(dialectModel(g.build())));
  writeFileSync(
    path.replace('.onnx', '.card.json'),
    JSON.stringify({ input: { channels: 'RGB', range: 1, mean: [0], std: [1] }, labels: ['dark', 'bright'] }),
  );
  return path;
}
const model = writeModel('half.onnx');
const picture = at('white.png');
await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
  .png()
  .toFile(picture);

test('audit: finds the half that counts, and writes everything that it names', async () => {
  const out = at('out');
  const { code, out: text } = await run(
    'audit',
    model,
    '--image',
    picture,
    '--out',
    out,
    '--iterations',
    '150',
    '--mask-grid',
    'none',
    '--beta',
    '0.3',
    '2',
    '--seed',
    '5',
  );
  expect(code).toBe(0);
  expect(text).toContain('bright 0.998');
  const names = [
    'audit.json',
    'report.html',
    'sheet.png',
    'sheet.svg',
    ...['0.3', '2'].flatMap((b) => [`attention-beta${b}.png`, `mask-beta${b}.npy`, `order-beta${b}.npy`, `overlay-beta${b}.png`]),
  ];
  expect(readdirSync(join(out, 'white')).sort()).toEqual(names.sort());
  const json = JSON.parse(readFileSync(join(out, 'white/audit.json'), 'utf8')) as {
    schema: string;
    betas: { steps: number; evidence: { soft: { draws: number }; hard?: { draws: number } } }[];
  };
  expect(json.schema).toBe('lan-onnx/audit@2');
  expect(json.betas.map((b) => b.evidence.soft.draws)).toEqual([64, 64]);
  expect(json.betas.map((b) => b.evidence.hard?.draws)).toEqual([256, 256]);
  const mask = decodeNpy(readFileSync(join(out, 'white/mask-beta0.3.npy')), 'mask');
  expect(mask.dims).toEqual([1, 1, 8, 8]);
  const values = toFloat32(mask);
  const mean = (keep: (column: number) => boolean): number => {
    const kept = values.filter((_, i) => keep(i % 8));
    return kept.reduce((a, b) => a + b, 0) / kept.length;
  };
  expect(mean((c) => c >= 4)).toBeGreaterThan(0.9);
  expect(mean((c) => c < 4)).toBeLessThan(mean((c) => c >= 4) - 0.2);
  const meta = await sharp(join(out, 'white/attention-beta2.png')).metadata();
  expect([meta.width, meta.height]).toEqual([8, 8]);
});

test('where noise alone gives the answer as often, the sheet says so, not only the text', async () => {
  const warned = async (noise: string): Promise<[string, number]> => {
    const quick = ['--iterations', '20', '--noise', noise, '--out', at('warned')];
    const { code, out } = await run('audit', model, '--image', picture, ...quick);
    expect(code).toBe(0);
    const { data } = await sharp(readFileSync(join(at('warned'), 'white/sheet.png')))
      .raw()
      .toBuffer({ resolveWithObject: true });
    let red = 0;
    for (let i = 0; i < data.length; i += 3) if (data[i] === 165 && data[i + 1] === 25 && data[i + 2] === 25) red++;
    return [out, red];
  };
  const [bright, pixels] = await warned('uniform:0.9,1');
  expect(bright).toContain("caution: noise alone gives 'bright' about as often, on 256 of 256 fresh draws");
  expect(pixels).toBeGreaterThan(500);
  // About half of the draws, against nearly all: no caution.
  const [middle, none] = await warned('uniform');
  expect(middle).toMatch(/for comparison: noise alone gives 'bright' on 1\d\d of 256 fresh draws/);
  expect([middle.includes('caution'), none]).toEqual([false, 0]);
});

test('audit --tensor, and the same seed gives the same bytes', async () => {
  writeFileSync(at('x.npy'), encodeNpy(float32(new Float32Array(192).fill(0.9), [3, 8, 8])));
  const once = async (name: string): Promise<Buffer> => {
    const { code } = await run(
      'audit',
      model,
      '--tensor',
      at('x.npy'),
      '--out',
      at(name),
      '--iterations',
      '30',
      '--threads',
      '1',
      '--seed',
      '9',
    );
    expect(code).toBe(0);
    return readFileSync(join(at(name), 'x/mask.npy'));
  };
  expect(await once('a')).toEqual(await once('b'));
});

test('audit without an input, or with a beta that is no number, is wrong usage', async () => {
  expect(await run('audit', model)).toMatchObject({
    code: 2,
    err: 'lan-onnx: audit: give at least one --image, --tensor, --text, --file or --csv, or --data.\n',
  });
  expect(await run('audit', model, '--image', picture, '--beta', 'x')).toMatchObject({
    code: 2,
    err: "lan-onnx: --beta: expected a number of at least 0, received 'x'.\n",
  });
});

test('an option given twice is refused', async () => {
  expect(await run('audit', model, '--image', picture, '--seed', '1', '--seed', '2')).toMatchObject({
    code: 2,
    err: 'lan-onnx: --seed: given 2 times, expected once.\n',
  });
  expect((await run('audit', model, '--evidence-draws', '1', '--evidence-draws', '2')).err).toBe(
    'lan-onnx: --evidence-draws: given 2 times, expected once.\n',
  );
});

test('learning stops at a plateau, at the end of its budget, and at the last step', async () => {
  const stopped = async (...argv: string[]): Promise<[string, number]> => {
    const quick = ['--evidence-draws', '1', '--json', '--out', at('stops')];
    const { code, out } = await run('audit', model, '--image', picture, ...quick, ...argv);
    expect(code).toBe(0);
    const { betas } = JSON.parse(out) as { betas: { stopped: string; steps: number }[] };
    return [betas[0]!.stopped, betas[0]!.steps];
  };
  expect(await stopped('--iterations', '7')).toEqual(['iterations', 7]);
  // The paper's settings know no plateau.
  const [why, steps] = await stopped('--preset', 'paper', '--beta', '1', '--iterations', '1000000', '--budget', '0.2s');
  expect([why, steps < 1_000_000]).toEqual(['budget', true]);
  // The schedule is stretched over all iterations, so the rate hardly falls and the loss is flat long before 100,000.
  const [flat, count] = await stopped('--iterations', '100000', '--mask-values', 'soft');
  expect([flat, count < 20_000]).toEqual(['plateau', true]);
  const [grown, after] = await stopped('--iterations', '100000');
  expect([grown, after < 20_000]).toEqual(['settled', true]);
});

test('Ctrl-C keeps what is done', async () => {
  const argv = ['audit', model, '--image', picture, '--iterations', '1000000', '--preset', 'paper', '--beta', '1', '2'];
  const [node, entry] = PROGRAM;
  const child = spawn(node, [entry, ...argv, '--evidence-draws', '8', '--out', at('interrupted')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  let sent = false;
  child.stderr.on('data', (d: Buffer) => {
    err += d.toString();
    if (sent || !err.includes('learning the mask, beta 1 ')) return;
    sent = true;
    setTimeout(() => child.kill('SIGINT'), 200);
  });
  expect(await new Promise((done) => child.on('close', done))).toBe(2);
  expect(err).toContain('lan-onnx: interrupted; 1 of 1 input(s) written, the last with the mask learned until then.');
  expect(err).toContain('lan-onnx: finishing with what is learned so far; press Ctrl-C again to stop at once.');
  const { betas } = JSON.parse(readFileSync(join(at('interrupted'), 'white/audit.json'), 'utf8')) as {
    betas: { beta: number; stopped: string }[];
  };
  expect(betas.map((b) => [b.beta, b.stopped])).toEqual([[1, 'interrupted']]);
  expect(existsSync(join(at('interrupted'), 'white/mask.npy'))).toBe(true);
}, 30_000);

test('the time left is that of the steps or of the budget, whichever ends first', () => {
  expect(secondsLeft(100, 400, 5)).toBe(15);
  expect(secondsLeft(100, 400, 5, 60)).toBe(15);
  expect(secondsLeft(100, 400, 5, 7)).toBe(2);
  expect(secondsLeft(399, 400, 9, 7)).toBe(0);
});

test('audit: failures name what is wrong, exit with 2 and leave nothing behind', async () => {
  writeFileSync(at('blocked'), 'a file');
  expect(await run('audit', model, '--image', picture, '--out', join(at('blocked'), 'out'))).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^lan-onnx: Cannot write '.*': .*Choose another place\.\n$/) as unknown as string,
  });
  writeFileSync(at('fake.jpg'), 'not a picture');
  const fake = await run('audit', model, '--image', at('fake.jpg'), '--out', at('nothing'));
  expect([fake.code, fake.err.split('\n')[0]]).toEqual([
    2,
    `lan-onnx: Image '${at('fake.jpg')}': cannot be read (it is a text). Expected a JPEG, PNG, WebP, GIF, TIFF, BMP, PNM or AVIF file.`,
  ]);
  writeFileSync(at('small.npy'), encodeNpy(float32([1, 2])));
  expect((await run('audit', model, '--tensor', at('small.npy'), '--out', at('nothing'))).err).toContain(
    `Tensor '${at('small.npy')}': expected one sample of shape [3,8,8], received [2].`,
  );
  expect(existsSync(at('nothing'))).toBe(false);
});
