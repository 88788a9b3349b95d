// compare and diff on texts and rows: the features are tokens and columns, with their names.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { compare } from '../../src/api/compare.js';
import { diff } from '../../src/api/diff.js';
import { float32 } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { bert } from '../nets/inside.js';
import { tokenizerJson } from '../nets/tokenizer.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-named-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Two classes, of which the second wins by `slopes` of three numbers. */
function linear(name: string, slopes: readonly number[]): string {
  const g = new GraphBuilder();
  const weights = Float32Array.from(slopes.flatMap((w) => [-w, w]));
  const z = g.matMul(g.input('x', 'float32', ['N', 3]), g.constant(float32(weights, [3, 2])));
  g.output(g.op('Softmax', [z], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 2] });
  writeFileSync(at(name), encodeModel(dialectModel(g.build())));
  return at(name);
}

beforeAll(() => {
  mkdirSync(at('bert'));
  writeFileSync(at('bert/model.onnx'), bert());
  writeFileSync(at('bert/tokenizer.json'), JSON.stringify(tokenizerJson()));
  writeFileSync(at('rows.csv'), 'age,height,weight\n1,2,3\n4,0,1\n2,1,0\n');
});

const TOGETHER = { threads: 1, trust: true, evidenceDraws: 16, output: 'logits' } as const;

test('KernelSHAP of a text has the Shapley value of each token: features are tokens, however many a text has', async () => {
  const result = await compare(at('bert'), { text: 'a good film this was' }, { ...TOGETHER, methods: ['kernelshap', 'occlusion', 'ig'] }); // prettier-ignore
  for (const { title, found } of result.methods) {
    expect([title, found?.need.dims]).toEqual([title, [1, 7, 1]]);
    expect([title, found?.needed![0]]).toEqual([title, { index: 2, name: "'good' at 2" }]);
  }
  const shap = result.methods[0]!.found!;
  // All coalitions of seven tokens, each once; their values add up to what the input has over the baseline.
  expect([shap.details['parts'], shap.passes.forward]).toEqual([7, 2 ** 7]);
  const sum = (shap.need.data as Float32Array).reduce((a, b) => a + b, 0);
  expect(sum).toBeCloseTo(Number(shap.details['difference']), 4);
  const { methods } = JSON.parse(JSON.stringify(result.toJSON())) as { methods: { needed: { name: string }[] }[] };
  expect(methods[0]!.needed[0]!.name).toBe("'good' at 2");
});

test('the command compares texts of several lengths, and rows of a table by the names of its columns', async () => {
  const flags = ['--methods', 'kernelshap,occlusion', '--threads', '1', '--trust', '--evidence-draws', '16'];
  const texts = await cli('compare', at('bert'), '--text', 'a good film', 'good', '--output', 'logits', ...flags, '--out', at('texts')); // prettier-ignore
  expect([texts.code, texts.out.match(/most needed, KernelSHAP: 'good' at \d/g)]).toEqual([0, ["most needed, KernelSHAP: 'good' at 2", "most needed, KernelSHAP: 'good' at 1"]]); // prettier-ignore
  expect(readFileSync(at('texts/text 1/report.html'), 'utf8')).toContain('needed most');
  const model = linear('m.onnx', [0, 5, 1]);
  const rows = await cli('compare', model, '--csv', at('rows.csv'), '--row', '1', ...flags, '--out', at('rows'));
  expect([rows.code, rows.out.includes('most needed, KernelSHAP: height = 2, weight = 3, age = 1\n')]).toEqual([0, true]);
  const none = await cli('compare', model, ...flags);
  expect([none.code, none.err]).toEqual([2, 'lan-onnx: compare: give at least one --image, --tensor, --text, --file or --csv.\n']); // prettier-ignore
  const lost = await cli('diff', model, model, '--row', '1');
  expect([lost.code, lost.err]).toEqual([2, 'lan-onnx: diff: --row is about a table. Give --csv.\n']);
});

test('diff on a row names the column to which attention moved, and refuses texts that the models cut into other tokens', async () => {
  const [a, b] = [linear('a.onnx', [0, 5, 0]), linear('b.onnx', [0, 0, 5])];
  const options = { threads: 1, trust: true, iterations: 20, draws: 4, evidenceDraws: 4 } as const;
  const moved = await diff(a, b, [{ csv: at('rows.csv'), row: 1 }], options);
  expect(moved.findings[0]!.input).toBe(`${at('rows.csv')}, row 1`);
  expect(moved.findings[0]!.verdict).toMatch(/the attention moved by more .*: more at weight = 3, less at height = 2$/);
  // Another tokenizer makes other elements: places would mean nothing.
  mkdirSync(at('other'));
  writeFileSync(at('other/model.onnx'), bert());
  writeFileSync(at('other/tokenizer.json'), JSON.stringify({ ...tokenizerJson(), normalizer: null }));
  await expect(diff(at('bert'), at('other'), [{ text: 'GOOD film' }], { ...options, output: 'logits' })).rejects.toThrow(
    /do not see the same elements, 4 \('\[CLS\]' at 0, 'good' at 1, .*\) and 4 \('\[CLS\]' at 0, '\[UNK\]' at 1/,
  );
}, 120_000);
