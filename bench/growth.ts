// How cost grows: time against nodes, parameters, input size, classes, noise draws, inputs and workers. A power is that between two sizes: 1 is linear.
// Usage: npx tsx bench/growth.ts [--only nodes,parameters,size,classes,draws,inputs,workers] [--nodes 100,1000,10000] [--threads 1]
// Seconds of processor time of each part, on which other work of the machine has little say; of several workers seconds by the clock.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { adapters } from '../adapters/index.js';
import { auditMany } from '../src/api/audit-many.js';
import { objectiveOf } from '../src/check/objective.js';
import { differentiate } from '../src/compile/differentiate.js';
import { random, STREAMS } from '../src/core/random.js';
import { float32, scalar, sizeOf, type Tensor } from '../src/core/tensor.js';
import { createOrtEngine, dialectModel, probe } from '../src/engine/ort.js';
import { specialize } from '../src/compile/specialize.js';
import { encodeNpy } from '../src/data/npy.js';
import { createNoise } from '../src/lan/noise.js';
import { buildObjective } from '../src/lan/objective.js';
import { resolveSettings } from '../src/lan/settings.js';
import { inspect } from '../src/model/inspect.js';
import { openModel } from '../src/model/open.js';
import { encodeModel } from '../src/onnx/codec.js';
import { GraphBuilder } from '../src/onnx/builder.js';
import type { Model } from '../src/onnx/graph.js';
import { squeezeNet } from '../test/nets/classics.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'nodes,parameters,size,classes,draws,inputs,workers' },
    nodes: { type: 'string', default: '100,1000,10000' },
    threads: { type: 'string', default: '1' },
  },
});
const threads = Number(values.threads);
const filled = (dims: readonly number[], draw: number): Tensor =>
  float32(random(0, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw), dims);

/** Seconds that this process has computed so far, all threads together. */
function computed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** x [1,width] through products with weights of width x width and Tanh, `layers` times. */
function chain(layers: number, width: number): Model {
  const g = new GraphBuilder('chain');
  let x = g.input('x', 'float32', [1, width]);
  for (let i = 0; i < layers; i++) {
    const w = filled([width, width], i + 1);
    x = g.op('Tanh', [
      g.matMul(
        x,
        g.constant(
          float32(
            (w.data as Float32Array).map((v) => v / Math.sqrt(width)),
            w.dims,
          ),
        ),
      ),
    ]);
  }
  g.output(x, 'y');
  return dialectModel(g.build());
}

/** Seconds of the parts of opening a model for its gradient, and of a run. */
async function opening(model: Model, width: number): Promise<Record<string, number>> {
  const bytes = encodeModel(model);
  const parts: Record<string, number> = {};
  let last = computed();
  const lap = (name: string): void => {
    parts[name] = computed() - last;
    last = computed();
  };
  await inspect(bytes, { trust: true });
  lap('inspect');
  const classifier = await openModel(bytes, { engine: 'onnxruntime', threads, trust: true });
  lap('open');
  const { graph, loss, cotangent } = await objectiveOf(classifier.graph, 'y', classifier.adapters);
  lap('objective');
  const backward = differentiate(graph, { of: loss, wrt: [{ name: 'x', as: 'dx' }] }, classifier.adapters);
  lap('differentiate');
  const program = await createOrtEngine(classifier.adapters, { threads }).compile(backward);
  lap('onnxruntime opens');
  await program.run({ x: filled([1, width], 0), [cotangent]: filled([1, width], 0) });
  lap('first run');
  await program.dispose();
  await classifier.dispose();
  return parts;
}

