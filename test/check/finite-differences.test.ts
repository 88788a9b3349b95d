// Central differences find what is wrong in a gradient, whatever direction the error has, and take no noise for an error.
import { describe, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { check } from '../../src/check/check.js';
import { finiteDifferenceErrors } from '../../src/check/finite-differences.js';
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
