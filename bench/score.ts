// Throughput of `score` beside a bare onnxruntime loop on inputs made before: same model, batch and threads, in alternation.
// Usage: tsx bench/score.ts MODEL DATA [--batch N] [--rounds N] [--threads N]; pixels go in as 0..255 RGB.
import { parseArgs } from 'node:util';
import { openModel } from '../src/model/open.js';
import { openDataset } from '../src/data/open-dataset.js';
import { openSession } from '../src/engine/ort.js';
import { fastestBatch } from '../src/score/batch-size.js';
import { pictureSpec } from '../src/score/picture-spec.js';
import { score } from '../src/score/score.js';
import { preprocessTensor } from '../src/model/preprocess.js';

const { values, positionals } = parseArgs({
  options: { batch: { type: 'string' }, rounds: { type: 'string' }, threads: { type: 'string' } },
  allowPositionals: true,
});
const [model = '../shared/models/cifar10_resnet8.onnx', data = '../shared/datasets/cifar10-first4000.bin'] = positionals;
const threads = values.threads === undefined ? undefined : Number(values.threads);
const print = (line: string): unknown => process.stdout.write(`${line}\n`);

const classifier = await openModel(model, { threads, card: { input: { range: 255, mean: [0], std: [1] } } });
const dataset = await openDataset(data);
const count = dataset.length;
const first = await dataset.read([0], pictureSpec(classifier));
const batch = values.batch === undefined ? await fastestBatch(classifier, first.x, count) : Number(values.batch);
const session = await openSession(model, { threads });
const inputs: Awaited<ReturnType<typeof dataset.read>>['x'][] = [];
for (let at = 0; at + batch <= count; at += batch) {
  const { x } = await dataset.read(Array.from({ length: batch }, (_, i) => at + i), pictureSpec(classifier)); // prettier-ignore
  inputs.push(preprocessTensor(x, classifier.card));
}
const median = (list: number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;
const bare: number[] = [];
const own: number[] = [];
for (let round = 0; round < Number(values.rounds ?? 7); round++) {
  const start = performance.now();
  for (const x of inputs) await session.run({ [session.inputNames[0]!]: x });
  bare.push((1000 * inputs.length * batch) / (performance.now() - start));
  own.push((await score(classifier, dataset, { batch })).throughput.overall);
}
print(`batch ${batch}: bare loop ${median(bare).toFixed(0)} a second, score ${median(own).toFixed(0)}, reading included`);
print(`ratio of a round: median ${median(own.map((o, i) => o / bare[i]!)).toFixed(3)}`);
await session.dispose();
await classifier.dispose();
await dataset.close();
