// An engine that may be faster is tried beside the known one: taken where it computes the same in less time, else left, and left again where it fails later.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { LanError } from '../../src/core/errors.js';
import { float32 } from '../../src/core/tensor.js';
import type { Descent, Engine } from '../../src/engine/engine.js';
import { accelerated } from '../../src/engine/faster.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

const real = createOrtEngine(adapters, { threads: 1 });
const feeds = { x: float32(Float32Array.of(0.5, 2, -1.5)) };
const START = { p: Float32Array.of(1, -2, 3) };

/** loss = sum((p x)^2) / 2. */
const g = new GraphBuilder('square');
const r = g.mul(g.input('p', 'float32', [3]), g.input('x', 'float32', [3]));
g.output(g.mul(g.reduceSum(g.mul(r, r), [0], false), g.scalar(0.5)), 'loss');
const graph = await specialize(g.build(), {}, probe, adapters);
const PARAMETERS = [{ name: 'p', dims: [3] }];

/** onnxruntime, whose descents `alter` changes; counts those that are open. */
let open = 0;
const engine = (backend: string, alter: (descent: Descent) => Partial<Descent> = () => ({})): Engine => ({
  ...real,
  info: { ...real.info, backend },
  async descend(...asked) {
    const descent = await real.descend(...asked);
    open++;
    const dispose = async (): Promise<void> => {
      open--;
      await descent.dispose();
    };
    return { ...descent, ...alter(descent), dispose };
  },
});
const delayed = (time: number) => (descent: Descent) => ({
  step: async (...asked: Parameters<Descent['step']>) => (await sleep(time), descent.step(...asked)),
});

let told: string[];
let trials: number;
beforeEach(() => {
  [told, trials, open] = [[], 0, 0];
});
const choosing = (own: Engine, other: Engine, patience = 5000): Engine =>
  accelerated(own, { engine: other, name: 'GPU', instead: 'CPU', patience, onTrial: () => trials++ }, (note) => told.push(note));
const start = async (on: Engine): Promise<Descent> => {
  const descent = await on.descend(graph, 'loss', PARAMETERS, ['loss']);
  descent.reset(START);
  return descent;
};
/** Parameters after three steps. */
async function after(descent: Descent, steps = 3): Promise<number[]> {
  for (let i = 0; i < steps; i++) await descent.step(feeds, 0.1);
  return [...descent.get('p')];
}

test('what computes the same in less time is taken, from the very first step', async () => {
  const chosen = choosing(engine('cpu', delayed(20)), engine('gpu'));
  expect(chosen.info.backend).toBe('cpu');
  const descent = await start(chosen);
  const found = await after(descent);
  expect(found).toEqual(await after(await start(real)));
  expect([descent.save().steps, trials, chosen.info.backend]).toEqual([3, 1, 'gpu']);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^learned on GPU: [\d.]+ ms a step, where CPU takes \d+ ms; its first gradient is 0 % off$/);
  await descent.dispose();
  expect(open).toBe(0);
});

test.each([
  ['slower', engine('gpu', delayed(60)), /^learned on CPU: GPU computes the same, but takes \d+ ms a step, and CPU [\d.]+ ms$/],
  [
    'another loss',
    engine('gpu', (d) => ({ step: (_, rate) => d.step({ x: float32(Float32Array.of(0.5, 2, 1.6)) }, rate) })),
    /^learned on CPU: GPU computes another loss: 7.6 % off, where 0.1 % is allowed$/,
  ],
  [
    'a gradient of another sign',
    engine('gpu', (d) => ({
      save: () => {
        const { steps, tensors } = d.save();
        for (const [name, { data }] of Object.entries(tensors)) if (name.startsWith('m:')) (data as Float32Array)[1]! *= -1;
        return { steps, tensors };
      },
    })),
    /^learned on CPU: GPU computes another gradient: 1[0-9]+ % off, where 1 % is allowed$/,
  ],
  [
    'no number',
    engine('gpu', (d) => ({
      step: async (...asked) => ({ ...(await d.step(...asked)), loss: float32(Float32Array.of(NaN), []) }),
    })),
    /^learned on CPU: GPU computes another loss: without end off, where 0.1 % is allowed$/,
  ],
  [
    'no adapter',
    engine('gpu', () => ({ restore: () => { throw new LanError('install', 'there is no adapter'); } })), // prettier-ignore
    /^learned on CPU: there is no adapter\.?$/,
  ],
] as const)('what is %s is left, in words, and not tried again', async (_, other, said) => {
  const chosen = choosing(engine('cpu'), other);
  for (let i = 0; i < 2; i++) {
    const descent = await start(chosen);
    expect(await after(descent)).toEqual(await after(await start(real)));
    await descent.dispose();
  }
  await sleep(0);
  expect([trials, told.length, chosen.info.backend, open]).toEqual([1, 1, 'cpu', 0]);
  expect(told[0]).toMatch(said);
});

test('what takes too long is not waited for, and let go of once it has ended', async () => {
  const descent = await start(choosing(engine('cpu'), engine('gpu', delayed(150)), 50));
  expect(await after(descent)).toEqual(await after(await start(real)));
  expect(told).toEqual(['learned on CPU: GPU took longer than 0.05 s for a first look']);
  await descent.dispose();
  // It is still at its step.
  expect(open).toBe(1);
  await sleep(150);
  expect(open).toBe(0);
});

test('where it fails later, the known one goes on from the same place', async () => {
  let steps = 0;
  const failing = engine('gpu', (d) => ({
    step: (...asked) => (steps++ < 6 ? d.step(...asked) : Promise.reject(new LanError('runtime', 'device lost'))),
  }));
  const chosen = choosing(engine('cpu', delayed(20)), failing);
  const descent = await start(chosen);
  expect(await after(descent)).toEqual(await after(await start(real)));
  expect(told[1]).toBe('learned on CPU: GPU failed after 2 steps, which it had been taken for (device lost)');
  expect([descent.save().steps, chosen.info.backend]).toEqual([3, 'cpu']);
  await descent.dispose();
  expect(open).toBe(0);
});
