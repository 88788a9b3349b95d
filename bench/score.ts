// The scorer against a bare onnxruntime loop with the best batch size, in one process, in turns: medians, and the ratio of each pair.
// Usage: npx tsx bench/score.ts MODEL.onnx DATA [--card CARD.json] [--rounds 7] [--limit 4000]; without --card: raw pixels, 0..255.
import { parseArgs } from 'node:util';
import { openModel } from '../src/classifier/open.js';
import { preprocessTensor } from '../src/classifier/pixels.js';
import type { Tensor } from '../src/core/tensor.js';
import { openDataset } from '../src/data/open-dataset.js';
import { openSession } from '../src/engine/ort.js';
import { fastestBatch, pictureSpec, score } from '../src/evidence/score.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { card: { type: 'string' }, rounds: { type: 'string', default: '7' }, limit: { type: 'string', default: '4000' } },
});
const [model, path] = positionals as [string, string];
const classifier = await openModel(model, { card: values.card ?? { input: { range: 255 } } });
const dataset = await openDataset(path);
const limit = Math.min(Number(values.limit), dataset.length);
const spec = pictureSpec(classifier);
const batch = await fastestBatch(classifier, (await dataset.read([0], spec)).x);
const session = await openSession(model);

// The bare loop's inputs are ready before it starts: it does nothing but run.
const feeds: Tensor[] = [];
for (let at = 0; at < limit; at += batch) {
  const { x } = await dataset.read(Array.from({ length: Math.min(batch, limit - at) }, (_, i) => at + i), spec); // prettier-ignore
  feeds.push(preprocessTensor(x, classifier.card));
}
const bare = async (): Promise<number> => {
  const start = performance.now();
  for (const feed of feeds) await session.run({ [session.inputNames[0]!]: feed });
  return (1000 * limit) / (performance.now() - start);
};
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!;
const [loops, overall, alone, ratios]: number[][] = [[], [], [], []];
await bare();
for (let round = 0; round < Number(values.rounds); round++) {
  // In turns, and each score between two loops: other programs on the machine then slow both alike.
  const before = await bare();
  const { throughput } = await score(classifier, dataset, { batch, limit });
  const loop = (before + (await bare())) / 2;
  loops!.push(loop);
  overall!.push(throughput.overall);
  alone!.push(throughput.model);
  ratios!.push(throughput.overall / loop);
}
process.stdout.write(`${limit} samples, batch ${batch}, ${values.rounds} rounds, medians:\n`);
process.stdout.write(
  `bare loop ${median(loops!).toFixed(0)} a second; scorer ${median(overall!).toFixed(0)}, model alone ${median(alone!).toFixed(0)}\n`,
);
process.stdout.write(`scorer / bare loop: ${median(ratios!).toFixed(3)} (${ratios!.map((r) => r.toFixed(3)).join(', ')})\n`);
await dataset.close();
await session.dispose();
await classifier.dispose();
