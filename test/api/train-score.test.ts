// train and score as library calls: from paths to results that write the files of the command line.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { score } from '../../src/api/score.js';
import { train } from '../../src/api/train.js';
import { toFloat32 } from '../../src/core/tensor.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { openModel } from '../../src/model/open.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-calls-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PICTURES = 'models/tank/pictures';
const bytesOf = (path: string): Buffer => readFileSync(path);

test('score: a path or an opened model and dataset, one result; its files are those of the command line', async () => {
  const notes: string[] = [];
  const result = await score('tank', PICTURES, { batch: 4, onNote: (n) => void notes.push(n) });
  expect([result.count, result.top1.correct]).toEqual([32, 32]);
  expect(notes.length).toBeGreaterThan(0);
  const [model, data] = [await openModel('tank'), await openDataset(PICTURES)];
  try {
    expect((await score(model, data, { batch: 4 })).predictions).toEqual(result.predictions);
    await expect(score(model, data, { threads: 1 })).rejects.toThrow('`threads` would be without effect');
  } finally {
    await Promise.all([model.dispose(), data.close()]);
  }
  await cli('score', 'tank', '--data', PICTURES, '--batch', '4', '--out', at('cli'));
  const files = await result.save(at('library'));
  expect(files.map((f) => f.slice(at('library').length + 1))).toEqual([
    'report.html',
    'score.json',
    'classes.csv',
    'confusion.csv',
    'predictions.csv',
  ]);
  for (const name of ['classes.csv', 'confusion.csv', 'predictions.csv'])
    expect([name, bytesOf(at(`library/${name}`)).equals(bytesOf(at(`cli/${name}`)))]).toEqual([name, true]);
  const written = JSON.parse(bytesOf(at('library/score.json')).toString()) as Record<string, unknown>;
  expect(JSON.parse(JSON.stringify(result))).toEqual(written);
  expect({ ...written, throughput: 0 }).toEqual({
    ...(JSON.parse(bytesOf(at('cli/score.json')).toString()) as object),
    throughput: 0,
  });
  expect(result.toCsv()).toBe(bytesOf(at('cli/classes.csv')).toString());
});

const FEW = { iterations: 4, batch: 2, validation: 0.25, seed: 3, threads: 1 } as const;

test('train: the bytes of the command line, interrupted and resumed as well; the explainer gives masks', async () => {
  const flags = ['--iterations', '4', '--batch', '2', '--validation', '0.25', '--seed', '3', '--threads', '1'];
  await cli('train', 'tank', '--data', PICTURES, '--out', at('cli.onnx'), ...flags);
  const trained = await train('tank', PICTURES, { ...FEW, out: at('own.onnx') });
  const files = await trained.save();
  expect(files).toEqual({ lan: at('own.onnx'), fused: at('own.fused.onnx'), report: at('own.report.html') });
  expect(
    readdirSync(folder)
      .filter((f) => f.startsWith('own'))
      .sort(),
  ).toEqual(
    readdirSync(folder)
      .filter((f) => f.startsWith('cli.'))
      .map((f) => f.replace('cli', 'own'))
      .sort(),
  );
  for (const ending of ['onnx', 'fused.onnx', 'metrics.jsonl'])
    expect([ending, bytesOf(at(`own.${ending}`)).equals(bytesOf(at(`cli.${ending}`)))]).toEqual([ending, true]);
  const document = trained.toJSON();
  expect(document).toMatchObject({ schema: 'lan-onnx/train@1', file: at('own.onnx'), steps: 4, resumedAt: 0 });
  expect(Object.keys(document.validation!)).toEqual(['validation_loss', 'validation_output_loss', 'validation_mask_mean']);

  const broken = await train('tank', PICTURES, { ...FEW, out: at('broken.onnx'), signal: AbortSignal.abort() });
  expect([broken.finished, broken.steps]).toEqual([false, 1]);
  await expect(broken.save()).rejects.toMatchObject({ code: 'interrupted' });
  // What the model is fed by decides the result as much as the settings do.
  const on = { ...FEW, out: at('broken.onnx'), resume: true };
  const problem = (what: string): unknown => expect.stringMatching(new RegExp(`is of another run: ${what} `));
  await expect(train('tank', PICTURES, { ...on, plugins: [{ name: 'mine' }] })).rejects.toMatchObject({ code: 'data', problem: problem('plugins') }); // prettier-ignore
  await expect(train('tank', PICTURES, { ...on, card: { input: { mean: [1, 2, 3] } } })).rejects.toMatchObject({ code: 'data', problem: problem('card') }); // prettier-ignore
  const resumed = await train('tank', PICTURES, on);
  expect([resumed.resumedAt, Buffer.from(resumed.lan!).equals(trained.lan!)]).toEqual([1, true]);

  const explained = await audit('tank', `${PICTURES}/tank/01.png`, { lan: trained.lan!, evidenceDraws: 4 });
  expect(explained.betas[0]!.learned.stopped).toBe('explainer');
  const { mask, order } = explained.betas[0]!.learned;
  expect(toFloat32(mask)).toHaveLength(64 * 64);
  // Trained with rounded masks, as is the default, it gives what is to be rounded.
  expect(Array.from(toFloat32(mask))).toEqual(Array.from(toFloat32(order!), (v) => (v > 0.5 ? 1 : 0)));
  await expect(audit('tank', `${PICTURES}/tank/01.png`, { lan: trained.lan!, beta: 1 })).rejects.toMatchObject({ code: 'usage' });
});

test.each([
  [{ validation: 1 }, /`validation`: expected a fraction/],
  [{ resume: true }, /`resume`: a checkpoint lies beside the explainer/],
  [{ limit: 1 }, /too few to train on/],
])('train refuses %j', (options, message) => expect(train('tank', PICTURES, options)).rejects.toThrow(message));
