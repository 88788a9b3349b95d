// startFrom: learning goes on from the mask of an earlier audit, and starts from scratch where that does not suit the input.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { encodeNpy } from '../../src/data/npy.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

const N = 24;
/** Two classes: are the first four of 24 numbers near one, all of them? */
const model = ((): Uint8Array => {
  const g = new GraphBuilder('sum');
  const x = g.input('x', 'float32', ['N', N]);
  const w = new Float32Array(2 * N);
  for (let i = 0; i < 4; i++) w.set([-6, 6], 2 * i);
  const sums = g.add(g.matMul(x, g.constant(float32(w, [N, 2]))), g.constant(float32([18, -18], [1, 2])));
  g.output(g.op('Softmax', [sums], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 2] });
  return encodeModel(dialectModel(g.build()));
})();
const x = float32(new Float32Array(N).fill(1), [1, N]);
writeFileSync(at('x.npy'), encodeNpy(x));
const OPTIONS = { noise: 'uniform:-1,1', evidenceDraws: 16, threads: 1, trust: true } as const;
const maskOf = (needed: (i: number) => boolean) => float32(Float32Array.from({ length: N }, (_, i) => (needed(i) ? 0 : 1)), [1, N]); // prettier-ignore

test("an earlier audit's order, by its file, its folder or as a Tensor, gives the mask in fewer steps", async () => {
  const first = await audit(model, at('x.npy'), OPTIONS);
  await first.save(at('out', 'x'));
  const again = await audit(model, at('x.npy'), { ...OPTIONS, seed: 1, startFrom: at('out') });
  const [before, after] = [first.betas[0]!, again.betas[0]!];
  expect(after.learned.history.length).toBeLessThan(0.6 * before.learned.history.length);
  expect(toFloat32(after.learned.mask)).toEqual(toFloat32(before.learned.mask));
  expect(again.notes).toContain(`learning went on from '${at('out', 'x', 'order.npy')}', in half the steps`);
  const byFile = await audit(model, at('x.npy'), { ...OPTIONS, seed: 1, startFrom: at('out', 'x', 'order.npy') });
  expect(byFile.toJSON().run).toBe(again.toJSON().run);
  expect(toFloat32(byFile.betas[0]!.learned.order!)).toEqual(toFloat32(after.learned.order!));
  // What it went on from decides the result.
  const without = await audit(model, at('x.npy'), { ...OPTIONS, seed: 1 });
  expect(without.toJSON().run).not.toBe(again.toJSON().run);
});

test('a mask that does not suit the input is left, and said so; so is a folder that has nothing for it', async () => {
  const wrong = maskOf((i) => i >= 20);
  const result = await audit(model, x, { ...OPTIONS, iterations: 70, startFrom: wrong });
  const scratch = await audit(model, x, { ...OPTIONS, iterations: 70 });
  expect(result.notes).toContain('the mask that was given does not suit this input: from there no mask came to rest, and it was learned from scratch'); // prettier-ignore
  expect(toFloat32(result.betas[0]!.learned.order!)).toEqual(toFloat32(scratch.betas[0]!.learned.order!));
  mkdirSync(at('empty'));
  const none = await audit(model, x, { ...OPTIONS, iterations: 2, startFrom: at('empty') });
  expect(none.notes).toContain(`the mask is learned from scratch: '${at('empty')}' has nothing for 'input'`);
});

test.each([
  [{ startFrom: float32(new Float32Array(3), [1, 3]) }, 'The mask to start from has the shape [1,3], and what is learned one of [1,24].'],
  [{ startFrom: float32(new Float32Array(N).fill(2), [1, N]) }, '`startFrom`: the mask that was given holds 2; the values of a mask lie in [0,1].'],
  [{ startFrom: x, beta: 'auto' as const }, "`startFrom` says where learning a mask starts, which `beta: 'auto'` does not do."],
  [{ startFrom: x, maskValues: 'soft' as const }, "`startFrom` says where learning a mask starts, which `maskValues: 'soft'` does not do."],
  [{ startFrom: x, method: 'gradient' as const }, '`startFrom` says where learning a mask starts, which `method` does not do.'],
  // Whatever the folder holds.
  [{ startFrom: folder, method: 'gradient' as const }, '`startFrom` says where learning a mask starts, which `method` does not do.'],
  [{ startFrom: at('missing.npy') }, "missing.npy': cannot be read (no such file or folder)."],
])('%#: refused in so many words', async (options, message) => {
  await expect(audit(model, x, { ...OPTIONS, ...options })).rejects.toThrow(message);
}); // prettier-ignore
