// Where the limits of the self-deception battery come from: the whole battery on honest masks, of a trained model or of one with random weights.
// Usage: npx tsx bench/battery.ts MODEL.onnx PICTURE... [--card FILE] [--noise SPEC] [--shuffled]
// --shuffled: the audited model itself has random weights. A line a picture and test: its verdict and the figures that it rests on.
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { audit } from '../src/api/audit.js';
import { reopened } from '../src/api/sanity.js';
import { randomised } from '../src/explain/randomise.js';
import { openModel } from '../src/model/open.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { card: { type: 'string' }, noise: { type: 'string' }, shuffled: { type: 'boolean', default: false } },
});
const [path, ...pictures] = positionals as [string, ...string[]];
const opened = await openModel(path, { card: values.card });
const model = values.shuffled ? await reopened(opened, randomised(opened.source.model, Infinity, 99)) : opened;
for (const picture of pictures) {
  const start = performance.now();
  const { betas } = await audit(model, picture, { sanity: true, noise: values.noise });
  for (const { name, verdict, figures } of betas[0]!.sanity.tests) {
    const numbers = Object.entries(figures).map(([k, v]) => `${k} ${v.toFixed(3)}`);
    process.stdout.write(`${basename(picture)}\t${name}\t${verdict}\t${numbers.join(' ')}\n`);
  }
  process.stdout.write(`${basename(picture)}\tseconds\t${((performance.now() - start) / 1000).toFixed(0)}\n`);
}
await model.dispose();
