// Small files that made compiling or printing quadratic: a constant for each node, an op whose name is nothing but spaces. Each took over a minute.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { canonicalize } from '../../src/compile/canonicalize.js';
import { float32 } from '../../src/core/tensor.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import type { Graph, Model } from '../../src/onnx/graph.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-slow-'));
afterAll(() => rmSync(folder, { recursive: true }));

const modelOf = (graph: Graph): Model => ({
  irVersion: 8,
  producer: '',
  opsets: new Map([['', 18]]),
  metadata: {},
  functions: [],
  graph,
});

/** Far above what it takes (a second or two), far below what it took. */
const SOON = 10_000;

test('16,000 constants, each read by a node of its own', () => {
  const g = new GraphBuilder('chain');
  let y = g.input('x', 'float32', [1]);
  for (let i = 0; i < 16_000; i++) y = g.add(y, g.constant(float32([i], [1])));
  g.output(y, 'y');
  const model = modelOf(g.build());
  const start = performance.now();
  // With the Identity that names the output.
  expect(canonicalize(model, adapters).nodes).toHaveLength(16_001);
  expect(performance.now() - start).toBeLessThan(SOON);
}, 120_000);

test('an op whose name is 200,000 spaces', async () => {
  const g = new GraphBuilder('spaces');
  g.output(g.op(' '.repeat(200_000), [g.input('x', 'float32', [1])]), 'y');
  const file = join(folder, 'spaces.onnx');
  writeFileSync(file, encodeModel(modelOf(g.build())));
  const start = performance.now();
  const { code, out, err } = await cli('inspect', file, '--trust');
  expect(performance.now() - start).toBeLessThan(SOON);
  expect(code).toBe(2);
  expect(out).toMatch(/^model .*spaces\.onnx/);
  expect(out + err).toMatch(/no adapter knows this op/);
}, 120_000);
