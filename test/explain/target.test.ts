// A class that was asked about: when it counts as kept, what its mask needs, and that every output names it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { exportStep } from '../../src/api/export.js';
import { train } from '../../src/api/train.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { answerOf, judgeTarget } from '../../src/evidence/answer.js';
import { targetOf } from '../../src/explain/target.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';
import { refusal } from '../support/refusal.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-target-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const row = (...values: number[]): Tensor => float32(values, [1, values.length]);

test('kept is where it leads, whether or not it does so in the input', () => {
  const p = row(0.6, 0.3, 0.1);
  const kept = (question: { target: number; against?: number }, several = false) => {
    const judge = judgeTarget(question, p, several);
    return (...q: number[]): boolean => judge.kept(Float32Array.from(q));
  };
  // Of all classes the most probable one: 0.4 is enough where it is the most.
  expect([kept({ target: 0 })(0.4, 0.35, 0.25), kept({ target: 0 })(0.45, 0.5, 0.05)]).toEqual([true, false]);
  const other = kept({ target: 1 });
  expect([other(0.6, 0.3, 0.1), other(0.3, 0.4, 0.3), other(0.4, 0.4, 0.2)]).toEqual([false, true, false]);
  // A pair: the sign of the log-odds, wherever the third class is.
  const pair = kept({ target: 1, against: 2 });
  expect([pair(0.97, 0.02, 0.01), pair(0.2, 0.39, 0.41), pair(0.98, 0.01, 0.01)]).toEqual([true, false, false]);
  // Labels: given or not, each by itself.
  expect([kept({ target: 0 }, true)(0.5, 0.9, 0.9), kept({ target: 0 }, true)(0.49, 0, 0)]).toEqual([true, false]);
  // KL of yes and no.
  const binary = (a: number, b: number): number => a * Math.log(a / b) + (1 - a) * Math.log((1 - a) / (1 - b));
  expect(judgeTarget({ target: 1 }, p, false).divergence(Float32Array.of(0.1, 0.8, 0.1))).toBeCloseTo(binary(0.3, 0.8), 6);
  expect(judgeTarget({ target: 1, against: 0 }, p, false).divergence(Float32Array.of(0.2, 0.2, 0.6))).toBeCloseTo(binary(1 / 3, 0.5), 6); // prettier-ignore
  // Noise can leave neither of the two any probability, of which the mean over draws must not become NaN.
  expect(judgeTarget({ target: 1, against: 0 }, p, false).divergence(Float32Array.of(0, 0, 1))).toBeCloseTo(binary(1 / 3, 0.5), 6); // prettier-ignore
});

test('the answer to a question, and what its mask is learned for', () => {
  const p = row(0.5, 0.25, 0.25);
  const answer = answerOf(p, ['a', 'b', 'c'], false, { target: 1, against: 0 });
  expect(answer).toEqual({ task: 'target', index: 1, label: 'b', against: { index: 0, label: 'a' }, probability: expect.closeTo(1 / 3, 6), leads: false }); // prettier-ignore
  expect(Array.from(toFloat32(targetOf(answer, p, 0.9)))).toEqual([expect.closeTo(0.9, 6), expect.closeTo(0.1, 6)]);
  expect(Array.from(toFloat32(targetOf(answer, p, 0)))).toEqual([expect.closeTo(1 / 3, 6), expect.closeTo(2 / 3, 6)]);
  expect(answerOf(p, [], false, { target: 0 })).toMatchObject({ label: 'class 0', probability: 0.5, leads: true });
  expect(() => answerOf(row(1, 0, 0), ['a', 'b', 'c'], false, { target: 1, against: 2 })).toThrow(
    "The model gives neither 'b' nor 'c' any probability",
  );
});

/** softmax of three classes: the sum of features 0 to 3, of 4 to 7, and 0; features 8 to 11 count for nothing. */
const model = at('three.onnx');
{
  const w = new Float32Array(36);
  for (let i = 0; i < 8; i++) w[i * 3 + (i < 4 ? 0 : 1)] = 1;
  const g = new GraphBuilder();
  const z = g.matMul(g.input('x', 'float32', ['N', 12]), g.constant(float32(w, [12, 3])));
  g.output(g.op('Softmax', [z], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 3] });
  writeFileSync(model, encodeModel(dialectModel(g.build())));
  writeFileSync(at('labels.txt'), 'cat\ndog\nnone\n');
  writeFileSync(at('three.card.json'), JSON.stringify({ labels: 'labels.txt' }));
}
/** Cat leads, 5 to 4. */
const x = row(...Array<number>(4).fill(1.25), ...Array<number>(4).fill(1), ...Array<number>(4).fill(1));
const OPTIONS = { noise: 'uniform:-1,1', iterations: 200, learningRate: 0.1, draws: 16, seed: 3, threads: 1, trust: true, evidenceDraws: 64 }; // prettier-ignore
const mean = (values: Float32Array, from: number): number => values.slice(from, from + 4).reduce((a, b) => a + b, 0) / 4;
const maskFor = async (more: object): Promise<number[]> => {
  const { betas } = await audit(model, x, { ...OPTIONS, beta: 0.5, ...more });
  const mask = toFloat32(betas[0]!.learned.mask);
  return [mean(mask, 0), mean(mask, 4), mean(mask, 8)];
};

