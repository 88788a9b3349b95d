// Steps a second of the paper's LAN on translated MNIST (784-100-784, batch 32, the classifier of Appendix A), and what 100,000 of them take.
import { adapters } from '../adapters/index.js';
import { specialize } from '../src/compile/specialize.js';
import { openModel } from '../src/model/open.js';
import { readDigits } from '../src/experiment/data/digits.js';
import { translatedDigits } from '../src/experiment/data/translated.js';
import { createOrtEngine, dialectModel, probe } from '../src/engine/ort.js';
import { trainLan } from '../src/explain/train-lan.js';
import { classifierGraph, fit } from '../src/lan/fit.js';
import { createNetwork } from '../src/lan/network.js';
import { encodeModel } from '../src/onnx/codec.js';

const STEPS = 3000;
const threads = Number(process.argv[2] ?? 1);
const digits = translatedDigits((await readDigits()).train, { side: 12, exclude: 0, seed: 0 });
const network = createNetwork('Conv(10, 2, 4x4, lrelu), Conv(20, 2, 4x4, lrelu), FC(10, softmax)', [1, 28, 28]);
const settings = { iterations: STEPS, learningRate: 1e-3, schedule: 'constant', batch: 32, seed: 0 } as const;
const f = await fit({
  engine: createOrtEngine(adapters, { threads }),
  specialize: (graph) => specialize(graph, {}, probe, adapters),
  network,
  samples: digits,
  settings,
  data: 'npm',
});
const report = (what: string, seconds: number): void =>
  void process.stdout.write(
    `${what}: ${(STEPS / seconds).toFixed(0)} steps/s, 100,000 in ${((seconds / STEPS) * 1e5).toFixed(0)} s (${threads} thread(s))\n`,
  );
report('classifier', f.seconds);
const classifier = await openModel(encodeModel(dialectModel(classifierGraph(network, f.parameters))), {
  threads,
  card: { input: { range: 1, mean: [0], std: [1] } },
});
const a = await trainLan(classifier, digits, {
  data: 'npm',
  settings: { ...settings, learningRate: 1e-4, beta: 5, maskValues: 'soft' },
});
report('LAN', a.seconds);
await classifier.dispose();
