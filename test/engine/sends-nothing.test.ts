// onnxruntime's own telemetry is off: it would write to Microsoft, and into the user's cache and the temporary folder.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { PROGRAM } from '../support/built.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-silent-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a run of models leaves no trace of telemetry at home or in the temporary folder', () => {
  const g = new GraphBuilder();
  g.output(g.op('Softmax', [g.input('x', 'float32', ['N', 4])], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 4] });
  const model = join(folder, 'm.onnx');
  writeFileSync(model, encodeModel(dialectModel(g.build())));
  const [home, temporary] = ['home', 'tmp'].map((name) => join(folder, name)) as [string, string];
  for (const path of [home, temporary]) mkdirSync(path);
  const [node, entry] = PROGRAM;
  // Nothing of this environment: onnxruntime sends nothing in what it takes for CI or a test of its own, either.
  const { status, stderr } = spawnSync(node, [entry, 'check', model, '--workers', '1'], {
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: temporary },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('lan-onnx:')]);
  expect(readdirSync(home, { recursive: true })).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
}, 60_000);