test('why dog, where the answer is cat: what makes a dog is needed, what makes a cat is not', async () => {
  const [cat, dog, none] = await maskFor({ target: 'dog' });
  expect([dog! < 0.3, cat! > 0.9, none! > 0.9]).toEqual([true, true, true]);
  const [own, other] = await maskFor({ target: 0 });
  expect([own! < 0.5, other! > 0.9]).toEqual([true, true]);
  const against = await maskFor({ target: 'dog', against: 'none' });
  // What makes a cat has no part in the log-odds of dog and none.
  expect([against[1]! < 0.5, against[0]! > 0.9]).toEqual([true, true]);
}, 30_000);

test('every output names what was asked', async () => {
  writeFileSync(at('x.npy'), encodeNpy(x));
  const quick = ['--iterations', '20', '--draws', '4', '--evidence-draws', '8', '--threads', '1', '--trust'];
  const run = (...argv: string[]) => cli('audit', model, '--tensor', at('x.npy'), ...quick, ...argv);
  const dog = await run('--target', 'dog', '--out', at('dog'));
  expect(dog.code).toBe(0);
  expect(dog.out).toMatch(/'dog', which was asked about, was the answer on \d+ of \d+ fresh draws/);
  expect(dog.out).toContain("    in the input 'dog' has probability 0.2676, and is not the answer\n");
  const document = JSON.parse(readFileSync(at('dog/x/audit.json'), 'utf8')) as { answer: object; run: string };
  expect(document.answer).toEqual({ task: 'target', index: 1, label: 'dog', probability: expect.closeTo(0.2676, 4), leads: false }); // prettier-ignore
  const pair = await run('--target', 'cat', '--against', 'dog', '--json', '--out', at('pair'));
  const { answer, betas, run: other } = JSON.parse(pair.out) as { answer: object; run: string; betas: { beta: number; claims: string[] }[] }; // prettier-ignore
  expect(answer).toMatchObject({ task: 'target', label: 'cat', against: { index: 1, label: 'dog' }, leads: true });
  expect(betas[0]!.claims.join()).toContain("'cat', which was asked about, was ahead of 'dog' on ");
  expect(betas[0]!.claims.join()).toContain("in the input 'cat' has 0.7311 of the probability of the two, and is ahead of 'dog'");
  // Of two classes: 1.5 ln 2.
  expect(betas[0]!.beta).toBe(1);
  expect(other).not.toBe(document.run);
  // A finished result of one question is not taken for another.
  const again = await run('--target', 'none', '--resume', '--out', at('dog'));
  expect(again.out).toContain("'none', which was asked about");
  expect(await run('--target', 'dgo', '--out', at('nothing'))).toMatchObject({
    code: 2,
    err: "lan-onnx: --target: no class is called 'dgo'.\n",
  });
  expect((await run('--target', 'o', '--out', at('nothing'))).err).toContain(
    "lan-onnx: --target: 'o' is part of the names of 2 classes: 'dog' (1), 'none' (2).",
  );
});

test('export-step and train take a question; an explainer answers the one that it was trained for', async () => {
  const { inputs, settings } = await exportStep(model, { target: 'dog', against: 'cat', draws: 2, threads: 1, trust: true });
  expect(inputs.find((i) => i.name === 'target')).toMatchObject({
    shape: [1, 2],
    meaning: expect.stringContaining("'dog' against 'cat'") as unknown,
  });
  expect(settings).toMatchObject({ target: 1, against: 0 });
  writeFileSync(
    at('images.npy'),
    encodeNpy(
      float32(
        Float32Array.from({ length: 240 }, (_, i) => ((i * 7) % 11) / 5 - 1),
        [20, 12],
      ),
    ),
  );
  const options = { iterations: 5, batch: 4, target: 'dog', threads: 1, trust: true };
  const { lan, settings: trained } = await train(model, at('images.npy'), options);
  expect(trained).toMatchObject({ target: 1 });
  const { iterations: _i, learningRate: _r, draws: _d, ...measured } = OPTIONS;
  const own = await audit(model, x, { ...measured, lan, evidenceDraws: 4 });
  expect(own.answer).toMatchObject({ task: 'target', label: 'dog' });
  expect(await refusal(audit(model, x, { ...measured, lan, target: 'cat' }))).toBe(
    '`lan`: this explainer was trained for class 1, and its masks say nothing about another question. Leave `target` and `against` out, or train one with them.',
  );
}, 30_000);
