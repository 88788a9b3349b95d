// A second audit into the same folder: what of the first one is removed, named, or gone on from.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodePng } from '../../src/data/images.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { removeEarlier } from '../../src/report/earlier.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-again-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);
const QUICK = ['--iterations', '12', '--draws', '2', '--threads', '1', '--trust'];
const audit = (names: readonly string[], out: string, ...more: string[]) =>
  cli(
    'audit',
    at('m.onnx'),
    '--image',
    ...names.map((n) => at(n)),
    ...QUICK,
    ...(more.includes('--evidence-draws') ? [] : ['--evidence-draws', '8']),
    '--out',
    at(out),
    ...more,
  );

beforeAll(async () => {
  const g = new GraphBuilder();
  const mean = g.op('ReduceMean', [g.input('x', 'float32', ['N', 3, 8, 8]), g.ints([2, 3])], { keepdims: 0 });
  g.output(g.op('Softmax', [g.mul(mean, g.scalar(9))], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
  writeFileSync(at('m.onnx'), encodeModel(dialectModel(g.build())));
  writeFileSync(at('m.card.json'), JSON.stringify({ input: { range: 1, mean: [0], std: [1] } }));
  for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries())
    writeFileSync(
      at(name),
      await encodePng(
        Uint8Array.from({ length: 192 }, (_, j) => (j % 3 === i ? 220 : 30)),
        8,
        8,
      ),
    );
});

/** Every file below a folder, a document without its times. */
function contents(out: string): Record<string, unknown> {
  const files = readdirSync(at(out), { recursive: true, encoding: 'utf8' }).filter((f) => statSync(at(out, f)).isFile());
  const timeless = (key: string, v: unknown): unknown => (/[Ss]econds|timings|^resumed$/.test(key) ? undefined : v);
  return Object.fromEntries(
    files.sort().map((f) => {
      const bytes = readFileSync(at(out, f));
      return [f, f.endsWith('.json') ? JSON.stringify(JSON.parse(bytes.toString()), timeless) : bytes.toString('base64')];
    }),
  );
}

describe('files of an earlier run', () => {
  test('of the same input and not of this run: removed, and said once; of other inputs: left and named', async () => {
    expect((await audit(['a.png', 'b.png'], 'stale', '--beta', '1', '2')).err).not.toContain('earlier run');
    writeFileSync(at('stale/a/notes.txt'), 'mine');
    mkdirSync(at('stale/mine'));
    const { code, err } = await audit(['a.png'], 'stale', '--beta', '1');
    expect(code).toBe(0);
    expect(readdirSync(at('stale/a')).sort()).toEqual(['attention.png', 'audit.json', 'mask.npy', 'notes.txt', 'order.npy', 'overlay.png', 'report.html', 'sheet.png', 'sheet.svg']); // prettier-ignore
    expect(readdirSync(at('stale/b'))).toContain('mask-beta2.npy');
    expect(err.match(/note: files of an earlier run that are not of this one are removed: (.*)\n/)![1]).toBe(
      `${['mask-beta1.npy', 'order-beta1.npy', 'attention-beta1.png', 'overlay-beta1.png', 'mask-beta2.npy'].map((n) => join('a', n)).join(', ')} and 3 more`,
    );
    expect(err).toContain(`note: '${at('stale')}' also holds results of earlier runs, which are left as they are: b\n`);
  });

  test('an audit.json that lists what no audit writes removes nothing, nor does a link', async () => {
    const listing = (mask: string): string => JSON.stringify({ schema: 'lan-onnx/audit@2', betas: [{ files: { mask } }] });
    writeFileSync(at('precious.npy'), 'x');
    for (const mask of ['../precious.npy', at('precious.npy'), 'm.onnx', 'mask-beta1.npy/../../precious.npy']) {
      mkdirSync(at('foreign'), { recursive: true });
      writeFileSync(at('foreign/audit.json'), listing(mask));
      expect(await removeEarlier(at('foreign'), [])).toEqual([]);
      expect(existsSync(at('precious.npy'))).toBe(true);
    }
    symlinkSync(at('precious.npy'), at('foreign/mask.npy'));
    writeFileSync(at('foreign/audit.json'), listing('mask.npy'));
    expect(await removeEarlier(at('foreign'), [])).toEqual([]);
    expect(existsSync(at('foreign/mask.npy'))).toBe(true);
  });
});

describe('--resume', () => {
  const NAMES = ['a.png', 'b.png', 'c.png'];
  const made = (out: string, name: string): number => statSync(at(out, name, 'audit.json')).mtimeMs;

  test('what is finished is taken, the rest is made, and all is as of an unbroken run', async () => {
    const whole = await audit(NAMES, 'whole');
    await audit(NAMES, 'broken');
    // As a kill leaves it: the second input without its document, the third not begun; and a file of the first is there no more.
    rmSync(at('broken/b/audit.json'));
    rmSync(at('broken/c'), { recursive: true });
    const first = made('broken', 'a');
    const again = await audit(NAMES, 'broken', '--resume');
    expect(again.code).toBe(0);
    expect(contents('broken')).toEqual(contents('whole'));
    expect(made('broken', 'a')).toBe(first);
    const words = (text: string): string =>
      text.replace(/of \d+ ms|evidence [\d.]+ s/g, '').replaceAll(at('broken'), at('whole'));
    expect(words(again.out)).toBe(words(whole.out));
    expect(again.err).toContain('note: taken from the earlier run: 1 of 3 input(s)\n');
    expect(whole.err).not.toContain('taken from the earlier run');
    rmSync(at('broken/a/overlay.png'));
    await audit(NAMES, 'broken', '--resume');
    expect(contents('broken')).toEqual(contents('whole'));
    // Without it everything is made anew.
    const second = made('broken', 'a');
    await audit(NAMES, 'broken');
    expect(made('broken', 'a')).toBeGreaterThan(second);
  }, 60_000);

  test('another option, model or picture makes a result anew; so does one that was interrupted', async () => {
    await audit(['a.png'], 'other');
    const anew = async (...more: string[]): Promise<boolean> => {
      const before = made('other', 'a');
      await audit(['a.png'], 'other', '--resume', ...more);
      return made('other', 'a') > before;
    };
    expect(await anew()).toBe(false);
    expect(await anew('--seed', '4')).toBe(true);
    expect(await anew('--seed', '4')).toBe(false);
    expect(await anew('--seed', '4', '--evidence-draws', '9')).toBe(true);
    expect(await anew('--seed', '4', '--evidence-draws', '9', '--mean', '0.1')).toBe(true);
    writeFileSync(at('a.png'), readFileSync(at('b.png')));
    expect(await anew('--seed', '4', '--evidence-draws', '9', '--mean', '0.1')).toBe(true);
    const document = at('other/a/audit.json');
    writeFileSync(document, readFileSync(document, 'utf8').replace('"stopped": "iterations"', '"stopped": "interrupted"'));
    expect(await anew('--seed', '4', '--evidence-draws', '9', '--mean', '0.1')).toBe(true);
  }, 60_000);
});
