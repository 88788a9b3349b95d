// Options that would change nothing beside another one are refused by the library, where only it knows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit, createAuditor } from '../../src/api/audit.js';
import type { AuditOptions } from '../../src/api/audit-options.js';
import { compare, type CompareOptions } from '../../src/api/compare.js';
import { positionMap } from '../../src/api/position-map.js';
import { float32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encoded } from '../support/encoded.js';
import { bright, card, model } from '../support/half.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-without-effect-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const quick = { evidenceDraws: 8, threads: 1, trust: true, card } as const;
const EXPLAINER = 'An explainer gives its mask at once, as it was trained, so ';

test.each<[AuditOptions, string]>([
  [{ lan: 'x', iterations: 9 }, `${EXPLAINER}\`iterations\` would be without effect. Leave it out, or \`lan\`.`],
  [{ lan: 'x', draws: 2, maskShape: 'full' }, `${EXPLAINER}\`draws\`, \`maskShape\` would be without effect. Leave them out, or \`lan\`.`], // prettier-ignore
  [{ lan: 'x', preset: 'paper' }, `${EXPLAINER}\`preset: 'paper'\` would be without effect.`],
  [{ lan: 'x', sanity: true, draws: 2, maskShape: 'full' }, `${EXPLAINER}\`maskShape\` would be without effect.`],
  [{ lan: 'x', find: 'delete', keep: 0.2 }, `${EXPLAINER}\`keep\` would be without effect.`],
  [{ method: 'random', find: 'delete', keep: 0.2 }, 'Random learns no mask of this kind, so `keep` would be without effect.'],
  [{ find: 'delete', sharpen: 0 }, '`sharpen` makes an unsure answer sure before it is kept; what changes the answer is looked for'], // prettier-ignore
  [{ engine: 'forward', maskGrids: [4] }, "`maskGrids` is without effect with `engine: 'forward'`"],
  [{ engine: 'forward', patience: 5 }, "`patience` is without effect with `engine: 'forward'`"],
  [{ engine: 'forward', maskValues: 'binary', outputLoss: 'squared-error' }, "`outputLoss: 'squared-error'` is without effect with `engine: 'forward'`"], // prettier-ignore
])('audit %j', async (options, words) => {
  await expect(audit(model(), bright, { ...quick, ...options })).rejects.toThrow(words);
});

test.each<AuditOptions>([
  // What the claim is to hold, and the masks that the battery learns, are not the explainer's.
  { lan: 'no-such-explainer.onnx', keep: 0.9 },
  { lan: 'no-such-explainer.onnx', sanity: true, draws: 2 },
])('audit %j is not refused for it', async (options) => {
  await expect(createAuditor(model(), { ...quick, ...options })).rejects.toThrow('no-such-explainer.onnx');
});

test('how often the answer is to be kept decides how much the claim of another method replaces', async () => {
  const share = async (keep: number): Promise<number> => {
    const { betas } = await audit(model(), bright, { ...quick, evidenceDraws: 64, method: 'centre', keep });
    return betas[0]!.evidence.hard!.fraction;
  };
  expect(await share(0.5)).toBeGreaterThan(await share(0.99));
});

test.each<[CompareOptions, string]>([
  [{ methods: ['gradcam'], iterations: 9 }, "None of the methods that are compared learns a mask by Eq. 4, so `iterations` would be without effect. Leave it out, or add 'lan' to `methods`."], // prettier-ignore
  [{ methods: ['gradcam', 'rise'], beta: 2, preset: 'paper' }, "so `beta`, `preset: 'paper'` would be without effect."],
  [{ methods: ['lan'], within: 2 }, '`within` says by how much a value may move, and the answer of a classifier is a class.'],
])('compare %j', async (options, words) => {
  await expect(compare(model(), bright, { ...quick, ...options })).rejects.toThrow(words);
});

test('a value is kept as it is, so that there is nothing to sharpen', async () => {
  const g = new GraphBuilder();
  g.output(g.matMul(g.input('x', 'float32', ['N', 2]), g.constant(float32([1, 2], [2, 1]))), 'y');
  const options = { threads: 1, trust: true, task: 'regression', sharpen: 0.5 } as const;
  await expect(audit(encoded(g), float32([1, 1], [2]), options)).rejects.toThrow('`sharpen` makes an unsure answer sure before it is kept; a value is kept as it is. Leave `sharpen` out.'); // prettier-ignore
});

test('words beside a table, whose columns have names, and a split of pictures', async () => {
  const g = new GraphBuilder();
  g.output(g.op('Softmax', [g.matMul(g.input('x', 'float32', ['N', 2]), g.constant(float32([1, 2, 3, 4], [2, 2])))]), 'y');
  writeFileSync(join(folder, 't.csv'), 'a,b\n1,2\n3,4\n');
  const row = { csv: join(folder, 't.csv'), row: 1 };
  await expect(audit(encoded(g), row, { threads: 1, trust: true, vocabulary: ['u', 'v'] })).rejects.toThrow('`vocabulary`: the columns of a table have names of their own. Leave `vocabulary` out.'); // prettier-ignore
  writeFileSync(join(folder, 'p.png'), await encodePng(new Uint8Array(192), 8, 8));
  await expect(positionMap(model(), join(folder, 'p.png'), { card, trust: true, split: 'test' })).rejects.toThrow('`split` is about a dataset, and `objects` are pictures. Leave `split` out.'); // prettier-ignore
});
