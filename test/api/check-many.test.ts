// Several models at a time: what is found is what one after the other finds, byte for byte, in their order; one that kills its process hides no other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { checkMany, type CheckManyOptions } from '../../src/api/check-many.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { moduleOf, printed } from '../support/built.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-checks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const models = ['Tanh', 'Frobnicate', 'Sigmoid', 'Relu'].map((op) => join(folder, `${op}.onnx`));
beforeAll(() => {
  for (const path of models) {
    const g = new GraphBuilder();
    g.append(/(\w+)\.onnx$/.exec(path)![1]!, [g.input('x', 'float32', [1, 3])], ['y']);
    g.append('Softmax', ['y'], ['p'], { axis: 1 });
    g.output('p');
    writeFileSync(path, encodeModel(dialectModel(g.build())));
  }
});

/** What is found, but for how long it took. */
async function found(options: CheckManyOptions): Promise<string> {
  const all = [];
  for await (const { model, result, error } of checkMany(models, { samples: 1, trust: true, ...options }))
    all.push([model, result && { ...result, seconds: 0 }, error?.message]);
  return JSON.stringify(all);
}

test('two processes, three, and auto find what one finds', async () => {
  const one = await found({ workers: 1 });
  expect((JSON.parse(one) as [string, { agrees: boolean } | null, string | null][]).map(([path, result]) => [path, result?.agrees])).toEqual(models.map((path) => [path, path.includes('Frob') ? undefined : true])); // prettier-ignore
  expect(await found({ workers: 2 })).toBe(one);
  expect(await found({ workers: 'auto' })).toBe(one);
}, 60_000);

test('a process that dies is an error of its model alone', () => {
  // Every process of a check dies at once.
  const script = `
    process.env.NODE_OPTIONS = '--import data:text/javascript,process.exit(9)';
    const { checkMany } = await import('${moduleOf('src/api/check-many.ts')}');
    for await (const { model, error } of checkMany(['a.onnx', 'b.onnx'], { workers: 2 })) console.log(model, error.message);
    process.exit(0);`;
  expect(printed(script)).toBe('a.onnx Its process ended (exit code 9).\nb.onnx Its process ended (exit code 9).\n');
});

test('whoever has seen enough ends all processes, and no other is started', () => {
  const script = `
    process.env.NODE_OPTIONS = '--import data:text/javascript,process.exit(9)';
    const { syncBuiltinESMExports } = await import('node:module');
    const { default: processes } = await import('node:child_process');
    const { fork } = processes;
    let started = 0;
    processes.fork = (...given) => (started++, fork(...given));
    syncBuiltinESMExports();
    const { checkMany } = await import('${moduleOf('src/api/check-many.ts')}');
    for await (const { model } of checkMany(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], { workers: 2 })) break;
    const then = started;
    process.once('beforeExit', () => console.log(started - then));`;
  expect(printed(script)).toBe('0\n');
});
