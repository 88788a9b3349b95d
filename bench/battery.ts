// Where the limits of the self-deception battery come from: how alike the maps of honest masks are when one thing is changed, and those of masks that cheat.
// Usage: npx tsx bench/battery.ts MODEL.onnx PICTURE... [--card FILE] [--shuffled] [--seeds 2] [--noise SPEC]
// --shuffled: the audited model itself has random weights. A line a picture and change: rank correlation of the maps by pixel and by cell, and SSIM.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { readInput } from '../src/api/inputs.js';
import { reopened } from '../src/api/sanity.js';
import { float32, type Tensor } from '../src/core/tensor.js';
import { unrelated } from '../src/evidence/battery.js';
import { centrality, edges } from '../src/evidence/controls.js';
import { needOf } from '../src/evidence/measure.js';
import { otherNoises } from '../src/evidence/other-noise.js';
import { similarity } from '../src/evidence/similarity.js';
import { rangeOf } from '../src/explain/plausible.js';
import { randomised, weightsFromTop } from '../src/explain/randomise.js';
import { createRelearner } from '../src/explain/relearn.js';
import { openModel, type Classifier } from '../src/model/open.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    card: { type: 'string' },
    shuffled: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '2' },
    noise: { type: 'string', default: 'uniform' },
  },
});
const [path, ...pictures] = positionals as [string, ...string[]];
const opened = await openModel(path, { card: values.card });
const classifier = values.shuffled ? await reopened(opened, randomised(opened.source.model, Infinity, 99)) : opened;
const layers = weightsFromTop(classifier.source.model).length;

/** The needs of x by seed and noise, on this model. */
async function needs(model: Classifier, jobs: readonly { x: Tensor; seed?: number; noise?: string }[]): Promise<Tensor[]> {
  const relearner = await createRelearner(model, { settings: { noise: values.noise } });
  const found: Tensor[] = [];
  for (const { x, ...change } of jobs) found.push(needOf((await relearner.mask(x, change)).order));
  await relearner.dispose();
  return found;
}

for (const picture of pictures) {
  const { x } = await readInput(classifier, picture);
  const range = rangeOf(classifier, x);
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => ({ x, seed: i }));
  const other = { x: float32(unrelated(x, range.low, range.high, 0, 0), x.dims) };
  const [noise] = otherNoises(values.noise, { x, ...range });
  const own = await needs(classifier, [...seeds, other, { x, noise: noise!.name }]);
  const base = own[0]!;
  const report = (what: string, need: Tensor): void => {
    const { spearman, ssim, cells } = similarity(base, need);
    const shown = [cells ?? NaN, spearman, ssim ?? NaN].map((v) => v.toFixed(3)).join('\t');
    process.stdout.write(`${basename(picture)}\t${what}\t${shown}\n`);
  };
  seeds.slice(1).forEach(({ seed }, i) => report(`seed ${seed}`, own[1 + i]!));
  report('unrelated input', own.at(-2)!);
  report(`noise ${noise!.name}`, own.at(-1)!);
  for (const count of [1, Math.ceil(layers / 2), layers]) {
    const changed = await reopened(classifier, randomised(classifier.source.model, count, 0));
    report(`weights ${count}/${layers}`, (await needs(changed, [{ x }]))[0]!);
    await changed.dispose();
  }
  report('edges', float32(edges(x, base)!, base.dims));
  report('centre', float32(centrality(base.dims), base.dims));
}
await classifier.dispose();
