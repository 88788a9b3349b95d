// compare: methods beside LAN with the same evidence, refusals by name, files.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { compare, createComparer } from '../../src/api/compare.js';
import { defineMethod } from '../../src/attribution/method.js';
import { methods } from '../../src/attribution/methods.js';
import { METHODS } from '../../src/attribution/names.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { decodeNpy } from '../../src/data/npy.js';
import { answerWeights, baselineOf, claimedMask, maskOfOrder } from '../../src/explain/attributed.js';
import { createNoise } from '../../src/lan/noise.js';
import { bright, card, model, step } from '../support/half.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-compare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `plain` where no mask is learned, for which options of learning are refused. */
const plain = { evidenceDraws: 16, trust: true } as const;
const quick = { ...plain, iterations: 20, draws: 2 } as const;

test('the list of methods and the list of their names are the same', () => {
  expect(methods.map((m) => m.name)).toEqual([...METHODS]);
});

test('every method that is allowed finds the half that counts, random and centre do not; refusals are listed, files written', async () => {
  const notes: string[] = [];
  const result = await compare(model(), bright, { ...quick, card, onPhase: (phase) => notes.push(phase) });
  const of = (name: string) => result.methods.find((m) => m.name === name)!;
  expect(result.answer).toEqual({ task: 'class', index: 1, label: 'bright' });
  expect(of('rollout').refused).toMatch(/has no attention between tokens/);
  const left = (name: string): number => {
    const { need } = of(name).found!;
    expect(need.dims).toEqual([1, 1, 8, 8]);
    const order = Array.from(toFloat32(need).entries()).sort((a, b) => b[1] - a[1]);
    return order.slice(0, 32).filter(([i]) => i % 8 < 4).length;
  };
  for (const name of METHODS) {
    // An even picture is what it is, however much it is blurred.
    if (['rollout', 'random', 'centre', 'vargrad', 'meaningful', 'extremal'].includes(name)) continue;
    expect([name, left(name) >= (name === 'rise' ? 26 : 30)]).toEqual([name, true]);
  }
  expect([left('random') < 24, left('centre')]).toEqual([true, 16]);
  // A linear model has one gradient everywhere: VarGrad is right to find no variance.
  expect(Math.max(...toFloat32(of('vargrad').found!.need))).toBeLessThan(1e-6);
  expect(of('gradcam').found!.details).toMatchObject({ score: 'logit', size: '8x8' });
  expect(of('lan').found!.passes).toEqual({ forward: 40, backward: 40 });
  expect(notes[0]).toMatch(/^learning the mask/);
  const names = (await result.save(join(folder, 'all'))).map((f) => f.slice(join(folder, 'all').length + 1));
  expect(names.slice(-4)).toEqual(['sheet.png', 'sheet.svg', 'report.html', 'compare.json']);
  expect(readdirSync(join(folder, 'all'))).toHaveLength(METHODS.length + 5);
  expect(decodeNpy(readFileSync(join(folder, 'all/need-gradient.npy')), '').dims).toEqual([1, 1, 8, 8]);
  const json = JSON.parse(readFileSync(join(folder, 'all/compare.json'), 'utf8')) as { schema: string; methods: { name: string; hardTried: unknown[] }[]; noiseAlone: { draws: number } }; // prettier-ignore
  expect([json.schema, json.noiseAlone.draws]).toEqual(['lan-onnx/compare@1', 16]);
  // Every fraction is tried for everybody alike, LAN's binary mask included.
  expect(new Set(json.methods.filter((m) => m.name !== 'rollout').map((m) => m.hardTried.length)).size).toBe(1);
  const csv = readFileSync(join(folder, 'all/table.csv'), 'utf8').trim().split('\n');
  expect(csv).toHaveLength(METHODS.length + 2);
  // Refused ones come last.
  expect(csv.at(-1)).toMatch(/^rollout,,,/);
});

