// Appendix F in miniature: the table of pictures, what each mask proves, and what has to be said of a network wherever it is shown.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { reproduce } from '../../src/api/reproduce.js';
import { LanError } from '../../src/core/errors.js';
import { packageFile } from '../../src/core/version.js';
import { sha256 } from '../../src/data/files.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'imagenet-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tank = packageFile('models', 'tank', 'tank.onnx')!;
const photos = ['05', '07'].map((n) => packageFile('models', 'tank', 'pictures', 'tank', `${n}.png`)!);
const REMARK = 'it learned the weather';

/** The experiment with few steps, and a remark on the tanks' classifier. */
function miniature(name: string, masks: object = {}): string {
  const config = JSON.parse(readFileSync(packageFile('models', 'imagenet', 'experiment.json')!, 'utf8')) as Record<
    string,
    object
  >;
  Object.assign(config['masks']!, { iterations: 6, evidenceDraws: 16, ...masks });
  Object.assign(config['data']!, { remarks: { [sha256(readFileSync(tank))]: REMARK } });
  writeFileSync(at(name), JSON.stringify(config));
  return at(name);
}

test('every photo has a mask for every beta, and the remark stands wherever the network does', async () => {
  const { code, out } = await cli('reproduce', miniature('a.json'), '--model', tank, '--images', ...photos, '--out', at('a'));
  expect(out.split('\n')[0]).toBe(`Photos and a trained network (Appendix F): tank.onnx (${REMARK})`);
  const rows = readFileSync(at('a', 'masks.csv'), 'utf8').trim().split('\n').slice(1);
  expect(rows.map((row) => row.split(',').slice(0, 4).join())).toEqual(
    ['05', '07'].flatMap((photo) => [1.5, 3, 5].map((beta) => expect.stringMatching(new RegExp(`^${photo},tank,.*,${beta}$`)))), // prettier-ignore
  );
  const { metrics, verdicts, title } = JSON.parse(readFileSync(at('a', 'metrics.json'), 'utf8')) as { metrics: Record<string, number>; verdicts: { holds: boolean }[]; title: string }; // prettier-ignore
  expect([metrics['photos'], title.includes(REMARK), existsSync(at('a', 'masks.png'))]).toEqual([2, true, true]);
  // A mean over masks is the mean of their rows.
  const means = rows.map((row) => row.split(',')).filter((row) => row[3] === '3').map((row) => Number(row[4])); // prettier-ignore
  expect(metrics['mask_mean_beta_3']).toBeCloseTo((means[0]! + means[1]!) / 2, 3);
  expect(code).toBe(verdicts.every((v) => v.holds) ? 0 : 1);
  expect(readFileSync(at('a', 'summary.md'), 'utf8')).toContain(REMARK);
});

test('the same again gives the same bytes, with logits of single elements too', async () => {
  const config = miniature('b.json', { grids: false, betas: '2' });
  for (const run of ['b', 'c']) await cli('reproduce', config, '--model', tank, '--images', photos[0]!, '--threads', '1', '--out', at(run)); // prettier-ignore
  for (const file of ['masks.png', 'masks.svg', 'masks.csv', 'metrics.json']) expect([file, Buffer.compare(readFileSync(at('b', file)), readFileSync(at('c', file)))]).toEqual([file, 0]); // prettier-ignore
});

test('a run that was broken off goes on with the next photo, and gives the bytes of one that was not', async () => {
  const config = miniature('d.json', { betas: '2', iterations: 2 });
  const paths = photos;
  const run = async (out: string, stopAt?: string): Promise<string[]> => {
    const control = new AbortController();
    const phases: string[] = [];
    const onPhase = (phase: string): void => {
      phases.push(phase);
      if (stopAt !== undefined && phase.startsWith(stopAt)) control.abort();
    };
    await reproduce(config, { model: tank, images: paths, threads: 1, out, onPhase, signal: control.signal }).catch((error: unknown) => {
      if (!(error instanceof LanError && error.code === 'interrupted')) throw error;
    }); // prettier-ignore
    return readFileSync(join(out, 'masks.journal.jsonl'), 'utf8').trim().split('\n').slice(1);
  };
  const first = await run(at('off'), 'photo 2');
  expect([first.length, existsSync(at('off', 'masks.csv'))]).toEqual([1, false]);
  const all = await run(at('off'));
  // The first photo's line, its seconds included, is as it was: nothing was learned again.
  expect([all.length, all[0]]).toEqual([2, first[0]]);
  await run(at('through'));
  for (const file of ['masks.png', 'masks.csv', 'metrics.json']) expect([file, Buffer.compare(readFileSync(at('off', file)), readFileSync(at('through', file)))]).toEqual([file, 0]); // prettier-ignore
  // Other settings do not take up these masks.
  const other = await cli('reproduce', miniature('e.json', { betas: '2' }), '--model', tank, '--images', ...photos, '--out', at('off')); // prettier-ignore
  expect(other.err).toMatch(/Journal '.*': belongs to a run of other settings: settings was /);
});

test('a mask that replaces as much as before is not one that replaces more', async () => {
  await cli('reproduce', miniature('same.json', { betas: '3 3' }), '--model', tank, '--images', photos[0]!, '--out', at('same'));
  const { verdicts } = JSON.parse(readFileSync(at('same', 'metrics.json'), 'utf8')) as { verdicts: object[] };
  expect(verdicts[0]).toMatchObject({ value: 0, holds: false });
});

test('what is missing, and what is without effect, is said', async () => {
  const said = async (...argv: string[]): Promise<string> => (await cli('reproduce', ...argv, '--out', at('none'))).err;
  expect(await said('imagenet', '--model', tank)).toBe('lan-onnx: This experiment explains a network that you bring on photos that you bring. Name them with --model and --images.\n'); // prettier-ignore
  copyFileSync(tank, at('bare.onnx'));
  expect(await said('imagenet', '--model', at('bare.onnx'), '--images', photos[0]!)).toContain('nobody says how pictures go in, and a guess would be in every figure. Say it with --card, or put a card beside the model.'); // prettier-ignore
  expect(await said('tank', '--model', tank)).toBe('lan-onnx: --model is without effect here: this experiment has its own. Leave it out.\n'); // prettier-ignore
  expect(await said('imagenet', '--model', tank, '--images', at('gone'))).toContain('gone');
});
