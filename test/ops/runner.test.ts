// The runner of op cases itself: every family is run once, and a wrong gradient is caught whichever way it is wrong.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';
import { float32, int64, sizeOf, toNumbers } from '../../src/core/tensor.js';
import { createOrtEngine } from '../../src/engine/ort.js';
import { uniform, type OpCase } from './case.js';
import { expectDifferences } from '../../src/check/op-differences.js';
import { loadFamilies } from './families.js';
import { engines, runCase } from './runner.js';

test('every family is run by one test file', async () => {
  const run = readdirSync(new URL('./', import.meta.url))
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => {
      const call = /testFamilies\(([^)]*)\)/.exec(readFileSync(new URL(file, import.meta.url), 'utf8'));
      return call ? call[1]!.split(',').map((name) => name.trim().replaceAll("'", '')) : [];
    });
  expect(run.sort()).toEqual([...(await loadFamilies()).keys()].sort());
});

describe('differences', () => {
  const x = uniform([5, 7], 1, -1, 1);
  /** sum sin(x) c, in float64, and its gradient. */
  const c = toNumbers(uniform([5, 7], 2, -1, 1));
  const gradient = Float64Array.from(toNumbers(x), (v, i) => Math.cos(v) * c[i]!);
  const norm = Math.hypot(...gradient);
  const claimed = (g: Float64Array): Promise<void> =>
    expectDifferences({
      loss: ({ x: at }) => Promise.resolve(Array.from(toNumbers(at!)).reduce((sum, v, i) => sum + Math.sin(v) * c[i]!, 0)),
      feeds: { x },
      by: ['x'],
      gradient: g,
    });

  test('the gradient passes', async () => {
    await expect(claimed(gradient)).resolves.toBeUndefined();
  });

  test('a tenth too long is caught along the gradient', async () => {
    await expect(claimed(gradient.map((v) => 1.1 * v))).rejects.toThrow(/^central differences along the gradient give/);
  });

  test('a tenth of orthogonal error is caught in random directions, and hardly changes what is seen along the gradient', async () => {
    for (const draw of [3, 4, 5, 6, 7]) {
      const any = toNumbers(uniform([5, 7], draw, -1, 1));
      const along = Array.from(any).reduce((sum, v, i) => sum + v * gradient[i]!, 0) / norm ** 2;
      const orthogonal = Float64Array.from(any, (v, i) => v - along * gradient[i]!);
      const size = (0.1 * norm) / Math.hypot(...orthogonal);
      const wrong = gradient.map((v, i) => v + size * orthogonal[i]!);
      const seen = gradient.reduce((sum, v, i) => sum + v * wrong[i]!, 0) / Math.hypot(...wrong) ** 2;
      expect(Math.abs(seen - 1)).toBeLessThan(1e-2);
      await expect(claimed(wrong)).rejects.toThrow(/^central differences along random directions differ/);
    }
  });

  test('zeros where the loss changes are caught', async () => {
    await expect(claimed(new Float64Array(35))).rejects.toThrow(/^every gradient is 0/);
    const flat = { loss: () => Promise.resolve(1), feeds: { x: float32([1, 2]) }, by: ['x'], gradient: new Float64Array(2) };
    await expect(expectDifferences(flat)).resolves.toBeUndefined();
  });

  test('noise is taken off, but not where it could hide a tenth', async () => {
    // Seeded by the value, as rounding is.
    const noisy = (size: number): Promise<void> =>
      expectDifferences({
        loss: ({ x: at }) => {
          const sum = Array.from(toNumbers(at!)).reduce((s, v, i) => s + Math.sin(v) * c[i]!, 0);
          return Promise.resolve(sum + size * Math.sin(1e9 * sum));
        },
        feeds: { x },
        by: ['x'],
        gradient,
      });
    // A difference in a random direction is about 2 * 1e-2 * 0.58 * |g|.
    await expect(noisy(0.01 * 0.0115 * norm)).resolves.toBeUndefined();
    await expect(noisy(0.1 * 0.0115 * norm)).rejects.toThrow(/^central differences along/);
  });
});

describe('a rule that is broken', () => {
  const tanh = adapters.find((a) => a.op === 'Tanh')!;
  /** Tanh with a rule that adds to its gradient a tenth of it, turned by a right angle: each element takes its mirror image's, of one half with the other sign. */
  const broken = (part: number): OpAdapter => ({
    ...tanh,
    vjp: (context, attributes, g) => {
      if (typeof tanh.vjp !== 'function') throw new Error('Tanh has a rule');
      const [dx] = tanh.vjp(context, attributes, g);
      const { dims } = context.type(0);
      const n = sizeOf(dims);
      const flat = g.reshape(dx!, [n]);
      const mirrored = g.op('Gather', [flat, g.constant(int64(Array.from({ length: n }, (_, i) => n - 1 - i)))], { axis: 0 });
      const signs = Float32Array.from({ length: n }, (_, i) => part * Math.sign(n - 1 - 2 * i));
      return [g.reshape(g.add(flat, g.mul(mirrored, g.constant(float32(signs)))), dims)];
    },
  });
  const oneCase: OpCase = { name: 'Tanh', op: 'Tanh', opset: 13, inputs: [uniform([4, 6], 1)] };
  /** The case with its gradient in onnxruntime alone. */
  const run = (part: number): Promise<void> =>
    runCase(oneCase, { ort: createOrtEngine(adapters.map((a) => (a === tanh ? broken(part) : a)), { threads: 1 }), tf: {} }); // prettier-ignore

  test('passes while nothing is added', async () => {
    await expect(run(0)).resolves.toBeUndefined();
  });

  test('is caught in random directions: along the gradient a tenth is a hundredth', async () => {
    await expect(run(0.1)).rejects.toThrow(/^central differences along random directions differ/);
  });

  test('is caught against the other engine too', async () => {
    const ort = createOrtEngine(adapters.map((a) => (a === tanh ? broken(0.1) : a)), { threads: 1 }); // prettier-ignore
    // Whose turn it is first depends on the cases before.
    await expect(runCase(oneCase, { ...engines, ort })).rejects.toThrow(/^gradient of x0, tfjs (cpu|wasm) against onnx: differs/);
  });
});
