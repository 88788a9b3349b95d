// The speed targets: forward and input gradient, and a whole LAN step, against onnxruntime's bare forward pass of the original; ratios in one process.
// Usage: npx tsx bench/speed.ts [--nets goog,mobile] [--batch 1,4] [--threads 1,2] [--rounds 15] [--tfjs]
import { parseArgs } from 'node:util';
import { adapters } from '../adapters/index.js';
import { objectiveOf } from '../src/check/objective.js';
import { canonicalize } from '../src/compile/canonicalize.js';
import { specialize } from '../src/compile/specialize.js';
import { random, STREAMS } from '../src/core/random.js';
import { float32, scalar, sizeOf, type Tensor } from '../src/core/tensor.js';
import { createOrtEngine, openSession, probe } from '../src/engine/ort.js';
import { createTfEngine } from '../src/engine/tf.js';
import { createNoise } from '../src/lan/noise.js';
import { buildObjective } from '../src/lan/objective.js';
import { resolveSettings } from '../src/lan/settings.js';
import { withLogProbabilities } from '../src/model/probabilities.js';
import { encodeModel } from '../src/onnx/codec.js';
import type { Graph, Model } from '../src/onnx/graph.js';
import { CLASSICS } from '../test/nets/classics.js';

const { values } = parseArgs({
  options: {
    nets: { type: 'string', default: '' },
    batch: { type: 'string', default: '1,4' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '15' },
    tfjs: { type: 'boolean', default: false },
  },
});
const list = (text: string): number[] => text.split(',').map(Number);
const ROUNDS = Number(values.rounds);
const SAMPLE = [3, 224, 224];

/** Seeded normal values: zeros would take the fast paths of ReLU and pooling. */
const filled = (dims: readonly number[], draw: number): Tensor =>
  float32(random(0, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw), dims);

type Run = () => Promise<unknown>;

/**
 * Median milliseconds of each, taken in turn. A session's threads go on spinning for a while after a run: the first run of a turn waits them out and
 * is not counted.
 */
async function medians(runs: readonly Run[]): Promise<number[]> {
  const times = runs.map((): number[] => []);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [i, run] of runs.entries()) {
      await run();
      for (let k = 0; k < 2; k++) {
        const start = performance.now();
        await run();
        if (round >= 0) times[i]!.push(performance.now() - start);
      }
    }
  }
  return times.map((t) => t.sort((a, b) => a - b)[t.length >> 1]!);
}

const staticGraph = (model: Model): Promise<Graph> => specialize(canonicalize(model, adapters), {}, probe, adapters);

async function measure(make: (o: { batch: number }) => Model, batch: number, threads: number): Promise<number[]> {
  const model = make({ batch });
  const graph = await staticGraph(model);
  const engine = createOrtEngine(adapters, { threads });
  const x = filled([batch, ...SAMPLE], 0);
  const forward = await openSession(encodeModel(model), { threads });
  const objective = await objectiveOf(graph, 'logits', adapters);
  const gradient = await engine.gradient(objective.graph, objective.loss, ['x']);
  const cotangent = filled([batch, 1000], 1);

  const settings = resolveSettings('default', SAMPLE, 1000, { draws: batch });
  const lan = await buildObjective({
    classifier: async (n) =>
      specialize(withLogProbabilities(await staticGraph(make({ batch: n })), 'logits', 'logits'), {}, probe, adapters),
    specialize: (g) => specialize(g, {}, probe, adapters),
    sampleShape: SAMPLE,
    draws: batch,
    maskShape: settings.maskShape,
    maskGrids: settings.maskGrids,
    outputLoss: settings.outputLoss,
  });
  const descent = await engine.descend(lan.graph, 'loss', lan.parameters, ['loss', 'output_loss', 'mask_mean']);
  const one = filled([1, ...SAMPLE], 2);
  const noise = createNoise('uniform', { x: one, low: -2, high: 2 });
  const target = float32(new Float32Array(1000).fill(1e-3), [1, 1000]);
  const eta = float32(new Float32Array(batch * sizeOf(SAMPLE)), [batch, ...SAMPLE]);
  let draw = 0;
  const runs: Run[] = [
    () => forward.run({ x }),
    () => gradient.run({ x, [objective.cotangent]: cotangent }),
    () => {
      noise.fill(eta.data as Float32Array, random(0, STREAMS.training), draw++);
      return descent.step({ x: one, eta, target, beta: scalar(10), binary: scalar(0) }, 0.1);
    },
  ];
  const tf = values.tfjs && batch === 1 && threads === 1 ? await createTfEngine(adapters, { backend: 'wasm' }) : undefined;
  const onTf = await tf?.gradient(objective.graph, objective.loss, ['x']);
  const result = await medians(runs);
  if (onTf) {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      await onTf.run({ x, [objective.cotangent]: cotangent });
      times.push(performance.now() - start);
    }
    result.push(times.sort((a, b) => a - b)[1]!);
  }
  await Promise.all([forward, gradient, descent, onTf].map((p) => p?.dispose() ?? Promise.resolve()));
  return result;
}

const mean = (numbers: readonly number[]): number => Math.exp(numbers.reduce((s, v) => s + Math.log(v), 0) / numbers.length);
const ratios: number[] = [];
process.stdout.write(
  'net              batch threads  forward ms  gradient ms  ratio   LAN step ms  over gradient   tfjs wasm ms  times slower\n',
);
for (const [name, make] of Object.entries(CLASSICS)) {
  if (values.nets && !values.nets.split(',').some((n) => name.toLowerCase().startsWith(n))) continue;
  for (const batch of list(values.batch)) {
    for (const threads of list(values.threads)) {
      const [forward, gradient, step, onTf] = (await measure(make, batch, threads)) as [number, number, number, number?];
      ratios.push(gradient / forward);
      const columns = [
        name.padEnd(15),
        String(batch).padStart(6),
        String(threads).padStart(7),
        forward.toFixed(1).padStart(11),
        gradient.toFixed(1).padStart(12),
        (gradient / forward).toFixed(2).padStart(6),
        step.toFixed(1).padStart(13),
        `${(100 * (step / gradient - 1)).toFixed(0)} %`.padStart(14),
        ...(onTf ? [onTf.toFixed(0).padStart(14), (onTf / gradient).toFixed(1).padStart(13)] : []),
      ];
      process.stdout.write(`${columns.join(' ')}\n`);
    }
  }
}
process.stdout.write(`geometric mean of the ratios ${mean(ratios).toFixed(2)}, largest ${Math.max(...ratios).toFixed(2)}\n`);
