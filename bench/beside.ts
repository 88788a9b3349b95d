// The side of bench/beside.py that runs lan-onnx: opens a model, then takes one order a line from stdin and answers with one line of JSON.
// Orders: {"steps": n} takes n steps of learning a mask; {"learn": true} learns one as `audit` does by default and writes its order.
// Usage: npx tsx bench/beside.ts MODEL.onnx INPUT.f32 ORDER.f32 --threads 2 --draws 4 (the card lies beside the model; INPUT: float32 [3,H,W] in [0,1]; ORDER: what `learn` writes, [H,W])
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { float32, sizeOf, toFloat32 } from '../src/core/tensor.js';
import { objectiveOf, settingsFor } from '../src/explain/objective.js';
import { keptBy, targetOf } from '../src/explain/target.js';
import { inquire } from '../src/explain/inquiry.js';
import { createLearner, orderOf, type LearnedMask } from '../src/lan/learn.js';
import { createNoise } from '../src/lan/noise.js';
import { openModel } from '../src/model/open.js';
import type { LanSettings } from '../src/lan/settings.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' }, draws: { type: 'string', default: '4' } },
});
const [file, input, order] = positionals as [string, string, string];
const bytes = readFileSync(input);
const began = performance.now();
const classifier = await openModel(file, { engine: 'onnxruntime', threads: Number(values.threads), trust: true });
const range = classifier.card?.range ?? 1;
const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).map((v) => v * range);
const x = float32(data, [1, ...classifier.sampleShape]);
if (data.length !== sizeOf(x.dims)) throw new Error(`${input}: ${data.length} values, the model takes ${sizeOf(x.dims)}.`);
const { p, answer } = await inquire(classifier, x, {});
const noise = createNoise('uniform', { x, low: 0, high: range });

/** Learns as an audit does; `given`: what differs from its default. */
async function prepared(
  given: Partial<LanSettings>,
): Promise<(iterations?: number, onStep?: () => void) => Promise<LearnedMask>> {
  const settings = settingsFor(classifier, 'default', given);
  const learner = await createLearner(classifier.engine, await objectiveOf(classifier, settings), classifier.adapters);
  return (iterations = settings.iterations, onStep = () => undefined) =>
    learner.learn({
      x,
      target: targetOf(answer, p, settings.sharpen, settings.find),
      noise,
      settings: { ...settings, beta: settings.betas[0]!, iterations, binary: settings.maskValues === 'binary' },
      kept: keptBy(answer, p),
      onStep,
    });
}

const learn = await prepared({});
const steps = await prepared({ draws: Number(values.draws), patience: 0 });
const seconds = (since: number): number => (performance.now() - since) / 1000;
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
say({ opened: seconds(began), p: [...toFloat32(p)], beta: settingsFor(classifier, 'default').betas[0] });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as { steps?: number; learn?: boolean };
  if (asked.steps !== undefined) {
    const times: number[] = [];
    let last = performance.now();
    // The first one waits until threads of the run before have stopped spinning.
    await steps(asked.steps + 1, () => {
      times.push(performance.now() - last);
      last = performance.now();
    });
    say({ milliseconds: times.slice(1) });
  } else {
    const start = performance.now();
    const mask = await learn();
    const taken = seconds(start);
    const ordered = toFloat32(orderOf(mask)).slice();
    writeFileSync(order, new Uint8Array(ordered.buffer));
    say({ seconds: taken, steps: mask.history.length, share: ordered.filter((v) => v > 0.5).length / ordered.length });
  }
}
await classifier.dispose();
