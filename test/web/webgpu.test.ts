// WebGPU in the page, where it is served: what it computes, that it is tried and chosen in words, and that a browser without it loses nothing. Debian's Chromium has an adapter in
// software, which computes as a card does and is far slower than WebAssembly: it is never chosen here.
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { audit } from '../../src/api/audit.js';
import { openModel } from '../../src/api/opened.js';
import { float32, toFloat32 } from '../../src/core/tensor.js';
import { random } from '../../src/core/random.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { launch, watched } from './browser.js';
import { site, talkTo, type Site } from './site.js';

let served: Site;
beforeAll(async () => void (served = await site(true, true)), 120_000);
afterAll(() => served.close());

/** x [batch,3,16,16] -> convolution, pool, product, logits [batch,4]. */
function network(): Uint8Array {
  const normal = (draw: number, ...dims: number[]) =>
    g.constant(float32(random(3, 5).normal(new Float32Array(dims.reduce((a, b) => a * b)), draw, 0, 0.4), dims));
  const g = new GraphBuilder();
  const x = g.op('Conv', [g.input('x', 'float32', ['batch', 3, 16, 16]), normal(0, 6, 3, 3, 3)], { pads: [1, 1, 1, 1] });
  const pooled = g.op('MaxPool', [g.op('Relu', [x])], { kernel_shape: [2, 2], strides: [2, 2] });
  g.append('Gemm', [g.op('Flatten', [pooled]), normal(1, 384, 4)], ['logits']);
  g.output('logits');
  return encodeModel(dialectModel(g.build()));
}
const bytes = network();
const sample = random(1, 5).uniform(new Float32Array(3 * 16 * 16), 0);
const CARD = { input: { layout: 'NCHW', size: [16, 16], channels: 'RGB', range: 1, mean: [0], std: [1] }, output: 'logits' } as const; // prettier-ignore
const SETTINGS = { iterations: 6, draws: 2, seed: 3, maskValues: 'soft', maskGrids: [4], evidenceDraws: 32 } as const;

async function inPage<T>(flags: readonly string[], act: (page: Page) => Promise<T>): Promise<{ found: T; asked: string[]; faults: string[] }> {
  const browser = await launch(...flags);
  try {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (r) => asked.push(new URL(r.url()).pathname));
    const faults = watched(page, (url) => url.startsWith(served.url));
    await page.goto(served.url);
    return { found: await act(page), asked, faults };
  } finally {
    await browser.close();
  }
} // prettier-ignore

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const GPU = '--enable-unsafe-webgpu';

test('a mask that is learned on WebGPU is that of Node', async () => {
  const { found, faults } = await inPage([GPU], (page) =>
    page.evaluate<{ backend: string; mask: number[] }>(`(async () => {
      const { useRuntime, openModel, audit } = await import('/lan-onnx.js');
      const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      useRuntime({ wasm: '/ort/', webgpu: '/ort-webgpu/' });
      const model = await openModel(bytes('${base64(bytes)}'), { engine: 'onnxruntime', backend: 'webgpu', card: ${JSON.stringify(CARD)} });
      const x = { type: 'float32', dims: [1, 3, 16, 16], data: new Float32Array(bytes('${base64(new Uint8Array(sample.buffer))}').buffer) };
      const result = await audit(model, x, ${JSON.stringify(SETTINGS)});
      return { backend: result.toJSON().engine.backend, mask: [...result.betas[0].learned.mask.data] };
    })()`),
  );
  const node = await audit(await openModel(bytes, { card: CARD }), float32(sample, [1, 3, 16, 16]), SETTINGS);
  const mask = toFloat32(node.betas[0]!.learned.mask);
  const apart = found.mask.reduce((most, v, i) => Math.max(most, Math.abs(v - mask[i]!)), 0);
  expect([found.backend, found.mask.length, faults]).toEqual(['webgpu', mask.length, []]);
  expect(apart).toBeLessThan(1e-3);
}, 300_000);

/** What is said of the runtime by an audit in the page's worker. */
const learned = async (page: Page) => {
  const talk = await talkTo(page);
  const ready = (await talk.said())[0]!;
  await talk.send({ type: 'open', files: [{ name: 'net.onnx', bytes }], card: CARD });
  await talk.next('opened');
  await talk.send({ type: 'picture', name: 'x.png', width: 16, height: 16, rgba: new Uint8ClampedArray(1024).fill(180) });
  await talk.send({ type: 'audit', settings: SETTINGS });
  const { files, document } = await talk.next('finding');
  const json = JSON.parse(new TextDecoder().decode(files.find((f) => f.name === 'audit.json')!.bytes)) as {
    engine: { backend: string };
    notes: string[];
  };
  const phases = (await talk.said()).flatMap((m) => (m.type === 'phase' ? m.text : []));
  return { ready, backend: json.engine.backend, said: json.notes.filter((n) => /WebGPU/.test(n)), claim: document.claim, phases };
};

test('the page tries it, and says why it stays with WebAssembly', async () => {
  const { found, asked, faults } = await inPage([GPU], learned);
  expect(found.ready).toMatchObject({ type: 'ready', webgpu: true });
  expect(found.phases).toContain('trying WebGPU');
  expect(found.backend).toBe('wasm');
  expect(found.said).toEqual([
    expect.stringMatching(/^learned on WebAssembly: WebGPU (computes the same, but takes [\d.]+ ms a step, and WebAssembly [\d.]+ ms|took longer than 20 s for a first look)$/),
  ]); // prettier-ignore
  expect(asked).toContain('/ort-webgpu/ort-wasm-simd-threaded.jspi.wasm');
  expect(faults).toEqual([]);
}, 300_000);

test('a browser without an adapter says so, loads nothing of it, and finds the same', async () => {
  const { found, asked, faults } = await inPage([], learned);
  expect([found.backend, found.said]).toEqual(['wasm', ['learned on WebAssembly: this browser has no adapter for WebGPU']]);
  // What was tried is over, and not said any longer.
  expect(found.phases[found.phases.indexOf('trying WebGPU') + 1]).toBe('learning the mask');
  expect(asked.filter((path) => path.startsWith('/ort-webgpu/'))).toEqual([]);
  expect(faults).toEqual([]);
  expect(
    resolve(
      '/',
      asked.find((p) => p.endsWith('.wasm'))!,
    ),
  ).toBe('/ort/ort-wasm-simd-threaded.wasm');
}, 120_000);
