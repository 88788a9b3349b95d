// Files that are made to harm, in the whole page one after the other: each is refused in words, and the next model opens.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { serve, type Served } from '../../src/api/serve.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/encode.js';
import type { FunctionBody, Node } from '../../src/onnx/graph.js';
import { oneNode } from '../support/one-node.js';
import { buildPage, launch, openPage, root } from './browser.js';

const TANK = join(root, 'models/tank/tank.onnx');

/** Divides whole numbers: WebAssembly traps, and its memory is left as it was in the middle. */
function trapping(a: number, b: number): Uint8Array {
  const g = new GraphBuilder();
  const number = (value: number): string => g.constant({ type: 'int32', dims: [1], data: Int32Array.of(value) });
  const ratio = g.op('Div', [number(a), number(b)]);
  g.output(g.op('Add', [g.input('x', 'float32', [1, 4]), g.op('Cast', [ratio], { to: { kind: 'int', value: 1 } })]), 'y');
  return encodeModel(dialectModel(g.build()));
}

/** A few hundred bytes that stand for 65,536 nodes: each function calls the one before it twice. */
function endless(): Uint8Array {
  const call = (op: string, domain: string, from: string, to: string): Node => ({ op, domain, name: '', inputs: [from], outputs: [to], attributes: {} }); // prettier-ignore
  const opsets = new Map([['', 18], ['f', 1]] as const); // prettier-ignore
  const functions = Array.from({ length: 17 }, (_, i): FunctionBody => {
    const nodes = i === 0 ? [call('Sum', '', 'a', 'b')] : [call(`f${i - 1}`, 'f', 'a', 'm'), call(`f${i - 1}`, 'f', 'm', 'b')];
    return { name: `f${i}`, domain: 'f', overload: '', inputs: ['a'], outputs: ['b'], defaults: {}, nodes, opsets };
  });
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [1, 4]);
  g.output(g.op('Identity', [x]), 'y');
  const model = dialectModel(g.build());
  return encodeModel({ ...model, opsets, functions, graph: { ...model.graph, nodes: [call('f16', 'f', 'x', 'y')] } });
}

let browser: Browser;
let served: Served;
let page: Page;
let faults: string[];

beforeAll(async () => {
  await buildPage();
  browser = await launch();
  served = await serve({ port: 0 });
  ({ page, faults } = await openPage(browser, served.url));
}, 120_000);
afterAll(async () => {
  await browser.close();
  await served.close();
});

const give = (name: string, bytes: Uint8Array): Promise<void> =>
  page.locator('input[type=file][aria-label="Choose an ONNX file"]').setInputFiles({ name, mimeType: '', buffer: Buffer.from(bytes) }); // prettier-ignore
async function failure(): Promise<string> {
  await page.locator('.failure').waitFor({ timeout: 30_000 });
  return page.locator('.failure').innerText();
}
async function tankOpens(): Promise<void> {
  await give('tank.onnx', readFileSync(TANK));
  await page.getByText('tank.onnx is open').waitFor({ timeout: 60_000 });
  expect(await page.locator('.failure').count()).toBe(0);
}

const AGAIN = /The page started the runtime again\./;
const HOSTILE: readonly (readonly [string, () => Uint8Array, RegExp, boolean])[] = [
  ['a whole number divided by zero', () => trapping(1, 0), /^file\.onnx cannot be explained:\s+- onnxruntime refuses the model: .*ERROR_MESSAGE: onnxruntime::Div.*Integer division by zero/, false],
  ['the smallest whole number divided by -1', () => trapping(-(2 ** 31), -1), /^file\.onnx: onnxruntime ended in WebAssembly \(.*unrepresentable\)/, true],
  ['an omitted input of Sum', () => oneNode(18, { opType: 'Sum', input: ['x', ''], output: ['y'] }, { x: [1, 4] }), /^file\.onnx cannot be explained:/, false],
  ['an axis of LayerNormalization far outside', () => oneNode(17, { opType: 'LayerNormalization', input: ['w', 'b'], output: ['y'], attribute: [{ name: 'axis', i: Number.MAX_SAFE_INTEGER, type: 2 }] }, { w: null, b: null }), /^file\.onnx cannot be explained:/, false],
]; // prettier-ignore

test.each(HOSTILE)('%s', async (_, bytes, message, restarts) => {
  await give('file.onnx', bytes());
  const said = await failure();
  expect(said).toMatch(message);
  expect(AGAIN.test(said)).toBe(restarts);
  await tankOpens();
}, 120_000); // prettier-ignore

test('what takes without end can be cancelled all the time', async () => {
  await give('endless.onnx', endless());
  await page.getByText('Reading endless.onnx').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click({ timeout: 10_000 });
  const said = await failure();
  expect(said).toMatch(/^Reading 'endless\.onnx' was cancelled\./);
  expect(said).toMatch(AGAIN);
  await tankOpens();
  expect(faults).toEqual([]);
}, 120_000);
