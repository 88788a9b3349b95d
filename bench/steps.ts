// How few steps are enough: the objective of Eq. 4 on fresh noise that the paper's setting reaches in 10,000 steps, and what other settings reach in a few hundred.
// Usage: npx tsx bench/steps.ts MODEL.onnx CARD.json IMAGE... [--paper 10000] [--only default,paper-pixel]; prints one line per image and setting.
import { parseArgs } from 'node:util';
import { openModel } from '../src/model/open.js';
import { random, STREAMS } from '../src/core/random.js';
import { float32, sizeOf, toFloat32, type Tensor } from '../src/core/tensor.js';
import { readImage } from '../src/data/images.js';
import { sharpened } from '../src/explain/target.js';
import { blend, spread } from '../src/evidence/corrupt.js';
import { createLearner } from '../src/lan/learn.js';
import { createNoise, type Noise } from '../src/lan/noise.js';
import { buildObjective } from '../src/lan/objective.js';
import { resolveSettings, type LanSettings } from '../src/lan/settings.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { paper: { type: 'string', default: '10000' }, only: { type: 'string' }, threads: { type: 'string', default: '1' } },
});
const [model, card, ...images] = positionals as [string, string, ...string[]];
const classifier = await openModel(model, { card, engine: 'onnxruntime', threads: Number(values.threads) });
const { sampleShape } = classifier;
const [, height, width] = sampleShape as [number, number, number];
const classes = sizeOf(classifier.outputs[0]!.shape.slice(1));
// Soft masks, whose objective can be compared with the paper's.
const base = resolveSettings('default', sampleShape, classes, { patience: 0, maskValues: 'soft' });
const paper = Number(values.paper);
const half = (n: number): [number, number] => [Math.ceil(height / n), Math.ceil(width / n)];

/** The settings that are compared; the first two are the paper's, with a value per pixel and with one per element. */
const settings: Record<string, LanSettings> = {
  'paper-pixel': { ...base, iterations: paper, learningRate: 0.05, schedule: 'constant', draws: 1, maskGrids: [], start: 0.5 },
  'paper-full': {
    ...base,
    iterations: paper,
    learningRate: 0.05,
    schedule: 'constant',
    draws: 1,
    maskGrids: [],
    start: 0.5,
    maskShape: 'full',
  },
  default: base,
  'full mask': { ...base, maskShape: 'full' },
  'pixels only': { ...base, maskGrids: [] },
  'coarse only': { ...base, maskGrids: [half(8)] },
  'rate .05': { ...base, learningRate: 0.05 },
  'rate .1': { ...base, learningRate: 0.1 },
  'rate .4': { ...base, learningRate: 0.4 },
  'constant rate': { ...base, schedule: 'constant' },
  'start .5': { ...base, start: 0.5 },
  'grids 8': { ...base, maskGrids: [half(32), half(8), half(1)] },
  'draws 1': { ...base, draws: 1 },
  'draws 4': { ...base, draws: 4 },
  'draws 16': { ...base, draws: 16 },
};

const DRAWS = 256;
const BATCH = 8;
const forward = await classifier.engine.compile(
  await classifier.logProbabilities(BATCH).catch(() => classifier.logProbabilities(1)),
);
const batch = await classifier.logProbabilities(BATCH).then(
  () => BATCH,
  () => 1,
);

/** Eq. 4 on draws that the optimiser never saw: cross-entropy - beta * mean mask. */
async function objective(x: Tensor, target: Tensor, mask: Tensor, noise: Noise, beta: number): Promise<[number, number, number]> {
  const stream = random(1, STREAMS.evidence);
  const per = sizeOf(sampleShape);
  const t = toFloat32(target);
  let loss = 0;
  for (let at = 0; at < DRAWS; at += batch) {
    const eta = new Float32Array(batch * per);
    noise.fill(eta, stream, at);
    for (let i = 0; i < batch; i++)
      blend(eta.subarray(i * per, (i + 1) * per), toFloat32(x), spread(toFloat32(mask), mask.dims, x.dims));
    const logP = toFloat32(Object.values(await forward.run({ x: float32(eta, [batch, ...sampleShape]) }))[0]!);
    for (let i = 0; i < logP.length; i++) loss -= t[i % t.length]! * logP[i]!;
  }
  const values = toFloat32(mask);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [loss / DRAWS - beta * mean, loss / DRAWS, mean];
}

process.stdout.write('image            setting             steps  objective  cross-entropy  mask mean  seconds\n');
for (const image of images) {
  const c = classifier.card!;
  const { tensor: x } = await readImage(image, { width, height, channels: c.channels === 'GREY' ? 1 : 3, range: c.range });
  const target = sharpened(await classifier.predict(x), base.sharpen);
  const noise = createNoise('uniform', { x, low: 0, high: c.range });
  for (const [name, s] of Object.entries(settings)) {
    if (values.only && !values.only.split(',').includes(name)) continue;
    const learner = await createLearner(
      classifier.engine,
      await buildObjective({
        classifier: (n) => classifier.logProbabilities(n),
        specialize: (g) => classifier.specialize(g),
        sampleShape,
        draws: s.draws,
        maskShape: s.maskShape,
        maskGrids: s.maskGrids,
        outputLoss: s.outputLoss,
      }),
    );
    const beta = s.betas[0]!;
    const { mask, history, seconds } = await learner.learn({
      x,
      target,
      noise,
      settings: { ...s, beta, binary: s.maskValues === 'binary' },
    });
    const [total, loss, mean] = await objective(x, target, mask, noise, beta);
    await learner.dispose();
    process.stdout.write(
      `${image.split('/').at(-1)!.padEnd(16)} ${name.padEnd(18)} ${String(history.length).padStart(6)} ${total.toFixed(4).padStart(10)} ${loss.toFixed(4).padStart(14)} ${mean.toFixed(4).padStart(10)} ${seconds.toFixed(1).padStart(8)}\n`,
    );
  }
}
await classifier.dispose();
