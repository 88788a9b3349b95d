// Regressions: one number a row that is no class is explained as a value, kept within a tolerance, or refused with both ways out.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { exportGradient, exportStep } from '../../src/api/export.js';
import { score } from '../../src/api/score.js';
import { train } from '../../src/api/train.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { readWithin, valueAnswer } from '../../src/evidence/answer.js';
import { openModel } from '../../src/model/open.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-regression-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 40 x0 - 30 x1 of x [N,8], plus 7: [N,1], or [N]. */
function price(shape: 'column' | 'flat' | 'wide' = 'column'): Uint8Array {
  const g = new GraphBuilder();
  const columns = shape === 'wide' ? 2 : 1;
  const weights = new Float32Array(8 * columns);
  weights[0] = 40;
  weights[columns] = -30;
  const y = g.add(g.matMul(g.input('x', 'float32', ['N', 8]), g.constant(float32(weights, [8, columns]))), g.scalar(7));
  if (shape === 'flat') g.output(g.op('Squeeze', [y, g.ints([1])]), 'price', { type: 'float32', dims: ['N'] });
  else g.output(y, 'price', { type: 'float32', dims: ['N', columns] });
  return encodeModel(dialectModel(g.build()));
}

const X = [2, 1, 0.5, -1, 0.2, 0.7, 0, -0.4];
writeFileSync(at('price.onnx'), price());
writeFileSync(at('x.npy'), encodeNpy(float32(X)));
const REGRESSION = ['--task', 'regression', '--noise', 'uniform:-2,2', '--seed', '3'];

test('undeclared, it is refused with a sentence that names both ways out', async () => {
  const { code, err } = await cli('audit', at('price.onnx'), '--tensor', at('x.npy'), '--out', at('never'));
  expect([code, err]).toEqual([
    2,
    `lan-onnx: ${at('price.onnx')}: its output 'price' is one number a sample and does not end in a Sigmoid: the logit of a class, or a regression, which the file does not tell. ` +
      "Where it is a logit, say so: --output-kind 'logits', or two --labels (for no and for yes). Where it is a regression, audit explains it with --task regression.\n",
  ]);
});

describe.each(['column', 'flat'] as const)('an output of one number a row (%s)', (shape) => {
  test('predict gives the values, and their graph too', async () => {
    const model = await openModel(price(shape), { task: 'regression' });
    const x = float32([...X, ...X.map((v) => -v)], [2, 8]);
    const values = await model.predict(x);
    expect([model.classes, values.dims, Array.from(toFloat32(values))]).toEqual([1, [2, 1], [57, -43]]);
    const program = await model.engine.compile(await model.logProbabilities(2));
    expect(Array.from(toFloat32(Object.values(await program.run({ x }))[0]!))).toEqual([57, -43]);
    await Promise.all([program.dispose(), model.dispose()]);
  });

  test('a mask keeps what the value is made of', async () => {
    const result = await audit(price(shape), float32(X), {
      task: 'regression',
      noise: 'uniform:-2,2',
      within: '20%',
      threads: 1,
    });
    expect(result.answer).toEqual({
      task: 'value',
      value: 57,
      within: expect.closeTo(11.4, 6) as unknown as number,
      relative: 0.2,
    });
    expect(result.prediction).toEqual([]);
    const [found] = result.betas;
    const mask = toFloat32(found!.learned.mask);
    for (let i = 2; i < 8; i++) expect(mask[i]!).toBeGreaterThan(0.8);
    expect(Math.max(mask[0]!, mask[1]!)).toBeLessThan(0.3);
    const { soft, hard, noiseAlone } = found!.evidence;
    expect(soft.kept / soft.draws).toBeGreaterThan(0.9);
    expect([hard!.fraction, hard!.kept, hard!.rmse]).toEqual([0.75, 256, 0]);
    expect(noiseAlone.kept).toBeLessThan(60);
    expect(soft).not.toHaveProperty('kl');
  }, 30_000);
});

