// train and score on ids of tokens: the LAN reads the value where the mask lies, one value a token; what does not fit is one sentence.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { openModel } from '../../src/api/opened.js';
import { score } from '../../src/api/score.js';
import { train } from '../../src/api/train.js';
import { int64, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { openSession } from '../../src/engine/ort.js';
import { openExplainer } from '../../src/explain/explainer.js';
import { internals } from '../../src/api/opened.js';
import { bert } from '../nets/inside.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-ids-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Twelve texts of five ids; word 7 decides for class 1, and stands at a place of its own in every second one. */
const rows = Array.from({ length: 12 }, (_, n) => Array.from({ length: 5 }, (_, i) => (n % 2 === 1 && i === 1 + (n % 3) ? 7 : 8 + ((n + 3 * i) % 12)))); // prettier-ignore
const ids = int64(rows.flat(), [12, 5]);
function dataset(name: string, x: Tensor): string {
  mkdirSync(at(name));
  writeFileSync(at(`${name}/x.npy`), encodeNpy(x));
  writeFileSync(at(`${name}/labels.npy`), encodeNpy(int64(rows.map((_, n) => n % 2), [12]))); // prettier-ignore
  return at(`${name}/x.npy`);
}

const OPENING = { feeds: { attention_mask: 1, token_type_ids: 0 }, output: 'logits', threads: 1, trust: true } as const;

test('ids bind the length, are scored text by text, and train a LAN of one value a token', async () => {
  writeFileSync(at('bert.onnx'), bert());
  const data = dataset('ids', ids);
  const scored = await score(at('bert.onnx'), data, OPENING);
  expect([scored.count, scored.top1.accuracy]).toEqual([12, 1]);
  const settings = { lan: 'FC(mask, sigmoid)', iterations: 60, batch: 4, learningRate: 0.05, validation: 0, maskValues: 'soft' } as const; // prettier-ignore
  const trained = await train(at('bert.onnx'), data, { ...OPENING, ...settings, beta: 2 });
  expect(trained.settings.lan).toBe('FC(5, sigmoid)');
  // By the file alone and fused with the model: the same mask, for the same ids.
  const [first] = [int64(rows[1]!, [1, 5])];
  await using model = await openModel(at('bert.onnx'), { ...OPENING, sample: [1, 5] });
  const { x } = await internals(model).locate(first);
  await using explainer = await openExplainer(trained.lan!, internals(model));
  const mask = toFloat32(await explainer.explain(x));
  const fused = await openSession(trained.fused!, { threads: 1 });
  const ones = int64([1, 1, 1, 1, 1], [1, 5]);
  const out = await fused.run({ input_ids: first, attention_mask: ones, token_type_ids: int64([0, 0, 0, 0, 0], [1, 5]) }); // prettier-ignore
  toFloat32(out['mask']!).forEach((v, i) => expect(v).toBeCloseTo(mask[i]!, 5));
  const result = await audit(at('bert.onnx'), rows[1]!, { ...OPENING, lan: trained.lan!, noise: 'tokens', evidenceDraws: 16 });
  const given = result.betas[0]!.tokens!.map((t) => t.mask);
  given.forEach((v, i) => expect(v).toBeCloseTo(mask[i]!, 5));
}, 60_000);

test('ids that the model has no row for, and samples of another size, are one sentence', async () => {
  writeFileSync(at('bert.onnx'), bert());
  const strange = dataset('strange', int64(rows.flat().map((v) => v + 9), [12, 5])); // prettier-ignore
  await expect(score(at('bert.onnx'), strange, OPENING)).rejects.toThrow(/bert\.onnx: knows 20 ids, and the data has id 2\d\./);
  const options = { ...OPENING, shapes: { input_ids: [1, 4] } };
  await expect(score(at('bert.onnx'), dataset('five', ids), options)).rejects.toThrow(
    /bert\.onnx: takes samples of \[4\], the data has \[5\]\./,
  );
});
