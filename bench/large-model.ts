// A model of 100 MB and more in the page, as a person drops it: a convolutional network of random weights, opened, asked about a picture, and explained by a first look.
// Usage: npx tsx bench/large-model.ts [--layers 11] (9.4 MB a layer; the file is not kept). A line each: seconds since it was dropped, and what the page then says.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { random } from '../src/core/random.js';
import { float32, sizeOf, type Tensor } from '../src/core/tensor.js';
import { serve } from '../src/api/serve.js';
import { dialectModel } from '../src/engine/ort.js';
import { GraphBuilder } from '../src/onnx/builder.js';
import { encodeModel } from '../src/onnx/codec.js';

const { values } = parseArgs({ options: { layers: { type: 'string', default: '11' } } });

/** x [batch,3,64,64] -> three convolutions down to [512,8,8], `layers` of 512 to 512, the mean, logits [batch,10]. Weights as He et al. draw them. */
function network(layers: number): Uint8Array {
  let draw = 0;
  const weights = (...dims: number[]): Tensor => {
    const deviation = Math.sqrt(2 / sizeOf(dims.slice(1)));
    return float32(random(1, 5).normal(new Float32Array(sizeOf(dims)), draw++, 0, deviation), dims);
  };
  const g = new GraphBuilder();
  let x = g.input('x', 'float32', ['batch', 3, 64, 64]);
  const layer = (from: number, to: number, stride: number): void => {
    x = g.op('Relu', [g.op('Conv', [x, g.constant(weights(to, from, 3, 3))], { pads: [1, 1, 1, 1], strides: [stride, stride] })]);
  };
  layer(3, 64, 2);
  layer(64, 128, 2);
  layer(128, 512, 2);
  for (let i = 0; i < layers; i++) layer(512, 512, 1);
  g.append('Gemm', [g.op('Flatten', [g.op('GlobalAveragePool', [x])]), g.constant(weights(512, 10))], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-large-'));
const { buildApp } = (await import(join(root, 'web/build-app.js'))) as { buildApp: () => Promise<string> };
await buildApp();
const served = await serve({ port: 0 });
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const bytes = network(Number(values.layers));
  writeFileSync(join(folder, 'large.onnx'), bytes);
  const page = await browser.newPage();
  await page.goto(served.url);
  await page.getByText('Ready').waitFor();
  const start = performance.now();
  const tell = (text: string): void =>
    void process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1)} s\t${text}\n`);
  const give = (field: string, file: string): Promise<void> => page.locator(`input[aria-label="${field}"]`).setInputFiles(file);
  tell(`dropped: ${(bytes.length / 1e6).toFixed(0)} MB`);
  await give('Choose an ONNX file', join(folder, 'large.onnx'));
  await give('Choose a picture', join(root, 'models/tank/pictures/tank/05.png'));
  const answer = page.locator('.answered .claim, .failure').first();
  await answer.waitFor({ timeout: 900_000 });
  tell(await answer.innerText());
  if ((await page.locator('.failure').count()) === 0) {
    await page.getByRole('button', { name: /^Learn/ }).click();
    const end = page.locator('.claim.finding, .failure').first();
    await end.waitFor({ timeout: 1_800_000 });
    tell(await end.innerText());
  }
  // Whatever came of it, the page goes on.
  await give('Choose an ONNX file', join(root, 'models/tank/tank.onnx'));
  await page.getByText('tank.onnx is open').waitFor({ timeout: 300_000 });
  tell('tank.onnx is open behind it');
} finally {
  await browser.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
}