/** Seconds of compiling a LAN's step and of one step, median of seven. */
async function step(o: { size?: number; classes?: number }, draws: number): Promise<Record<string, number>> {
  const sample = [3, o.size ?? 224, o.size ?? 224];
  const classes = o.classes ?? 1000;
  const settings = resolveSettings('default', sample, classes, { draws });
  const start = computed();
  const objective = await buildObjective({
    classifier: async (batch) => {
      const g = GraphBuilder.from(squeezeNet({ ...o, batch }).graph);
      g.output(g.op('LogSoftmax', ['logits'], { axis: 1 }), 'log_p');
      return specialize(g.build(), {}, probe, adapters);
    },
    specialize: (g) => specialize(g, {}, probe, adapters),
    sampleShape: sample,
    draws,
    maskShape: settings.maskShape,
    maskGrids: settings.maskGrids,
    outputLoss: settings.outputLoss,
  });
  const descent = await createOrtEngine(adapters, { threads }).descend(objective.graph, 'loss', objective.parameters, ['loss']);
  const compile = computed() - start;
  const x = filled([1, ...sample], 0);
  const eta = float32(new Float32Array(draws * sizeOf(sample)), [draws, ...sample]);
  const noise = createNoise('uniform', { x, low: -2, high: 2 });
  const target = float32(new Float32Array(classes).fill(1 / classes), [1, classes]);
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = computed();
    noise.fill(eta.data as Float32Array, random(0, STREAMS.training), i);
    await descent.step({ x, eta, target, beta: scalar(10), binary: scalar(0) }, 0.1);
    times.push(computed() - before);
  }
  await descent.dispose();
  return { compile, step: times.slice(2).sort((a, b) => a - b)[3]! };
}

/** Seconds of the audits of `count` inputs of 16 numbers by a network of two layers, 20 steps each: of this process, or of several by the clock. */
async function audits(count: number, workers: number): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-growth-'));
  try {
    const g = new GraphBuilder('two layers');
    const x = g.input('x', 'float32', ['N', 16]);
    const hidden = g.op('Relu', [g.matMul(x, g.constant(filled([16, 32], 1)))]);
    g.output(g.op('Softmax', [g.matMul(hidden, g.constant(filled([32, 10], 2)))], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 10] }); // prettier-ignore
    const [model, data] = [join(folder, 'm.onnx'), join(folder, 'x.npy')];
    writeFileSync(model, encodeModel(dialectModel(g.build())));
    writeFileSync(data, encodeNpy(filled([count, 16], 3)));
    const clock = (): number => (workers > 1 ? performance.now() / 1000 : computed());
    const start = clock();
    const spec = { kind: 'data', path: data, seed: 0 } as const;
    await auditMany(model, spec, {
      out: join(folder, 'out'),
      workers,
      threads: 1,
      trust: true,
      iterations: 20,
      evidenceDraws: 64,
    });
    return { [workers > 1 ? 'by the clock' : 'audits']: clock() - start };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for each size, with the power of each part between it and the size before. */
async function table(
  of: string,
  sizes: readonly number[],
  measure: (size: number) => Promise<Record<string, number>>,
): Promise<void> {
  let before: { size: number; parts: Record<string, number> } | undefined;
  for (const size of sizes) {
    const parts = await measure(size);
    if (!before) process.stdout.write(`\n${of.padEnd(14)}${Object.keys(parts).map((p) => p.padStart(26)).join('')}\n`); // prettier-ignore
    const cells = Object.entries(parts).map(([name, s]) => {
      const power = before && Math.log(s / before.parts[name]!) / Math.log(size / before.size);
      return `${s.toFixed(s < 1 ? 4 : 1)} s${power === undefined ? '' : ` (power ${power.toFixed(2)})`}`.padStart(26);
    });
    process.stdout.write(`${String(size).padEnd(14)}${cells.join('')}\n`);
    before = { size, parts };
  }
}

const asked = new Set(values.only.split(','));
const nodes = values.nodes.split(',').map(Number);
// What is compiled first is slower: code is cold.
await opening(chain(20, 4), 4);
if (asked.has('nodes')) await table('nodes', nodes, (n) => opening(chain(n / 2, 4), 4));
if (asked.has('parameters')) await table('parameters', [1e6, 4e6, 16e6, 64e6], (n) => opening(chain(4, Math.round(Math.sqrt(n / 4))), Math.round(Math.sqrt(n / 4)))); // prettier-ignore
if (asked.has('size')) await table('input side', [112, 224, 448], (size) => step({ size }, 1));
if (asked.has('classes')) await table('classes', [10, 100, 1000, 10_000], (classes) => step({ classes }, 1));
if (asked.has('draws')) await table('draws', [1, 2, 4, 8, 16], (draws) => step({}, draws));
if (asked.has('inputs')) await table('inputs', [10, 40, 160, 640], (inputs) => audits(inputs, 1));
if (asked.has('workers')) await table('workers', [2, 4, 8], (workers) => audits(160, workers));