test('one comparer compiles once for many inputs, and gives what compare gives', async () => {
  const options = { ...quick, methods: ['lan', 'ig', 'gradcam'] } as const;
  await using comparer = await createComparer(model(), { ...options, card });
  const dim = float32(toFloat32(bright).map((v) => 0.2 * v), [3, 8, 8]); // prettier-ignore
  const [first, second] = [await comparer.compare(bright), await comparer.compare(dim)];
  const alone = await compare(model(), dim, { ...options, card });
  expect(first.answer).toMatchObject({ label: 'bright' });
  for (const [i, { found }] of second.methods.entries())
    expect(Array.from(toFloat32(found!.need))).toEqual(Array.from(toFloat32(alone.methods[i]!.found!.need)));
  expect(second.noiseAlone).toEqual(alone.noiseAlone);
});

test('where no gradient passes, methods of gradients are refused with the reason, and those of outputs go on', async () => {
  const { rows } = await compare(step(), float32([1, 0], [2]), { ...quick, methods: ['lan', 'ig', 'gradcam', 'kernelshap'] });
  expect(rows.map((r) => r.name)).toEqual(['kernelshap', 'lan', 'ig', 'gradcam']);
  expect(rows[1]!.refused).toMatch(/no gradient reaches the input, so no mask can be learned by descent: Sign .*\.$/);
  expect(rows[2]!.refused).toMatch(
    /no gradient of its answer reaches the input \(Sign .* Take a method that only asks for outputs/,
  );
  expect(rows[3]!.refused).toMatch(/no value between its input and its output is a map of the input/);
  await expect(compare(step(), float32([1, 0], [2]), { ...plain, methods: ['ig', 'gradient'] })).rejects.toThrow(
    /^None of 2 methods can explain this input:\n {2}- Integrated gradients: .*\n {2}- Gradient: /,
  );
});

test('an impossible budget, and methods that do not exist, are one sentence each', async () => {
  const run = (options: Parameters<typeof compare>[2]) => compare(model(), bright, { ...quick, card, ...options });
  await expect(run({ budget: 0 })).rejects.toThrow('`budget`: expected a time above 0, received 0 s.');
  await expect(run({ methods: ['gradient', 'gradient'] })).rejects.toThrow("`methods`: 'gradient' is given twice.");
  await expect(run({ methods: [] })).rejects.toThrow('`methods`: give at least one.');
  await expect(run({ methods: ['shap'] })).rejects.toThrow(
    "`methods`: no method is called 'shap'. Expected some of lan, gradient,",
  );
  const { rows } = await run({ methods: ['lan', 'gradient', 'random'], budget: 1e-9 });
  expect(rows[0]!.name).toBe('random');
  expect(rows.slice(1).map((r) => r.refused)).toEqual([
    expect.stringMatching(/^`budget`: 1e-9 s are shorter than two steps of learning a mask/),
    expect.stringMatching(/^`budget`: 1e-9 s are shorter than the one pass that Gradient/),
  ]);
});

test('a method of your own takes part like any other', async () => {
  const brightness = defineMethod<{ readonly sign: number }>({
    name: 'brightness',
    title: 'Brightness',
    reference: 'none',
    needs: 'nothing',
    defaults: { sign: 1 },
    explain: (run, { sign }) => Promise.resolve(run.result(run.fold(run.x, 'mean').map((v) => sign * v))),
  });
  const { methods: all } = await compare(model(), bright, { ...plain, card, methods: [brightness, 'centre'] });
  expect(all.map((m) => m.title)).toEqual(['Brightness', 'Centre']);
  for (const v of toFloat32(all[0]!.found!.need)) expect(v).toBeCloseTo(0.9, 5);
});

test('a question is asked of every method: the class that is not answered turns signs round', async () => {
  const of = async (target: string): Promise<Float32Array> => {
    const { methods: all } = await compare(model(), bright, { ...plain, card, target, methods: ['ig'] });
    return toFloat32(all[0]!.found!.need);
  };
  const [yes, no] = [await of('bright'), await of('dark')];
  yes.forEach((v, i) => expect(v + no[i]!).toBeCloseTo(0, 4));
});

test('weights of an answer: a class, a contrast, labels, the absence of all labels, a value', () => {
  const named = (index: number) => ({ index, label: '' });
  const weights = (answer: Parameters<typeof answerWeights>[0], scores: number, labels = 0) =>
    Array.from(answerWeights(answer, scores, labels));
  expect(weights({ task: 'class', ...named(1) }, 3)).toEqual([0, 1, 0]);
  expect(weights({ task: 'target', ...named(0), against: named(2), probability: 1, leads: true }, 3)).toEqual([1, 0, -1]);
  expect(weights({ task: 'labels', labels: [named(0), named(1)] }, 6, 3)).toEqual([1, 1, 0, 0, 0, 0]);
  expect(weights({ task: 'labels', labels: [] }, 6, 3)).toEqual([0, 0, 0, 1, 1, 1]);
  expect(weights({ task: 'value', value: 2, within: 1 }, 1)).toEqual([1]);
});

test('the baseline is what noise is on the average, and a mask of an order is even', () => {
  const x = float32(new Float32Array(3 * 64).fill(0.2), [1, 3, 8, 8]);
  const grey = baselineOf(createNoise('uniform', { x, low: 0, high: 1 }), x, [1, 1, 8, 8], 0);
  for (const v of toFloat32(grey)) expect(Math.abs(v - 0.5)).toBeLessThan(0.02);
  const black = baselineOf(createNoise('constant:0', { x, low: 0, high: 1 }), x, [1, 1, 8, 8], 0);
  expect(new Set(toFloat32(black))).toEqual(new Set([0]));
  const order = maskOfOrder(float32([5, -1, 5], [1, 3]));
  expect(Array.from(toFloat32(order))).toEqual([0.25, 1, 0.25]);
  // The claim's mask replaces the least needed, of equals the first, as the claim itself does.
  const replaced = (fraction?: number): number[] => Array.from(toFloat32(claimedMask(order, fraction).mask));
  expect([replaced(), replaced(1 / 3), replaced(2 / 3)]).toEqual([[0, 0, 0], [0, 1, 0], [1, 1, 0]]); // prettier-ignore
});

test('the command prints one table and the refusals, and JSON where asked', async () => {
  const path = join(folder, 'half.onnx');
  writeFileSync(path, model());
  writeFileSync(join(folder, 'half.card.json'), JSON.stringify(card));
  const { encodeNpy } = await import('../../src/data/npy.js');
  writeFileSync(join(folder, 'x.npy'), encodeNpy(bright));
  const args = [
    'compare',
    path,
    '--tensor',
    join(folder, 'x.npy'),
    '--out',
    join(folder, 'out'),
    '--evidence-draws',
    '8',
    '--trust',
  ];
  const { code, out } = await cli(...args, '--methods', 'gradcam,rollout', 'centre');
  expect(code).toBe(0);
  expect(out).toMatch(/x\.npy: bright 0\.99\d, dark 0\.00\d/);
  expect(out).toMatch(/│ Grad-CAM +│ \d+ %: \d of 8 \(0\.\d\d to \d\.\d\d\) +│ 0\.\d{3} \(/);
  expect(out).toMatch(/\n {2}refused: Attention rollout: .*has no attention/);
  const json = await cli(...args, '--methods', 'gradient', '--json');
  expect((JSON.parse(json.out) as { methods: { name: string }[] }).methods.map((m) => m.name)).toEqual(['gradient']);
  expect(await cli('compare', path)).toMatchObject({
    code: 2,
    err: 'lan-onnx: compare: give at least one --image, --tensor, --text, --file or --csv.\n',
  });
  const wrong = await cli(...args, '--methods', 'shap');
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringMatching(/^lan-onnx: --methods: no method is called 'shap'\. Expected some of lan, gradient, .*\.\n$/),
  ]);
});