test('the command line: what kept means is said, and the tolerance that nobody chose', async () => {
  const { code, out } = await cli('audit', at('price.onnx'), '--tensor', at('x.npy'), ...REGRESSION, '--out', at('out'));
  expect(code).toBe(0);
  expect(out.split('\n')[0]).toBe(`${at('x.npy')}: 57`);
  expect(out).toMatch(
    /75 % of the input replaced entirely by noise: the value 57 was kept on 256 of 256 fresh draws \(95 % interval 0.99 to 1.00; root mean square error 0\)\n/,
  );
  expect(out).toContain('kept means: within 5.7 of 57 (10 % of it, since no tolerance was given)\n');
  expect(out).not.toContain('class 0');
  const document = JSON.parse(readFileSync(at('out/x/audit.json'), 'utf8')) as Record<string, unknown>;
  expect(document).toMatchObject({
    answer: { task: 'value', value: 57, relative: 0.1, byDefault: true },
    prediction: [],
    agreement: { maxValueDifference: 0 },
    settings: { outputLoss: 'squared-error', betas: [0.25] },
  });
  const absolute = await cli(
    'audit',
    at('price.onnx'),
    '--tensor',
    at('x.npy'),
    ...REGRESSION,
    '--within',
    '3',
    '--out',
    at('out'),
  );
  expect(absolute.out).toContain('kept means: within 3 of 57\n');
}, 30_000);

test('tolerances: absolute, relative, and what is none', () => {
  expect(readWithin(0.5)).toEqual({ absolute: 0.5 });
  expect(readWithin('5%')).toEqual({ relative: 0.05 });
  for (const wrong of [0, -1, NaN, '0%', '%', 'x'] as never[])
    expect(() => readWithin(wrong)).toThrow('`within`: expected a number above 0');
  expect(valueAnswer(float32([-8], [1, 1]), undefined)).toMatchObject({ value: -8, within: 0.8 });
  expect(() => valueAnswer(float32([0], [1, 1]), undefined)).toThrow(
    'value for this input is 0, of which 10 % is 0. Say as a number how far it may move: `within: 0.5`.',
  );
  expect(valueAnswer(float32([0], [1, 1]), 2).within).toBe(2);
  expect(() => valueAnswer(float32([NaN], [1, 1]), 2)).toThrow('value for this input is NaN');
});

test('what takes classes refuses a regression by name, and a regression what takes classes', async () => {
  writeFileSync(at('labels.npy'), encodeNpy({ type: 'uint8', dims: [40], data: new Uint8Array(40) }));
  writeFileSync(
    at('images.npy'),
    encodeNpy(
      float32(
        Array.from({ length: 320 }, (_, i) => X[i % 8]!),
        [40, 8],
      ),
    ),
  );
  const task = 'regression' as const;
  const refused = {
    code: 'unsupported',
    problem: expect.stringMatching(/its output is a value \(`task: 'regression'`, as was asked for\)\. A/) as unknown,
  };
  await expect(score(price(), at('images.npy'), { task })).rejects.toMatchObject(refused);
  await expect(train(price(), at('images.npy'), { task })).rejects.toMatchObject(refused);
  await expect(exportStep(price(), { task })).rejects.toMatchObject(refused);
  await expect(exportGradient(price(), { task })).rejects.toMatchObject({
    code: 'unsupported',
    problem: expect.stringContaining("`task: 'regression'`") as unknown,
  });
  const usage = (problem: string) => ({ code: 'usage', problem: expect.stringContaining(problem) as unknown });
  const x = float32(X);
  await expect(audit(price(), x, { within: 1 })).rejects.toMatchObject(usage('the answer of a classifier is a class'));
  await expect(audit(price(), x, { task, outputLoss: 'kl' })).rejects.toMatchObject(usage('a regression has none'));
  await expect(audit(price('wide'), x, { task })).rejects.toMatchObject(usage('[1,2] holds 2'));
  await expect(audit(price(), x, { task, card: { output: 'logits' } })).rejects.toMatchObject(usage('contradict each other'));
});
