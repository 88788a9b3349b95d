// Classifiers of scikit-learn as skl2onnx writes them: read, checked and explained, labels and maps left aside.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { check } from '../../src/check/check.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { encodeModel } from '../../src/onnx/codec.js';

import { cli as run } from '../support/command.js';
import { forest, logisticRegression, ML, naiveBayes, network, sample, scaledRegression, supportVectors } from './sklearn.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-sklearn-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const SMOOTH = { logisticRegression, scaledRegression, supportVectors, network, naiveBayes };
const STRINGS = "output 'output_label' is left out: it holds strings";
const MAP = "output 'output_probability' is a map, which JavaScript cannot receive; the numbers that it is made of stand for it";

describe.each(Object.entries(SMOOTH))('%s', (_name, build) => {
  test.each([
    ['strings', [STRINGS, MAP], ['output_probability']],
    ['whole numbers', [MAP], ['output_label', 'output_probability']],
  ] as const)('labels that are %s: outputs, every value and gradients agree', async (labels, notes, outputs) => {
    const result = await check(encodeModel(build({ labels })), { samples: 2, nodes: true });
    expect(result.agrees).toBe(true);
    expect(result.notes).toEqual(notes);
    expect(result.outputs.map((o) => o.output)).toEqual([...outputs, ...outputs]);
    expect(result.gradients.length).toBe(3);
  });

  test('its scores are probabilities, of any batch, without a map too', async () => {
    for (const map of [true, false]) {
      const model = await openModel(encodeModel(build({ labels: 'whole numbers', map })));
      expect(model.outputKind).toBe('probabilities');
      expect(model.classes).toBe(3);
      const rows = [0, 1, 2, 3, 4].map((i) => toFloat32(sample(i)));
      const p = await model.predict(float32(Float32Array.from(rows.flatMap((r) => [...r])), [5, 4]));
      expect(p.dims).toEqual([5, 3]);
      for (const [i] of rows.entries()) expect((p.data as Float32Array).slice(3 * i, 3 * i + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 4); // prettier-ignore
      await model.dispose();
    }
  });

  test('inspect finds a gradient all the way', async () => {
    const result = await inspect(encodeModel(build({ labels: 'strings' })));
    expect(result.problems).toEqual([]);
    expect(result.notes).toEqual([STRINGS, MAP]);
    const rows = result.ops.filter((o) => o.op.startsWith(ML) && o.onnxruntimeGradient !== '-');
    for (const row of rows) expect(row.onnxruntimeGradient).toBe('yes');
  });
});

test('all transforms of a linear classifier that are probabilities', async () => {
  for (const post of ['SOFTMAX', 'LOGISTIC']) {
    const result = await check(encodeModel(logisticRegression({ labels: 'strings' }, post)), { samples: 1 });
    expect(result.agrees).toBe(true);
  }
});

test('an op that feeds labels alone is no reason to refuse, whatever it is', async () => {
  const model = logisticRegression({ labels: 'whole numbers' });
  // As an encoder of labels at the end of a pipeline.
  const nodes = model.graph.nodes.map((n) =>
    n.outputs[0] === 'output_label'
      ? {
          ...n,
          op: 'MurmurHash3',
          domain: 'com.microsoft',
          attributes: {},
        }
      : n,
  );
  const opsets = new Map([...model.opsets, ['com.microsoft', 1]]);
  const outputs = model.graph.outputs.map((o) => (o.name === 'output_label' ? { ...o, type: 'uint32' as const } : o));
  const bytes = encodeModel({ ...model, opsets, graph: { ...model.graph, nodes, outputs } });
  const result = await check(bytes, { samples: 1 });
  expect(result.agrees).toBe(true);
  expect(result.notes).toEqual(["output 'output_label' (uint32) is left out: what feeds it alone is not supported", MAP]);
});

test('audit --tensor finds the features that a pipeline needed', async () => {
  const path = at('pipeline.onnx');
  writeFileSync(path, encodeModel(scaledRegression({ labels: 'strings' })));
  writeFileSync(at('flower.npy'), encodeNpy(float32(toFloat32(sample(1)), [4])));
  const { code, out, err } = await run('audit', path, '--tensor', at('flower.npy'), '--out', at('out'), '--iterations', '60', '--beta', '1.5'); // prettier-ignore
  expect(err).toContain(STRINGS);
  expect(code).toBe(0);
  expect(out).toMatch(/setosa|versicolor|virginica/);
  const json = JSON.parse(readFileSync(at('out/flower/audit.json'), 'utf8')) as { betas: { steps: number }[] };
  expect(json.betas).toHaveLength(1);
});

describe('a forest', () => {
  const bytes = encodeModel(forest({ labels: 'strings' }));

  test('is run by both engines, and its gradient is said to be none', async () => {
    const result = await check(bytes, { samples: 3 });
    expect(result.agrees).toBe(true);
    expect(result.outputs.map((o) => o.engine)).toEqual(['onnxruntime', 'tfjs (wasm)']);
    expect(result.gradients).toEqual([]);
    expect(result.notes.at(-1)).toMatch(
      /^gradients not checked, there are none: ai\.onnx\.ml\.TreeEnsembleRegressor '.*': a tree is constant between its thresholds, so its gradient is zero$/,
    );
    const { ops } = await inspect(bytes);
    expect(ops.find((o) => o.op.endsWith('TreeEnsembleClassifier'))).toMatchObject({
      tfjsForward: 'yes',
      onnxruntimeGradient: 'none: a tree is constant between its thresholds, so its gradient is zero',
    });
  });

  test('is refused by audit, with a way out', async () => {
    const path = at('forest.onnx');
    writeFileSync(path, bytes);
    writeFileSync(at('flower.npy'), encodeNpy(float32(toFloat32(sample(1)), [4])));
    const { code, err } = await run('audit', path, '--tensor', at('flower.npy'), '--out', at('refused'));
    expect(code).toBe(2);
    expect(err).toContain('no gradient reaches the input, so no mask can be learned by descent:\n');
    expect(err).toContain('a tree is constant between its thresholds, so its gradient is zero');
    expect(err).toContain("An audit with --engine forward learns the mask from the model's answers alone.");
  });
});
