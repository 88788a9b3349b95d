// F and A as adversaries: both losses by hand, and an F that is told to look at one of two numbers that say the same.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { random } from '../../src/core/random.js';
import { float32, scalar, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { createOrtEngine, probe } from '../../src/engine/ort.js';
import { adversaryGraph, trainAdversaries, type Contested } from '../../src/lan/adversary.js';
import { createExplainer } from '../../src/lan/amortised.js';
import { createNetwork } from '../../src/lan/network.js';
import type { Graph } from '../../src/onnx/graph.js';

const engine = createOrtEngine(adapters, { threads: 1 });
const making = (graph: Graph): Promise<Graph> => specialize(graph, {}, probe, adapters);
const network = createNetwork('FC(2, softmax)', [2]);
const hider = createExplainer('FC(2, sigmoid)', [2], 'full', { offset: 0, factor: 1 });

test('both losses are what they say', async () => {
  const program = await engine.compile(await making(adversaryGraph(network, hider, { batch: 1 })));
  // Logits (0, 2 x1 + x2); the mask is sigmoid(0) = 1/2 where it is allowed.
  const weights: Record<string, Tensor> = {
    'fc1.weight': float32(Float32Array.of(0, 2, 0, 1), [2, 2]),
    'fc1.bias': float32(new Float32Array(2), [2]),
    'lan.fc1.weight': float32(new Float32Array(4), [2, 2]),
    'lan.fc1.bias': float32(new Float32Array(2), [2]),
  };
  const out = await program.run({
    ...weights,
    x: float32(Float32Array.of(1, 1), [1, 2]),
    eta: float32(Float32Array.of(-3, 7), [1, 2]),
    allowed: float32(Float32Array.of(1, 0), [1, 2]),
    labels: float32(Float32Array.of(0, 1), [1, 2]),
    weight: scalar(0.5),
    price: scalar(2),
  });
  const [clean, lost] = [Math.log(1 + Math.exp(-3)), Math.log(1 + Math.exp(1))];
  const value = (name: string): number => toFloat32(out[name]!)[0]!;
  expect(value('clean_loss')).toBeCloseTo(clean, 5);
  expect(value('hidden_loss')).toBeCloseTo(lost, 5);
  expect(value('hidden_part')).toBeCloseTo(0.25, 6);
  expect(value('loss')).toBeCloseTo(clean + 0.5 * lost, 5);
  expect(value('hider_loss')).toBeCloseTo(2 * 0.25 - lost, 5);
  await program.dispose();
});

/** Two numbers that both say the class, the second more loudly; told to look at the first, the second may be that of another sample. */
function contested(): Contested {
  const u = random(9, 1).uniform(new Float32Array(400), 0, -0.5, 0.5);
  const at = (i: number): [number, number] => [(i % 2 ? 1 : -1) + u[2 * i]!, (i % 2 ? 3 : -3) + u[2 * i + 1]!];
  return {
    count: 200,
    shape: [2],
    labels: Array.from({ length: 200 }, (_, i) => i % 2),
    read: (indices) => Float32Array.from(Array.from(indices).flatMap(at)),
    hiding: (indices, draw) => ({
      eta: Float32Array.from(Array.from(indices).flatMap((i) => at((i + 2 * draw + 1) % 200))),
      allowed: Float32Array.from(Array.from(indices).flatMap(() => [0, 1])),
    }),
  };
}

test('told to look at the first number, F does; the seed decides all', async () => {
  const settings = { iterations: 400, learningRate: 0.02, schedule: 'constant', batch: 16, seed: 1, price: 0.01 } as const;
  const train = async (weight: number) =>
    trainAdversaries({ engine, specialize: making, network, hider, samples: contested(), settings: { ...settings, weight }, identity: {} }); // prettier-ignore
  // By how much a number moves the log-odds.
  const slopes = ({ parameters }: Awaited<ReturnType<typeof train>>): number[] =>
    [0, 1].map((i) => parameters['fc1.weight']![2 * i + 1]! - parameters['fc1.weight']![2 * i]!);
  const [alone, told] = [await train(0), await train(4)];
  // Alone it takes the louder one: at most as much comes from the first as from the second.
  expect(slopes(alone)[0]! / 3).toBeLessThan(slopes(alone)[1]!);
  expect(slopes(told)[0]!).toBeGreaterThan(5 * Math.abs(slopes(told)[1]!));
  expect((await train(4)).parameters).toEqual(told.parameters);
});
