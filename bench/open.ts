// How long a model of 100 MB takes until its input gradient can be run, against onnxruntime's own opening and first forward pass; ratios in one process.
// Usage: npx tsx bench/open.ts [--rounds 7] [--threads 2]; the first round, in which code and memory are cold, is printed but not counted.
import { parseArgs } from 'node:util';
import { openModel } from '../src/model/open.js';
import { objectiveOf } from '../src/check/objective.js';
import { openSession } from '../src/engine/ort.js';
import { encodeModel } from '../src/onnx/codec.js';
import { resNeXt50 } from '../test/nets/large.js';
import { pictureOf } from '../test/nets/net.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, threads: { type: 'string', default: '2' } },
});
const threads = Number(values.threads);
const x = pictureOf([1, 3, 224, 224]);
const bytes = encodeModel(resNeXt50());

/** Milliseconds until a forward pass of onnxruntime has ended. */
async function bare(): Promise<number> {
  const start = performance.now();
  const session = await openSession(bytes, { threads });
  await session.run({ x });
  const took = performance.now() - start;
  await session.dispose();
  return took;
}

/** Milliseconds until the model is open, and until its gradient is ready to run. */
async function own(): Promise<readonly [open: number, ready: number]> {
  const start = performance.now();
  const classifier = await openModel(bytes, { engine: 'onnxruntime', threads });
  const open = performance.now() - start;
  const { graph, loss } = await objectiveOf(classifier.graph, 'logits', classifier.adapters);
  const gradient = await classifier.engine.gradient(graph, loss, ['x']);
  const ready = performance.now() - start;
  await gradient.dispose();
  await classifier.dispose();
  return [open, ready];
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;
const rows: number[][] = [];
process.stdout.write(`${(bytes.length / 1e6).toFixed(0)} MB    onnxruntime ms   openModel ms   gradient ready ms   ratio\n`);
for (let round = 0; round <= Number(values.rounds); round++) {
  const first = await bare();
  const [open, ready] = await own();
  const name = round === 0 ? 'cold' : `round ${round}`;
  if (round > 0) rows.push([first, open, ready]);
  print(name, [first, open, ready]);
}
print('median', [0, 1, 2].map((i) => median(rows.map((r) => r[i]!)))); // prettier-ignore
const ratios = rows.map(([first, , ready]) => ready! / first!);
process.stdout.write(`ratio of a round: median ${median(ratios).toFixed(2)}, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}\n`); // prettier-ignore

function print(name: string, [first, open, ready]: readonly number[]): void {
  const cells = [first!.toFixed(0).padStart(15), open!.toFixed(0).padStart(15), ready!.toFixed(0).padStart(20)];
  process.stdout.write(`${name.padEnd(8)}${cells.join('')}${(ready! / first!).toFixed(2).padStart(8)}\n`);
}
