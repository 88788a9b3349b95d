// Central differences find what is wrong in a gradient, whatever direction the error has, and take no noise for an error.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { check } from '../../src/check/check.js';
import { finiteDifferenceErrors, type FiniteDifference } from '../../src/check/finite-differences.js';
import { TOLERANCES } from '../../src/check/tolerances.js';
import { random } from '../../src/core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const normal = (draw: number, ...dims: number[]) => random(3, 5).normal(new Float32Array(sizeOf(dims)), draw);

describe('f = sum of sin(x) / 2 + w x, in float64 rounded to float32', () => {
  const n = 400;
  const w = normal(0, n);
  const x = float32(normal(1, n), [n]);
  const f = ({ x: at }: Record<string, Tensor>) =>
    Promise.resolve(Math.fround(toFloat32(at!).reduce((sum, v, i) => sum + Math.sin(v) / 2 + w[i]! * v, 0)));
  const exact = ({ x: at }: Record<string, Tensor>) => toFloat32(at!).map((v, i) => Math.cos(v) / 2 + w[i]!);
  const scale = Math.sqrt(n);
  const errorOf = async (change: (g: Float32Array) => Float32Array): Promise<number> => {
    const gradient = (at: Record<string, Tensor>): Record<string, Tensor> => ({ x: float32(change(exact(at)), [n]) });
    const claim = { gradients: gradient({ x }), at: (at: Record<string, Tensor>) => Promise.resolve(gradient(at)) };
    const [found] = await finiteDifferenceErrors({ f, feeds: { x }, scale }, [claim]);
    expect(found!.conclusive).toBe(true);
    return found!.error;
  };
  const e = normal(2, n);

  test('the right gradient passes', async () => expect(await errorOf((g) => g)).toBeLessThan(TOLERANCES.finiteDifference / 4));

  test('an error of 10 % that is orthogonal to the gradient does not', async () => {
    const orthogonal = (g: Float32Array): Float32Array => {
      const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
      const across = e.map((v, i) => v - (dot(e, g) / dot(g, g)) * g[i]!);
      const size = (0.1 * Math.sqrt(dot(g, g))) / Math.sqrt(dot(across, across));
      return g.map((v, i) => v + size * across[i]!);
    };
    expect(await errorOf(orthogonal)).toBeGreaterThan(TOLERANCES.finiteDifference);
  });

  test('nor does one of 5 % along it', async () =>
    expect(await errorOf((g) => g.map((v) => 1.05 * v))).toBeGreaterThan(TOLERANCES.finiteDifference));
});

describe('check with a rule that swaps a part of the gradient between neighbours', () => {
  const g = new GraphBuilder();
  const h = g.op('Sigmoid', [g.input('x', 'float32', [1, 16])]);
  g.append('MatMul', [h, g.constant(float32(normal(4, 16, 6), [16, 6]))], ['y']);
  g.output('y');
  const model = encodeModel(dialectModel(g.build()));
  const sound = adapters.find((a) => a.op === 'Sigmoid' && !a.domain)!;
  const vjp = sound.vjp as Exclude<typeof sound.vjp, { none: string } | { todo: string } | undefined>;
  /** The gradient v, turned by 10 %: v + 0.1 (v1, -v0, v3, -v2, ...), which is orthogonal to v and as long as a tenth of it. */
  const turned = {
    ...sound,
    vjp: ((cotangents, attributes, b) => {
      const [dx] = vjp(cotangents, attributes, b);
      const turn = new Float32Array(256);
      for (let i = 0; i < 16; i++) turn[i * 16 + (i ^ 1)] = i % 2 === 0 ? -0.1 : 0.1;
      return [b.add(dx!, b.op('MatMul', [dx!, b.constant(float32(turn, [16, 16]))]))];
    }) as typeof vjp,
  };

  test('one engine alone finds it and names the op', async () => {
    const options = { engine: 'onnxruntime', shapes: {} } as const;
    expect((await check(model, options)).agrees).toBe(true);
    const { agrees, gradients, blame } = await check(model, { ...options, adapters: [...adapters, turned] });
    expect([agrees, gradients[0]!.ok, blame?.op]).toEqual([false, false, 'Sigmoid']);
  });
});

// Where a path crosses many bends, so few points as serve elsewhere said with certainty that some of these gradients were wrong.
test('bends that lie densely are no error, and hide none', async () => {
  const [n, units, near] = [16, 200, 0.03];
  let found = 0;
  for (let seed = 0; seed < 24; seed++) {
    const draw = (k: number, count: number) => random(seed, 5).normal(new Float32Array(count), k);
    const [v, b, s] = [draw(0, units * n), draw(1, units), draw(2, units)];
    const x = float32(draw(3, n), [n]);
    const product = (at: Float32Array, k: number): number => at.reduce((sum, a, i) => sum + v[k * n + i]! * a, 0);
    const bias = b.map((by, k) => near * by - product(toFloat32(x), k));
    const inside = (at: Float32Array): number[] => Array.from(bias, (by, k) => by + product(at, k));
    const f = ({ x: at }: Record<string, Tensor>) =>
      Promise.resolve(Math.fround(inside(toFloat32(at!)).reduce((sum, u, k) => sum + s[k]! * Math.max(0, u), 0)));
    const claimOf = (wrong: number) => {
      const at = ({ x: where }: Record<string, Tensor>) => {
        const g = new Float32Array(n);
        inside(toFloat32(where!)).forEach((u, k) => u > 0 && g.forEach((_, i) => (g[i]! += s[k]! * v[k * n + i]!)));
        return {
          x: float32(
            g.map((value, i) => (i % 2 ? value : wrong * value)),
            [n],
          ),
        };
      };
      return { gradients: at({ x }), at: (where: Record<string, Tensor>) => Promise.resolve(at(where)) };
    };
    const judged = async (wrong: number): Promise<boolean> => {
      const [{ conclusive, error }] = (await finiteDifferenceErrors({ f, feeds: { x }, scale: Math.sqrt(units) }, [
        claimOf(wrong),
      ])) as [FiniteDifference];
      return conclusive && error > TOLERANCES.finiteDifference;
    };
    expect([seed, await judged(1)]).toEqual([seed, false]);
    if (await judged(1.1)) found++;
  }
  expect(found).toBeGreaterThanOrEqual(22);
});
