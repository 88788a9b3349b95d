// audit --method: another method's order as the mask, measured in the same way; what it leaves no room for.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit, createAuditor } from '../../src/api/audit.js';
import { defineMethod } from '../../src/attribution/method.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import type { AuditDocument } from '../../src/report/audit-files.js';
import { cli } from '../support/command.js';
import { bright, card, model, step } from '../support/half.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-method-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const quick = { evidenceDraws: 16, trust: true, card } as const;

test('the mask is what the hard claim replaces, its order lies beside it, and the document names the method', async () => {
  const result = await audit(model(), bright, { ...quick, method: 'gradcam' });
  const [only] = result.betas;
  const { mask, order } = only!.learned;
  const { hard } = only!.evidence;
  const ones = toFloat32(mask).filter((v) => v === 1).length;
  expect([mask.dims, ones / 64, toFloat32(mask).every((v) => v === 0 || v === 1)]).toEqual([[1, 1, 8, 8], hard!.fraction, true]);
  // The right half is replaced before the left one.
  toFloat32(order!).forEach((v, i) => expect(v > 0.5).toBe(i % 8 >= 4));
  expect(only!.claims.join('\n')).toMatch(/of the input replaced entirely by noise: the answer 'bright' was kept/);
  const json = result.toJSON();
  expect(json.method).toEqual({ name: 'gradcam', title: 'Grad-CAM', reference: 'Selvaraju et al., 2017' });
  expect(json.betas[0]).toMatchObject({ beta: 0, stopped: 'method', steps: 0, passes: { forward: 1, backward: 1 }, details: { size: '8x8' } }); // prettier-ignore
  expect(json.settings).toEqual({ maskShape: 'pixel', seed: 0, budget: undefined, noise: 'uniform:0,1', betas: [0] });
  await result.save(join(folder, 'one'));
  expect(readdirSync(join(folder, 'one')).sort()).toEqual(['attention.png', 'audit.json', 'mask.npy', 'order.npy', 'overlay.png', 'report.html', 'sheet.png', 'sheet.svg']); // prettier-ignore
});

test('where no fraction holds the mask replaces nothing', async () => {
  const worst = defineMethod<object>({
    name: 'worst',
    title: 'Worst',
    reference: '',
    needs: 'nothing',
    defaults: {},
    // The right half, which does not count.
    explain: (run) => Promise.resolve(run.result(Float32Array.from({ length: 64 }, (_, i) => (i % 8) + i / 100))),
  });
  const constant = { ...quick, noise: 'constant:0' };
  const { betas } = await audit(model(), bright, { ...constant, method: worst });
  expect([betas[0]!.evidence.hard?.fraction, Math.max(...toFloat32(betas[0]!.learned.mask))]).toEqual([undefined, 0]);
});

test('options of learning, an explainer and names that do not exist have no place beside a method', async () => {
  const run = (options: Parameters<typeof audit>[2]) => audit(model(), bright, { ...quick, ...options });
  await expect(run({ method: 'gradcam', beta: 3, iterations: 5 })).rejects.toThrow(
    'Grad-CAM learns no mask of this kind, so `beta`, `iterations` would be without effect. Leave them out, or `method`.',
  );
  await expect(run({ method: 'rise', preset: 'paper' })).rejects.toThrow("RISE learns no mask of this kind, so `preset: 'paper'` would be without effect. Leave it out, or `method`."); // prettier-ignore
  await expect(run({ method: 'ig', lan: 'x.onnx' })).rejects.toThrow('`method` and `lan` contradict each other');
  await expect(run({ method: 'shap' as 'lime' })).rejects.toThrow("`method`: no method is called 'shap'. Expected one of lan, gradient,"); // prettier-ignore
  await expect(audit(step(), float32([1, 0], [2]), { trust: true, method: 'ig' })).rejects.toThrow(/no gradient of its answer reaches the input \(Sign/); // prettier-ignore
});

test('the whole battery asks the method again: Grad-CAM has no chance in it, and a random order is found out', async () => {
  const of = async (method: 'gradcam' | 'random') =>
    (await audit(model(), bright, { ...quick, method, sanity: true })).betas[0]!.sanity.tests;
  const [cam, chance] = [await of('gradcam'), await of('random')];
  const seed = (tests: typeof cam) => tests.find((t) => t.name === 'seed')!;
  expect([seed(cam).verdict, seed(chance).verdict]).toEqual(['pass', 'fail']);
  expect(seed(cam).figures['spearman']).toBeCloseTo(1);
  expect(seed(chance).finding).toMatch(/^with another seed: .*the map is chance/);
  expect(cam.some((t) => t.name.startsWith('weights'))).toBe(true);
});

test('many inputs by one auditor, and on the command line, which resumes for the same method alone', async () => {
  const path = join(folder, 'half.onnx');
  writeFileSync(path, model());
  writeFileSync(join(folder, 'half.card.json'), JSON.stringify(card));
  const dim = float32(toFloat32(bright).map((v) => v / 9), [3, 8, 8]); // prettier-ignore
  const inputs = [join(folder, 'bright.npy'), join(folder, 'dim.npy')];
  [bright, dim].forEach((x, i) => writeFileSync(inputs[i]!, encodeNpy(x)));
  const auditor = await createAuditor(model(), { ...quick, method: 'inputxgradient' });
  const answers = [await auditor.audit(bright), await auditor.audit(dim)].map((r) => r.answer);
  await auditor.dispose();
  expect(answers).toMatchObject([{ label: 'bright' }, { label: 'dark' }]);
  const out = join(folder, 'out');
  const run = (...more: string[]) => cli('audit', path, '--tensor', ...inputs, '--out', out, '--evidence-draws', '8', '--trust', ...more); // prettier-ignore
  const first = await run('--method', 'inputxgradient');
  expect([first.code, first.out]).toEqual([
    0,
    expect.stringMatching(/ {2}Input x gradient: (.|\n)*found in \d\.\d s by 1 \+ 1 passes/),
  ]);
  const document = (): AuditDocument => JSON.parse(readFileSync(join(out, 'bright', 'audit.json'), 'utf8')) as AuditDocument;
  const { run: by } = document();
  expect((await run('--method', 'inputxgradient', '--resume')).code).toBe(0);
  expect(document().run).toBe(by);
  expect((await run('--method', 'occlusion', '--resume')).code).toBe(0);
  expect([document().method!.name, document().run === by]).toEqual(['occlusion', false]);
  const refused = await run('--method', 'gradcam', '--mask-grid', '4');
  expect([refused.code, refused.err]).toEqual([2, 'lan-onnx: Grad-CAM learns no mask of this kind, so --mask-grid would be without effect. Leave it out, or --method.\n']); // prettier-ignore
  const rollout = await run('--method', 'rollout');
  expect([rollout.code, rollout.err]).toEqual([2, expect.stringMatching(/has no attention between tokens/)]);
  const wrong = await run('--method', 'shap');
  expect(wrong.err).toMatch(/lan-onnx: --method: no method is called 'shap'\. Expected one of lan, gradient, /);
});
